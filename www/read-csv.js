/**
 * Comma-separated text as programs write it: quotes, doubled quotes, line ends inside quotes, any separator.
 *
 * What cannot be read is told with its line, and reading goes on with the line after it.
 */

/** Characters of one record; a quote that is open for longer was never meant to be one. */
export const longestRecord = 1_000_000;
export const mostCells = 2_000;
export const separators = [',', ';', '\t', '|'];

/**
 * Takes text that ends where lines end. `push(text)` and `end()` give rows, `{ line, lines, cells }`, where `lines` is how
 * many of them the record spans; or, of one that cannot be read, `{ line, lines: 1, why, text }`.
 */
export function createCsvReader(separator) {
  let held = '';
  let line = 1;

  function take(isLast) {
    const rows = [];
    let at = 0;
    while (at < held.length) {
      const found = held.indexOf('\n', at);
      if (found < 0 && !isLast) break;
      const end = found < 0 ? held.length : found;
      const text = withoutReturn(held.slice(at, end));
      const record = text.includes('"') ? quoted(at, end, text, isLast) : null;
      if (record?.isUnfinished) break;
      if (record) rows.push(record.row);
      else if (text.trim() !== '') rows.push(rowOf(line, 1, text.split(separator, mostCells + 1), text));
      at = record?.next ?? end + 1;
      line += record?.row.lines ?? 1;
    }
    held = held.slice(at);
    return rows;
  }

  /** A record with quotes that begins at `at`, with `text` as its first line, which goes to `end`. */
  function quoted(at, end, text, isLast) {
    const record = quotedRecord(held, at, separator);
    if (record.isOpen && !isLast && held.length - at < longestRecord) return { isUnfinished: true };
    if (record.cells) return { row: rowOf(line, record.lines, record.cells, text), next: record.next };
    return { row: { line, lines: 1, why: record.why, text }, next: end + 1 };
  }

  return {
    push(text) {
      held += text;
      return take(false);
    },
    end: () => take(true),
  };
}

function rowOf(line, lines, cells, text) {
  if (cells.length <= mostCells) return { line, lines, cells };
  return { line, lines, why: `there are more than ${mostCells.toLocaleString('en')} cells`, text };
}

/** A record with quotes in it: `{ cells, next, lines }`, or `{ why }`, with `isOpen` where a quote was not closed. */
function quotedRecord(text, start, separator) {
  const cells = [];
  let at = start;
  let lines = 1;
  for (;;) {
    const cell = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at, separator);
    if (cell.isOpen) return { isOpen: true, why: 'a quote is never closed' };
    lines += cell.lines;
    cells.push(cell.value);
    const next = text[cell.end];
    if (next === undefined || next === '\n') return { cells, next: cell.end + 1, lines };
    if (next === '\r' && (text[cell.end + 1] ?? '\n') === '\n') return { cells, next: cell.end + 2, lines };
    if (next !== separator) return { why: cell.lines > 0 ? 'a quote is never closed' : 'there is text after a closing quote' };
    if (cells.length > mostCells) return { cells, next: cell.end + 1, lines };
    at = cell.end + 1;
  }
}

function quotedCell(text, start) {
  let value = '';
  for (let from = start + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0 || quote - start > longestRecord) return { isOpen: true };
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1, lines: countLineEnds(value) };
    value += '"';
    from = quote + 2;
  }
}

/** A quote inside a cell that does not begin with one is just a character. */
function plainCell(text, start, separator) {
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== '\n') end += 1;
  if (text[end] === '\n' && text[end - 1] === '\r' && end > start) end -= 1;
  return { value: text.slice(start, end), end, lines: 0 };
}

function countLineEnds(text) {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

const withoutReturn = (text) => (text.endsWith('\r') ? text.slice(0, -1) : text);

/** The separator by which most rows have as many cells as the first; the one with more cells where several do. */
export function detectSeparator(sample) {
  const scored = separators.map((separator) => {
    const reader = createCsvReader(separator);
    const rows = [...reader.push(sample), ...reader.end()].slice(0, 50);
    const width = rows[0]?.cells?.length ?? 0;
    const alike = rows.filter((row) => row.cells?.length === width).length;
    return { separator, width, share: width > 1 ? alike / rows.length : 0 };
  });
  scored.sort((a, b) => b.share - a.share || b.width - a.width);
  return scored[0].share > 0 ? scored[0].separator : ',';
}
