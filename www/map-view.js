/**
 * Which part of the map is seen. A view is `{ centre, scale }`: the place in the middle, and CSS pixels for a unit of the map.
 * One scale for both directions, so that distances keep their proportion; y points up. Pure functions.
 */

/** CSS pixels around everything there is. */
const margin = 34;
/** How much closer one may look than at the whole. */
const mostZoom = 64;

/** The smallest box around the places that is at least `size` wide and high; a place that is no pair of numbers is nowhere. */
export function boxAround(places, size = 1e-6) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const place of places) {
    if (!place.every(Number.isFinite)) continue;
    for (const axis of [0, 1]) {
      low[axis] = Math.min(low[axis], place[axis]);
      high[axis] = Math.max(high[axis], place[axis]);
    }
  }
  if (low[0] > high[0]) return { low: [0, 0], high: [1, 1] };
  for (const axis of [0, 1]) {
    const missing = Math.max(0, size - (high[axis] - low[axis])) / 2;
    low[axis] -= missing;
    high[axis] += missing;
  }
  return { low, high };
}

/** Shows all of a box. */
export function viewOf({ low, high }, { width, height }) {
  const room = (pixels) => Math.max(1, pixels - 2 * margin);
  return {
    centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2],
    scale: Math.min(room(width) / (high[0] - low[0]), room(height) / (high[1] - low[1])),
  };
}

/** Nearer by `factor`, so that what is at `at` on the screen stays there. */
export function zoomedAt(view, factor, at, size, whole) {
  const scale = Math.min(Math.max(view.scale * factor, whole.scale), whole.scale * mostZoom);
  const [x, y] = projection(view, size).invert(at);
  const shrunk = view.scale / scale;
  return clamped({ scale, centre: [x + (view.centre[0] - x) * shrunk, y + (view.centre[1] - y) * shrunk] }, whole, size);
}

/** Everything on the screen moves by `dx`, `dy`. */
export function moved({ centre, scale }, dx, dy, size, whole) {
  return clamped({ scale, centre: [centre[0] - dx / scale, centre[1] + dy / scale] }, whole, size);
}

/** The further one has zoomed in, the nearer the edge of the whole may come to the middle: at twice its scale, all the way. */
export function clamped(view, whole, { width, height }) {
  const scale = Math.min(Math.max(view.scale, whole.scale), whole.scale * mostZoom);
  const centre = [width, height].map((pixels, axis) => {
    const play = (pixels / whole.scale / 2) * Math.min(1, 2 * (1 - whole.scale / scale));
    return Math.min(Math.max(view.centre[axis], whole.centre[axis] - play), whole.centre[axis] + play);
  });
  return { centre, scale };
}

/** On the way from one view to another, at `share` of it: the scale grows evenly, and the centre moves along with it. */
export function between(from, to, share) {
  const scale = from.scale * (to.scale / from.scale) ** share;
  const isZoom = Math.abs(to.scale / from.scale - 1) > 1e-6;
  const progress = isZoom ? (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale) : share;
  return { scale, centre: from.centre.map((start, axis) => start + (to.centre[axis] - start) * progress) };
}

/** Places to CSS pixels; `invert` is the way back. */
export function projection({ centre, scale }, { width, height }) {
  const project = ([x, y]) => [width / 2 + (x - centre[0]) * scale, height / 2 - (y - centre[1]) * scale];
  const invert = ([x, y]) => [centre[0] + (x - width / 2) / scale, centre[1] - (y - height / 2) / scale];
  return Object.assign(project, { invert, scale });
}

/** The places that are on the screen, and `beyond` CSS pixels more on every side. */
export function seenBox({ centre, scale }, { width, height }, beyond = 0) {
  const reach = [(width / 2 + beyond) / scale, (height / 2 + beyond) / scale];
  return { low: centre.map((middle, axis) => middle - reach[axis]), high: centre.map((middle, axis) => middle + reach[axis]) };
}
