/** Tables as comma-separated values, safe to open in a spreadsheet. */

/** `rows` are lists of texts and numbers; what is missing is an empty cell. Lines end as RFC 4180 has it. */
export const csvText = (rows) => rows.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');

function cell(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  // A spreadsheet takes a text that starts like this for a formula, and would run it.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
