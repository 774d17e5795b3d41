/** One thing that the visitor rates: its name, a few values of which one can be chosen, and a way to take it off the list. */
import { element } from './dom.js';
import { ratingWords } from './rating-scale.js';

/** Radio buttons of one row belong together by a name that no other row has. */
let rows = 0;

/** Returns `{ node, value, focus() }`; `value` is null until there is one. */
export function ownRatingRow(title, steps, { onRate, onRemove }) {
  const number = rows += 1;
  const id = `own-title-${number}`;
  const row = { node: null, value: null, focus };
  const inputs = steps.map((value) => element('input', {
    // No part of the form around it: Enter would start a run.
    type: 'radio', name: `own-rating-${number}`, value, form: '',
    onchange() {
      row.value = value;
      onRate();
    },
  }));

  function focus() {
    (inputs.find(({ checked }) => checked) ?? inputs[0]).focus();
  }

  row.node = element('li', { class: 'own-row', testid: 'own-row' },
    element('span', { class: 'own-title', id }, title),
    element('div', { class: 'rate-choices', role: 'radiogroup', 'aria-labelledby': id },
      ...inputs.map((input, at) => element('label', { class: 'rate-choice' }, input, element('span', {}, ratingWords(steps[at]))))),
    element('button', { type: 'button', class: 'button small', 'aria-label': `Remove ${title}`, title: 'Remove', onclick: onRemove }, '✕'));
  return row;
}
