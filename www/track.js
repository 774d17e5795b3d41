/** A step's utility on a line: an open circle before, a filled one after, and a band of one standard deviation. */
import { drawing } from './dom.js';

/** The same range for a whole run, so that its lines can be compared. */
export function utilityRange(anchor, gaps) {
  const low = anchor.utility - 3 * anchor.uncertainty;
  const high = Math.max(anchor.utility + 4 * anchor.uncertainty, ...gaps.map((gap) => gap.utility));
  return { low, high: Math.max(high, low + 1e-6) };
}

/** Only for the eye: the numbers beside it say the same. */
export function utilityTrack(before, after, range) {
  const at = (utility) => Math.min(98, Math.max(2, (100 * (utility - range.low)) / (range.high - range.low)));
  const line = (from, to, name) => drawing('line', { x1: `${from}%`, x2: `${to}%`, y1: '50%', y2: '50%', class: name });
  const dot = (utility, name) => drawing('circle', { cx: `${at(utility)}%`, cy: '50%', r: 4.5, class: name });
  return drawing('svg', { class: 'track', 'aria-hidden': 'true' },
    line(0, 100, 'track-base'),
    line(at(after.utility - after.uncertainty), at(after.utility + after.uncertainty), 'track-band'),
    line(at(before.utility), at(after.utility), 'track-move'),
    dot(before.utility, 'track-before'),
    dot(after.utility, 'track-after'));
}
