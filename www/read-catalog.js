/**
 * Items and ratings from tables; vectors are in `read-vectors.js`. Which column is which is guessed by its name, and the
 * guess can be changed: a mapping gives the place of a column for each field, −1 where there is none.
 */
import { firstWords, longestName, numberOf, textOf } from './read-cells.js';
import { readRows } from './read-table.js';
import { ReadError } from './read-text.js';
import { hasVectors, isBareVectors, listColumn } from './read-vectors.js';

/** More than a browser encodes in a day. */
export const mostItems = 200_000;
/** More than a tab has the memory for. */
export const mostRatings = 2_000_000;
const longestText = 200_000;
const mostListed = 50;

const idsOfItems = 'movieid itemid filmid productid bookid gameid asin parentasin isbn imdbid';
const idsOfUsers = 'userid user uid reviewerid customerid memberid personid username reviewer customer viewer';
const ofVectors = [field('bias', 'Bias', false, 'bias itembias userbias'), field('vector', 'Vector', false, 'vector')];

/** Fields of what a file can have: what the page calls them, whether they are needed, and names that columns have. */
export const fields = {
  items: [
    field('id', 'Id', true, `id ${idsOfItems} slug key`),
    field('title', 'Title', false, 'title name movietitle booktitle producttitle primarytitle originaltitle'),
    field('year', 'Year', false, 'year releaseyear startyear yearofpublication releasedate publicationyear'),
    field('genres', 'Genres', false, 'genres genre categories category subjects'),
    field('plot', 'Text', true, 'plot overview text description summary synopsis abstract content plotsummary blurb'),
    field('likes', 'Reasons to like it', false, 'likes'),
    field('dislikes', 'Reasons to dislike it', false, 'dislikes'),
  ],
  ratings: [
    field('user', 'Who', true, idsOfUsers),
    field('item', 'Item', true, 'movieid itemid item filmid productid asin bookid gameid isbn iid film movie product'),
    field('value', 'Rating', true, 'rating value score stars overall bookrating overallrating'),
  ],
  itemVectors: [field('id', 'Item', true, `id ${idsOfItems} item`), ...ofVectors],
  userVectors: [field('id', 'Who', true, `${idsOfUsers} id`), ...ofVectors],
};

function field(name, title, isNeeded, names) {
  return { name, title, isNeeded, names: names.split(' ') };
}

/** What a table has: a name of `fields`, or nothing that is known. */
export function guessRole(table) {
  const has = (role, names) => names.every((name) => guessMapping(table, role)[name] >= 0);
  if (has('ratings', ['user', 'item', 'value'])) return 'ratings';
  if (has('items', ['id', 'plot']) || has('items', ['id', 'title', 'genres'])) return 'items';
  const whose = vectorsOfUsers(table) ? 'userVectors' : 'itemVectors';
  return hasVectors(table, guessMapping(table, whose)) ? whose : null;
}

/** By the name of the column that says whose they are, or of the file where that is only called an id. */
function vectorsOfUsers({ columns, file }) {
  const names = columns.map(plain);
  if (idsOfUsers.split(' ').some((name) => names.includes(name))) return true;
  return !idsOfItems.split(' ').some((name) => names.includes(name)) && /user|viewer|people|person|customer|member/i.test(file?.name ?? '');
}

const plain = (column) => column.toLowerCase().replace(/[^a-z0-9]/g, '');

export function guessMapping({ columns, rows }, role) {
  const names = columns.map(plain);
  const taken = new Set();
  const mapping = {};
  for (const { name, names: known } of fields[role]) {
    const at = known.reduce((found, word) => (found >= 0 ? found : names.indexOf(word)), -1);
    mapping[name] = taken.has(at) ? -1 : at;
    taken.add(at);
  }
  if (role === 'ratings' && isBareTriples(columns, rows)) return { user: 0, item: 1, value: 2 };
  return 'vector' in mapping ? mappingOfVectors({ columns, rows }, mapping) : mapping;
}

