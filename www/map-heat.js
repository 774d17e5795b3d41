/**
 * A value for every film as colours: the films themselves, and between them the mean of those around, which fades out where
 * no film is near enough to say anything.
 */
import { sampled, smoothedSums } from './density.js';
import { mixed, packed } from './map-colours.js';

/** Colours on the scale. */
const shades = 256;
/** Shares of values below and above which all colours are equal, so that a few odd films do not wash out the rest. */
const [lowShare, highShare] = [0.02, 0.98];
/** Density at which the field begins to show, and at which it shows fully. */
const [dim, full] = [0.01, 0.08];
const fieldOpacity = 190;

/** `values` are in the order of the films. Returns `{ low, high, shadeOf(film), field }`, where the field is a grid of shades. */
export function layHeat(films, values) {
  const sorted = Float32Array.from(values).filter(Number.isFinite).sort();
  const low = sorted[Math.floor(lowShare * (sorted.length - 1))] ?? 0;
  const high = Math.max(sorted[Math.ceil(highShare * (sorted.length - 1))] ?? 1, low + 1e-9);
  const shade = (value) => Math.round(Math.min(1, Math.max(0, (value - low) / (high - low))) * (shades - 1));
  const filmShades = Uint8Array.from(values, shade);
  const sums = smoothedSums(films.density, films.xs, films.ys, (film) => filmShades[film]);
  const counts = smoothedSums(films.density, films.xs, films.ys, () => 1);
  return { values, low, high, shadeOf: (film) => filmShades[film], field: sums.map((sum, cell) => sum / (counts[cell] || 1)) };
}

/** The scale from its few named colours, '#rrggbb' from low to high: the colour of every shade. */
export function heatScale(colours) {
  const stops = colours.map(packed);
  return Uint32Array.from({ length: shades }, (_, shade) => {
    const along = (shade / (shades - 1)) * (stops.length - 1);
    const stop = Math.min(stops.length - 2, Math.floor(along));
    return mixed(stops[stop], stops[stop + 1], along - stop);
  });
}

/** Paints the field into an image's pixels; `window` as of `sampled`. */
export function paintHeat(pixels, { density }, { field }, window, scale) {
  const densities = sampled(density, density.values, window);
  const means = sampled(density, field, window);
  for (let pixel = 0; pixel < pixels.length; pixel += 1) {
    const value = densities[pixel];
    if (value <= dim) continue;
    const opacity = fieldOpacity * Math.min(1, (value - dim) / (full - dim));
    pixels[pixel] = (opacity << 24) | scale[(means[pixel] + 0.5) | 0];
  }
}
