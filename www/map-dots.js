/**
 * Dots by the ten thousand, written as pixels: a canvas would take a good part of a second to fill so many paths, and a map
 * that is being zoomed has a few milliseconds.
 */

import { mixed } from './map-colours.js';

/** A dot's centre is kept to a quarter of a pixel, so that dots do not jitter while the map moves. */
const steps = 4;

/**
 * Returns `{ paint({ width, height, largest }, draw) }`, which gives a canvas: `draw` is called with `stamp(x, y, radius, colour)`,
 * and no radius is larger than `largest`. All in pixels.
 */
export function createDotLayer() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  const sprites = new Map();
  let image = null;
  let pixels = null;

  /** The image is larger than the canvas by `border` on every side, so that no dot needs to be cut. */
  function clear(width, height, border) {
    const [wide, high] = [width + 2 * border, height + 2 * border];
    if (image?.width === wide && image.height === high) {
      pixels.fill(0);
      return;
    }
    image = new ImageData(wide, high);
    pixels = new Uint32Array(image.data.buffer);
    sprites.clear();
  }

  function paint({ width, height, largest }, draw) {
    const border = Math.ceil(largest) + 2;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    clear(width, height, border);
    draw((x, y, radius, colour) => {
      const left = Math.floor(x * steps) / steps;
      const top = Math.floor(y * steps) / steps;
      // Also true of a place that is no number.
      if (!(left > -largest && left < width + largest && top > -largest && top < height + largest)) return;
      const [column, row] = [Math.floor(left), Math.floor(top)];
      const key = (Math.round(radius * 8) * steps + (left - column) * steps) * steps + (top - row) * steps;
      if (!sprites.has(key)) sprites.set(key, sprite(radius, left - column, top - row, image.width));
      stamp(pixels, sprites.get(key), (row + border) * image.width + column + border, colour);
    });
    context.putImageData(image, -border, -border);
    return canvas;
  }

  return { paint };
}

/** Pixels of a disc around (x, y) inside a pixel: where each is from that pixel on, and how much of it is covered. */
function sprite(radius, x, y, stride) {
  const reach = Math.ceil(radius) + 1;
  const offsets = [];
  const coverage = [];
  for (let row = -reach; row <= reach; row += 1) {
    for (let column = -reach; column <= reach; column += 1) {
      const covered = Math.round(255 * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y))));
      if (covered === 0) continue;
      offsets.push(row * stride + column);
      coverage.push(covered);
    }
  }
  return { offsets: Int32Array.from(offsets), coverage: Uint8Array.from(coverage) };
}

function stamp(pixels, { offsets, coverage }, at, colour) {
  for (let part = 0; part < offsets.length; part += 1) {
    const where = at + offsets[part];
    const covered = coverage[part];
    const below = pixels[where];
    const opacity = below >>> 24;
    if (covered === 255 || opacity === 0) pixels[where] = (covered << 24) | colour;
    else pixels[where] = over(below, opacity, covered, colour);
  }
}

/** The rim of a disc over what is there. */
function over(below, opacity, covered, colour) {
  const whole = covered + opacity - (covered * opacity) / 255;
  return (whole << 24) | mixed(below, colour, covered / whole);
}