/** A column of lists is told by what is in it; without one there is a column for each dimension. */
function mappingOfVectors(table, { id, bias }) {
  return { id: id < 0 && isBareVectors(table) ? 0 : id, bias, vector: listColumn(table) };
}

/** Ratings without names of columns: three or four numbers, two whole ones as ids, and a third that is small. */
function isBareTriples(columns, rows) {
  const isBare = (columns.length === 3 || columns.length === 4) && columns.every((column, at) => column === `column ${at + 1}`);
  return isBare && rows.length > 0 && rows.every(({ cells }) => cells.slice(0, 2).every((cell) => Number.isInteger(numberOf(cell))) && numberOf(cells[2]) <= 100);
}

export const genreSeparators = ['|', ',', ';', '/'];

/** The one that most genres of the sample have; `''` where none has any. */
export function guessGenreSeparator(rows, column) {
  const texts = column < 0 ? [] : rows.map(({ cells }) => cells[column]).filter((cell) => typeof cell === 'string');
  const counts = genreSeparators.map((separator) => texts.filter((text) => text.includes(separator)).length);
  const most = Math.max(...counts);
  return most > 0 ? genreSeparators[counts.indexOf(most)] : '';
}

const scales = [[0, 1], [0.5, 5], [1, 5], [0, 5], [1, 7], [0.5, 10], [1, 10], [0, 10], [0, 100]];

/** The scale that numbers between these would be on. `hasHalves`: whether some lie between whole ones. */
export function guessScale(lowest, highest, hasHalves = false) {
  if (!(lowest <= highest)) return [0.5, 5];
  const fits = ([low, high]) => low <= lowest && highest <= high && (hasHalves || low !== 0.5);
  return scales.find(fits) ?? [Math.min(lowest, 0), highest];
}

export function sampleScale({ columns, rows }, mapping) {
  // MovieLens' own files, whose first lines need not have a half star.
  if (columns[mapping.user] === 'userId' && columns[mapping.item] === 'movieId') return [0.5, 5];
  const values = rows.map(({ cells }) => numberOf(cells[mapping.value])).filter(Number.isFinite);
  return guessScale(least(values), -least(values.map((value) => -value)), values.some((value) => !Number.isInteger(value)));
}

const least = (values) => values.reduce((lowest, value) => Math.min(lowest, value), Infinity);

/** An item, or `{ why }`. */
export function itemOf({ cells }, mapping, separator) {
  const cell = (name) => (mapping[name] >= 0 ? cells[mapping[name]] : '');
  const words = (name) => textOf(cell(name));
  const id = words('id');
  if (id === '') return { why: 'it has no id' };
  const { title, year } = titleAndYear(words('title'), words('year'));
  const plot = words('plot');
  if (id.length > longestName || title.length > longestName) return { why: `its id or title has more than ${longestName.toLocaleString('en')} characters` };
  if (plot.length > longestText) return { why: `its text has more than ${longestText.toLocaleString('en')} characters` };
  const genres = listOf(cell('genres'), separator).filter((genre) => genre !== '(no genres listed)');
  // Reasons are sentences, and have commas of their own.
  const between = separator === '|' || separator === ';' ? separator : '';
  const [likes, dislikes] = ['likes', 'dislikes'].map((name) => listOf(cell(name), between));
  return { id, title: title || id, year, genres, plot, likes, dislikes };
}

/** A title that ends in "(1999)" gives the year where no column does. "Babe (2)" is the second of two. */
function titleAndYear(title, yearWords) {
  const [, bare, digits] = /^(.*\S)\s+\((\d{4})\)$/s.exec(title) ?? [];
  const year = /(?<!\d)[12]\d{3}(?!\d)/.exec(yearWords)?.[0] ?? digits;
  return { title: bare ?? title, year: year === undefined ? null : Number(year) };
}

function listOf(cell, separator) {
  const entries = Array.isArray(cell) ? cell.map(textOf) : separator ? textOf(cell).split(separator).map((entry) => entry.trim()) : [textOf(cell)];
  return entries.filter((entry) => entry !== '' && entry.length <= longestName).slice(0, mostListed);
}

