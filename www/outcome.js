/** What a run came to: the best text along the way, what it is worth, and why the run ended there. */
import { element } from './dom.js';
import { count, decimal, duration, isWithin, itemName, list, plusMinus, signed } from './format.js';
import { itemChanges, reasons } from './steps.js';
import { words } from './words.js';

/** Why there is no further edit. The last two are the page's own: the library gives no outcome of a run that it did not finish. */
const endings = {
  horizon: 'All edits that were asked for are made.',
  'no-gain': 'Stopped: no further edit would have gained.',
  'no-edit': 'Stopped: the safeguards left no edit to make.',
  'no-rewrite': 'Stopped: every rewrite of the last turn failed.',
  budget: 'Stopped: the budget of the language model is spent.',
  stopped: 'Stopped by you: this is the best of the texts that came.',
  failed: 'Something went wrong on the way: this is the best of the texts that came.',
};

/** A run that was cut short, as the library would tell it of the steps that came: the best text counts, the original included. */
export function soFar({ user, anchor, steps }, ended) {
  const states = [anchor, ...steps.map(({ state }) => state)];
  const outcomeStep = states.reduce((best, { utility }, at) => (utility > states[best].utility ? at : best), 0);
  return { user, anchor, steps, outcome: states[outcomeStep], outcomeStep, kept: outcomeStep === 0, ended };
}

/** `why` is why uncertainties are unknown; nothing where they are known. */
export function outcomeCard(trajectory, why) {
  const { anchor, outcome, kept } = trajectory;
  return element('article', { class: 'card outcome', testid: 'outcome', 'data-kept': String(kept) },
    element('p', { class: 'eyebrow' }, kept ? 'Outcome: the original stays' : `Outcome: ${words().aNoun} that does not exist yet`),
    element('h3', {}, itemName(outcome.item)),
    kept ? element('p', { class: 'notice' }, keptWords(trajectory)) : null,
    kept ? keptUtility(trajectory) : gain(trajectory, why),
    element('p', { testid: 'ended' }, [endings[trajectory.ended], kept ? '' : bestWords(trajectory)].filter(Boolean).join(' ')),
    failedWords(trajectory),
    element('p', { class: 'soft' }, list(outcome.item.genres)),
    element('p', { class: 'plot' }, outcome.item.plot),
    reasons('Reasons to like it', outcome.item.likes),
    reasons('Reasons to dislike it', outcome.item.dislikes),
    kept ? null : element('details', { class: 'more' },
      element('summary', {}, 'Compare with the original'),
      itemChanges(anchor.item, outcome.item)),
    facts(trajectory));
}

/** One line for the bar and for screen readers. */
export function outcomeWords({ kept, anchor, outcome, steps, ended }) {
  const after = `${['stopped', 'failed'].includes(ended) ? 'Stopped' : 'Finished'} after ${count(steps.length, 'edit')}.`;
  if (kept) return `${after} The original stays: no text on the way was worth more.`;
  const change = outcome.utility - anchor.utility;
  return `${after} Utility ${decimal(anchor.utility)} to ${decimal(outcome.utility)}, ${changeWords(change, outcome.uncertainty)}.`;
}

function changeWords(change, uncertainty) {
  if (isWithin(change, uncertainty)) return `${signed(change)}, which is within its ${plusMinus(uncertainty)}`;
  return `${signed(change)} ${plusMinus(uncertainty)}`;
}

function keptWords({ steps }) {
  if (steps.length === 0) return 'No edit was made, so the original is returned unchanged.';
  return `No text on the way was worth more to this ${words().person} than the original, so the original is returned unchanged.`;
}

function keptUtility({ anchor, steps }) {
  const best = Math.max(...steps.map(({ state }) => state.utility));
  const reached = steps.length > 0 ? `; the best of the edited texts had ${decimal(best)}` : '';
  return element('p', {}, element('b', {}, `Utility ${decimal(anchor.utility)}`), ` ${plusMinus(anchor.uncertainty)}${reached}`);
}

/** What may as well be nothing, or is of unknown certainty, is not shown as a triumph. */
function gain({ anchor, outcome }, why) {
  const change = outcome.utility - anchor.utility;
  const numbers = ` utility, ${decimal(anchor.utility)} → ${decimal(outcome.utility)} ${plusMinus(outcome.uncertainty)}`;
  if (isWithin(change, outcome.uncertainty)) {
    return element('p', { class: 'gain-within', testid: 'gain' }, `${signed(change)}${numbers}. `, element('b', {}, 'The gain is within its ±'), ', so it may as well be nothing.');
  }
  if (!Number.isFinite(outcome.uncertainty)) {
    return element('p', { class: 'gain-within', testid: 'gain' }, element('b', {}, signed(change)), numbers, why ? `: ${why}` : '');
  }
  return element('p', { class: 'gain', testid: 'gain' }, element('b', {}, signed(change)), numbers);
}

function bestWords({ steps, outcomeStep }) {
  const later = steps.length - outcomeStep;
  if (later === 0) return '';
  return `Edit ${outcomeStep} led to the best text; the ${later === 1 ? 'one' : later} after it ${later === 1 ? 'was' : 'were'} tried and not kept.`;
}

function failedWords({ failedRewrites, environmentCalls }) {
  if (!failedRewrites) return null;
  return element('p', { class: 'soft', testid: 'failed-rewrites' }, `${failedRewrites.toLocaleString('en')} of ${count(environmentCalls, 'rewrite')} came to nothing, because whoever writes failed or refused.`);
}

/** A run that was cut short does not say how it was done. */
function facts({ steps, environmentCalls, policy, seed }) {
  const time = steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return element('p', { class: 'facts' },
    element('span', {}, count(steps.length, 'edit')),
    environmentCalls === undefined ? null : element('span', {}, `${count(environmentCalls, 'rewrite')} tried`),
    element('span', {}, duration(time)),
    policy === undefined ? null : element('span', {}, `${policy}, seed ${seed}`));
}
