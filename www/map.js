/**
 * The map: films as dots, gaps as lettered rings, the route as numbered steps, candidate edits as diamonds; on request every
 * film's utility as colour.
 *
 * `createMap` gives ways to show things and to look around; everything drawn comes from the scene it is given.
 * The list of films is the keyboard's way to choose; here one clicks.
 */
import { count, decimal, itemName } from './format.js';
import { gapLetter } from './gaps.js';
import { createCamera } from './map-camera.js';
import { placeFilms } from './map-films.js';
import { followGestures } from './map-gestures.js';
import { layHeat } from './map-heat.js';
import { createNames } from './map-names.js';
import { createCanvasPens, readColours, svgPen } from './map-picture.js';
import { createSvgContext } from './map-svg.js';
import { boxAround, viewOf } from './map-view.js';
import { drawLabel, drawPicture } from './marks.js';
import { words } from './words.js';

/** How near a pointer must be, in CSS pixels: a finger is less exact than a mouse. */
const reach = { mouse: 14, touch: 26 };
/** A place that is brought into the middle is seen at least so much closer than the whole. */
const near = 5;

/**
 * `onView(kind)` is told what one looks at from then on, `'whole'`, `'route'` or `'free'`. The scene that `show` changes:
 * `items`, with which all else begins anew; `gaps`, `pointedGap`, and `targetGap`, which routes are measured against; `anchor`,
 * `steps`, and `outcomeStep`, after which nothing was kept, or null; `selected`, an item's id; `heat`, `{ values, title }` or null,
 * with a value for each item; `matches`, numbers of items that stand out, and `found`, one of them that is named; `candidates`,
 * `{ start, ends: { place, text, filled }[], onPoint(index | null) }` or null, and `pointedCandidate`.
 */
export function createMap(canvas, { onChooseItem, onPointGap, onPressGap = () => {}, onView = () => {} }) {
  const scene = sceneOf([]);
  const names = createNames();
  const pens = createCanvasPens();
  const camera = createCamera(stage, { onMove: schedule, onKind: showKind });
  const gestures = followGestures(canvas, { zoomAt, moveBy, showAll: () => camera.look('whole') });
  let hovered = null;
  /** Where the pointer was seen last, as long as it is over the map. */
  let pointer = null;
  /** The candidate that the pointer was last said to be on. */
  let told = null;
  let scheduled = false;

  function stage() {
    const size = { width: canvas.clientWidth, height: canvas.clientHeight };
    const whole = viewOf(boxAround(everything(scene)), size);
    return { size, whole, route: viewOf(routeBox(scene), size) };
  }

  function draw() {
    scheduled = false;
    const { size, whole } = stage();
    if (size.width === 0 || size.height === 0) return;
    if (camera.isMoving() && pointer && !gestures.isDragging()) hovered = labelOf(under(pointer));
    const ratio = window.devicePixelRatio || 1;
    const context = fittedContext(canvas, size, ratio);
    const pen = pens.begin({ ...frame(size, whole), context, ratio, isMoving: camera.isMoving() });
    drawPicture(pen, scene);
    if (hovered) drawLabel(pen, hovered.place, hovered.text);
    if (camera.isGliding()) schedule();
  }

  const frame = (size, whole) => ({ size, whole, view: camera.now(), films: scene.films, heat: scene.heat, names, colours: readColours(canvas) });

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  }

  function under(event) {
    const box = canvas.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top];
    const project = camera.project();
    const within = reach[event.pointerType] ?? reach.mouse;
    const film = scene.films.index.nearest(project.invert(at), within / project.scale);
    const marks = [
      { kind: 'film', number: film?.number, distance: film ? film.distance * project.scale : Infinity },
      { kind: 'gap', ...nearest(scene.gaps, at, project, within) },
      { kind: 'candidate', ...nearest(scene.candidates?.ends ?? [], at, project, within) },
    ];
    // What lies on top is preferred where two are equally near.
    const best = marks.reduce((chosen, mark) => (mark.distance <= chosen.distance ? mark : chosen));
    return best.distance < Infinity ? { [best.kind]: best.number } : {};
  }

  function labelOf({ film, gap }) {
    return film === undefined ? gapLabel(scene.gaps[gap], gap) : filmLabel(scene, film);
  }

  function point(event) {
    if (gestures.isDragging()) return;
    pointer = { clientX: event.clientX, clientY: event.clientY, pointerType: event.pointerType };
    const found = under(event);
    hovered = labelOf(found);
    canvas.classList.toggle('over-film', found.film !== undefined);
    canvas.classList.toggle('over-gap', found.gap !== undefined);
    onPointGap(found.gap ?? null);
    pointCandidate(found.candidate ?? null);
    schedule();
  }

  function pointCandidate(index) {
    if (!scene.candidates || told === index) return;
    told = index;
    scene.pointedCandidate = index;
    scene.candidates.onPoint?.(index);
  }

  function leave() {
    pointer = null;
    hovered = null;
    onPointGap(null);
    pointCandidate(null);
    schedule();
  }

  /** Only the way of looking changes, so that a press can still scroll the page where there is nothing to move. */
  function showKind(kind) {
    canvas.classList.toggle('is-whole', kind === 'whole');
    onView(kind);
  }

  function zoomAt(...how) {
    return camera.zoomAt(...how);
  }

  function moveBy(...how) {
    hovered = null;
    return camera.moveBy(...how);
  }

  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerleave', leave);
  canvas.addEventListener('click', (event) => {
    const { film, gap } = under(event);
    if (film !== undefined) onChooseItem(scene.films.items[film].id);
    else if (gap !== undefined) onPressGap(gap);
  });
  canvas.classList.add('is-whole');
  new ResizeObserver(schedule).observe(canvas);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', schedule);

  return {
    show({ items, heat, ...changes }) {
      if (items) Object.assign(scene, sceneOf(items));
      if (heat !== undefined) scene.heat = heat && { title: heat.title, ...layHeat(scene.films, heat.values) };
      if (changes.candidates !== undefined) told = null;
      Object.assign(scene, changes);
      canvas.setAttribute('aria-label', summary(scene));
      schedule();
    },
    look: camera.look,
    zoomBy: (factor) => camera.zoomAt(factor, undefined, { gently: true }),
    centreOn: (place) => camera.centreOn(place, near),
    /** Whether the picture is still on its way to what it will be. */
    isMoving: camera.isMoving,
    /** What is shown, for a table of it. */
    get scene() {
      return scene;
    },
    /** The picture as it is, without what a pointer adds to it. */
    async png() {
      hovered = null;
      draw();
      return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
    },
    svg() {
      const { size, whole } = stage();
      const context = createSvgContext(size);
      drawPicture(svgPen({ ...frame(size, whole), context, ratio: 2, isMoving: false }), scene);
      return context.markup(summary(scene));
    },
  };
}