/** A rating, or `{ why }`. */
export function ratingOf({ cells }, mapping, [lowest, highest]) {
  const user = textOf(cells[mapping.user]);
  const item = textOf(cells[mapping.item]);
  const value = numberOf(cells[mapping.value]);
  if (user === '') return { why: 'it does not say who rated' };
  if (user.length > longestName) return { why: `who rated has more than ${longestName.toLocaleString('en')} characters` };
  if (item === '') return { why: 'it does not say which item' };
  if (!Number.isFinite(value)) return { why: noNumber(textOf(cells[mapping.value])) };
  if (value < lowest) return { why: `the rating ${value} is below ${lowest}`, value };
  if (value > highest) return { why: `the rating ${value} is above ${highest}`, value };
  return { user, item, value };
}

const noNumber = (text) => (text === '' ? 'the rating is missing' : `the rating “${text.slice(0, 30)}” is no number`);

/** All items of a table: `{ items, withoutText, complaints }`. Those without text are among the items. */
export async function readItems(table, { mapping, separator }, calling = {}) {
  const items = [];
  const lines = new Map();
  let withoutText = 0;
  const complaints = await readRows(table, { ...calling, onRow(row) {
    const item = itemOf(row, mapping, separator);
    if (item.why) return item.why;
    if (lines.has(item.id)) return `the id “${item.id.slice(0, 60)}” was on line ${lines.get(item.id)} already`;
    if (items.length >= mostItems) throw new ReadError(`${table.file.name} has more than ${mostItems.toLocaleString('en')} items`, 'Take a part of them.');
    lines.set(item.id, row.line);
    if (item.plot === '') withoutText += 1;
    items.push(item);
  } });
  if (items.length === 0) throw new ReadError(`No item could be read from ${table.file.name}`, firstWords(complaints));
  if (withoutText === items.length) throw new ReadError(`No item in ${table.file.name} has a text`, 'A text is what is read and rewritten: choose the column that has it, or add one.');
  return { items, withoutText, complaints };
}

/**
 * Ratings of items that have a text, the others being of no use: `{ ratings, users, ofUnknown, lowest, highest,
 * complaints }`.
 */
export async function readRatings(table, { mapping, scale }, items, calling = {}) {
  const known = new Map(items.filter((item) => item.plot !== '').map((item) => [item.id, item.id]));
  const users = new Map();
  const read = { ratings: [], ofUnknown: 0, lowest: Infinity, highest: -Infinity, hasHalves: false };
  let example = '';
  read.complaints = await readRows(table, { ...calling, onRow(row) {
    const rating = ratingOf(row, mapping, scale);
    if (rating.value !== undefined) {
      read.lowest = Math.min(read.lowest, rating.value);
      read.highest = Math.max(read.highest, rating.value);
      read.hasHalves ||= !Number.isInteger(rating.value);
    }
    if (rating.why) return rating.why;
    const item = known.get(rating.item);
    if (item === undefined) {
      read.ofUnknown += 1;
      example ||= rating.item;
      return undefined;
    }
    if (read.ratings.length >= mostRatings) throw new ReadError(`${table.file.name} has more than ${mostRatings.toLocaleString('en')} ratings of these items`, 'Take a part of them.');
    // The same text for the same id, so that a million ratings fit into memory.
    if (!users.has(rating.user)) users.set(rating.user, rating.user);
    read.ratings.push({ user: users.get(rating.user), item, value: rating.value });
    return undefined;
  } });
  if (read.ratings.length === 0) throw noRatings(table, read, example, items);
  return { ...read, users: users.size };
}

function noRatings({ file }, { ofUnknown, complaints }, example, items) {
  if (ofUnknown === 0) return new ReadError(`No rating could be read from ${file.name}`, firstWords(complaints));
  const hint = `It speaks of “${example.slice(0, 60)}”, and the items have ids like “${items[0].id.slice(0, 60)}”. Are the right columns chosen?`;
  return new ReadError(`No rating in ${file.name} is of an item with a text`, hint);
}
