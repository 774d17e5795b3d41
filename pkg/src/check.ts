import { AquilineError, messageOf } from './error.js';

/** Throws what is wrong with a value; `place` names it in the message. */
export type Check = (value: unknown, place: string) => void;

type NamesOf<Options> = Options extends Options ? keyof Options : never;

/** A check for each option: one that the table lacks does not compile. */
export type Table<Options = Record<string, unknown>> = { readonly [Name in NamesOf<Options>]-?: Check };

/** Characters of a text that a message repeats. */
const MOST_SHOWN = 40;

// Plain functions, and no calls: what nobody uses of this file is left out by bundlers.
export const anything: Check = () => undefined;
export const text: Check = (value, place) => must(typeof value === 'string', place, 'a text', value);
export const flag: Check = (value, place) => must(typeof value === 'boolean', place, 'true or false', value);
export const callback: Check = (value, place) => must(typeof value === 'function', place, 'a function', value);
/** Of any size: what is none the core says, with its place in the data. */
export const numeral: Check = (value, place) => must(typeof value === 'number', place, 'a number', value);
export const record: Check = (value, place) => must(isObject(value), place, 'an object', value);
export const bytes: Check = (value, place) => must(isBytes(value), place, 'bytes (a Uint8Array)', value);
export const source: Check = (value, place) => must(isSource(value), place, 'an address or bytes (a Uint8Array)', value);

/** A count or a seed. */
export const whole: Check = (value, place) => {
  numeral(value, place);
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw outOfRange(place, 'a whole number from 0', value);
};

/** An amount that may have a fraction. */
export const amount: Check = (value, place) => {
  numeral(value, place);
  if (!Number.isFinite(value) || (value as number) < 0) throw outOfRange(place, 'a number from 0', value);
};

/** A value of one kind, which is described as in "must be …". */
export function kind(description: string, holds: (value: unknown) => boolean): Check {
  return (value, place) => must(holds(value), place, description, value);
}

function must(holds: boolean, place: string, expected: string, value: unknown): void {
  if (!holds) throw wrong(place, expected, value);
}

/** One of these values, most of them texts. */
export function oneOf(...values: (string | boolean | null)[]): Check {
  return (value, place) => {
    if (values.includes(value as string)) return;
    throw wrong(place, `one of ${values.map((each) => JSON.stringify(each)).join(', ')}`, value, meantBy(value, values));
  };
}

/** A list, each entry of which passes. */
export function list(each: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) throw wrong(place, 'a list', value);
    for (let at = 0; at < value.length; at++) {
      try {
        each(value[at], '');
      } catch {
        // Catalogs are long, so a place is put into words only where it is needed.
        each(value[at], `${place}[${at}]`);
      }
    }
  };
}

/**
 * An object with no other names than these, some of which are needed. What is `undefined` is as good as left out. Options of
 * a call have in messages no more than their own name.
 */
export function fields(table: Table, needed: readonly string[] = [], isCall = false): Check {
  const check = columns(table, needed, isCall);
  return (value, place) => {
    record(value, place);
    const known = Object.keys(table);
    const unknown = Object.keys(value as object).find((name) => !known.includes(name));
    if (unknown === undefined) return check(value, place);
    throw malformed(`${place} does not know ${shown(unknown)}; ${meantBy(unknown, known) || `it takes ${known.join(', ')}`}`);
  };
}

/** Likewise, all of which are needed. */
export function every(table: Table): Check {
  return fields(table, Object.keys(table));
}

/** Checks an object in one way, and everything else in another. */
export function either(ofObject: Check, ofOther: Check): Check {
  return (value, place) => (isObject(value) ? ofObject : ofOther)(value, place);
}

/** Likewise of data, which may hold more than is read. */
export function columns(table: Table, needed: readonly string[] = [], isCall = false): Check {
  const entries = Object.entries(table);
  return (value, place) => {
    record(value, place);
    for (const [name, check] of entries) {
      const found = (value as Record<string, unknown>)[name];
      if (found !== undefined) check(found, isCall ? name : `${place}.${name}`);
      else if (needed.includes(name)) throw malformed(`${place} needs "${name}"`);
    }
  };
}

/** What is wrong with data is no fault of an option. */
export function data(check: Check): Check {
  return (value, place) => {
    try {
      check(value, place);
    } catch (error) {
      throw new AquilineError('data.malformed', messageOf(error));
    }
  };
}

/** Bytes of any realm: those of a frame or of a test's window are no instances of this one's class. */
export function isBytes(value: unknown): value is Uint8Array {
  return tagOf(value) === 'Uint8Array';
}

export function isUrl(value: unknown): value is URL {
  return tagOf(value) === 'URL';
}

export function isSource(value: unknown): value is string | URL | Uint8Array {
  return typeof value === 'string' || isUrl(value) || isBytes(value);
}

/** No list, map, promise or the like, whose entries would be overlooked. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && tagOf(value) === 'Object';
}

/** Says what was expected and what was found. Texts of `llm` are not repeated: they may be keys. */
export function wrong(place: string, expected: string, value: unknown, meant = ''): AquilineError {
  const isShown = typeof value === 'string' && !/^llm\b(?!Options)/.test(place);
  const found = isShown ? shown(value) : Object(value) === value || typeof value === 'string' ? tagOf(value) : String(value);
  return malformed(`${place} must be ${expected}; found ${found}${meant && `; ${meant}`}`);
}

export function malformed(message: string, hint = ''): AquilineError {
  return new AquilineError('request.malformed', message, { hint });
}

function outOfRange(place: string, wanted: string, value: unknown): AquilineError {
  return new AquilineError('numeric.bad_setting', `${place} is out of range: use ${wanted}, not ${String(value)}`);
}

function shown(text: string): string {
  return JSON.stringify(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Asks for the name that was probably meant: letters in another case, or a typing error or two. */
function meantBy(given: unknown, known: readonly unknown[]): string {
  if (typeof given !== 'string') return '';
  const typed = given.slice(0, MOST_SHOWN).toLowerCase();
  const scored = known.map((name) => ({ name, distance: distanceOf(typed, String(name).toLowerCase()) }));
  const [best] = scored.sort((one, other) => one.distance - other.distance);
  return best && best.distance <= (typed.length < 4 ? 1 : 2) ? `did you mean "${best.name}"?` : '';
}

/** Letters to put in, take out or replace. "gpu" means "webgpu" rather than "cpu". */
function distanceOf(typed: string, name: string): number {
  if (typed.length > 2 && name.includes(typed)) return 0.5;
  const row = Array.from({ length: name.length + 1 }, (_, at) => at);
  for (let i = 0; i < typed.length; i++) {
    let diagonal = i;
    row[0] = i + 1;
    for (let at = 1; at < row.length; at++) {
      const above = row[at]!;
      row[at] = Math.min(above + 1, row[at - 1]! + 1, diagonal + (typed[i] === name[at - 1] ? 0 : 1));
      diagonal = above;
    }
  }
  return row.at(-1)!;
}
