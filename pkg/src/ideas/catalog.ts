import { AquilineError } from '../error.js';
import { csvRows, entriesOf, jsonLines, malformed, readText, wholeJson, type Entry, type Reading } from './read.js';
import type { Item, Rating } from '../types.js';

/** What a catalog's files hold. Nothing in them is believed: sizes are bounded, and what is wrong is told with its line. */
export interface Data {
  items: Item[];
  ratings: Rating[];
  scale?: [lowest: number, highest: number];
}

const MOST_ITEMS = 50_000;
const MOST_RATINGS = 2_000_000;
/** Characters of a text; far more than are read. */
const MOST_TEXT = 20_000;

/** Items from jsonl or json, where the latter may hold ratings and a scale, too. */
export async function readCatalog(address: string, reading: Reading): Promise<Data> {
  const file = nameOf(address);
  const text = await readText(address, file, reading);
  const whole = wholeJson(text, file);
  const items = whole ? entriesOf(whole.items, file) : jsonLines(text, file);
  return {
    items: collect(items, MOST_ITEMS, readItem),
    ratings: whole?.ratings ? collect(entriesOf(whole.ratings, `the ratings of ${file}`), MOST_RATINGS, readRating) : [],
    ...(whole?.scale !== undefined && { scale: readScale(whole.scale) }),
  };
}

/** Ratings from csv with a line of names, or from jsonl. */
export async function readRatings(address: string, reading: Reading): Promise<Rating[]> {
  const file = nameOf(address);
  const text = await readText(address, file, reading);
  return collect((/^\s*\{/.test(text) ? jsonLines : csvRows)(text, file), MOST_RATINGS, readRating);
}

export function readScale(value: unknown): [lowest: number, highest: number] {
  const [lowest = NaN, highest = NaN] = Array.isArray(value) ? value.map(Number) : [];
  if (lowest < highest && Number.isFinite(highest - lowest)) return [lowest, highest];
  const hint = 'Give the lowest and the highest rating, as in scale="1 10".';
  throw new AquilineError('numeric.bad_setting', 'the scale is not two numbers, the lower one first', { hint });
}

function collect<T>(entries: Iterable<Entry>, most: number, read: (entry: Fields, where: string) => T): T[] {
  const all: T[] = [];
  for (const [value, where] of entries) {
    if (all.length === most) throw malformed(where, `more than ${most.toLocaleString('en')} entries`);
    all.push(read(Object(value) as Fields, where));
  }
  return all;
}

type Fields = Record<string, unknown>;

function readItem({ id, title, plot, year, genres, likes, dislikes }: Fields, where: string): Item {
  return {
    id: text(id, 'id', where),
    title: text(title, 'title', where),
    plot: text(plot, 'plot', where),
    year: Number.isInteger(year) ? (year as number) : null,
    genres: texts(genres),
    likes: texts(likes),
    dislikes: texts(dislikes),
  };
}

/** By the names of this package, and by MovieLens'. */
function readRating(fields: Fields, where: string): Rating {
  const value = fields.rating ?? fields.value;
  const number = value === '' || value === null ? NaN : Number(value);
  if (!Number.isFinite(number)) throw malformed(where, '"rating" is not a number');
  return {
    user: text(fields.user ?? fields.userId, 'user', where),
    item: text(fields.item ?? fields.movieId, 'item', where),
    value: number,
  };
}

function text(value: unknown, name: string, where: string): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string' && value.length <= MOST_TEXT) return value;
  throw malformed(where, `"${name}" is not a text of at most ${MOST_TEXT.toLocaleString('en')} characters`);
}

function texts(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [];
  return list.filter((entry) => typeof entry === 'string' && entry.length <= MOST_TEXT).slice(0, 50);
}

/** The last part of an address, without its query, which may hold a signature. */
function nameOf(address: string): string {
  return (new URL(address).pathname.split('/').at(-1) || address).slice(-60);
}
