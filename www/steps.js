/** The run, card by card: where it starts, and each edit. Functions named after a card return a new element. */
import { listDiff, wordDiff } from './diff.js';
import { drawing, element } from './dom.js';
import { count, decimal, duration, isWithin, itemName, list, percent, plusMinus, signed } from './format.js';
import { words } from './words.js';

/** `why` is why uncertainties are unknown; nothing where they are known. */
export function anchorCard(state, why) {
  return element('article', { class: 'card anchor-card' },
    element('p', { class: 'eyebrow' }, 'Start'),
    element('h3', {}, itemName(state.item)),
    element('p', { class: 'soft' }, list(state.item.genres)),
    element('p', { class: 'plot' }, state.item.plot),
    element('p', { class: 'facts' },
      element('span', {}, element('b', {}, `Utility ${decimal(state.utility)}`), ` ${plusMinus(state.uncertainty)}`),
      element('span', {}, `predicted rating ${decimal(state.affinity)} + novelty ${decimal(state.novelty)}`),
      why ? element('span', {}, `± unknown: ${why}`) : null,
      truncation(state)),
    element('details', { class: 'more' }, element('summary', {}, 'What the numbers are'),
      element('dl', { class: 'work-meanings' }, ...meanings().flatMap(([title, told]) => [element('dt', {}, title), element('dd', {}, told)]))));
}

const meanings = () => [
  ['Predicted rating', `what this ${words().person} would give, as a share of the top rating`],
  ['Novelty', `how far the text lies from the nearest ${words().plural} there are, weighted`],
  ['Utility', 'the two together; steering looks for more of it'],
  ['±', 'one standard deviation: two times in three the truth is no further off'],
];

/** A text is read up to 256 tokens; what comes after changes no number, so it has to be said. */
function truncation(state) {
  return state.truncated ? element('span', {}, 'longer than the encoder reads: the end does not count') : null;
}

/** `before` is the state the edit started from. Its line is empty: a run draws it, for all its steps on one scale. */
export function stepCard(step, before) {
  const { state, action } = step;
  return element('li', { class: 'step', testid: 'step' },
    element('span', { class: 'step-number', 'aria-hidden': 'true' }, String(step.index + 1)),
    element('article', { class: 'card' },
      element('p', { class: 'chips' },
        element('span', { class: 'visually-hidden' }, `Edit ${step.index + 1}: `),
        element('span', { class: 'chip' }, action.category),
        action.origin !== 'generic' ? element('span', { class: 'chip chip-quiet' }, `for this ${words().person}`) : null,
        element('span', { class: 'chip step-fate', testid: 'step-fate', hidden: true })),
      element('h3', {}, action.text),
      utilityChange(before, state),
      drawing('svg', { class: 'track' }),
      itemChanges(before.item, state.item),
      element('p', { class: 'facts' },
        element('span', {}, whyWords(step)),
        element('span', {}, `${decimal(state.distance, 2)} from the start`),
        element('span', {}, `${count(Math.max(1, triedOf(step)), 'rewrite')}, ${duration(step.milliseconds)}`),
        truncation(state)),
      consideredActions(step)));
}

/** How many candidates were rewritten before one was chosen; none where the choice comes first. */
const triedOf = (step) => step.candidateUtilities.filter(Number.isFinite).length;

/** Why this edit: it was drawn, or nothing else could have been. */
function whyWords(step) {
  const chance = Math.exp(step.logProbability);
  if (chance < 0.995) return `chosen with a chance of ${percent(chance)}`;
  if (step.design) return 'chosen as worth most in the design’s subset';
  return triedOf(step) > 0 ? 'chosen as worth most of those tried' : 'chosen as predicted to gain most';
}

