/**
 * Vectors of items or of people from tables: an id, and either a column with a list of numbers, as JSON has them, or one
 * column for each dimension.
 */
import { firstWords, longestName, numberOf, textOf } from './read-cells.js';
import { readRows } from './read-table.js';
import { ReadError } from './read-text.js';

/** As many as the map is fitted to. */
export const mostDimensions = 512;
/** Numbers of one file; more than a tab has the memory for. */
export const mostNumbers = 20_000_000;
/** Predictions that are looked at to see on which scale they are. */
const mostPredictions = 4_000;

/** A list of numbers in a cell; nothing where there is none. */
function listOf(cell) {
  if (Array.isArray(cell)) return cell;
  const text = textOf(cell);
  if (!text.startsWith('[')) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The column whose cells hold lists of numbers; −1 where none does. */
export function listColumn({ columns, rows }) {
  const isVector = (list) => Array.isArray(list) && list.length > 0 && list.every((value) => typeof value === 'number');
  return columns.findIndex((_, at) => rows.length > 0 && rows.every(({ cells }) => isVector(listOf(cells[at]))));
}

/** Places of the columns that are dimensions: those that are numbered, as in v0, v1; else all others with numbers. */
export function dimensionColumns({ columns, rows }, { id, bias }) {
  const others = columns.map((_, at) => at).filter((at) => at !== id && at !== bias);
  const numbered = numberedColumns(columns, others);
  if (numbered.length > 0) return numbered;
  return others.filter((at) => rows.length > 0 && rows.every(({ cells }) => Number.isFinite(numberOf(cells[at]))));
}

/** The largest group that has one name and numbers; none of a single column. */
function numberedColumns(columns, places) {
  const groups = {};
  for (const at of places) {
    const [, name] = /^(.*?)\d+$/.exec(columns[at]) ?? [];
    if (name !== undefined) (groups[`of ${name}`] ??= []).push(at);
  }
  const largest = Object.values(groups).reduce((most, group) => (group.length > most.length ? group : most), []);
  return largest.length > 1 ? largest : [];
}

/** Whether a table without names of columns has an id and numbers of which some are broken: whole ones could be ratings. */
export function isBareVectors({ columns, rows }) {
  const isBare = columns.length > 2 && columns.every((column, at) => column === `column ${at + 1}`);
  const numbers = rows.flatMap(({ cells }) => cells.slice(1).map(numberOf));
  return isBare && numbers.length > 0 && numbers.every(Number.isFinite) && numbers.some((value) => !Number.isInteger(value));
}

/** Whether a table has vectors, with the columns that its names say. */
export function hasVectors(table, mapping) {
  if (isBareVectors(table)) return true;
  if (mapping.id < 0) return false;
  return mapping.vector >= 0 || numberedColumns(table.columns, dimensionColumns(table, mapping)).length > 0;
}

/** `{ id, bias, vector }`, or `{ why }`. `dimensions` are columns, and count where the mapping names none. */
export function vectorOf({ cells }, mapping, dimensions) {
  const id = textOf(cells[mapping.id]);
  if (id === '') return { why: 'it has no id' };
  if (id.length > longestName) return { why: `its id has more than ${longestName.toLocaleString('en')} characters` };
  const bias = mapping.bias >= 0 ? numberOf(cells[mapping.bias]) : 0;
  if (!isUsable(bias)) return { why: `the bias ${noNumber(cells[mapping.bias])}` };
  const told = mapping.vector >= 0 ? listOf(cells[mapping.vector]) : dimensions.map((at) => numberOf(cells[at]));
  if (!Array.isArray(told) || told.length === 0) return { why: 'the vector is no list of numbers, such as [0.5, -1]' };
  const wrong = told.findIndex((value) => typeof value !== 'number' || !isUsable(value));
  if (wrong < 0) return { id, bias, vector: Float32Array.from(told) };
  return { why: `number ${wrong + 1} of the vector ${noNumber(mapping.vector >= 0 ? told[wrong] : cells[dimensions[wrong]])}` };
}

const isUsable = (value) => Math.abs(value) <= 1e6;

function noNumber(cell) {
  if (Math.abs(numberOf(cell)) > 1e6) return 'is above a million';
  return textOf(cell) === '' ? 'is missing' : `is “${textOf(cell).slice(0, 30)}”, which is no number`;
}

/** All vectors of a table: `{ vectors, dimensions, complaints }`. */
export async function readVectors(table, { mapping }, calling = {}) {
  const columns = dimensionColumns(table, mapping);
  const vectors = [];
  const lines = new Map();
  let first = null;
  const complaints = await readRows(table, { ...calling, onRow(row) {
    const read = vectorOf(row, mapping, columns);
    if (read.why) return read.why;
    first ??= { line: row.line, dimensions: read.vector.length };
    checkSize(table, first.dimensions, vectors.length + 1);
    if (read.vector.length !== first.dimensions) return `the vector has length ${read.vector.length}, and that of line ${first.line} has ${first.dimensions}`;
    if (lines.has(read.id)) return `the id “${read.id.slice(0, 60)}” was on line ${lines.get(read.id)} already`;
    lines.set(read.id, row.line);
    vectors.push(read);
    return undefined;
  } });
  if (vectors.length === 0) throw new ReadError(`No vector could be read from ${table.file.name}`, firstWords(complaints));
  return { vectors, dimensions: first.dimensions, complaints };
}

function checkSize({ file }, dimensions, count) {
  if (dimensions > mostDimensions) {
    throw new ReadError(`The vectors in ${file.name} have ${dimensions.toLocaleString('en')} numbers each`, `At most ${mostDimensions} can be used: project them, for example onto their principal components.`);
  }
  if (dimensions * count > mostNumbers) throw new ReadError(`${file.name} has more than ${mostNumbers.toLocaleString('en')} numbers`, 'Take a part of the vectors, or vectors of fewer dimensions.');
}

/**
 * Vectors of items and of people that belong together: `{ factors, known, range }`. `known` are the items with a text that have
 * a vector, `range` is where most of what the vectors predict lies.
 */
export function togetherInSpace(items, ofItems, ofUsers, mean) {
  if (ofItems.dimensions !== ofUsers.dimensions) {
    const words = `Vectors of items have ${ofItems.dimensions} numbers, those of people ${ofUsers.dimensions}`;
    throw new ReadError(words, 'Both have to come from one model, and have as many.');
  }
  const texts = new Set(items.filter((item) => item.plot !== '').map((item) => item.id));
  const known = ofItems.vectors.filter(({ id }) => texts.has(id));
  if (known.length <= ofItems.dimensions) throw tooFew(items, ofItems, known.length);
  return { factors: { mean, items: ofItems.vectors, users: ofUsers.vectors }, known: known.length, range: rangeOf(known, ofUsers.vectors, mean) };
}

function tooFew(items, { vectors, dimensions }, known) {
  const example = vectors.find(({ id }) => !items.some((item) => item.id === id));
  const ids = example && known === 0 ? ` A vector belongs to “${example.id.slice(0, 60)}”, and the items have ids like “${items[0].id.slice(0, 60)}”.` : '';
  return new ReadError(
    `${known === 0 ? 'No item' : `Only ${known} of the items`} with a text ${known > 1 ? 'have' : 'has'} a vector`,
    `Vectors of ${dimensions} numbers need more items than that: at least ${dimensions + 1}.${ids}`,
  );
}

/** Nine tenths of a sample lie between these. */
function rangeOf(items, users, mean) {
  const some = (vectors) => vectors.filter((_, at) => at % Math.ceil(vectors.length / Math.sqrt(mostPredictions)) === 0);
  const predicted = some(items).flatMap((item) => some(users).map((user) => mean + item.bias + user.bias + dot(item.vector, user.vector)));
  predicted.sort((a, b) => a - b);
  const at = (share) => predicted[Math.floor(share * (predicted.length - 1))];
  return { lowest: at(0.05), middle: at(0.5), highest: at(0.95) };
}

const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);
