/** A step's utility on a line: an open circle before, a filled one after, and a band of one standard deviation. */
import { drawing } from './dom.js';

/** So far a line reaches on either side where nothing says how sure a utility is. */
const usualUncertainty = 0.05;

/** One range for a whole run, so that its lines can be compared: it has room for every state and for the gaps. */
export function utilityRange(anchor, steps, gaps) {
  const uncertainty = Number.isFinite(anchor.uncertainty) ? anchor.uncertainty : usualUncertainty;
  const reached = steps.map(({ state }) => state.utility);
  const low = Math.min(anchor.utility - 3 * uncertainty, ...reached);
  const high = Math.max(anchor.utility + 4 * uncertainty, ...reached, ...gaps.map((gap) => gap.utility));
  return { low, high: Math.max(high, low + 1e-6) };
}

/** Only for the eye: the numbers beside it say the same. `target` is the utility of the gap that is aimed at, if there is one. */
export function utilityTrack(before, after, range, target = null) {
  const at = (utility) => Math.min(98, Math.max(2, (100 * (utility - range.low)) / (range.high - range.low)));
  const line = (from, to, name) => drawing('line', { x1: `${from}%`, x2: `${to}%`, y1: '50%', y2: '50%', class: name });
  const dot = (utility, name) => drawing('circle', { cx: `${at(utility)}%`, cy: '50%', r: 4.5, class: name });
  const { utility, uncertainty } = after;
  const band = Number.isFinite(uncertainty) ? [line(at(utility - uncertainty), at(utility + uncertainty), 'track-band')] : [];
  const mark = target === null ? [] : [drawing('line', { x1: `${at(target)}%`, x2: `${at(target)}%`, y1: '0%', y2: '100%', class: 'track-target' })];
  return drawing('svg', { class: 'track', 'aria-hidden': 'true' },
    line(0, 100, 'track-base'), ...band, ...mark,
    line(at(before.utility), at(utility), 'track-move'),
    dot(before.utility, 'track-before'),
    dot(utility, 'track-after'));
}
