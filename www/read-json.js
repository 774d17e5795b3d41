/** JSON as data come in it: one object a line, or one list of objects. What cannot be read is told with its line. */
import { longestRecord } from './read-csv.js';

/** As the reader of csv, with `value`, an object, in place of cells. */
export function createJsonReader() {
  let held = '';
  let line = 1;
  let read = null;

  function take(isLast) {
    read ??= chosen(held);
    if (!read) return [];
    const { rows, at, lines } = read(held, line, isLast);
    held = held.slice(at);
    line += lines;
    return rows;
  }

  return {
    push(text) {
      held += text;
      return take(false);
    },
    end: () => take(true),
  };
}

/** By the first character that is not blank; nothing while there is none. */
function chosen(text) {
  const first = text.trimStart()[0];
  if (first === undefined) return null;
  return first === '[' ? createListReader() : readLines;
}

function readLines(text, firstLine, isLast) {
  const rows = [];
  let at = 0;
  let lines = 0;
  while (at < text.length) {
    const found = text.indexOf('\n', at);
    if (found < 0 && !isLast) break;
    const end = found < 0 ? text.length : found;
    const entry = text.slice(at, end).trim();
    if (entry !== '') rows.push({ line: firstLine + lines, lines: 1, ...parsed(entry) });
    at = end + 1;
    lines += 1;
  }
  return { rows, at, lines };
}

/** Entry by entry, so that a list need not be in memory as a whole. */
function createListReader() {
  let isInside = false;
  let isOver = false;

  return function readList(text, firstLine, isLast) {
    const rows = [];
    let at = 0;
    let lines = 0;
    while (!isOver) {
      const start = skipBlank(text, at, isInside ? ',' : '');
      lines += countLineEnds(text, at, start);
      at = start;
      if (at >= text.length) break;
      if (!isInside || text[at] === ']') {
        isOver = isInside;
        isInside = true;
        at += 1;
        continue;
      }
      const end = endOfEntry(text, at);
      if (end < 0 && !isLast && text.length - at < longestRecord) break;
      const spanned = end < 0 ? 1 : countLineEnds(text, at, end) + 1;
      const told = end < 0 ? neverClosed(text.slice(at)) : parsed(text.slice(at, end).trim());
      rows.push({ line: firstLine + lines, lines: spanned, ...told });
      isOver = end < 0;
      lines += spanned - 1;
      at = end < 0 ? text.length : end;
    }
    if (isOver) rows.push(...leftover(text.slice(at), firstLine + lines));
    return { rows, at: isOver ? text.length : at, lines: lines + (isOver ? countLineEnds(text, at, text.length) : 0) };
  };
}

function leftover(text, line) {
  if (text.trim() === '') return [];
  const before = countLineEnds(text, 0, text.length - text.trimStart().length);
  return [{ line: line + before, lines: 1, why: 'there is text after the end of the list', text: text.trim() }];
}

const neverClosed = (text) => ({ why: 'this entry is never closed, and nothing after it can be read', text });

function parsed(text) {
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return { value };
    return { why: 'this is not an object, such as {"id": "a"}', text };
  } catch {
    return { why: 'this is not JSON', text };
  }
}

function skipBlank(text, from, besides) {
  let at = from;
  while (at < text.length && (text.charCodeAt(at) <= 32 || text.charCodeAt(at) === 0xfeff || (besides && text[at] === besides))) at += 1;
  return at;
}

/** Behind the entry that begins at `start`; −1 while that is not in sight. */
function endOfEntry(text, start) {
  let depth = 0;
  let isText = false;
  for (let at = start; at < text.length && at - start < longestRecord; at += 1) {
    const character = text[at];
    if (isText) {
      if (character === '\\') at += 1;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (depth > 0 && (character === '}' || character === ']')) depth -= 1;
    else if (depth === 0 && (character === ',' || character === ']')) return at;
    if (depth === 0 && character === '}') return at + 1;
  }
  return -1;
}

function countLineEnds(text, from, to) {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
