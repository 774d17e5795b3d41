/**
 * What is drawn on the map, mark by mark. A `pen` is `{ context, width, height, colours, project }`.
 *
 * Every kind of mark has its own shape, so that none depends on colour.
 */
import { gapLetter } from './gaps.js';

const uiFont = '"Avenir Next", Avenir, "Segoe UI", "Noto Sans", "Liberation Sans", sans-serif';
const waterFont = 'Charter, "Iowan Old Style", Georgia, "Liberation Serif", serif';
const badgeRadius = 9;

export function drawGraticule({ context, width, height, colours }) {
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

export function drawFilms(pen, { items, selected, anchor }) {
  const { context, colours, project } = pen;
  context.fillStyle = colours.film;
  for (const item of items) disc(context, project(item.place), 2.6);
  const chosen = items.find((item) => item.id === selected);
  // Once a route starts there, the route draws its own start.
  if (chosen && chosen.id !== anchor?.item.id) drawStart(pen, chosen.place);
}

export function drawGaps(pen, { gaps, items, pointedGap }) {
  for (const [index, gap] of gaps.entries()) drawGap(pen, gap, index, index === pointedGap);
  if (gaps[pointedGap]) drawNeighbours(pen, gaps[pointedGap], items);
}

export function drawRoute(pen, { anchor, steps }) {
  if (!anchor) return;
  const { context, colours, project } = pen;
  const points = [anchor.place, ...steps.map((step) => step.state.place)].map(project);
  for (const [colour, width] of [[colours.surface, 5], [colours.route, 2.2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.lineJoin = 'round';
    polyline(context, points);
  }
  context.fillStyle = colours.route;
  for (const point of points.slice(1)) disc(context, point, 3.2);
  drawStart(pen, anchor.place);
  drawNumbers(pen, points);
}

/** A label beside a place, kept inside the canvas. */
export function drawLabel({ context, width, height, colours, project }, place, text) {
  context.font = `600 13px ${uiFont}`;
  const [x, y] = project(place);
  const labelWidth = Math.min(context.measureText(text).width + 18, width - 8);
  const left = Math.min(Math.max(4, x - labelWidth / 2), width - labelWidth - 4);
  const top = y > 48 ? y - 42 : Math.min(y + 16, height - 30);
  context.fillStyle = colours.ink;
  roundedBox(context, left, top, labelWidth, 26, 5);
  context.fillStyle = colours.surface;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(text, left + 9, top + 13.5, labelWidth - 18);
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

function drawGap({ context, colours, project }, gap, index, pointed) {
  const centre = project(gap.place);
  context.lineWidth = pointed ? 3 : 1.8;
  context.strokeStyle = colours.gap;
  context.setLineDash(pointed ? [] : [4, 3]);
  ring(context, centre, pointed ? 13 : 11);
  context.setLineDash([]);
  context.fillStyle = colours.gap;
  context.font = `italic 600 13px ${waterFont}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(gapLetter(index), centre[0], centre[1] + 0.5);
}

function drawNeighbours({ context, colours, project }, gap, items) {
  const centre = project(gap.place);
  const places = new Map(items.map((item) => [item.id, item.place]));
  for (const { id } of gap.neighbours) {
    if (!places.has(id)) continue;
    const point = project(places.get(id));
    context.strokeStyle = colours.gap;
    context.lineWidth = 1.4;
    context.setLineDash([2, 3]);
    polyline(context, [centre, point]);
    context.setLineDash([]);
    ring(context, point, 6);
  }
}

/** Numbers stand on their step where there is room, and otherwise beside it on a short leader. */
function drawNumbers({ context, colours }, points) {
  const taken = [points[0]];
  for (const [index, point] of points.entries()) {
    if (index === 0) continue;
    const place = freePlace(point, taken);
    taken.push(place);
    context.strokeStyle = colours.route;
    context.lineWidth = 1.2;
    polyline(context, [point, place]);
    context.fillStyle = colours.surface;
    disc(context, place, badgeRadius + 1.5);
    context.fillStyle = colours.route;
    disc(context, place, badgeRadius);
    context.fillStyle = colours['on-route'];
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
