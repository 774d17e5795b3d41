/**
 * Names on the map: as many as there is room for, the most important first, none over another. Where films are dense only some
 * get theirs, however near one looks, and those keep it while the map is moved.
 */

export const nameFont = '500 12px "Avenir Next", Avenir, "Segoe UI", "Noto Sans", "Liberation Sans", sans-serif';
const lineHeight = 16;
const longest = 160;
/** From a film's place to its name, in CSS pixels, and from that of the chosen one, which has a ring. */
const beside = 8;
const besideRing = 11;
/** A name for so many square pixels, and no more than that in all: more is only clutter. */
const areaForOne = 9_000;
const mostNames = 40;
/** So many films are tried in one picture at most, and so many texts measured that were not before: a frame has 16 ms. */
const mostTried = 700;
const mostMeasured = 80;
/** Of films that lie so close together, in CSS pixels, only the most important one is tried. */
const cell = { width: 64, height: 20 };

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
    const { scale: now } = pen.project;
    // What lies closer together than before has to make room for what is more important.
    if (now < scale * (1 - 1e-9)) known = new Map();
    const isSameScale = Math.abs(now / scale - 1) < 1e-9;
    scale = now;
    const placed = new Map();
    const boxes = [];
    const isFree = (box, room) => taken.every((mark) => isApart(box, mark, none)) && boxes.every((other) => isApart(box, other, room));
    const most = Math.min(mostNames, Math.ceil((pen.width * pen.height) / areaForOne));
    const chosen = films.numbers.get(scene.selected);
    let toMeasure = pen.isMoving ? mostMeasured : mostTried;
    const add = (films, room) => {
      for (const film of films) {
        if (placed.size >= most) return;
        if (placed.has(film) || film === scene.found) continue;
        if (!texts.has(film)) {
          if (toMeasure === 0) continue;
          toMeasure -= 1;
        }
        const away = film === chosen ? besideRing : beside;
        const name = freePlace(pen, film, away, (box) => isFree(box, room), isSameScale);
        if (!name) continue;
        placed.set(film, name);
        boxes.push(name.box);
      }
    };
    const [near, far] = roomsAround(pen.zoom);
    add(first(pen, scene), near);
    const others = best(pen);
    // Spread out before close together, or the densest place would have all names.
    for (const room of [far, near]) add(others, room);
    known = new Map([...placed].map(([film, { side }]) => [film, side]));
    return [...placed.values()];
  }

  function renew(scene) {
    const by = scene.heat?.values ?? scene.films.density;
    if (scene.films !== films) texts = new Map();
    if (scene.films !== films || by !== rankedBy) {
      ranks = ranksOf(scene.films, scene.heat);
      known = new Map();
    }
    films = scene.films;
    rankedBy = by;
  }

  /** The chosen one, and those that have their names already. */
  function first({ seen }, { selected }) {
    const chosen = films.numbers.get(selected);
    const inSight = new Set([chosen, ...known.keys()].filter((film) => film !== undefined));
    const isSeen = new Set();
    for (const film of seen) if (inSight.has(film)) isSeen.add(film);
    return [...inSight].filter((film) => isSeen.has(film));
  }

  /** The most important film of every cell, in order. Cells lie on the map and move with it, so that moving changes nothing. */
  function best({ seen, project }) {
    const found = new Map();
    const [across, along] = [project.scale / cell.width, project.scale / cell.height];
    for (const film of seen) {
      // No map is as wide as so many cells.
      const key = Math.floor(films.xs[film] * across) * 1e6 + Math.floor(films.ys[film] * along);
      const other = found.get(key);
      if (other === undefined || ranks[film] < ranks[other]) found.set(key, film);
    }
    return [...found.values()].sort((a, b) => ranks[a] - ranks[b]).slice(0, mostTried);
  }

  /** Who had a name keeps it on its side, and while the map is only moved also where the edge cuts it. */
  function freePlace({ context, project, width, height }, film, away, isFree, isSameScale) {
    const [x, y] = project(films.items[film].place);
    const { text, width: wide } = textOf(context, film);
    if (text === '') return null;
    const isKept = isSameScale && known.has(film);
    const sides = known.has(film) ? [known.get(film)] : ['right', 'left'];
    for (const side of sides) {
      const left = side === 'right' ? x + away : x - away - wide;
      const box = { left, right: left + wide, top: y - lineHeight / 2, bottom: y + lineHeight / 2 };
      const fits = isKept || (box.left >= 2 && box.right <= width - 2 && box.top >= 2 && box.bottom <= height - 2);
      if (fits && isFree(box)) return { film, side, text, left, y, box };
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

/** Seen from afar names stand alone; nearer they come closer together. First at the near, then at the far distance. */
function roomsAround(zoom) {
  const near = { across: Math.max(4, 18 / zoom), along: Math.max(2, 10 / zoom) };
  return [near, { across: 70, along: 36 }];
}

/** Names may touch the marks, each of which has its own name beside it. */
const none = { across: 0, along: 0 };

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

/** As much of a text as there is room for, in the font that is set. */
export function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = text.length - 1;
  while (length > 0 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length).trimEnd()}…`;
}
