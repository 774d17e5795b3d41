/** Cells as text and as numbers. */

/** Characters of a cell that is no text of an item. */
export const longestName = 2_000;

export function textOf(cell) {
  if (typeof cell === 'string') return cell.trim();
  return typeof cell === 'number' || typeof cell === 'boolean' ? String(cell) : '';
}

/** A number as it stands in files; also with a decimal comma. */
export function numberOf(cell) {
  if (typeof cell === 'number') return cell;
  const text = textOf(cell);
  return /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text.replace(',', '.')) : NaN;
}

/** Where nothing of a file could be read: why the first line could not. */
export const firstWords = ({ first: [first] }) => (first ? `Line ${first.line}: ${first.why}.` : '');
