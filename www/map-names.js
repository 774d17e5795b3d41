/**
 * Names on the map: as many as there is room for, the most important first, none over another. Where films are dense only some
 * get theirs, however near one looks, and those keep it while the map is moved.
 */

export const nameFont = '500 12px "Avenir Next", Avenir, "Segoe UI", "Noto Sans", "Liberation Sans", sans-serif';
const lineHeight = 16;
const longest = 160;
/** From a film's place to its name, in CSS pixels. */
const beside = 8;
/** A name for so many square pixels, and no more than that in all: more is only clutter. */
const areaForOne = 9_000;
const mostNames = 40;
/** So many films are tried in one picture at most, and so many texts measured that were not before: a frame has 16 ms. */
const mostTried = 500;
const mostMeasured = 80;
/** Ranks are sorted into so many classes, so that the best can be had without sorting all. */
const classes = 512;

/**
 * Remembers what was shown last. `place(pen, scene)` gives `{ film, text, left, y }[]`, where `left` is that of the text and `y` its
 * middle; `pen` and `scene` as of the marks, with `taken` boxes in it that names must leave free.
 */
export function createNames() {
  /** Texts with their widths, by film. */
  let texts = new Map();
  let films = null;
  let ranks = null;
  let rankedBy = null;
  /** Films that have their names, with their sides, in the view of `scale`. */
  let known = new Map();
  let scale = Infinity;

  function place(pen, scene, taken) {
    renew(scene);
    // What lies closer together than before has to make room for what is more important.
    if (pen.project.scale < scale * (1 - 1e-9)) known = new Map();
    scale = pen.project.scale;
    const placed = [];
    const boxes = [...taken];
    const most = Math.min(mostNames, Math.ceil((pen.width * pen.height) / areaForOne));
    const room = roomAround(pen.zoom);
    let toMeasure = pen.isMoving ? mostMeasured : mostTried;
    for (const film of candidates(pen, scene)) {
      if (placed.length === most) break;
      if (film === scene.found) continue;
      if (!texts.has(film)) {
        if (toMeasure === 0) continue;
        toMeasure -= 1;
      }
      const name = freePlace(pen, film, boxes, room);
      if (!name) continue;
      placed.push(name);
      boxes.push(name.box);
    }
    known = new Map(placed.map(({ film, side }) => [film, side]));
    return placed;
  }

  function renew(scene) {
    const by = scene.heat?.values ?? scene.films.density;
    if (scene.films !== films) {
      texts = new Map();
      known = new Map();
    }
    if (scene.films !== films || by !== rankedBy) ranks = ranksOf(scene.films, scene.heat);
    films = scene.films;
    rankedBy = by;
  }

  /** The chosen one, those that have their names already, and the highest ranks of what is in sight. */
  function candidates({ seen }, { selected }) {
    const chosen = films.numbers.get(selected);
    const inSight = new Set(seen);
    const kept = [...known.keys()].filter((film) => inSight.has(film));
    const first = inSight.has(chosen) ? [chosen, ...kept] : kept;
    return new Set([...first, ...highest(seen, ranks)]);
  }

  /** Who had a name keeps it on its side, also where that is now cut by the edge. */
  function freePlace({ context, project, width, height }, film, boxes, room) {
    const [x, y] = project(films.items[film].place);
    const { text, width: wide } = textOf(context, film);
    if (text === '') return null;
    const sides = known.has(film) ? [known.get(film)] : ['right', 'left'];
    for (const side of sides) {
      const left = side === 'right' ? x + beside : x - beside - wide;
      const box = { left, right: left + wide, top: y - lineHeight / 2, bottom: y + lineHeight / 2 };
      const fits = known.has(film) || (box.left >= 2 && box.right <= width - 2 && box.top >= 2 && box.bottom <= height - 2);
      if (fits && boxes.every((other) => isApart(box, other, room))) return { film, side, text, left, y, box };
    }
    return null;
  }

  function textOf(context, film) {
    if (!texts.has(film)) {
      const text = fitted(context, films.items[film].title ?? '', longest);
      texts.set(film, { text, width: context.measureText(text).width });
    }
    return texts.get(film);
  }

  return { place };
}

/** Seen from afar names stand alone; nearer they come closer together. */
const roomAround = (zoom) => ({ across: Math.max(4, 18 / zoom), along: Math.max(2, 10 / zoom) });

const isApart = (a, b, { across, along }) => a.left > b.right + across || a.right < b.left - across || a.top > b.bottom + along || a.bottom < b.top - along;

/** For each film how many come before it: by its value where there are values, else those first that have most films around them. */
function ranksOf(films, heat) {
  const worth = heat ? heat.values : densities(films);
  const order = Uint32Array.from(films.items, (_, film) => film).sort((a, b) => (worth[b] - worth[a] || 0) || a - b);
  const ranks = new Uint32Array(order.length);
  for (const [rank, film] of order.entries()) ranks[film] = rank;
  return ranks;
}

function densities({ xs, ys, density: { low, cell, columns, values } }) {
  return Float32Array.from(xs, (x, film) => values[Math.round((ys[film] - low[1]) / cell) * columns + Math.round((x - low[0]) / cell)] ?? 0);
}

/** The numbers with the lowest ranks, in order, in time that grows with how many there are and no faster. */
function highest(numbers, ranks) {
  if (numbers.length <= mostTried) return Uint32Array.from(numbers).sort((a, b) => ranks[a] - ranks[b]);
  const width = Math.ceil(ranks.length / classes);
  const counts = new Uint32Array(classes);
  for (const number of numbers) counts[Math.floor(ranks[number] / width)] += 1;
  let sum = 0;
  let last = 0;
  while (sum + counts[last] <= mostTried || last === 0) {
    sum += counts[last];
    last += 1;
  }
  const kept = numbers.filter((number) => ranks[number] < last * width);
  return kept.sort((a, b) => ranks[a] - ranks[b]);
}

/** As much of a text as there is room for, in the font that is set. */
export function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = text.length - 1;
  while (length > 0 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length).trimEnd()}…`;
}
