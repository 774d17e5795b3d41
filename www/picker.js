/**
 * A searchable list: a text field that opens a list of options (the ARIA combobox pattern).
 *
 * Type to narrow, arrow keys to move, Enter to choose, Escape to leave things as they were.
 */
import { element } from './dom.js';

/** More rows than anyone scrolls through; the rest is reached by typing. */
const mostRows = 200;

/**
 * `options`: `{ id, label, detail }[]`. `onMatch` is told the ids that match what is typed, and null when nothing is any more.
 * Returns `{ choose(id), offer(options) }`, which do not call `onChoose`; who is chosen stays so where they are among the new options.
 */
export function createPicker({ input, list, options, onChoose, onMatch = () => {} }) {
  let searchable = options.map(asSearchable);
  let chosen = null;
  let shown = [];
  let active = -1;

  const isOpen = () => !list.hidden;

  function open(query) {
    shown = matching(searchable, query);
    active = query ? 0 : Math.max(0, shown.findIndex((option) => option.id === chosen?.id));
    list.replaceChildren(...rows());
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    activate(active);
    onMatch(query.trim() ? shown.map(({ id }) => id) : null);
  }

  function close() {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
    input.value = chosen?.label ?? '';
    onMatch(null);
  }

  function rows() {
    if (shown.length === 0) return [element('li', { class: 'picker-note' }, 'Nothing matches')];
    const visible = shown.slice(0, mostRows).map(row);
    const more = shown.length - visible.length;
    return more > 0 ? [...visible, element('li', { class: 'picker-note' }, `and ${more} more: type to narrow`)] : visible;
  }

  function row(option, position) {
    return element('li', {
      id: `${list.id}-${position}`,
      role: 'option',
      'data-value': option.id,
      'aria-selected': String(option.id === chosen?.id),
      onclick: () => take(option),
    }, element('span', {}, option.label), element('small', {}, option.detail));
  }

  function activate(position) {
    list.children[active]?.classList.remove('active');
    active = Math.min(Math.max(position, 0), Math.min(shown.length, mostRows) - 1);
    const node = active >= 0 ? list.children[active] : null;
    if (!node) return input.removeAttribute('aria-activedescendant');
    node.classList.add('active');
    node.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', node.id);
  }

  function take(option) {
    chosen = option;
    close();
    onChoose(option.id);
  }

  function press(event) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (isOpen()) activate(active + (event.key === 'ArrowDown' ? 1 : -1));
      else open('');
    } else if (event.key === 'Enter' && isOpen()) {
      event.preventDefault();
      if (shown[active]) take(shown[active]);
    } else if (event.key === 'Escape' && isOpen()) {
      event.preventDefault();
      close();
    }
  }

  input.addEventListener('click', () => {
    if (isOpen()) return;
    input.select();
    open('');
  });
  input.addEventListener('focus', () => input.select());
  input.addEventListener('input', () => open(input.value));
  input.addEventListener('keydown', press);
  input.addEventListener('blur', close);
  // Pressing on the list must not take the focus from the field: the blur would close it before the click.
  list.addEventListener('mousedown', (event) => event.preventDefault());

  return {
    choose(id) {
      chosen = searchable.find((option) => option.id === id) ?? null;
      close();
    },
    offer(next) {
      searchable = next.map(asSearchable);
      chosen = searchable.find((option) => option.id === chosen?.id) ?? null;
      // Nobody's typing is taken away: an open list is drawn anew with the next letter.
      if (!isOpen()) close();
    },
  };
}

const asSearchable = (option) => ({ ...option, name: plain(option.label), words: plain(`${option.label} ${option.detail}`) });

/** Options that contain every word of the query; an exact label first, then labels that start with it. */
function matching(options, query) {
  const wanted = plain(query).trim();
  if (!wanted) return options;
  const terms = wanted.split(/\s+/);
  const rank = ({ name }) => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2);
  return options
    .filter((option) => terms.every((term) => option.words.includes(term)))
    .sort((a, b) => rank(a) - rank(b));
}

const plain = (text) => text.normalize('NFD').replace(/\p{Diacritic}/gu, '').toLowerCase();
