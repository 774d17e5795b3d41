import { element } from './element.js';
import { starsOf, type Offer, type Scale, type VisitorRatings } from './ratings.js';
import { clipped, predictionOf, titleOf } from './words.js';
import type { Idea } from './types.js';

let rows = 0;

/** An item with its row of stars, a group of radio buttons: the arrow keys choose. */
export function showOffer(
  offer: Offer,
  scale: Scale,
  rate: (item: string, value: number) => void,
): { node: HTMLElement; update: (ratings: VisitorRatings) => void } {
  const values = starsOf(scale);
  const name = `stars-${++rows}`;
  const inputs = values.map((value, at) => {
    const input = element('input', { type: 'radio', name, 'aria-label': `${at + 1} of ${values.length} stars` });
    input.onchange = () => rate(offer.id, value);
    return input;
  });
  const stars = element('div', { class: 'stars' }, ...inputs.map((input) => element('label', {}, input)));
  const title = element('legend', { class: 'text', part: 'offer-title' }, titleOf(offer));
  const genres = element('p', { class: 'soft text' }, clipped(offer.genres.join(', '), 100));
  const node = element('fieldset', { part: 'offer' }, title, genres, ...about(offer.plot), stars);
  return { node, update: (ratings) => check(inputs, values, ratings.get(offer.id)) };
}

/** The first sentence of a text, and the rest on demand. */
function about(plot = ''): HTMLElement[] {
  const text = clipped(plot, 4000);
  const cut = text.search(/(?<=.{40}[.!?]) |(?<=.{140}) /s);
  if (cut < 0) return [element('p', { class: 'about text' }, text)];
  const first = element('summary', { class: 'text' }, `${text.slice(0, cut)}${cut < 140 ? '' : ' …'} `);
  return [element('details', { class: 'about' }, first, element('p', { class: 'text' }, text.slice(cut + 1)))];
}

/** A rating of the page's own may lie between two stars. */
function check(inputs: HTMLInputElement[], values: number[], rating: number | undefined): void {
  const distance = (at: number) => Math.abs(values[at]! - rating!);
  const nearest = rating === undefined ? -1 : values.reduce((best, _, at) => (distance(at) < distance(best) ? at : best), 0);
  for (const [at, input] of inputs.entries()) input.checked = at === nearest;
}

/** An idea: what it is, and why. */
export function showIdea(idea: Idea, highest: number): HTMLElement {
  const edits = idea.edits.map((edit) => element('li', { class: 'text' }, clipped(edit, 400)));
  const what = element(
    'div',
    {},
    element('p', { class: 'soft' }, 'Does not exist yet'),
    element('h3', { class: 'text', part: 'title' }, titleOf(idea.item)),
    element('p', { class: 'text plot', part: 'plot' }, clipped(idea.item.plot, 4000)),
  );
  const why = element(
    'div',
    {},
    element('p', { part: 'prediction' }, predictionOf(idea, highest)),
    element('p', { class: 'soft' }, 'What is different from the one that exists:'),
    element('ol', { class: 'edits', part: 'edits' }, ...edits),
  );
  return element('li', { part: 'idea' }, what, why);
}
