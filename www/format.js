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

/** An uncertainty: one that is not known is said to be so, and a small one is never shown as none. */
export function plusMinus(value, digits = 3) {
  if (!Number.isFinite(value)) return `±${thin}unknown`;
  const least = 10 ** -digits;
  return `±${thin}${Math.abs(value) < least / 2 ? `< ${least}` : decimal(Math.abs(value), digits)}`;
}

/** A figure that the library measured, in words; where it could not, the reason stands there and no number. */
export const measured = (figure, inWords = decimal) => (Number.isFinite(figure) ? inWords(figure) : unknownWords(figure?.unknown));

const unknownWords = (reason) => (reason ? `unknown: ${reason}` : 'unknown');

/** Why uncertainties are unknown with this skill; nothing where they are known. */
export const whyUnsure = ({ misplacement }) => (Number.isFinite(misplacement) ? '' : misplacement?.unknown ?? '');

/** Whether a change could as well be nothing. Of one without a known uncertainty that cannot be said. */
export const isWithin = (change, uncertainty) => Number.isFinite(uncertainty) && Math.abs(change) < uncertainty;

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

/** The badge's one line, the library's own verdict, and the figures behind it. The page judges nothing itself. */
export function skillWords({ skill, verdict }) {
  const { plural, person } = words();
  const two = (value) => decimal(value, 2);
  const points = (value) => `${decimal(value, 2)} rating points`;
  return {
    headline: verdict.level,
    verdict: verdict.text,
    figures: [
      [`Error, where always guessing each ${person}’s own average has 1`, measured(skill.rmseRatio, two)],
      ['Order of liking: rank correlation, where 0 is chance and 1 is perfect', measured(skill.rankCorrelation, two)],
      [`Real ratings inside the stated uncertainty, where 68${thin}% would be right`, measured(skill.coverage, percent)],
      ['What a text leaves open about a rating', measured(skill.misplacement, points)],
      ['What ratings scatter by themselves', measured(skill.noise, points)],
    ],
    basis: `Measured on ${count(skill.heldOutRatings, 'rating')} of ${count(skill.heldOutItems, words().noun, plural)} whose ratings were all kept aside. All ratings spread by ${points(skill.spread)}.`,
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
