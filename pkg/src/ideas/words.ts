import { FEWEST } from './ratings.js';
import type { Progress } from '../types.js';
import type { Idea } from './types.js';
import type { Model } from './view.js';

const STAGES: Partial<Record<Progress['type'], string>> = {
  download: 'Downloading',
  verify: 'Checking what arrived',
  encode: 'Reading the items',
  fit: 'Learning from the ratings of others',
};

/** What is said while nothing runs. */
export function statusOf({ state, ratings, offers, ideas, wanted }: Model): string {
  const rated = ratings.size;
  if (state === 'error') return '';
  if (state === 'cancelled') return 'Stopped.';
  if (state === 'done') return found(ideas.length, wanted);
  if (rated >= FEWEST) return `${plural(rated, 'rating')}. That is enough; more tell more.`;
  if (offers.length > 0) return `Rate ${FEWEST - rated} more.`;
  return 'Nothing is loaded before you press a button.';
}

function found(ideas: number, wanted: number): string {
  if (ideas === 0) return 'Nothing came out better than what there is. More ratings may help.';
  return `${plural(ideas, 'idea')}.${ideas < wanted ? ' Nothing else came out better than what there is.' : ''}`;
}

export function stageOf({ type }: Progress): string {
  return STAGES[type] ?? 'Getting ready';
}

/** "12 of 91 MB", "40 of 160"; nothing where it is not known. */
export function amountOf({ done, total, unit }: Progress): string {
  if (unit === 'stages' || unit === 'actions' || !total) return '';
  return unit === 'bytes' ? `${megabytes(done)} of ${megabytes(total)} MB` : `${done} of ${total}`;
}

/**
 * What the visitor is predicted to think of it, never more certain than it is: a difference within the ± is no gain, and a ±
 * that is not known is said to be so. An idea can be worth telling for its novelty alone.
 */
export function predictionOf({ rating, gain, uncertainty }: Idea, highest: number): string {
  const isKnown = typeof uncertainty === 'number';
  const digits = highest > 10 ? 0 : isKnown && uncertainty < 0.1 ? 2 : 1;
  const shown = (value: number) => Math.min(value, highest).toFixed(digits);
  const around = isKnown ? ` ± ${atLeast(uncertainty, digits)}` : '';
  const predicted = `Predicted for you: ${shown(rating)}${around} of ${highest}${highest > 10 ? '' : ' stars'}`;
  const doubt = isKnown ? '' : ` How far this may be off is unknown: ${uncertainty.unknown}.`;
  return `${predicted}${compared(gain, isKnown ? uncertainty : 0, digits)}${doubt}`;
}

const FOR_NOVELTY = ' It is shown for being unlike what there is.';

function compared(gain: number, uncertainty: number, digits: number): string {
  const change = Math.abs(gain).toFixed(digits);
  if (Number(change) === 0) return `, as much as the one that exists.${FOR_NOVELTY}`;
  if (Math.abs(gain) <= uncertainty) {
    return `. What sets it apart from the one that exists is within its ±.${gain < 0 ? FOR_NOVELTY : ''}`;
  }
  return `, ${change} ${gain > 0 ? 'more' : 'less'} than the one that exists.${gain < 0 ? FOR_NOVELTY : ''}`;
}

/** A number that is not shown as 0 where it is none. */
function atLeast(value: number, digits: number): string {
  const shown = value.toFixed(digits);
  return Number(shown) === 0 ? `less than ${(10 ** -digits).toFixed(digits)}` : shown;
}

export function titleOf({ title, year }: { title: string; year: number | null }): string {
  return clipped(year ? `${title} (${year})` : title, 200);
}

/** A model may say more than anyone wants to read. */
export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most).trimEnd()}…` : text;
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
