/**
 * Where films gather, drawn like depths on a sea chart: open water, shallows, land.
 *
 * Every film adds a Gaussian bump to a coarse grid over the whole map, once; however the map is looked at, the grid is then
 * read smoothly at every pixel and cut into bands.
 */

import { mixed } from './map-colours.js';

/** Shares of the highest density at which a band begins. */
const bandStarts = [0.05, 0.2, 0.48];
/** So little is outside the first contour however steep the coast is. */
const nothing = 0.03;
/** Standard deviation of a bump, as a share of the films' extent. */
const spread = 0.045;
const cellsPerDeviation = 6;
/** Further out a bump is as good as nothing. */
const deviations = 4;

/** A grid over films at `xs`, `ys`, which `box` holds: `{ low, cell, columns, rows, values }`, as shares of the highest density at a film. */
export function densityGrid(xs, ys, box) {
  const grid = emptyGrid(box);
  const sums = smoothedSums(grid, xs, ys, () => 1);
  let highest = 0;
  for (let film = 0; film < xs.length; film += 1) highest = Math.max(highest, valueAt({ ...grid, values: sums }, xs[film], ys[film]));
  return { ...grid, values: sums.map((sum) => sum / (highest || 1)) };
}

/** Sums of the films' weights, each spread over its bump. */
export function smoothedSums(grid, xs, ys, weightOf) {
  const sums = new Float32Array(grid.columns * grid.rows);
  for (let film = 0; film < xs.length; film += 1) {
    const { first, right, down } = cellOf(grid, xs[film], ys[film]);
    const weight = weightOf(film);
    sums[first] += weight * (1 - right) * (1 - down);
    sums[first + 1] += weight * right * (1 - down);
    sums[first + grid.columns] += weight * (1 - right) * down;
    sums[first + grid.columns + 1] += weight * right * down;
  }
  return blurred(blurred(sums, grid.columns, grid.rows, 1, grid.columns), grid.rows, grid.columns, grid.columns, 1);
}

/**
 * Paints the bands into an image's pixels; `window` as of `sampled`, `colours` are one for each band and a last one for the
 * contours, which fade over `contourWidth` pixels on either side.
 */
export function paintLand(pixels, grid, window, colours, contourWidth) {
  const { width } = window;
  const values = sampled(grid, grid.values, window);
  const contour = colours[bandStarts.length];
  for (let pixel = 0; pixel < pixels.length; pixel += 1) {
    const value = values[pixel];
    if (value < nothing) continue;
    // The slope turns a difference in density into a distance in pixels, so every contour is equally wide.
    const across = values[pixel + 1] - value;
    const down = (values[pixel + width] ?? value) - value;
    const slope = Math.sqrt(across * across + down * down) + 1e-9;
    let band = 0;
    let line = 0;
    for (const start of bandStarts) {
      if (value > start) band += 1;
      line = Math.max(line, contourWidth - Math.abs(value - start) / slope);
    }
    line = Math.min(1, line);
    if (band > 0) pixels[pixel] = (255 << 24) | mixed(colours[band - 1], contour, line);
    else if (line > 0) pixels[pixel] = ((255 * line) << 24) | contour;
  }
}

/**
 * What values on the grid come to at every pixel of a window, 0 outside the grid. A window is
 * `{ left, top, step, width, height }`: the place of its corner on the map, a pixel's width there, and its size in pixels.
 */
export function sampled({ low, cell, columns, rows }, values, { left, top, step, width, height }) {
  const result = new Float32Array(width * height);
  const pixel = step / cell;
  const start = (left - low[0]) / cell;
  const from = Math.max(0, Math.ceil(-start / pixel));
  const to = Math.min(width, Math.ceil((columns - 1 - start) / pixel));
  const line = new Float32Array(columns);
  for (let y = 0; y < height; y += 1) {
    const up = (top - low[1]) / cell - y * pixel;
    const row = Math.floor(up);
    if (row < 0 || row >= rows - 1) continue;
    for (let column = 0; column < columns; column += 1) {
      const near = values[row * columns + column];
      line[column] = near + (values[(row + 1) * columns + column] - near) * (up - row);
    }
    for (let x = from; x < to; x += 1) {
      const along = start + x * pixel;
      const column = along | 0;
      result[y * width + x] = line[column] + (line[column + 1] - line[column]) * (along - column);
    }
  }
  return result;
}

function emptyGrid({ low, high }) {
  const deviation = spread * Math.hypot(high[0] - low[0], high[1] - low[1]);
  const cell = deviation / cellsPerDeviation;
  const around = deviation * deviations;
  const [columns, rows] = [0, 1].map((axis) => Math.ceil((high[axis] - low[axis] + 2 * around) / cell) + 2);
  return { low: [low[0] - around, low[1] - around], cell, columns, rows };
}

function cellOf({ low, cell, columns }, x, y) {
  const across = (x - low[0]) / cell;
  const up = (y - low[1]) / cell;
  const [column, row] = [Math.floor(across), Math.floor(up)];
  return { first: row * columns + column, right: across - column, down: up - row };
}

function valueAt(grid, x, y) {
  const { first, right, down } = cellOf(grid, x, y);
  const { values, columns } = grid;
  const near = values[first] * (1 - right) + values[first + 1] * right;
  const far = values[first + columns] * (1 - right) + values[first + columns + 1] * right;
  return near * (1 - down) + far * down;
}

/** A Gaussian along one direction: `length` cells `stride` apart, on each of `lines` lines that are `apart` apart. */
function blurred(sums, length, lines, stride, apart) {
  const reach = cellsPerDeviation * deviations;
  const bump = Float32Array.from({ length: reach + 1 }, (_, distance) => Math.exp(-((distance / cellsPerDeviation) ** 2) / 2));
  const result = new Float32Array(sums.length);
  for (let line = 0; line < lines; line += 1) {
    for (let at = 0; at < length; at += 1) {
      const weight = sums[line * apart + at * stride];
      if (weight === 0) continue;
      const end = Math.min(length - 1, at + reach);
      for (let to = Math.max(0, at - reach); to <= end; to += 1) result[line * apart + to * stride] += weight * bump[Math.abs(to - at)];
    }
  }
  return result;
}
