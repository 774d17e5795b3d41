/** One file: what it has, which column is which, and its first rows as they are read. */
import { element } from '../dom.js';
import { bytes, count, decimal, list } from '../format.js';
import { fields, genreSeparators, itemOf, ratingOf } from '../read-catalog.js';
import { separators } from '../read-csv.js';
import { dimensionColumns, vectorOf } from '../read-vectors.js';

const rowsShown = 5;
const separatorNames = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' };
const roleNames = { items: 'The items', ratings: 'The ratings', itemVectors: 'Vectors of items', userVectors: 'Vectors of people', '': 'Not used' };

/**
 * A card for an entry of `openFiles`. `onRole(role)` and `onLayout(change)` ask for a new card; `onEdit()` says that the
 * mapping, the scale or the separator of genres is another one now.
 */
export function tableCard(entry, number, { onRole, onLayout, onEdit }) {
  const id = (name) => `catalog-${number}-${name}`;
  const preview = element('div', { class: 'catalog-preview', testid: 'catalog-preview' });
  const showPreview = () => preview.replaceChildren(previewOf(entry));
  const edited = () => {
    showPreview();
    onEdit();
  };
  if (entry.role) showPreview();
  return element('article', { class: 'catalog-file', testid: 'catalog-file', 'data-role': entry.role ?? 'none' },
    element('div', { class: 'catalog-file-heading' },
      element('h3', {}, entry.file.name),
      element('p', { class: 'soft' }, entry.error ? sizeWords(entry.file) : `${sizeWords(entry.file)}, ${layoutWords(entry.table)}`),
      entry.error ? null : roleSelect(entry, id('role'), onRole)),
    entry.error ? element('p', { class: 'trouble' }, entry.error.message, entry.error.hint ? ` ${entry.error.hint}` : '') : null,
    entry.role ? element('div', { class: 'catalog-fields' }, ...columnSelects(entry, id, edited, isUsual), ...extraFields(entry, id, edited)) : null,
    entry.role ? preview : null,
    entry.role ? rareFields(entry, id, onLayout, edited) : null);
}

const sizeWords = ({ size }) => (size < 1000 ? count(size, 'byte') : bytes(size));

function layoutWords({ layout, columns }) {
  const kind = layout.format === 'json' ? 'JSON' : `separated by ${separatorNames[layout.separator]}s`;
  return `${kind}, ${count(columns.length, 'column')}`;
}

function roleSelect(entry, id, onRole) {
  return labelled('This file has', id, select(id, Object.entries(roleNames), entry.role ?? '', (value) => onRole(value || null), 'catalog-role'));
}

/** Few files have reasons of their own; where one has, they belong to what is seen at once. */
const isUsual = ({ name }, mapping) => !['likes', 'dislikes'].includes(name) || mapping[name] >= 0;
const isRare = (field, mapping) => !isUsual(field, mapping);

function columnSelects({ role, table, mapping }, id, edited, isShown) {
  const none = ({ name, isNeeded }) => (name === 'vector' ? 'A column each' : isNeeded ? 'Choose…' : 'None');
  const options = (chosen) => [['-1', none(chosen)], ...table.columns.map((column, at) => [String(at), column])];
  return fields[role].filter((field) => isShown(field, mapping)).map((chosen) => {
    const { name, title } = chosen;
    const change = (value) => {
      mapping[name] = Number(value);
      edited();
    };
    return labelled(title, id(name), select(id(name), options(chosen), String(mapping[name]), change, `catalog-${name}`));
  });
}

function extraFields(entry, id, edited) {
  if (entry.role === 'items') return [genreField(entry, id('separator'), edited)];
  const mean = entry.role === 'userVectors' ? [numberField('Mean of all ratings', id('mean'), 'catalog-mean', entry, 'mean', edited)] : [];
  if (!entry.scale) return mean;
  return [...mean, scaleField(entry, 0, 'Lowest rating there can be', id('lowest'), edited), scaleField(entry, 1, 'Highest', id('highest'), edited)];
}