/** Items and nothing else. */
const sceneOf = (items) => ({
  films: placeFilms(items), gaps: [], pointedGap: null, targetGap: null, anchor: null, steps: [], outcomeStep: null, selected: null,
  heat: null, matches: null, found: null, candidates: null, pointedCandidate: null,
});

/** A canvas is only given a size when that has changed: it is emptied and made anew each time. */
function fittedContext(canvas, { width, height }, ratio) {
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function filmLabel({ films, heat }, film) {
  const item = films.items[film];
  const value = heat ? `: predicted rating ${decimal(heat.values[film])}` : '';
  return { place: item.place, text: itemName(item) + value };
}

/** The same parts as of films, so that the two can be compared. */
function gapLabel(gap, index) {
  if (!gap) return null;
  const parts = Number.isFinite(gap.affinity) ? ` = predicted rating ${decimal(gap.affinity)} + novelty ${decimal(gap.utility - gap.affinity)}` : '';
  return { place: gap.place, text: `Gap ${gapLetter(index)}: utility ${decimal(gap.utility)}${parts}` };
}

function summary({ films, gaps, steps, outcomeStep, heat, candidates }) {
  const parts = [`Map of ${films.items.length} ${words().plural} with ${gaps.length} gaps`];
  if (steps.length > 0) parts.push(`a route of ${count(steps.length, 'edit')}${fateWords(steps.length, outcomeStep)}`);
  if (candidates) parts.push(`the ends of ${candidates.ends.length} candidate edits`);
  const colours = heat ? `. Coloured by ${heat.title.toLowerCase()}, from ${decimal(heat.low)} to ${decimal(heat.high)}` : '';
  return parts.join(', and ') + colours;
}

function fateWords(edits, outcomeStep) {
  if (outcomeStep === null || outcomeStep === edits) return '';
  return outcomeStep === 0 ? ', none of which is kept' : `, of which the first ${outcomeStep === 1 ? 'is' : outcomeStep + ' are'} kept`;
}

function nearest(things, [x, y], project, within) {
  let best = { distance: Infinity };
  for (const [number, { place }] of things.entries()) {
    const [thingX, thingY] = project(place);
    const distance = Math.hypot(thingX - x, thingY - y);
    if (distance <= Math.min(within, best.distance)) best = { number, distance };
  }
  return best;
}

function everything({ films, gaps, anchor, steps, candidates }) {
  const { low, high } = films.box;
  const drawn = [...gaps.map((gap) => gap.place), ...route(anchor, steps), ...(candidates?.ends ?? []).map((end) => end.place)];
  return films.items.length > 0 ? [low, high, ...drawn] : drawn;
}

/** A route that is short is not shown larger than makes sense. */
function routeBox(scene) {
  const places = route(scene.anchor, scene.steps);
  const whole = boxAround(everything(scene));
  if (places.length < 2) return whole;
  return boxAround(places, 0.16 * Math.max(whole.high[0] - whole.low[0], whole.high[1] - whole.low[1]));
}

const route = (anchor, steps) => (anchor ? [anchor.place, ...steps.map((step) => step.state.place)] : []);
