/** The list of content gaps of whom is chosen. */
import { element } from './dom.js';
import { decimal, plusMinus } from './format.js';
import { words } from './words.js';

/** `onPoint(index | null)` follows pointer and focus; `onChooseItem(id)` is a neighbour's name being pressed. */
export function showGaps(list, gaps, { onPoint, onChooseItem }) {
  list.replaceChildren(...gaps.map((gap, index) => gapRow(gap, index, { onPoint, onChooseItem })));
}

/** Marks the row that belongs to the gap under the pointer on the map. */
export function highlightGap(list, index) {
  for (const [position, row] of [...list.children].entries()) row.classList.toggle('pointed', position === index);
}

export const gapLetter = (index) => String.fromCharCode(65 + (index % 26));

function gapRow(gap, index, { onPoint, onChooseItem }) {
  return element('li', {
    class: 'gap',
    testid: 'gap',
    onpointerenter: () => onPoint(index),
    onpointerleave: () => onPoint(null),
    onfocusin: () => onPoint(index),
    onfocusout: () => onPoint(null),
  },
  element('span', { class: 'gap-letter', 'aria-hidden': 'true' }, gapLetter(index)),
  element('div', {},
    element('p', { class: 'gap-numbers' },
      element('span', { class: 'visually-hidden' }, `Gap ${gapLetter(index)}: utility `),
      element('b', {}, decimal(gap.utility)), ` ${plusMinus(gap.uncertainty)} `,
      element('span', { class: 'soft' }, `${decimal(gap.distance, 2)} from the nearest ${words().noun}`)),
    element('p', { class: 'gap-neighbours' },
      element('span', { class: 'soft' }, 'between '), ...neighbours(gap, onChooseItem))));
}

function neighbours(gap, onChooseItem) {
  return gap.neighbours.flatMap((neighbour, position) => [
    position > 0 ? ', ' : '',
    element('button', {
      type: 'button',
      class: 'link',
      title: `Start from ${neighbour.title}`,
      onclick: () => onChooseItem(neighbour.id),
    }, neighbour.title),
  ]).filter(Boolean);
}
