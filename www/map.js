/**
 * The map: films as dots, gaps as lettered rings, the route as numbered steps.
 *
 * `createMap` returns `{ show(changes) }`; everything drawn comes from the scene it is given.
 * The list of films is the keyboard's way to choose; here one clicks.
 */
import { densityImage } from './density.js';
import { drawFilms, drawGaps, drawGraticule, drawLabel, drawRoute } from './marks.js';
import { decimal, itemName } from './format.js';
import { gapLetter } from './gaps.js';

/** How near a pointer must be, in CSS pixels: a finger is less exact than a mouse. */
const reach = { mouse: 14, touch: 26 };
const margin = 34;

export function createMap(canvas, { onChooseItem, onPointGap }) {
  const scene = { items: [], gaps: [], anchor: null, steps: [], selected: null, pointedGap: null, zoomed: false };
  let hovered = null;
  let land = { key: '', image: null };
  let scheduled = false;

  function draw() {
    scheduled = false;
    const { width, height } = canvas.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    const pen = { context, width, height, ratio, colours: readColours(canvas), project: projection(scene, width, height) };
    drawLand(pen);
    drawGraticule(pen);
    drawFilms(pen, scene);
    drawGaps(pen, scene);
    drawRoute(pen, scene);
    if (hovered) drawLabel(pen, hovered.place, hovered.text);
  }

  /** The bands only change with the view, the size and the colours; hovering must not compute them again. */
  function drawLand({ context, width, height, ratio, colours, project }) {
    const bands = [colours.shallow, colours.shore, colours.land, colours.contour];
    const key = JSON.stringify([width, height, ratio, scene.items.length, project([0, 0]), project([1, 1]), bands]);
    if (key !== land.key) {
      const points = scene.items.map((item) => project(item.place));
      land = { key, image: densityImage({ points, width, height, ratio, radius: project.scale * spread(scene.items), colours: bands }) };
    }
    if (land.image) context.drawImage(land.image, 0, 0, width, height);
  }

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  }

  function under(event) {
    const box = canvas.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top];
    const project = projection(scene, box.width, box.height);
    const within = reach[event.pointerType] ?? reach.mouse;
    const gap = nearest(scene.gaps, at, project, within);
    const item = nearest(scene.items, at, project, within);
    return gap && (!item || gap.distance <= item.distance) ? { gap: gap.index } : { item: item?.value };
  }

  function point(event) {
    const { gap, item } = under(event);
    hovered = item ? { place: item.place, text: itemName(item) } : gapLabel(scene.gaps[gap], gap);
    canvas.classList.toggle('over-film', Boolean(item));
    onPointGap(gap ?? null);
    schedule();
  }

  function leave() {
    hovered = null;
    onPointGap(null);
    schedule();
  }

  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerleave', leave);
  canvas.addEventListener('click', (event) => {
    const { item } = under(event);
    if (item) onChooseItem(item.id);
  });
  new ResizeObserver(schedule).observe(canvas);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', schedule);

  return {
    show(changes) {
      Object.assign(scene, changes);
      canvas.setAttribute('aria-label', summary(scene));
      schedule();
    },
  };
}

function gapLabel(gap, index) {
  return gap ? { place: gap.place, text: `Gap ${gapLetter(index)}: utility ${decimal(gap.utility)}` } : null;
}

function summary({ items, gaps, steps }) {
  const route = steps.length > 0 ? `, and a route of ${steps.length} edits` : '';
  return `Map of ${items.length} films with ${gaps.length} gaps${route}`;
}

function nearest(things, [x, y], project, within) {
  let best = null;
  for (const [index, value] of things.entries()) {
    const [thingX, thingY] = project(value.place);
    const distance = Math.hypot(thingX - x, thingY - y);
    if (distance <= (best?.distance ?? within)) best = { value, index, distance };
  }
  return best;
}

/** Places to CSS pixels: one scale for both directions, so that distances keep their proportion; y points up. */
function projection(scene, width, height) {
  const { low, high } = bounds(scene);
  const scale = Math.min((width - 2 * margin) / (high[0] - low[0]), (height - 2 * margin) / (high[1] - low[1]));
  const centre = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  const project = ([x, y]) => [width / 2 + (x - centre[0]) * scale, height / 2 - (y - centre[1]) * scale];
  return Object.assign(project, { scale });
}

function bounds({ items, gaps, anchor, steps, zoomed }) {
  const route = anchor ? [anchor.place, ...steps.map((step) => step.state.place)] : [];
  const everything = [...items.map((item) => item.place), ...gaps.map((gap) => gap.place), ...route];
  const whole = box(everything, 1e-6);
  if (!zoomed || route.length < 2) return whole;
  const atLeast = 0.16 * Math.max(whole.high[0] - whole.low[0], whole.high[1] - whole.low[1]);
  return box(route, atLeast);
}

/** The smallest box around the places that is at least `size` wide and high. */
function box(places, size) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const place of places) {
    for (const axis of [0, 1]) {
      low[axis] = Math.min(low[axis], place[axis]);
      high[axis] = Math.max(high[axis], place[axis]);
    }
  }
  if (places.length === 0) return { low: [0, 0], high: [1, 1] };
  for (const axis of [0, 1]) {
    const missing = Math.max(0, size - (high[axis] - low[axis])) / 2;
    low[axis] -= missing;
    high[axis] += missing;
  }
  return { low, high };
}

/** Width of one film's bump, as a share of the catalog's extent. */
function spread(items) {
  const { low, high } = box(items.map((item) => item.place), 1e-6);
  return 0.045 * Math.hypot(high[0] - low[0], high[1] - low[1]);
}

function readColours(canvas) {
  const style = getComputedStyle(canvas);
  const names = ['ink', 'soft', 'surface', 'grid', 'film', 'route', 'gap', 'shallow', 'shore', 'land', 'contour', 'on-route'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
}
