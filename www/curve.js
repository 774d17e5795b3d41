/**
 * A small line chart that grows while something runs: one picture, one or two lines with a band around them.
 *
 * It is for the eye and the pointer. Whoever shows one gives the same numbers as a table, too.
 */
import { drawing, element } from './dom.js';
import { decimal, plusMinus } from './format.js';

/**
 * `series` are `{ name, value(row), spread(row)?, format(number)? }`: a name as it is shown, what is drawn of a row, and
 * half the height of the band around it. `at(row)` is the row's place on the axis below. `onPoint(index | null)` follows the
 * pointer. Returns `{ node, show(rows), point(index | null) }`; `point` reads another row than the last.
 */
export function lineChart({ series, at, onPoint, testid }) {
  const values = series.map(() => element('b', {}, '–'));
  const lines = series.map((_, index) => drawing('path', { class: `curve-line curve-line-${index}` }));
  const bands = series.map((_, index) => drawing('path', { class: `curve-band curve-band-${index}` }));
  const grid = drawing('g', { class: 'curve-grid' });
  const zero = drawing('line', { class: 'curve-zero', x1: 0, x2: 100 });
  const dots = drawing('g');
  const rule = drawing('line', { class: 'curve-rule', y1: '0%', y2: '100%' });
  const heights = element('div', { class: 'curve-heights' });
  const ends = element('div', { class: 'curve-ends' });
  const frame = element('div', { class: 'curve-frame' },
    drawing('svg', { class: 'curve-picture' },
      drawing('svg', { viewBox: '0 0 100 100', preserveAspectRatio: 'none', width: '100%', height: '100%', class: 'curve-lines' }, grid, zero, ...bands, ...lines),
      rule, dots));
  let rows = [];
  let scale = null;
  let pointed = null;

  function show(next) {
    rows = next;
    scale = rows.length > 0 ? scaleOf(rows, series, at) : null;
    for (const [index, one] of series.entries()) {
      lines[index].setAttribute('d', scale ? path(rows.map((row) => [scale.x(at(row)), scale.y(one.value(row))])) : '');
      bands[index].setAttribute('d', scale && one.spread ? bandPath(rows, one, at, scale) : '');
    }
    drawAxes();
    point(pointed === null ? null : Math.min(pointed, rows.length - 1));
  }

  function drawAxes() {
    const ticks = scale?.ticks ?? [];
    grid.replaceChildren(...ticks.map((tick) => drawing('line', { x1: 0, x2: 100, y1: scale.y(tick), y2: scale.y(tick) })));
    heights.replaceChildren(...ticks.map((tick) => raised(element('span', {}, tickWords(tick, scale.digits)), scale.y(tick))));
    const hasZero = scale !== null && scale.low < 0 && scale.high > 0;
    zero.setAttribute('visibility', hasZero ? 'visible' : 'hidden');
    for (const end of hasZero ? ['y1', 'y2'] : []) zero.setAttribute(end, scale.y(0));
    const [first, last] = [rows[0], rows.at(-1)];
    ends.replaceChildren(...(rows.length > 1 ? [first, last] : [first]).filter(Boolean).map((row) => element('span', {}, String(at(row)))));
  }

  function point(index) {
    pointed = index;
    const row = rows[index ?? rows.length - 1];
    rule.setAttribute('visibility', row && index !== null ? 'visible' : 'hidden');
    dots.replaceChildren();
    for (const [number, one] of series.entries()) {
      values[number].textContent = row ? words(one, row) : '–';
      if (row && Number.isFinite(one.value(row))) {
        dots.append(drawing('circle', { cx: `${scale.x(at(row))}%`, cy: `${scale.y(one.value(row))}%`, r: 3.5, class: `curve-dot curve-dot-${number}` }));
      }
    }
    if (!row) return;
    for (const end of ['x1', 'x2']) rule.setAttribute(end, `${scale.x(at(row))}%`);
  }

  function follow(event) {
    if (rows.length === 0) return;
    const { left, width } = frame.getBoundingClientRect();
    onPoint(nearest(rows.map((row) => scale.x(at(row))), (100 * (event.clientX - left)) / width));
  }

  frame.addEventListener('pointermove', follow);
  frame.addEventListener('pointerdown', follow);
  frame.addEventListener('pointerleave', () => onPoint(null));
  show([]);
  return {
    show, point,
    node: element('figure', { class: 'curve', testid },
      element('figcaption', {}, ...series.map(({ name }, index) => element('span', { class: 'curve-name' },
        series.length > 1 ? element('i', { class: `curve-key curve-key-${index}`, 'aria-hidden': 'true' }) : null, `${name} `, values[index]))),
      element('div', { class: 'curve-plot', 'aria-hidden': 'true' }, heights, frame, ends)),
  };
}

const tickWords = (tick, digits) => (Math.abs(tick) >= 1000 ? tick.toLocaleString('en') : decimal(tick, digits));

function words({ value, spread, format = decimal }, row) {
  return format(value(row)) + (spread ? ` ${plusMinus(spread(row))}` : '');
}

/** From what is drawn to per cent of the picture, from the left and from above. */
function scaleOf(rows, series, at) {
  const drawn = series.flatMap(({ value, spread }) => rows.flatMap((row) => {
    const around = spread?.(row) ?? 0;
    return [value(row) - around, value(row) + around];
  })).filter(Number.isFinite);
  const { low, high, ticks, digits } = niceScale(Math.min(...drawn), Math.max(...drawn));
  const [first, last] = [at(rows[0]), at(rows.at(-1))];
  return {
    low, high, ticks, digits,
    x: (place) => (last > first ? 2 + (96 * (place - first)) / (last - first) : 50),
    y: (value) => 100 - (100 * (value - low)) / (high - low),
  };
}

/** Round numbers around a range: two to six lines at 1, 2 or 5 times a power of ten. */
export function niceScale(lowest, highest) {
  // Nothing yet, or nothing but zeros.
  if (!(highest >= lowest) || (lowest === 0 && highest === 0)) return niceScale(0, 1);
  // What does not change lies in the middle of something.
  const room = highest > lowest ? (highest - lowest) * 0.06 : Math.max(Math.abs(highest) * 0.1, 0.01);
  const [low, high] = [lowest - room, highest + room];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * power >= rough * 0.999) * power;
  const ticks = [];
  for (let number = Math.ceil(low / step); number * step <= high; number += 1) ticks.push(number * step);
  return { low, high, ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/** A line through points; where a number is missing it begins anew. */
function path(points) {
  let isDrawing = false;
  return points.map(([x, y]) => {
    if (!Number.isFinite(y)) {
      isDrawing = false;
      return '';
    }
    const piece = `${isDrawing ? 'L' : 'M'}${x.toFixed(2)} ${y.toFixed(2)}`;
    isDrawing = true;
    return piece;
  }).join('');
}

function bandPath(rows, { value, spread }, at, scale) {
  const known = rows.filter((row) => Number.isFinite(value(row)) && Number.isFinite(spread(row)));
  const edge = (sign) => known.map((row) => [scale.x(at(row)), scale.y(value(row) + sign * spread(row))]);
  return known.length > 1 ? `${path([...edge(1), ...edge(-1).reverse()])}Z` : '';
}

function raised(node, height) {
  node.style.top = `${height}%`;
  return node;
}

function nearest(places, place) {
  const distances = places.map((other) => Math.abs(other - place));
  return distances.indexOf(Math.min(...distances));
}
