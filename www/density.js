/**
 * Where films gather, drawn like depths on a sea chart: open water, shallows, land.
 *
 * Every film adds a Gaussian bump to a coarse grid; the grid is then read smoothly at every pixel and cut into bands.
 */

/** Shares of the highest density at which a band begins. */
const bandStarts = [0.05, 0.2, 0.48];
/** Enough to show a shape; a larger catalog is sampled evenly. */
const mostPoints = 800;
/** One cell of the grid is this many CSS pixels wide. */
const cell = 4;

/**
 * A canvas of `width` × `height` CSS pixels at `ratio` device pixels each, or null where there is nothing to draw.
 * `points` are in CSS pixels, `radius` is a bump's standard deviation, `colours` one '#rrggbb' a band and a last one for the contours.
 */
export function densityImage({ points, width, height, ratio, radius, colours }) {
  if (points.length === 0) return null;
  const shown = sampled(points);
  const grid = summedBumps(shown, Math.ceil(width / cell) + 2, Math.ceil(height / cell) + 2, radius);
  const canvas = Object.assign(document.createElement('canvas'), { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  const context = canvas.getContext('2d');
  const image = context.createImageData(canvas.width, canvas.height);
  paint(image, grid, cell * ratio, colours.map(channels));
  context.putImageData(image, 0, 0);
  return canvas;
}

function sampled(points) {
  const stride = Math.ceil(points.length / mostPoints);
  return points.filter((_, index) => index % stride === 0);
}

/** Densities as shares of the highest one, row by row. */
function summedBumps(points, columns, rows, radius) {
  const deviation = radius / cell;
  const values = new Float32Array(columns * rows);
  const reach = Math.ceil(deviation * 4);
  for (const [x, y] of points) {
    const centreColumn = x / cell;
    const centreRow = y / cell;
    for (let row = Math.max(0, Math.floor(centreRow - reach)); row < Math.min(rows, centreRow + reach); row += 1) {
      for (let column = Math.max(0, Math.floor(centreColumn - reach)); column < Math.min(columns, centreColumn + reach); column += 1) {
        const squared = (column - centreColumn) ** 2 + (row - centreRow) ** 2;
        values[row * columns + column] += Math.exp(-squared / (2 * deviation * deviation));
      }
    }
  }
  const highest = highestDensity(points, radius);
  return { values: values.map((value) => value / highest), columns };
}

/** Taken at the films, not from the grid: a zoomed view, which has other peaks in it, keeps the same land. */
function highestDensity(points, radius) {
  const at = ([x, y]) => points.reduce((sum, point) => sum + Math.exp(-((point[0] - x) ** 2 + (point[1] - y) ** 2) / (2 * radius * radius)), 0);
  return points.reduce((most, point) => Math.max(most, at(point)), 0);
}

/** `step`: device pixels a cell. */
function paint(image, { values, columns }, step, colours) {
  for (let y = 0; y < image.height; y += 1) {
    const row = Math.floor(y / step);
    const down = y / step - row;
    for (let x = 0; x < image.width; x += 1) {
      const column = Math.floor(x / step);
      const right = x / step - column;
      const first = row * columns + column;
      const [a, b, c, d] = [values[first], values[first + 1], values[first + columns], values[first + columns + 1]];
      const top = a + (b - a) * right;
      const bottom = c + (d - c) * right;
      const value = top + (bottom - top) * down;
      // The slope turns a difference in density into a distance in pixels, so every contour is equally wide.
      const slope = Math.hypot(bottom - top, (b - a) * (1 - down) + (d - c) * down) / step;
      paintPixel(image.data, (y * image.width + x) * 4, value, slope, colours);
    }
  }
}

function paintPixel(data, offset, value, slope, colours) {
  let band = 0;
  let line = 0;
  for (const start of bandStarts) {
    if (value > start) band += 1;
    line = Math.max(line, 1.3 - Math.abs(value - start) / (slope + 1e-9));
  }
  line = Math.min(1, line);
  if (band === 0 && line <= 0) return;
  const contour = colours[bandStarts.length];
  const fill = colours[band - 1] ?? contour;
  for (let channel = 0; channel < 3; channel += 1) data[offset + channel] = fill[channel] + (contour[channel] - fill[channel]) * line;
  data[offset + 3] = band === 0 ? 255 * line : 255;
}

/** '#rrggbb' as three numbers. */
function channels(colour) {
  const value = Number.parseInt(colour.trim().slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
