/** The films of a map, laid out once so that many of them can be drawn and found quickly. */
import { densityGrid } from './density.js';
import { gridIndex } from './map-index.js';
import { boxAround } from './map-view.js';

/** `items` are `{ id, place }`; `numbers` finds an id's place in the list. */
export function placeFilms(items) {
  const xs = Float64Array.from(items, ({ place }) => place[0]);
  const ys = Float64Array.from(items, ({ place }) => place[1]);
  const box = boxAround(items.map(({ place }) => place));
  return {
    items, xs, ys, box,
    numbers: new Map(items.map(({ id }, number) => [id, number])),
    index: gridIndex(xs, ys, box),
    density: densityGrid(xs, ys, box),
  };
}
