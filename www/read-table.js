/** A file as rows and columns, whichever of our formats it is in. */
import { createCsvReader, detectSeparator } from './read-csv.js';
import { createJsonReader } from './read-json.js';
import { ReadError, readText } from './read-text.js';

/** Characters from which the layout is guessed. */
const sampleLength = 200_000;
/** Complaints that are kept with their text; the others are counted. */
export const mostComplaints = 20;
/** Characters of a complaint's text. */
const mostOffending = 200;
/** Lines that are not UTF-8, after which the file as a whole is not. */
const mostBadLines = 1_000;

/**
 * Looks at the beginning of a file. `layout` is what was guessed, `{ format, separator, hasHeader }`, and `columns` and
 * `rows` are what that gives: `relaid` looks at it in another way.
 */
export async function openTable(file, { signal } = {}) {
  let start = '';
  for await (const { text } of readText(file, { signal })) {
    start += text;
    if (start.length >= sampleLength) break;
  }
  if (start.trim() === '') throw new ReadError(`${file.name} is empty`);
  const format = isJson(start) ? 'json' : 'csv';
  const separator = format === 'csv' ? detectSeparator(start) : '';
  return relaid({ file, start }, { format, separator, hasHeader: format === 'json' || looksLikeHeader(start, separator) });
}

export function relaid({ file, start }, layout) {
  const reader = readerOf(layout);
  // The last line of the sample may be cut short.
  const read = start.length >= sampleLength ? reader.push(start) : [...reader.push(start), ...reader.end()];
  const columns = columnsOf(read, layout);
  const rows = read.slice(layout.hasHeader && layout.format === 'csv' ? 1 : 0).filter((row) => !row.why).map((row) => rowOf(row, columns, layout));
  return { file, start, layout, columns, rows: rows.filter((row) => !row.why) };
}

/**
 * Reads a table to its end. `onRow(row)` gets `{ line, cells }` and may say what is wrong with it. Resolves to the
 * complaints: `{ count, first }`, where `first` are `{ line, why, text }`.
 */
export async function readRows({ file, layout, columns }, { signal, onProgress, onRow }) {
  const reader = readerOf(layout);
  const complaints = createComplaints();
  const badLines = new Set();
  let isHeader = layout.format === 'csv' && layout.hasHeader;

  function take(read) {
    for (const row of read) {
      if (isHeader) {
        isHeader = false;
        continue;
      }
      const told = isBad(row, badLines) ? { why: 'this is not UTF-8; save the file as UTF-8' } : rowOf(row, columns, layout);
      const why = told.why ?? onRow(told);
      if (why) complaints.add({ line: row.line, why, text: offending(row) });
    }
  }

  for await (const { text, badLines: bad } of readText(file, { signal, onProgress })) {
    for (const line of bad) badLines.add(line);
    if (badLines.size > mostBadLines) throw new ReadError(`${file.name} is not UTF-8`, 'Save it as UTF-8: spreadsheets offer that when they save as csv.');
    take(reader.push(text));
  }
  take(reader.end());
  return complaints.told();
}

const readerOf = ({ format, separator }) => (format === 'json' ? createJsonReader() : createCsvReader(separator));

function isJson(start) {
  const text = start.trimStart();
  return text[0] === '{' || (text[0] === '[' && /^\[\s*(\{|\])/.test(text));
}

/** A header has names: no empty ones, and no numbers. */
function looksLikeHeader(start, separator) {
  const [first] = createReaderOfFirst(start, separator);
  return first?.cells?.every((cell) => cell.trim() !== '' && !Number.isFinite(Number(cell))) ?? false;
}

function createReaderOfFirst(start, separator) {
  const reader = createCsvReader(separator);
  return [...reader.push(start), ...reader.end()].slice(0, 1);
}

function columnsOf(read, { format, hasHeader }) {
  if (format === 'json') return [...new Set(read.slice(0, 200).flatMap((row) => Object.keys(row.value ?? {})))];
  const cells = read[0]?.cells ?? [];
  return cells.map((cell, at) => (hasHeader && cell.trim()) || `column ${at + 1}`);
}

function rowOf(row, columns, { format }) {
  if (row.why) return row;
  if (format === 'json') {
    return { line: row.line, cells: columns.map((name) => (Object.hasOwn(row.value, name) ? row.value[name] : '')) };
  }
  if (row.cells.length === columns.length) return row;
  return { line: row.line, why: `${cellCount(row.cells.length)}, and the first line has ${columns.length}` };
}

const cellCount = (number) => (number === 1 ? '1 cell' : `${number} cells`);

function isBad({ line, lines }, badLines) {
  if (badLines.size === 0) return false;
  for (let at = line; at < line + lines; at += 1) if (badLines.has(at)) return true;
  return false;
}

function offending({ text, cells, value }) {
  const whole = text ?? (cells ? cells.join(' | ') : JSON.stringify(value));
  return whole.length > mostOffending ? `${whole.slice(0, mostOffending)}…` : whole;
}

function createComplaints() {
  const first = [];
  let count = 0;
  return {
    add(complaint) {
      count += 1;
      if (first.length < mostComplaints) first.push(complaint);
    },
    told: () => ({ count, first }),
  };
}
