/** What the files came to: counts, the lines that cannot be read, and whether to go on without them. */
import { element } from '../dom.js';
import { count } from '../format.js';

/** Below this there is so little to learn from that it has to be said. */
const fewRatings = 300;
const manyItems = 1_000;

/** `onUse()` opens it; `onScale(scale)` reads again with a scale that has room for all ratings, where one is missing. */
export function resultCard(read, { onUse, onScale }) {
  const { parts, betterScale } = read;
  const unread = parts.reduce((sum, { complaints }) => sum + complaints.count, 0);
  const use = element('button', { type: 'button', class: 'button primary', testid: 'use-catalog', disabled: unread > 0 }, 'Use this catalog');
  use.addEventListener('click', () => {
    // Opening begins with closing the one in use: a second press would begin it twice.
    use.disabled = true;
    onUse();
  });
  return element('section', { class: 'catalog-result', testid: 'catalog-result', 'aria-label': 'What was read' },
    element('h3', {}, 'What was read'),
    element('ul', { class: 'catalog-counts' }, ...countLines(read).map((words) => element('li', {}, words))),
    ...parts.map(({ name, complaints }) => complaintList(name, complaints)),
    betterScale ? scaleOffer(read, onScale) : null,
    unread > 0 ? leaveOut(unread, use) : null,
    ...warnings(read).map((words) => element('p', { class: 'soft' }, words)),
    element('p', { class: 'catalog-actions' }, use));
}

function countLines({ items: { items, withoutText }, ratings, space }) {
  const left = withoutText > 0 ? `; ${count(withoutText, 'other')} without one cannot be placed and will be left out` : '';
  return [
    `${count(items.length - withoutText, 'item')} with a text${left}.`,
    ...(ratings ? ratingLines(ratings, space) : []),
    ...(space ? vectorLines(space) : []),
  ];
}

function ratingLines({ ratings, users, ofUnknown, lowest, highest }, space) {
  return [
    `${count(ratings.length, 'rating')} by ${count(users, 'person', 'people')}, from ${lowest} to ${highest}.`,
    space ? 'They only measure how well texts are placed: the map is fitted to the vectors.' : null,
    ofUnknown > 0 ? `${count(ofUnknown, 'more rating is', 'more ratings are')} of items that are not in the file or have no text, and left out.` : null,
  ].filter(Boolean);
}

function complaintList(name, { count: number, first }) {
  if (number === 0) return null;
  return element('div', { class: 'catalog-complaints', testid: 'catalog-complaints' },
    element('h4', {}, `${count(number, 'line')} of ${name} cannot be read`),
    element('ol', {}, ...first.map(({ line, why, text }) => element('li', {},
      element('span', {}, element('b', {}, `line ${line}`), `: ${why}`),
      element('code', {}, text)))),
    number > first.length ? element('p', { class: 'soft' }, `and ${count(number - first.length, 'more line')}`) : null);
}

function vectorLines({ factors: { items, users }, known }) {
  const others = items.length - known;
  return [
    `${count(known, 'of these items has', 'of these items have')} a vector of ${count(users[0].vector.length, 'number')}; all are placed by their texts.`,
    others > 0 ? `${count(others, 'more vector is', 'more vectors are')} of items that are not in the file or have no text, and left out.` : null,
    `${count(users.length, 'person has', 'people have')} one.`,
  ].filter(Boolean);
}

function scaleOffer({ ratings, betterScale: [lowest, highest] }, onScale) {
  const what = ratings ? 'Ratings that are off the scale' : 'What the vectors predict is mostly off the scale, and';
  return element('p', { class: 'catalog-offer' }, `${what} would fit one from ${lowest} to ${highest}. `,
    element('button', { type: 'button', class: 'button small', testid: 'better-scale', onclick: () => onScale([lowest, highest]) }, 'Read again with that'));
}

function leaveOut(unread, use) {
  const box = element('input', { type: 'checkbox', testid: 'leave-out' });
  box.addEventListener('change', () => { use.disabled = !box.checked; });
  return element('label', { class: 'catalog-check' }, box, unread === 1 ? 'Leave this line out and go on' : `Leave these ${count(unread, 'line')} out and go on`);
}

function warnings({ items: { items, withoutText }, ratings, space }) {
  const texts = items.length - withoutText;
  return [
    texts > manyItems && `The encoder reads each of the ${count(texts, 'text')} once. That can take long, above all without WebGPU. It can be cancelled, and what was read is kept in this browser.`,
    !space && ratings.ratings.length < fewRatings && 'So few ratings teach little. Look at the text skill, above, before you believe any number.',
  ].filter(Boolean);
}
