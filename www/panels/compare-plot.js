/** The arms side by side: where each mean lies, and how sure that is. */
import { drawing, element } from '../dom.js';
import { niceScale } from '../curve.js';
import { decimal, signed } from '../format.js';

/** `which` is `'gain'` or `'overFirst'`; `order` are the numbers of the arms from above. */
export function forestPlot(report, which, order) {
  const shown = order.map((arm) => ({ ...report[arm], interval: report[arm][which] })).filter(({ interval }) => Number.isFinite(interval.mean));
  const ends = shown.flatMap(({ interval: { low, high } }) => [low, high]);
  const scale = niceScale(Math.min(0, ...ends), Math.max(0, ...ends));
  const at = (value) => (100 * (value - scale.low)) / (scale.high - scale.low);
  return element('div', { class: 'forest', testid: 'forest' },
    element('ul', {}, ...shown.map((arm) => row(arm, at, scale))),
    element('div', { class: 'forest-axis', 'aria-hidden': 'true' }, ...scale.ticks.map((tick) => placed(element('span', {}, decimal(tick, scale.digits)), at(tick)))));
}

function row({ name, interval }, at, scale) {
  return element('li', { class: crossesZero(interval) ? 'forest-unsure' : null },
    element('span', { class: 'forest-name' }, name),
    element('span', { class: 'forest-number' }, intervalWords(interval, signed)),
    picture(interval, at, scale));
}

/** Only for the eye: the numbers beside it say the same. */
function picture({ mean, low, high }, at, { ticks }) {
  const upright = (value, name, reach = 50) => drawing('line', { x1: `${at(value)}%`, x2: `${at(value)}%`, y1: `${50 - reach}%`, y2: `${50 + reach}%`, class: name });
  return drawing('svg', { class: 'forest-picture', 'aria-hidden': 'true' },
    ...ticks.map((tick) => upright(tick, 'forest-tick')), upright(0, 'forest-zero'),
    drawing('line', { x1: `${at(low)}%`, x2: `${at(high)}%`, y1: '50%', y2: '50%', class: 'forest-line' }),
    upright(low, 'forest-line', 22), upright(high, 'forest-line', 22),
    drawing('circle', { cx: `${at(mean)}%`, cy: '50%', r: 5, class: 'forest-mean' }));
}

function placed(node, place) {
  node.style.left = `${place}%`;
  return node;
}

/** "+0.247 [+0.212, +0.282]", as in papers. */
export const intervalWords = ({ mean, low, high }, words = decimal, digits = 3) => (Number.isFinite(mean)
  ? `${words(mean, digits)} [${words(low, digits)}, ${words(high, digits)}]` : '–');

export const crossesZero = ({ low, high }) => low <= 0 && high >= 0;

/** The first arm stays in front where arms are shown as they were chosen. */
export function orderOf(report, sorting, which) {
  const numbers = report.map((_, arm) => arm);
  if (sorting === 'chosen') return numbers;
  const worth = (arm) => (Number.isFinite(report[arm][which].mean) ? report[arm][which].mean : -Infinity);
  return numbers.sort((a, b) => worth(b) - worth(a) || a - b);
}
