/** What panels with long work have in common: their fields, and the row of buttons with what is going on. */
import { element } from '../dom.js';

/** `[label, input]`; `step` is 1 unless it is given. */
export function numberField(title, testid, { value, low, high, step = 1 }) {
  const input = element('input', { type: 'number', testid, min: low, max: high, step, value, required: true });
  return [element('label', {}, title, input), input];
}

/** `choices` are `[value, title]`; the first is chosen. */
export function choiceField(title, testid, choices) {
  const input = element('select', { testid }, ...choices.map(([value, words]) => element('option', { value }, words)));
  return [element('label', {}, title, input), input];
}

export function checkField(title, testid, attributes = {}) {
  const input = element('input', { type: 'checkbox', testid, ...attributes });
  return [element('label', { class: 'check' }, input, element('span', {}, title)), input];
}

/**
 * A button that starts and stops, others beside it, and what is going on: `say(words)` and `fill(share or null)`. Words that
 * change with every episode are not read out; a panel announces what matters.
 */
export function workRow(name, { start, stop, others = [] }) {
  const button = element('button', { type: 'submit', class: 'button primary', testid: `${name}-run` }, start);
  const status = element('span', { id: `${name}-status`, testid: `${name}-status` });
  const bar = element('progress', { max: 1, 'aria-labelledby': status.id, hidden: true });
  function fill(share) {
    if (share === null) bar.removeAttribute('value');
    else bar.value = Math.min(1, share);
  }
  return {
    node: element('div', { class: 'work-row' }, button, ...others, element('div', { class: 'progress' }, status, bar)),
    button, fill,
    say(words) { status.textContent = words; },
    show(isRunning, words = start) {
      button.textContent = isRunning ? stop : words;
      button.disabled = false;
      button.classList.toggle('stop', isRunning);
      bar.hidden = !isRunning;
      fill(null);
    },
    ending(words) {
      button.textContent = words;
      button.disabled = true;
    },
  };
}

/** Who makes the rewrites that something will cost. */
export function writerWords(writer) {
  if (writer === 'none') return 'whoever writes the edits, once somebody does';
  return writer === 'simulator' ? 'the simulator' : 'the language model, which is also asked for edits';
}

/** A table that grows: `{ node, show(rows) }`. Where it is wider than a phone it moves sideways within itself, by keyboard too. */
export function wideTable(caption, headings, testid) {
  const body = element('tbody');
  const row = ([first, ...cells]) => element('tr', {}, element('th', { scope: 'row' }, first), ...cells.map((cell) => element('td', {}, cell)));
  return {
    show: (rows) => body.replaceChildren(...rows.map(row)),
    node: element('div', { class: 'wide-table', role: 'region', tabindex: 0, 'aria-label': caption },
      element('table', { testid },
        element('caption', { class: 'visually-hidden' }, caption),
        element('thead', {}, element('tr', {}, ...headings.map((heading) => element('th', { scope: 'col' }, heading)))), body)),
  };
}
