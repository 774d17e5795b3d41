/** Taking the map away: as a picture, as a drawing, as a table. */
import { gapLetter } from './gaps.js';
import { csvText } from './map-csv.js';
import { words } from './words.js';

export const formats = [
  { name: 'png', title: 'Picture (PNG)', make: (map) => map.png() },
  { name: 'svg', title: 'Drawing (SVG)', make: (map) => new Blob([map.svg()], { type: 'image/svg+xml' }) },
  { name: 'csv', title: 'Table (CSV)', make: (map) => new Blob([csvText(mapRows(map.scene))], { type: 'text/csv;charset=utf-8' }) },
];

/**
 * Every film, then the gaps, the route from its start, which is step 0, and the candidate edits. Of films the predicted rating is
 * known where the map has it as colour, and no utility: that counts novelty, too.
 */
export function mapRows({ films, heat, gaps, anchor, steps, candidates }) {
  const { noun } = words();
  const route = anchor ? [anchor, ...steps.map((step) => step.state)] : [];
  return [
    ['kind', 'id', 'title', 'x', 'y', 'predicted rating', 'utility', 'gap', 'step'],
    ...films.items.map(({ id, title, place }, film) => [noun, id, title, ...place, heat?.values[film], null, null, null]),
    ...gaps.map(({ place, affinity, utility }, index) => ['gap', null, null, ...place, affinity, utility, gapLetter(index), null]),
    ...route.map(({ item, place, affinity, utility }, step) => ['step', item.id, item.title, ...place, affinity, utility, null, step]),
    ...(candidates?.ends ?? []).map(({ place, text, affinity, utility }) => ['candidate', null, text, ...place, affinity, utility, null, null]),
  ];
}

/** Gives a file to the person, as browsers do it: through a link that nobody sees. */
export function saveFile(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  Object.assign(link, { href: address, download: name });
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
