/** The candidates of a design as a table that can be sorted. */
import { element } from '../dom.js';
import { decimal } from '../format.js';
import { columns, order } from './design-report.js';

/** `onPoint(number | null)` follows pointer and focus, `onFind(number)` is a row being pressed. Returns `{ node, point(number | null) }`. */
export function candidateTable(report, { onPoint, onFind }) {
  const { candidates } = report;
  const largest = Math.max(...candidates.map(({ weight }) => weight), 1e-9);
  const rows = candidates.map((candidate, number) => row(candidate, number, report, largest, { onPoint, onFind }));
  const headings = columns.map(({ name, title }) => element('th', { scope: 'col', role: 'columnheader', class: `column-${name}` },
    element('button', { type: 'button', class: 'link', testid: `sort-${name}`, onclick: () => sort(name) }, title)));
  const body = element('tbody', { role: 'rowgroup' });
  let sorted = { name: null, descending: false };

  /** Pressing a column again turns it around. */
  function sort(name) {
    const descending = sorted.name === name ? !sorted.descending : name !== 'edit';
    sorted = { name, descending };
    for (const [index, column] of columns.entries()) {
      if (column.name === name) headings[index].setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else headings[index].removeAttribute('aria-sort');
    }
    body.replaceChildren(...order(candidates, name, descending).map((number) => rows[number]));
  }

  sort('weight');
  return {
    node: element('table', { class: 'design-table', testid: 'design-table', role: 'table' },
      element('caption', { class: 'visually-hidden' }, 'Candidate edits; the buttons at the top of the columns sort them'),
      element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...headings)), body),
    point: (number) => rows.forEach((node, index) => node.classList.toggle('pointed', index === number)),
  };
}

function row(candidate, number, report, largest, { onPoint, onFind }) {
  const cells = { edit: () => edit(candidate, () => onFind(number)), weight: () => weight(candidate.weight, largest) };
  return element('tr', {
    role: 'row', testid: 'candidate', onpointerenter: () => onPoint(number), onpointerleave: () => onPoint(null),
    onfocusin: () => onPoint(number), onfocusout: () => onPoint(null),
  },
  ...columns.map(({ name, title, text, detail }) => element('td', { role: 'cell', class: `column-${name}`, 'data-title': title },
    ...(cells[name]?.() ?? [element('span', {}, text(candidate)), detail ? element('small', {}, detail(candidate, report)) : null]))));
}

function edit({ action, inSubset }, onclick) {
  return [
    element('button', { type: 'button', class: 'link', title: 'Show on the map where it leads', onclick }, action.text),
    element('span', { class: 'chips' },
      element('span', { class: 'chip chip-quiet' }, action.category),
      inSubset ? element('span', { class: 'chip chip-quiet design-chosen' }, 'in the subset') : null),
  ];
}

/** A number, and a bar as long as its share of the largest; none where there is no weight. */
function weight(value, largest) {
  const bar = element('i', { class: 'design-bar', 'aria-hidden': 'true' });
  bar.style.width = `${(100 * value) / largest}%`;
  return [element('span', {}, value > 0 ? decimal(value) : '0'), bar];
}
