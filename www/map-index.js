/** Finding what is near a place among very many points: they are sorted into the cells of a grid once. */

/** Few enough to look at one by one, many enough that most cells hold some. */
const pointsPerCell = 8;

/** `xs` and `ys` are the points, `box` holds them all. */
export function gridIndex(xs, ys, { low, high }) {
  const side = Math.max(1, Math.ceil(Math.sqrt(xs.length / pointsPerCell)));
  const width = (high[0] - low[0]) / side || 1;
  const height = (high[1] - low[1]) / side || 1;
  const inside = (cell) => Math.min(side - 1, Math.max(0, Math.floor(cell)));
  const column = (x) => inside((x - low[0]) / width);
  const row = (y) => inside((y - low[1]) / height);
  const { starts, order } = sorted(xs.length, side * side, (point) => row(ys[point]) * side + column(xs[point]));

  /** Numbers of the points inside, with a few that are just outside. */
  function within({ low: from, high: to }) {
    const lines = Array.from({ length: row(to[1]) - row(from[1]) + 1 }, (_, line) => (row(from[1]) + line) * side);
    const spans = lines.map((line) => order.subarray(starts[line + column(from[0])], starts[line + column(to[0]) + 1]));
    const found = new Uint32Array(spans.reduce((sum, span) => sum + span.length, 0));
    let at = 0;
    for (const span of spans) {
      found.set(span, at);
      at += span.length;
    }
    return found;
  }

  /** `{ number, distance }` of the nearest point that is no further than `reach`, or null. */
  function nearest([x, y], reach) {
    let best = null;
    for (const number of within({ low: [x - reach, y - reach], high: [x + reach, y + reach] })) {
      const distance = Math.hypot(xs[number] - x, ys[number] - y);
      if (distance <= (best?.distance ?? reach)) best = { number, distance };
    }
    return best;
  }

  return { within, nearest };
}

/** Points in order of their cells; those of cell `c` are at `order[starts[c]]` up to `order[starts[c + 1]]`. */
function sorted(points, cells, cellOf) {
  const starts = new Uint32Array(cells + 1);
  for (let point = 0; point < points; point += 1) starts[cellOf(point) + 1] += 1;
  for (let cell = 0; cell < cells; cell += 1) starts[cell + 1] += starts[cell];
  const next = starts.slice();
  const order = new Uint32Array(points);
  for (let point = 0; point < points; point += 1) order[next[cellOf(point)]++] = point;
  return { starts, order };
}
