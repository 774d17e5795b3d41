/** Numbers and names as people read them. */
import { capital, words } from './words.js';

const minus = '\u2212';
const thin = '\u202f';

/** A utility, a distance: three decimals, with a real minus sign. */
export function decimal(value, digits = 3) {
  if (!Number.isFinite(value)) return 'unknown';
  return value.toFixed(digits).replace('-', minus);
}

/** A change, always signed; a change that rounds to nothing is ±0. */
export function signed(value, digits = 3) {
  const text = decimal(Math.abs(value), digits);
  if (Number(Math.abs(value).toFixed(digits)) === 0) return `±${text}`;
  return (value < 0 ? minus : '+') + text;
}

export const plusMinus = (value, digits = 3) => `±${thin}${decimal(Math.abs(value), digits)}`;

export const percent = (share) => `${Math.round(share * 100)}${thin}%`;

export function bytes(count) {
  if (count < 1e6) return `${Math.round(count / 1e3)}${thin}kB`;
  return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)}${thin}MB`;
}

export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}${thin}ms`;
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)}${thin}s`;
  if (milliseconds < 90_000) return `${Math.round(milliseconds / 1000)}${thin}s`;
  return `${Math.round(milliseconds / 60_000)}${thin}min`;
}

/** For a clock that is running: a decimal that flickers says nothing. */
export const wholeSeconds = (milliseconds) => `${Math.floor(milliseconds / 1000)}${thin}s`;

export function count(number, singular, plural = `${singular}s`) {
  return `${number.toLocaleString('en')} ${number === 1 ? singular : plural}`;
}

export const deviceName = (device) => (device === 'webgpu' ? 'WebGPU' : 'CPU');

/** Ids that are only a number say nothing alone. */
export const userName = (id, { person } = words()) => (/^\d+$/.test(id) ? `${capital(person)} ${id}` : id);

export const itemName = (item) => (item.year ? `${item.title} (${item.year})` : item.title);

export const list = (names) => names.join(', ');

/** The badge's one line and its explanation in plain words. */
export function skillWords(skill) {
  const { aNoun, plural, person } = words();
  const better = Math.round((1 - skill.rmseRatio) * 100);
  const comparison = better > 0
    ? `Reading only the text of ${aNoun}, the prediction is ${better}${thin}% closer to the real rating than each ${person}’s own average.`
    : `Reading only the text of ${aNoun}, the prediction is no closer to the real rating than each ${person}’s own average: take the utilities here with care.`;
  return {
    headline: `${decimal(skill.rmseRatio, 2)} error ratio`,
    summary: `Text predicts held-out ratings: RMSE ratio ${decimal(skill.rmseRatio, 2)} of user mean, rank correlation ${decimal(skill.rankCorrelation, 2)}.`,
    sentences: [
      comparison,
      `Put in order of liking, predicted and real ratings agree with a rank correlation of ${decimal(skill.rankCorrelation, 2)} (0 is chance, 1 is perfect).`,
      `${percent(skill.coverage)} of real ratings fall inside the stated uncertainty; about 68${thin}% would be right.`,
      `Measured on ${count(skill.heldOutRatings, 'rating')} of ${plural} whose ratings were all kept aside.`,
    ],
  };
}

/** What a failure says: the library's errors carry a code and a hint, the browser's do not. */
export function errorWords(error) {
  return {
    message: error?.message || String(error),
    hint: error?.hint ?? '',
    code: error?.code ?? error?.name ?? '',
  };
}

export const isCancelled = (error) => error?.code === 'cancelled' || error?.name === 'AbortError';
