/**
 * What is drawn on the map, mark by mark, with a pen of map-picture.js.
 *
 * Every kind of mark has its own shape, so that none depends on colour.
 */
import { decimal, itemName } from './format.js';
import { gapLetter } from './gaps.js';
import { cssColour, packed } from './map-colours.js';
import { fitted, nameFont } from './map-names.js';

const uiFont = '"Avenir Next", Avenir, "Segoe UI", "Noto Sans", "Liberation Sans", sans-serif';
const waterFont = 'Charter, "Iowan Old Style", Georgia, "Liberation Serif", serif';
const badgeRadius = 9;
/** Dots are as large as this where that leaves room between them. */
const dotRadius = 2.6;
const smallestDot = 0.75;
const largestDot = 4;
const smallestWithRim = 1.5;
/** More frames than that say no more than larger dots do. */
const mostFrames = 200;
/** Buttons lie over these corners on the right: for zooming above, and below to a route where there is one. */
const zoomButtons = { width: 58, height: 126 };
const routeButton = { width: 168, height: 52 };

export function drawPicture(pen, scene) {
  const { context, colours, width, height } = pen;
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, width, height);
  // Land covers what is below it, and heat lets it through.
  if (scene.heat) drawGraticule(pen);
  pen.drawGround();
  if (!scene.heat) drawGraticule(pen);
  drawFilms(pen, scene);
  drawNames(pen, scene);
  drawGaps(pen, scene);
  drawCandidates(pen, scene);
  drawRoute(pen, scene);
  drawFound(pen, scene);
  if (scene.heat) drawScale(pen, scene);
}

function drawGraticule({ context, width, height, colours }) {
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = 0.5 + (width % 80) / 2; x < width; x += 80) {
    context.moveTo(x, 0);
    context.lineTo(x, height);
  }
  for (let y = 0.5 + (height % 80) / 2; y < height; y += 80) {
    context.moveTo(0, y);
    context.lineTo(width, y);
  }
  context.stroke();
}

function drawFilms(pen, scene) {
  const { films, selected, anchor, matches } = scene;
  pen.drawDots(dotGroups(pen, scene));
  if (matches?.length <= mostFrames) for (const film of matches) drawFrame(pen, films.items[film].place, 7);
  const chosen = films.items[films.numbers.get(selected)];
  // Once a route starts there, the route draws its own start.
  if (chosen && chosen.id !== anchor?.item.id) drawStart(pen, chosen.place);
}

/** `key` is what the look of a group depends on beside the view. */
function dotGroups({ colours, scale, seen, zoom }, { films, heat, matches }) {
  const radius = radiusFor(films.items.length, zoom);
  const [one, soft, surface, route] = [colours.film, colours.soft, colours.surface, colours.route].map(packed);
  // A dot has the colour of the field around it, or nearly: its rim is what tells the two apart at either end of the scale.
  const rim = (film) => (2 * heat.shadeOf(film) < scale.length ? soft : surface);
  const all = {
    numbers: seen, radius, key: [heat, colours.film, colours.soft, colours.surface],
    colourOf: heat ? (film) => scale[heat.shadeOf(film)] : () => one,
    outlineOf: heat && radius >= smallestWithRim ? rim : null,
  };
  if (!matches) return [all];
  return [all, { numbers: matches, radius: radius + 1.4, key: [matches, colours.route], colourOf: () => route, outlineOf: () => surface }];
}

/** Smaller where films are many, larger where one looks closely; in quarters, of which few kinds are needed. */
function radiusFor(films, zoom) {
  const radius = dotRadius * Math.min(1, (800 / films) ** (1 / 3)) * zoom ** 0.25;
  return Math.round(4 * Math.min(largestDot, Math.max(smallestDot, radius))) / 4;
}

function drawNames(pen, scene) {
  const { context, colours } = pen;
  context.font = nameFont;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.lineWidth = 3;
  context.lineJoin = 'round';
  for (const { text, left, y } of pen.names.place(pen, scene, takenBoxes(pen, scene))) {
    context.strokeStyle = colours.surface;
    context.strokeText(text, left, y);
    context.fillStyle = colours.ink;
    context.fillText(text, left, y);
  }
}

