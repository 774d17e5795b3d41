/** One run as it happens: its cards, its progress, and the record that is left of it. */
import { byId, element } from './dom.js';
import { count, decimal, itemName, signed } from './format.js';
import { anchorCard, outcomeCard, stepCard } from './steps.js';
import { utilityRange } from './track.js';

/** Shows the events of one run as they arrive. */
export async function showEvents(events, { map, gaps, progress, onAnchor }) {
  const steps = [];
  let anchor = null;
  let before = null;
  let range = null;
  for await (const event of events) {
    if (event.type === 'anchor') {
      anchor = before = event.state;
      onAnchor(event.user, anchor.item);
      range = utilityRange(anchor, gaps);
      byId('run-empty').hidden = true;
      byId('anchor').replaceChildren(anchorCard(anchor));
      announce(`Start: ${itemName(anchor.item)}, utility ${decimal(anchor.utility)}.`);
    } else if (event.type === 'step') {
      const { step } = event;
      steps.push(step);
      byId('steps').append(stepCard(step, before, range));
      byId('map-zoom').hidden = false;
      announce(`Edit ${step.index + 1}: ${step.action.text} Utility ${decimal(before.utility)} to ${decimal(step.state.utility)}.`);
      before = step.state;
      progress.next();
    } else {
      byId('outcome').replaceChildren(outcomeCard(event.trajectory), ...saving(event));
      announce(outcomeWords(event.trajectory));
    }
    map.show({ anchor, steps });
  }
}

export function createRunProgress(horizon) {
  const text = byId('run-progress-text');
  const bar = byId('run-progress-bar');
  let edit = 1;
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
    end(words) {
      text.textContent = words;
      bar.hidden = true;
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

function outcomeWords({ kept, anchor, outcome, steps }) {
  if (kept) return `Finished after ${count(steps.length, 'edit')}. The original is kept: the edited text was not worth more.`;
  return `Finished after ${count(steps.length, 'edit')}. Utility gain ${signed(outcome.utility - anchor.utility)}.`;
}

function announce(words) {
  byId('announcer').textContent = words;
}
