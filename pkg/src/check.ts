import { AquilineError, messageOf } from './error.js';

/** Throws what is wrong with a value; `place` names it in the message. */
export type Check = (value: unknown, place: string) => void;

type NamesOf<Options> = Options extends Options ? keyof Options : never;

/** A check for each option: one that the table lacks does not compile. */
export type Table<Options = Record<string, unknown>> = { readonly [Name in NamesOf<Options>]-?: Check };

/** Characters of a text that a message repeats. */
const MOST_SHOWN = 40;

export const anything: Check = () => undefined;
export const text = kind('a text', (value) => typeof value === 'string');
export const flag = kind('true or false', (value) => typeof value === 'boolean');
export const callback = kind('a function', (value) => typeof value === 'function');
/** Of any size: what is none the core says, with its place in the data. */
export const numeral = kind('a number', (value) => typeof value === 'number');
export const record = kind('an object', isObject);
export const bytes = kind('bytes (a Uint8Array)', isBytes);
export const source = kind('an address (a text or a URL) or bytes (a Uint8Array)', isSource);

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
  return (value, place) => {
    if (!holds(value)) throw wrong(place, description, value);
  };
}

/** One of these values, most of them texts. */
export function oneOf(...values: (string | boolean | null)[]): Check {
  return (value, place) => {
    if (values.includes(value as string)) return;
    throw wrong(place, `one of ${values.map((each) => JSON.stringify(each)).join(', ')}`, value, nearest(value, values));
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

/** An object with no other names than these, some of which are needed. What is `undefined` is as good as left out. */
export function fields(table: Table, needed: readonly string[] = []): Check {
  return (value, place) => {
    record(value, place);
    for (const name of Object.keys(value as object)) {
      if (!Object.hasOwn(table, name)) throw unknown(place, name, Object.keys(table));
    }
    columns(table, needed)(value, place);
  };
}

/** Likewise of data, which may hold more than is read. */
export function columns(table: Table, needed: readonly string[] = []): Check {
  return (value, place) => {
    record(value, place);
    for (const [name, check] of Object.entries(table)) {
      const found = (value as Record<string, unknown>)[name];
      if (found !== undefined) check(found, `${place}.${name}`);
      else if (needed.includes(name)) throw malformed(`${place} needs ${JSON.stringify(name)}`);
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

/** The options of a call. In messages they have no more than their own name. */
export function call(name: string, table: Table, needed: readonly string[] = []): (options: unknown) => void {
  const named = Object.entries(table).map(([option, check]) => [option, (value: unknown) => check(value, option)]);
  const check = fields(Object.fromEntries(named) as Table, needed);
  return (options) => check(options, name);
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
  const found = typeof value === 'string' && !/^llm\b(?!Options)/.test(place) ? textShown(value) : kindShown(value);
  return malformed(`${place} must be ${expected}, not ${found}${meant && `; did you mean ${JSON.stringify(meant)}?`}`);
}

export function malformed(message: string, hint?: string): AquilineError {
  return new AquilineError('request.malformed', message, hint === undefined ? {} : { hint });
}

function unknown(place: string, name: string, known: readonly string[]): AquilineError {
  const meant = nearest(name, known);
  const instead = meant ? `did you mean ${JSON.stringify(meant)}?` : `it takes ${known.join(', ')}`;
  return malformed(`${place} does not know ${JSON.stringify(name.slice(0, MOST_SHOWN))}; ${instead}`);
}

function outOfRange(place: string, wanted: string, value: unknown): AquilineError {
  return new AquilineError('numeric.bad_setting', `${place} is out of range: use ${wanted}, not ${String(value)}`);
}

function textShown(value: string): string {
  return `the text ${JSON.stringify(value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value)}`;
}

function kindShown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : `an object${isObject(value) ? '' : ` (${tagOf(value)})`}`;
    case 'number':
      return `the number ${value}`;
    default:
      return String(value);
  }
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** The name that was probably meant: letters in another case, or a typing error or two. */
function nearest(given: unknown, known: readonly unknown[]): string | undefined {
  if (typeof given !== 'string') return undefined;
  const typed = given.slice(0, MOST_SHOWN).toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.min(2, Math.floor(typed.length / 3))) + 1;
  for (const each of known) {
    if (typeof each !== 'string') continue;
    const name = each.toLowerCase();
    // "gpu" means "webgpu" rather than "cpu".
    const distance = typed.length > 2 && name.includes(typed) ? 0.5 : distanceOf(typed, name);
    if (distance < least) [best, least] = [each, distance];
  }
  return best;
}

/** Letters to put in, take out, replace, or swap with the next one. */
function distanceOf(one: string, other: string): number {
  let [before, last] = [[] as number[], Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isEqual = one[i - 1] === other[j - 1];
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isEqual ? 0 : 1));
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, last] = [last, row];
  }
  return last[other.length]!;
}