/** What names must not cover: the marks, the scale and what lies over the map. */
function takenBoxes(pen, { gaps, anchor, steps, selected, films, heat }) {
  const around = (place, radius) => {
    const [x, y] = pen.project(place);
    return { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
  };
  const route = anchor ? [anchor.place, ...steps.map(({ state }) => state.place)] : [];
  const chosen = films.items[films.numbers.get(selected)];
  return [
    { left: pen.width - zoomButtons.width, right: pen.width, top: 0, bottom: zoomButtons.height },
    ...(anchor ? [{ left: pen.width - routeButton.width, right: pen.width, top: pen.height - routeButton.height, bottom: pen.height }] : []),
    ...(heat ? [scaleBox(pen, heat, films)] : []),
    ...gaps.map(({ place }) => around(place, 13)), ...route.map((place) => around(place, badgeRadius)),
    ...(chosen ? [around(chosen.place, 7)] : []),
  ];
}

function drawGaps(pen, { gaps, films, pointedGap, targetGap, anchor, steps, outcomeStep }) {
  const target = gaps[targetGap];
  if (target && anchor) drawDistance(pen, target, (outcomeStep === null ? steps.at(-1) : steps[outcomeStep - 1])?.state ?? anchor);
  for (const [index, gap] of gaps.entries()) drawGap(pen, gap, index, { isPointed: index === pointedGap, isTarget: index === targetGap });
  if (gaps[pointedGap]) drawNeighbours(pen, gaps[pointedGap], films);
}

/** From where the route is to the gap that it is measured against. */
function drawDistance({ context, colours, project }, gap, state) {
  context.strokeStyle = colours.gap;
  context.lineWidth = 1.6;
  context.setLineDash([1, 5]);
  polyline(context, [project(state.place), project(gap.place)]);
  context.setLineDash([]);
}

/** Where candidate edits lead: diamonds on a thin line from where they start, filled where the design gives them weight. */
function drawCandidates(pen, { candidates, pointedCandidate }) {
  if (!candidates) return;
  const { context, colours, project } = pen;
  context.strokeStyle = colours.soft;
  context.lineWidth = 0.8;
  for (const { place } of candidates.ends) polyline(context, [project(candidates.start), project(place)]);
  for (const [index, end] of candidates.ends.entries()) if (index !== pointedCandidate) drawDiamond(pen, end, 5.5);
  const pointed = candidates.ends[pointedCandidate];
  if (!pointed) return;
  drawDiamond(pen, pointed, 8.5);
  drawLabel(pen, pointed.place, pointed.text);
}

function drawDiamond({ context, colours, project }, { place, filled }, radius) {
  const [x, y] = project(place);
  context.beginPath();
  context.moveTo(x, y - radius);
  context.lineTo(x + radius, y);
  context.lineTo(x, y + radius);
  context.lineTo(x - radius, y);
  context.closePath();
  context.strokeStyle = colours.surface;
  context.lineWidth = 4.5;
  context.stroke();
  context.fillStyle = filled ? colours.route : colours.surface;
  context.fill();
  context.strokeStyle = colours.route;
  context.lineWidth = 1.8;
  context.stroke();
}

/** What came after the best text was tried and not kept: it is drawn thinner and broken, its numbers hollow. */
function drawRoute(pen, { anchor, steps, outcomeStep }) {
  if (!anchor) return;
  const { context, colours, project } = pen;
  const points = [anchor.place, ...steps.map((step) => step.state.place)].map(project);
  const kept = outcomeStep ?? steps.length;
  context.lineJoin = 'round';
  for (const [colour, width] of [[colours.surface, 5], [colours.route, 2.2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    polyline(context, points.slice(0, kept + 1));
  }
  context.lineWidth = 1.2;
  context.setLineDash([4, 4]);
  if (kept < steps.length) polyline(context, points.slice(kept));
  context.setLineDash([]);
  context.fillStyle = colours.route;
  for (const point of points.slice(1, kept + 1)) disc(context, point, 3.2);
  drawStart(pen, anchor.place);
  drawNumbers(pen, points, outcomeStep);
}

/** What was looked for, with its name. */
function drawFound(pen, { films, found }) {
  const item = films.items[found];
  if (!item) return;
  drawFrame(pen, item.place, 10);
  drawLabel(pen, item.place, itemName(item));
}

/** The corners of a square, as a finder has them: what is looked for is no start, which is a ring. */
function drawFrame({ context, colours, project }, place, reach) {
  const [x, y] = project(place);
  const leg = reach * 0.55;
  context.beginPath();
  for (const across of [-1, 1]) {
    for (const down of [-1, 1]) {
      const [left, top] = [x + across * reach, y + down * reach];
      context.moveTo(left - across * leg, top);
      context.lineTo(left, top);
      context.lineTo(left, top - down * leg);
    }
  }
  context.lineJoin = 'miter';
  for (const [colour, width] of [[colours.surface, 4], [colours.ink, 1.8]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}

const scaleLength = 168;
const scaleFont = `600 12px ${uiFont}`;

/** Which colour is which value: in the picture, so that it is in every copy of it. */
function drawScale(pen, { heat, films }) {
  const { context, colours, scale } = pen;
  const { left, top, right, bottom } = scaleBox(pen, heat, films);
  context.fillStyle = colours.surface;
  roundedBox(context, left, top, right - left, bottom - top, 5);
  context.fillStyle = colours.ink;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.font = scaleFont;
  context.fillText(fitted(context, heat.title, 300), left + 10, top + 14);
  for (let part = 0; part < scaleLength; part += 4) {
    context.fillStyle = cssColour(scale[Math.round((part / (scaleLength - 4)) * (scale.length - 1))]);
    context.fillRect(left + 10 + part, top + 25, 4, 9);
  }
  context.fillStyle = colours.soft;
  context.font = `500 12px ${uiFont}`;
  context.fillText(decimal(heat.low), left + 10, top + 45);
  context.textAlign = 'right';
  context.fillText(decimal(heat.high), left + 10 + scaleLength, top + 45);
}

function scaleBox(pen, { title }, films) {
  const { context } = pen;
  const before = context.font;
  context.font = scaleFont;
  const words = fitted(context, title, 300);
  const box = { width: Math.max(scaleLength, context.measureText(words).width) + 20, height: 56 };
  context.font = before;
  const [left, top] = freeCorner(pen, films, box);
  return { left, top, right: left + box.width, bottom: top + box.height };
}

/** The corner on the left, above or below, with fewer films on the whole map: the same one however near one looks. */
function freeCorner({ projectWhole, height }, films, box) {
  const corners = [[12, 12], [12, height - box.height - 12]];
  const covered = corners.map(([left, top]) => {
    const [low, high] = [projectWhole.invert([left, top + box.height]), projectWhole.invert([left + box.width, top])];
    return films.index.within({ low, high }).length;
  });
  return covered[0] <= covered[1] ? corners[0] : corners[1];
}

/** A label beside a place, kept inside the canvas. */
export function drawLabel({ context, width, height, colours, project }, place, text) {
  context.font = `600 13px ${uiFont}`;
  const [x, y] = project(place);
  const words = fitted(context, text, width - 26);
  const labelWidth = context.measureText(words).width + 18;
  const left = Math.min(Math.max(4, x - labelWidth / 2), width - labelWidth - 4);
  const top = y > 48 ? y - 42 : Math.min(y + 16, height - 30);
  context.fillStyle = colours.ink;
  roundedBox(context, left, top, labelWidth, 26, 5);
  context.fillStyle = colours.surface;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(words, left + 9, top + 13.5);
}

function drawStart({ context, colours, project }, place) {
  const [x, y] = project(place);
  context.fillStyle = colours.surface;
  disc(context, [x, y], 7.5);
  context.strokeStyle = colours.route;
  context.lineWidth = 2.2;
  ring(context, [x, y], 6.5);
  context.fillStyle = colours.route;
  disc(context, [x, y], 2.8);
}

function drawGap({ context, colours, project }, gap, index, { isPointed, isTarget }) {
  const isBold = isPointed || isTarget;
  const centre = project(gap.place);
  context.fillStyle = colours.surface;
  disc(context, centre, isBold ? 15 : 13);
  context.lineWidth = isBold ? 3 : 1.8;
  context.strokeStyle = colours.gap;
  context.setLineDash(isBold ? [] : [4, 3]);
  ring(context, centre, isBold ? 13 : 11);
  context.setLineDash([]);
  context.fillStyle = colours.gap;
  context.font = `italic 600 13px ${waterFont}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(gapLetter(index), centre[0], centre[1] + 0.5);
}

function drawNeighbours({ context, colours, project }, gap, films) {
  const centre = project(gap.place);
  for (const { id } of gap.neighbours) {
    const neighbour = films.items[films.numbers.get(id)];
    if (!neighbour) continue;
    const point = project(neighbour.place);
    context.strokeStyle = colours.gap;
    context.lineWidth = 1.4;
    context.setLineDash([2, 3]);
    polyline(context, [centre, point]);
    context.setLineDash([]);
    ring(context, point, 6);
  }
}

/** Numbers stand on their step where there is room, and otherwise beside it on a short leader. */
function drawNumbers({ context, colours }, points, outcomeStep) {
  const taken = [points[0]];
  for (const [index, point] of points.entries()) {
    if (index === 0) continue;
    const place = freePlace(point, taken);
    taken.push(place);
    context.strokeStyle = colours.route;
    context.lineWidth = 1.2;
    polyline(context, [point, place]);
    const isKept = outcomeStep === null || index <= outcomeStep;
    context.fillStyle = colours.surface;
    disc(context, place, badgeRadius + 1.5);
    context.fillStyle = isKept ? colours.route : colours.surface;
    disc(context, place, badgeRadius);
    // The outcome has a ring of its own, what came after only its outline.
    if (!isKept) ring(context, place, badgeRadius - 0.6);
    if (index === outcomeStep) ring(context, place, badgeRadius + 3.5);
    context.fillStyle = isKept ? colours['on-route'] : colours.route;
    context.font = `700 11px ${uiFont}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(String(index), place[0], place[1] + 0.5);
  }
}

function freePlace([x, y], taken) {
  const isFree = (place) => taken.every((other) => Math.hypot(place[0] - other[0], place[1] - other[1]) > 2 * badgeRadius + 3);
  for (const radius of [0, 20, 34, 50]) {
    for (let turn = 0; turn < 8; turn += 1) {
      const angle = (turn * Math.PI) / 4 - Math.PI / 2;
      const place = [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
      if (isFree(place)) return place;
    }
  }
  return [x, y];
}

function disc(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ring(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function polyline(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

function roundedBox(context, left, top, width, height, radius) {
  context.beginPath();
  context.roundRect(left, top, width, height, radius);
  context.fill();
}
