/** What the files came to: counts, the lines that cannot be read, and whether to go on without them. */
import { element } from '../dom.js';
import { count } from '../format.js';

/** Below this there is so little to learn from that it has to be said. */
const fewRatings = 300;
const manyItems = 1_000;

/** `onUse()` opens it; `onScale(scale)` reads again with a scale that has room for all ratings, where one is missing. */
export function resultCard({ items, ratings, names, betterScale }, { onUse, onScale }) {
  const unread = items.complaints.count + ratings.complaints.count;
  const use = element('button', { type: 'button', class: 'button primary', testid: 'use-catalog', disabled: unread > 0 }, 'Use this catalog');
  use.addEventListener('click', () => {
    // Opening begins with closing the one in use: a second press would begin it twice.
    use.disabled = true;
    onUse();
  });
  return element('section', { class: 'catalog-result', testid: 'catalog-result', 'aria-label': 'What was read' },
    element('h3', {}, 'What was read'),
    element('ul', { class: 'catalog-counts' }, ...countLines(items, ratings).map((words) => element('li', {}, words))),
    complaintList(names.items, items.complaints),
    complaintList(names.ratings, ratings.complaints),
    betterScale ? scaleOffer(betterScale, onScale) : null,
    unread > 0 ? leaveOut(unread, use) : null,
    ...warnings(items, ratings).map((words) => element('p', { class: 'soft' }, words)),
    element('p', { class: 'catalog-actions' }, use));
}

function countLines({ items, withoutText }, { ratings, users, ofUnknown, lowest, highest }) {
  const left = withoutText > 0 ? `; ${count(withoutText, 'other')} without one cannot be placed and will be left out` : '';
  return [
    `${count(items.length - withoutText, 'item')} with a text${left}.`,
    `${count(ratings.length, 'rating')} by ${count(users, 'person', 'people')}, from ${lowest} to ${highest}.`,
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

function scaleOffer([lowest, highest], onScale) {
  return element('p', { class: 'catalog-offer' }, `Ratings that are off the scale would fit one from ${lowest} to ${highest}. `,
    element('button', { type: 'button', class: 'button small', testid: 'better-scale', onclick: () => onScale([lowest, highest]) }, 'Read again with that'));
}

function leaveOut(unread, use) {
  const box = element('input', { type: 'checkbox', testid: 'leave-out' });
  box.addEventListener('change', () => { use.disabled = !box.checked; });
  return element('label', { class: 'catalog-check' }, box, unread === 1 ? 'Leave this line out and go on' : `Leave these ${count(unread, 'line')} out and go on`);
}

function warnings({ items, withoutText }, { ratings }) {
  const texts = items.length - withoutText;
  return [
    texts > manyItems && `The encoder reads each of the ${count(texts, 'text')} once. That can take long, above all without WebGPU. It can be cancelled, and what was read is kept in this browser.`,
    ratings.length < fewRatings && 'So few ratings teach little. Look at the text skill, above, before you believe any number.',
  ].filter(Boolean);
}
