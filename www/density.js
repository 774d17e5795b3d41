/**
 * Where films gather, drawn like depths on a sea chart: open water, shallows, land.
 *
 * Every film adds a Gaussian bump; the sum is cut into bands.
 */

/** Shares of the highest density at which a band begins. */
const bandStarts = [0.05, 0.2, 0.48];
/** Enough to show a shape; a larger catalog is sampled evenly. */
const mostPoints = 2000;
/** One cell is this many CSS pixels wide. */
const cell = 2;

/**
 * A canvas `width` × `height` CSS pixels in size when scaled by `cell`, or null where there is nothing to draw.
 * `points` are in CSS pixels, `radius` is the bump's standard deviation, `colours` one '#rrggbb' a band and a last one for the contour.
 */
export function densityImage({ points, width, height, radius, colours }) {
  const columns = Math.ceil(width / cell);
  const rows = Math.ceil(height / cell);
  if (columns < 1 || rows < 1 || points.length === 0) return null;
  const density = summedBumps(sampled(points), columns, rows, radius / cell);
  const canvas = Object.assign(document.createElement('canvas'), { width: columns, height: rows });
  const context = canvas.getContext('2d');
  context.putImageData(paintedBands(context.createImageData(columns, rows), bandsOf(density), columns, colours.map(channels)), 0, 0);
  return canvas;
}

export const densityCell = cell;

function sampled(points) {
  const stride = Math.max(1, Math.ceil(points.length / mostPoints));
  return points.filter((_, index) => index % stride === 0);
}

function summedBumps(points, columns, rows, deviation) {
  const sum = new Float32Array(columns * rows);
  const reach = Math.ceil(deviation * 3);
  for (const [x, y] of points) {
    const centreColumn = x / cell;
    const centreRow = y / cell;
    for (let row = Math.max(0, Math.floor(centreRow - reach)); row < Math.min(rows, centreRow + reach); row += 1) {
      for (let column = Math.max(0, Math.floor(centreColumn - reach)); column < Math.min(columns, centreColumn + reach); column += 1) {
        const squared = (column - centreColumn) ** 2 + (row - centreRow) ** 2;
        sum[row * columns + column] += Math.exp(-squared / (2 * deviation * deviation));
      }
    }
  }
  return sum;
}

/** Band number of every cell: 0 is open water. */
function bandsOf(density) {
  const highest = density.reduce((most, value) => Math.max(most, value), 0) || 1;
  return Uint8Array.from(density, (value) => bandStarts.filter((start) => value > start * highest).length);
}

function paintedBands(image, bands, columns, colours) {
  const contour = colours.at(-1);
  for (let index = 0; index < bands.length; index += 1) {
    const band = bands[index];
    const onContour = band > 0 && (bands[index + 1] < band || bands[index - 1] < band || bands[index + columns] < band || bands[index - columns] < band);
    if (band === 0) continue;
    image.data.set([...(onContour ? contour : colours[band - 1]), 255], index * 4);
  }
  return image;
}

/** '#rrggbb' as three numbers. */
function channels(colour) {
  const value = Number.parseInt(colour.trim().slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
