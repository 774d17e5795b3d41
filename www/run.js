/** One run as it happens: its cards, its progress, and the record that is left of it. */
import { byId, element } from './dom.js';
import { decimal, itemName } from './format.js';
import { outcomeCard, outcomeWords, soFar } from './outcome.js';
import { anchorCard, markFates, stepCard } from './steps.js';
import { utilityRange, utilityTrack } from './track.js';

/**
 * The run that is shown, from its first event to its outcome. `why` is why uncertainties are unknown, `onAnchor(user, item)` is told
 * whose run it is. `take(event)` shows an event; `cutShort(ended)` shows what there is of a run that will get no outcome, and
 * gives null where there is nothing. Both give the outcome in words once there is one.
 */
export function createRun({ map, gaps, target, progress, why, onAnchor }) {
  const run = { user: null, anchor: null, steps: [], outcome: null };
  let range = null;
  const isBegun = () => run.anchor !== null;

  function take(event) {
    if (event.type === 'anchor') return begin(event);
    if (event.type === 'step') return add(event.step);
    return finish(event.trajectory, saving(event));
  }

  function begin({ user, state }) {
    Object.assign(run, { user, anchor: state });
    onAnchor(user, state.item);
    byId('run-empty').hidden = true;
    byId('anchor').replaceChildren(anchorCard(state, why));
    announce(`Start: ${itemName(state.item)}, utility ${decimal(state.utility)}.`);
    map.show({ anchor: run.anchor, steps: run.steps });
  }

  function add(step) {
    const before = lastState();
    run.steps = [...run.steps, step];
    range = utilityRange(run.anchor, run.steps, gaps());
    byId('steps').append(stepCard(step, before));
    showTracks();
    byId('map-zoom').hidden = false;
    announce(`Edit ${step.index + 1}: ${step.action.text} Utility ${decimal(before.utility)} to ${decimal(step.state.utility)}.`);
    progress.next();
    map.show({ anchor: run.anchor, steps: run.steps });
  }

  function finish(trajectory, extras) {
    run.outcome = trajectory.outcome;
    byId('outcome').replaceChildren(outcomeCard(trajectory, why), ...extras);
    markFates(byId('steps').children, trajectory.outcomeStep);
    map.show({ anchor: run.anchor, steps: run.steps, outcomeStep: trajectory.outcomeStep });
    const told = outcomeWords(trajectory);
    announce(told);
    return told;
  }

  const lastState = () => run.steps.at(-1)?.state ?? run.anchor;

  /** All of them, because a step may reach further than the line did so far. */
  function showTracks() {
    const states = [run.anchor, ...run.steps.map(({ state }) => state)];
    for (const [at, place] of byId('steps').querySelectorAll('.track').entries()) {
      place.replaceWith(utilityTrack(states[at], states[at + 1], range, target()?.utility ?? null));
    }
  }

  return {
    take,
    cutShort: (ended) => (isBegun() ? finish(soFar(run, ended), []) : null),
    /** The gap that is aimed at is another one. */
    showTarget: () => range && showTracks(),
    /** The outcome, or where the route is so far; null before it begins. */
    get state() { return run.outcome ?? lastState(); },
  };
}

export function createRunProgress(horizon) {
  const text = byId('run-progress-text');
  const bar = byId('run-progress-bar');
  let edit = 1;
  byId('go-to-outcome').hidden = true;
  const show = (words) => { text.textContent = horizon > 0 ? `Edit ${Math.min(edit, horizon)} of ${horizon}: ${words}` : words; };
  bar.hidden = false;
  bar.removeAttribute('value');
  return {
    /** Something else goes first. */
    wait(words) {
      text.textContent = words;
      announce(words);
    },
    begin() {
      text.textContent = 'Reading the text…';
    },
    report({ type, done, total }) {
      if (total > 0) bar.value = done / total;
      else bar.removeAttribute('value');
      if (type === 'propose') show('listing what could be edited');
      else if (type === 'rewrite') show(total > 1 ? `text ${Math.min(done + 1, total)} of ${total}` : 'writing the text');
      else if (type === 'candidates') show(total > 0 ? `candidate ${Math.min(done + 1, total)} of ${total}` : 'trying candidates');
      else show('reading the new texts');
    },
    /** What it is likely to cost. */
    expect(words) {
      if (words) text.textContent = `About ${words} for all edits…`;
    },
    next() {
      edit += 1;
    },
    /** `hasOutcome` where there is something to go to: it may be thousands of pixels further down. */
    end(words, { hasOutcome = false } = {}) {
      text.textContent = words;
      bar.hidden = true;
      byId('go-to-outcome').hidden = !hasOutcome;
    },
  };
}

/** Address of the record that can be saved. */
let record;

/** A record can be kept and shown again, here or by `aquiline steer --replay`; a replay leaves none. */
function saving({ transcript, trajectory: { anchor, user, seed } }) {
  if (transcript === undefined) return [];
  if (record) URL.revokeObjectURL(record);
  record = URL.createObjectURL(new Blob([transcript], { type: 'application/jsonl' }));
  const name = `aquiline-${user}-${anchor.item.id}-${seed}.jsonl`.replace(/[^\w.-]/g, '_');
  return [element('p', { class: 'save-record' },
    element('a', { href: record, download: name, testid: 'save-record' }, 'Save the record of this run'),
    element('span', { class: 'soft' }, ' to show it again, here or elsewhere, without computing anything.'))];
}

function announce(words) {
  byId('announcer').textContent = words;
}
