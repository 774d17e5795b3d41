/** The list of content gaps of whom is chosen, and how far a route is from one. */
import { element } from './dom.js';
import { decimal, plusMinus } from './format.js';
import { words } from './words.js';

/** `onPoint(index | null)` follows pointer and focus, `onPress(index)` is a gap's letter, `onChooseItem(id)` a neighbour's name being pressed. */
export function showGaps(list, gaps, does) {
  list.replaceChildren(...gaps.map((gap, index) => gapRow(gap, index, does)));
}

/** Marks the row that belongs to the gap under the pointer on the map. */
export function highlightGap(list, index) {
  for (const [position, row] of [...list.children].entries()) row.classList.toggle('pointed', position === index);
}

/** Shows which gap routes are measured against. */
export function pressGap(list, index) {
  for (const [position, row] of [...list.children].entries()) row.querySelector('.gap-letter').setAttribute('aria-pressed', String(position === index));
}

export const gapLetter = (index) => String.fromCharCode(65 + (index % 26));

/** What is left from a state to a gap; `state` is null where no run is shown. */
export function distanceWords(gap, index, state) {
  const name = `Gap ${gapLetter(index)}, utility ${decimal(gap.utility)}`;
  if (!state) return `${name}: steer, and every text is measured against it. Edits are chosen for their utility, not for leading to one gap.`;
  const missing = gap.utility - state.utility;
  const left = missing > 0 ? `${decimal(missing)} of utility are left from here` : `this text is worth ${decimal(-missing)} more`;
  const across = Math.hypot(gap.place[0] - state.place[0], gap.place[1] - state.place[1]);
  return `${name}: ${left}. On the map it is ${decimal(across, 2)} away, but that shows two directions of many: near there need not be near.`;
}

function gapRow(gap, index, { onPoint, onPress, onChooseItem }) {
  return element('li', {
    class: 'gap',
    testid: 'gap',
    onpointerenter: () => onPoint(index),
    onpointerleave: () => onPoint(null),
    onfocusin: () => onPoint(index),
    onfocusout: () => onPoint(null),
  },
  element('button', {
    type: 'button', class: 'gap-letter', testid: 'gap-mark', 'aria-pressed': 'false', 'aria-label': `Measure the route against gap ${gapLetter(index)}`,
    title: 'Measure the route against this gap', onclick: () => onPress(index),
  }, gapLetter(index)),
  element('div', {},
    element('p', { class: 'gap-numbers' },
      element('span', { class: 'visually-hidden' }, `Gap ${gapLetter(index)}: `),
      element('span', { class: 'soft' }, 'utility '),
      element('b', {}, decimal(gap.utility)), ` ${plusMinus(gap.uncertainty)} `,
      element('span', { class: 'soft' }, `predicted rating ${decimal(gap.affinity)} + novelty ${decimal(gap.utility - gap.affinity)}`)),
    element('p', { class: 'gap-neighbours' },
      element('span', { class: 'soft' }, `${decimal(gap.distance, 2)} from the nearest ${words().noun}, between `), ...neighbours(gap, onChooseItem))));
}

/** Commas are drawn behind names, or one would begin a line. */
function neighbours(gap, onChooseItem) {
  return gap.neighbours.flatMap((neighbour) => [
    element('button', {
      type: 'button',
      class: 'link',
      title: `Start from ${neighbour.title}`,
      onclick: () => onChooseItem(neighbour.id),
    }, neighbour.title),
    ' ',
  ]);
}