/** Says of each card of a run that is over whether it led to the outcome, which is the text after edit `outcomeStep`. */
export function markFates(cards, outcomeStep) {
  for (const [at, card] of [...cards].entries()) {
    const fate = at + 1 === outcomeStep ? 'best' : at + 1 > outcomeStep ? 'not-kept' : 'on-the-way';
    card.dataset.fate = fate;
    const chip = card.querySelector('.step-fate');
    chip.hidden = fate === 'on-the-way';
    chip.textContent = fate === 'best' ? 'the best text: kept' : 'tried, not kept';
  }
}

function utilityChange(before, after) {
  const change = after.utility - before.utility;
  return element('p', { class: 'utility', testid: 'step-utility' },
    element('span', {}, 'Utility '),
    element('span', {}, decimal(before.utility)),
    element('span', { 'aria-hidden': 'true' }, ' → '),
    element('span', { class: 'visually-hidden' }, ' to '),
    element('b', {}, decimal(after.utility)),
    ` ${plusMinus(after.uncertainty)} `,
    element('span', { class: `change ${changeClass(change, after.uncertainty)}` }, signed(change)),
    isWithin(change, after.uncertainty) ? element('span', { class: 'soft' }, ' within its ±') : null);
}

function changeClass(change, uncertainty) {
  if (!Number.isFinite(uncertainty) || isWithin(change, uncertainty)) return 'unsure';
  return change < 0 ? 'worse' : 'better';
}

export function itemChanges(before, after) {
  return element('div', { class: 'changes' },
    plotChange(before.plot, after.plot),
    listChange('Genres', before.genres, after.genres),
    listChange('Reasons to like it', before.likes, after.likes),
    listChange('Reasons to dislike it', before.dislikes, after.dislikes));
}

function plotChange(before, after) {
  if (before === after) return element('p', { class: 'soft' }, 'The text stays as it was.');
  const pieces = wordDiff(before, after).flatMap(({ kind, text }) => [marked(kind, text), ' ']);
  return element('p', { class: 'plot' }, ...pieces);
}

function listChange(title, before, after) {
  const { removed, added } = listDiff(before, after);
  if (removed.length + added.length === 0) return null;
  return element('div', { class: 'list-change' },
    element('h4', {}, title),
    element('ul', {},
      ...removed.map((entry) => element('li', {}, marked('removed', entry))),
      ...added.map((entry) => element('li', {}, marked('added', entry)))));
}

/** `<ins>` and `<del>` carry the meaning; the hidden word is for screen readers that do not announce them. */
function marked(kind, text) {
  if (kind === 'same') return text;
  const [tag, word] = kind === 'added' ? ['ins', 'added: '] : ['del', 'removed: '];
  return element(tag, {}, element('span', { class: 'visually-hidden' }, word), text);
}

export function reasons(title, entries) {
  if (entries.length === 0) return null;
  return element('div', { class: 'reasons' }, element('h4', {}, title), element('ul', {}, ...entries.map((entry) => element('li', {}, entry))));
}

function consideredActions(step) {
  const utilities = step.candidateUtilities.length === step.candidates.length ? step.candidateUtilities : [];
  const entries = step.candidates.map((action, index) => ({ action, utility: utilities[index] ?? NaN }));
  entries.sort((a, b) => (Number.isFinite(b.utility) ? b.utility : -Infinity) - (Number.isFinite(a.utility) ? a.utility : -Infinity) || 0);
  return element('details', { class: 'more' },
    element('summary', {}, `${count(step.candidates.length, 'edit')} considered`),
    step.design ? element('p', { class: 'soft' }, designWords(step)) : null,
    element('ol', { class: 'considered' }, ...entries.map(({ action, utility }) => element('li', {},
      element('span', { class: 'considered-utility' }, Number.isFinite(utility) ? decimal(utility) : 'not tried'),
      element('span', {}, action.text, action.text === step.action.text ? element('b', {}, ' (chosen)') : null)))));
}

function designWords({ design, candidates }) {
  return `Optimal design: ${design.support} of ${candidates.length} candidates span the directions the others move in `
    + `(effective rank ${decimal(design.effectiveRank, 1)}, optimality gap ${decimal(design.optimalityGap, 4)}).`;
}