function genreField(entry, id, edited) {
  const options = [...genreSeparators.map((separator) => [separator, `${separatorNames[separator] ?? 'slash'}  ${separator}`]), ['', 'nothing: one genre each']];
  const change = (value) => {
    entry.separator = value;
    edited();
  };
  return labelled('Between genres stands', id, select(id, options, entry.separator, change, 'catalog-separator'));
}

function scaleField(entry, end, title, id, edited) {
  return numberField(title, id, end === 0 ? 'catalog-lowest' : 'catalog-highest', entry.scale, end, edited);
}

/** A number that stands in `place` under `key`. */
function numberField(title, id, testid, place, key, edited) {
  const input = element('input', { id, testid, type: 'number', step: 'any', value: place[key], required: true });
  input.addEventListener('change', () => {
    if (Number.isFinite(input.valueAsNumber)) place[key] = input.valueAsNumber;
    input.value = place[key];
    edited();
  });
  return labelled(title, id, input);
}

function rareFields(entry, id, onLayout, edited) {
  const rare = [...layoutFields(entry.table.layout, id, onLayout), ...columnSelects(entry, id, edited, isRare)];
  if (rare.length === 0) return null;
  return element('details', { class: 'options' }, element('summary', {}, 'Not read as it should be?'), element('div', { class: 'catalog-fields' }, ...rare));
}

function layoutFields(layout, id, onLayout) {
  if (layout.format === 'json') return [];
  const header = element('input', { type: 'checkbox', id: id('header'), testid: 'catalog-header', checked: layout.hasHeader });
  header.addEventListener('change', () => onLayout({ hasHeader: header.checked }));
  const options = separators.map((separator) => [separator, separatorNames[separator]]);
  return [
    labelled('Between cells stands', id('cells'), select(id('cells'), options, layout.separator, (separator) => onLayout({ separator }), 'catalog-cells')),
    element('label', { class: 'catalog-check', for: id('header') }, header, 'The first line names the columns'),
  ];
}

/** As many rows as one takes in at a glance, read with the mapping as it is. */
function previewOf(entry) {
  const { role, table, mapping } = entry;
  const shown = fields[role].filter(({ name }) => mapping[name] >= 0 || (name === 'vector' && mapping.id >= 0));
  if (shown.length === 0) return element('p', { class: 'soft' }, 'Choose which column is which.');
  const read = readerOf(entry);
  return element('div', { class: 'table-scroll', role: 'region', tabindex: 0, 'aria-label': `First rows of ${table.file.name}` },
    element('table', {},
      element('caption', {}, 'The first rows, as they are read'),
      element('thead', {}, element('tr', {}, ...shown.map(({ title }) => element('th', { scope: 'col' }, title)))),
      element('tbody', {}, ...table.rows.slice(0, rowsShown).map((row) => previewRow(read(row), shown)))));
}

function readerOf({ role, table, mapping, separator, scale }) {
  if (role === 'items') return (row) => itemOf(row, mapping, separator);
  if (role === 'ratings') return (row) => ratingOf(row, mapping, scale);
  const dimensions = dimensionColumns(table, mapping);
  return (row) => vectorOf(row, mapping, dimensions);
}

function previewRow(read, shown) {
  if (read.why) return element('tr', {}, element('td', { colspan: shown.length, class: 'trouble' }, `Cannot be read: ${read.why}`));
  return element('tr', {}, ...shown.map(({ name }) => element('td', { 'data-field': name }, cellWords(read[name]))));
}

function cellWords(value) {
  if (value instanceof Float32Array) return `${list([...value.slice(0, 4)].map((number) => decimal(number)))}${value.length > 4 ? `, … (${value.length} numbers)` : ''}`;
  const words = Array.isArray(value) ? list(value) : String(value ?? '');
  return words.length > 140 ? `${words.slice(0, 140)}…` : words || '–';
}

function select(id, options, chosen, onChange, testid) {
  const node = element('select', { id, testid }, ...options.map(([value, title]) => element('option', { value, selected: value === chosen }, title)));
  node.addEventListener('change', () => onChange(node.value));
  return node;
}

const labelled = (title, id, control) => element('div', {}, element('label', { for: id }, title), control);
