/**
 * Pens: what the marks are drawn with, on a canvas and in an SVG file. A pen is
 * `{ context, width, height, colours, scale, isMoving, names, project, projectWhole, zoom, seen, drawGround(), drawDots(groups) }`: a drawing
 * context or what looks like one, the size in CSS pixels, the scale of heat, whether the map moves, where names are placed, places to
 * pixels in this view and in that of the whole, how much closer this one is, numbers of the films in sight, and the two things that
 * are pixels on a canvas.
 */
import { paintLand } from './density.js';
import { packed } from './map-colours.js';
import { createDotLayer } from './map-dots.js';
import { heatScale, paintHeat } from './map-heat.js';
import { projection, seenBox } from './map-view.js';

const names = ['ink', 'soft', 'surface', 'grid', 'film', 'route', 'gap', 'shallow', 'shore', 'land', 'contour', 'on-route'];
const heatNames = ['heat-1', 'heat-2', 'heat-3', 'heat-4', 'heat-5'];
/** Films further outside can still reach into the picture with their mark. */
const beyond = 12;
const outlineWidth = 0.8;
const contourWidth = 1.3;
/** While the map moves, the ground has so few pixels for a CSS pixel: they are soon painted, and nobody can look at contours. */
const coarse = 0.5;
/** So many dots are not drawn in finer pixels than CSS has while the map moves. */
const manyDots = 20_000;

export function readColours(node) {
  const style = getComputedStyle(node);
  return Object.fromEntries([...names, ...heatNames].map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
}

/** What stays between pictures, so that a pointer that moves paints nothing anew: `begin(frame)` gives a pen for a canvas. */
export function createCanvasPens() {
  const ground = createGround();
  const layer = createDotLayer();
  const dots = createMemory();
  const scale = createMemory();

  function begin(frame) {
    const { context, size, view, ratio, films, colours } = frame;
    const shades = scale(heatNames.map((name) => colours[name]), () => heatScale(heatNames.map((name) => colours[name])));
    const pen = pencil(frame, shades);
    return Object.assign(pen, {
      drawGround() {
        context.drawImage(ground(frame, shades), 0, 0, size.width, size.height);
      },
      drawDots(groups) {
        const fine = frame.isMoving && pen.seen.length > manyDots ? Math.min(1, ratio) : ratio;
        const inputs = [films, size.width, size.height, fine, view.scale, ...view.centre, shades, ...groups.flatMap(({ key }) => key)];
        const painted = dots(inputs, () => layer.paint(layerSize(size, fine, groups), (stamp) => stampAll(stamp, groups, films, pen.project, fine)));
        context.drawImage(painted, 0, 0, size.width, size.height);
      },
    });
  }

  return { begin };
}

/** The same for an SVG file: the ground is an image in it, dots are circles with the films' names. */
export function svgPen(frame) {
  const { context, size, films, colours } = frame;
  const shades = heatScale(heatNames.map((name) => colours[name]));
  const pen = pencil(frame, shades);
  return Object.assign(pen, {
    drawGround() {
      context.drawImage(createGround()({ ...frame, isMoving: false }, shades), 0, 0, size.width, size.height);
    },
    drawDots(groups) {
      for (const { numbers, radius, colourOf, outlineOf } of groups) {
        const place = (number) => pen.project(films.items[number].place);
        if (outlineOf) for (const number of numbers) context.circle(place(number), radius + outlineWidth, outlineOf(number));
        for (const number of numbers) context.circle(place(number), radius, colourOf(number), films.items[number].title);
      }
    },
  });
}

function pencil({ context, size, view, whole, films, colours, names: placer, isMoving }, scale) {
  return {
    context, ...size, colours, scale, isMoving, names: placer,
    project: projection(view, size),
    projectWhole: projection(whole, size),
    zoom: view.scale / whole.scale,
    seen: films.index.within(seenBox(view, size, beyond)),
  };
}

/** The bands of land, or the field of heat. */
function createGround() {
  const canvas = document.createElement('canvas');
  const painted = createMemory();
  return ({ size, view, ratio, films, heat, colours, isMoving }, shades) => {
    const fine = isMoving ? coarse : ratio;
    const bands = [colours.shallow, colours.shore, colours.land, colours.contour];
    const inputs = [films, heat, heat ? shades : bands.join(), size.width, size.height, fine, view.scale, ...view.centre];
    return painted(inputs, () => {
      Object.assign(canvas, { width: Math.round(size.width * fine), height: Math.round(size.height * fine) });
      const context = canvas.getContext('2d', { willReadFrequently: true });
      const image = context.createImageData(canvas.width, canvas.height);
      const pixels = new Uint32Array(image.data.buffer);
      const { low, high } = seenBox(view, size);
      const window = { left: low[0], top: high[1], step: 1 / (view.scale * fine), width: image.width, height: image.height };
      if (heat) paintHeat(pixels, films, heat, window, shades);
      else if (films.items.length > 0) paintLand(pixels, films.density, window, bands.map(packed), contourWidth * Math.min(1, fine));
      context.putImageData(image, 0, 0);
      return canvas;
    });
  };
}

function layerSize(size, ratio, groups) {
  const largest = Math.max(0, ...groups.map(({ radius }) => radius + outlineWidth)) * ratio;
  return { width: Math.round(size.width * ratio), height: Math.round(size.height * ratio), largest };
}

/** All outlines of a group lie below its dots, so that films side by side keep their colour. */
function stampAll(stamp, groups, { xs, ys }, project, ratio) {
  const [originX, originY] = project([0, 0]);
  const scale = project.scale * ratio;
  const draw = (numbers, radius, colourOf) => {
    for (const number of numbers) stamp(originX * ratio + xs[number] * scale, originY * ratio - ys[number] * scale, radius * ratio, colourOf(number));
  };
  for (const { numbers, radius, colourOf, outlineOf } of groups) {
    if (outlineOf) draw(numbers, radius + outlineWidth, outlineOf);
    draw(numbers, radius, colourOf);
  }
}

/** Remembers what was made last, as long as its inputs are the same ones. */
function createMemory() {
  let known = null;
  let result;
  return (inputs, make) => {
    if (!known || known.length !== inputs.length || known.some((input, index) => !Object.is(input, inputs[index]))) {
      result = make();
      known = inputs;
    }
    return result;
  };
}
