/** The panel of catalogs: the one in use, and another from files, which are read in this tab. */
import { element } from '../dom.js';
import { hideError, showError } from '../errors.js';
import { count, isCancelled, percent, skillWords } from '../format.js';
import { ReadError } from '../read-text.js';
import { catalogName, embeddedName } from '../words.js';
import { droppedFiles, openFiles, withLayout, withOneOfEach, withRole } from './catalog-files.js';
import { betterScale, missingWords, readFiles, sourceOf } from './catalog-read.js';
import { resultCard } from './catalog-result.js';
import { tableCard } from './catalog-table.js';
import { workRow } from './work.js';

/** What was chosen so far: it outlives the panel, which is made anew with every catalog. */
let draft = { entries: [], others: [], name: '' };
/** Ends the reading that is going on; null when there is none. */
let reading = null;

export function open(root, context) {
  const files = element('fieldset', { class: 'catalog-files' });
  const row = workRow('catalog', { start: 'Read the files', stop: 'Cancel' });
  const form = element('form', { class: 'catalog-read', 'aria-label': 'Files' }, files, row.node);
  const result = element('div', { 'aria-live': 'polite' });
  // Whoever read for the panel that was here before has nobody to read for.
  reading?.abort();
  reading = null;

  function showFiles() {
    const focused = document.activeElement?.id;
    files.replaceChildren(...draft.entries.map(card), ...(draft.others.length > 0 ? [othersNote(draft.others)] : []));
    if (focused && files.querySelector(`#${CSS.escape(focused)}`)) document.getElementById(focused).focus();
    form.hidden = draft.entries.length === 0;
    showChoice();
  }

  const card = (entry, at) => tableCard(entry, at, {
    onRole: (role) => replace(at, withRole(entry.table, role)),
    onLayout: (layout) => replace(at, withLayout(entry, layout)),
    onEdit: showChoice,
  });

  /** The entry that was given a role has it alone. */
  function replace(at, entry) {
    const [given, ...others] = withOneOfEach([entry, ...draft.entries.filter((_, index) => index !== at)]);
    draft.entries = others.toSpliced(at, 0, given);
    showFiles();
  }

  /** What was read is out of date as soon as anything is chosen otherwise. */
  function showChoice() {
    result.replaceChildren();
    const missing = missingWords(draft.entries);
    row.button.disabled = missing !== '';
    row.say(missing);
  }

  async function take(chosen, name) {
    if (chosen.length === 0 || reading) return;
    await busy('Looking into the files…', async (signal) => {
      const opened = await openFiles(chosen, { signal });
      if (opened.entries.length === 0) throw noTables(chosen);
      draft = together(draft, opened, name);
      return showFiles;
    });
  }

  async function check() {
    await busy('Reading…', async (signal) => {
      const read = await readFiles(draft.entries, { signal, onProgress: showProgress });
      return () => showResult(read);
    });
  }

  function showProgress(name, share) {
    row.fill(share);
    row.say(`Reading ${name}: ${percent(share)}`);
  }

  function showResult(read) {
    const source = sourceOf(read);
    result.replaceChildren(resultCard({ ...read, betterScale: betterScale(read, source.catalog.scale) }, {
      onUse: () => {
        draft.isUsed = true;
        context.useCatalog(source, draft.name || read.parts[0].name);
      },
      onScale: (better) => {
        read.scaled.scale = better;
        showFiles();
        check();
      },
    }));
    result.firstChild.scrollIntoView({ block: 'nearest' });
  }

  /** Runs `work(signal)`, which can be cancelled and gives what to show then. */
  async function busy(words, work) {
    const mine = new AbortController();
    reading = mine;
    hideError();
    showRunning(true);
    row.say(words);
    let show = showChoice;
    let ending = '';
    try {
      show = await work(mine.signal);
    } catch (error) {
      if (isCancelled(error)) ending = 'Cancelled.';
      else if (root.isConnected) showError(error, { title: 'The files could not be read', before: form });
    }
    if (reading === mine) reading = null;
    showRunning(false);
    row.say('');
    show();
    if (ending) row.say(ending);
  }

  function showRunning(isRunning) {
    form.hidden = !isRunning && draft.entries.length === 0;
    files.disabled = isRunning;
    row.show(isRunning);
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!reading) return check();
    row.ending('Stopping…');
    return reading.abort();
  });
  root.replaceChildren(
    element('h2', {}, 'Catalog in use'),
    summary(context.info),
    element('h2', {}, 'Open another'),
    element('p', {}, element('b', {}, 'Nothing is uploaded: the files are read in this tab.')),
    dropZone(root, take),
    ...(isEmbedded() ? [] : [wayBack(context)]),
    form, result);
  showFiles();
}

/** Files that have only a part, such as the items or the ratings, join what was chosen before, unless that was opened already. */
function together(before, { entries, others }, name) {
  if (before.isUsed) return { entries, others, name };
  const has = (role) => entries.some((entry) => entry.role === role);
  const kept = before.entries.filter(({ role }) => role !== null && !has(role));
  return { entries: [...entries, ...kept], others, name: has('items') || before.name === '' ? name : before.name };
}

const isEmbedded = () => catalogName() === embeddedName;

function wayBack({ useCatalog }) {
  const onclick = () => useCatalog({ catalog: 'embedded' }, embeddedName);
  return element('p', {}, element('button', { type: 'button', class: 'button', testid: 'use-embedded', onclick }, `Go back to ${embeddedName}`));
}

function summary(info) {
  const { items, users, itemsWithoutText, itemsTruncated } = info;
  const { headline, verdict } = skillWords(info);
  const ratings = users.reduce((sum, user) => sum + user.ratings, 0);
  const facts = [
    ['Name', catalogName()],
    ['Items', items.length.toLocaleString('en')],
    ['People', users.length.toLocaleString('en')],
    ['Ratings', ratings.toLocaleString('en')],
    ['Left out, without a text', itemsWithoutText.toLocaleString('en')],
    ['Longer than the encoder reads', itemsTruncated.toLocaleString('en')],
    ['Text skill', headline],
  ];
  return element('div', { testid: 'catalog-summary' },
    element('dl', { class: 'catalog-summary' }, ...facts.map(([title, value]) => element('div', {}, element('dt', {}, title), element('dd', {}, value)))),
    element('p', { class: 'catalog-verdict', testid: 'catalog-verdict' }, verdict));
}

/** The whole panel takes files: a drop beside a small zone would make the browser leave the page. */
function dropZone(root, take) {
  const chooser = (testid, attributes) => element('input', {
    type: 'file', multiple: true, hidden: true, testid, ...attributes,
    onchange: ({ target }) => {
      const chosen = [...target.files];
      // The same files can be chosen again.
      target.value = '';
      take(chosen, nameOf(chosen));
    },
  });
  const fileInput = chooser('catalog-files', {});
  const folderInput = chooser('catalog-folder', { webkitdirectory: true });
  root.ondragover = (event) => {
    event.preventDefault();
    root.dataset.dropping = '';
  };
  root.ondragleave = ({ relatedTarget }) => {
    if (!root.contains(relatedTarget)) delete root.dataset.dropping;
  };
  root.ondrop = async (event) => {
    event.preventDefault();
    delete root.dataset.dropping;
    const [entry] = event.dataTransfer.items;
    const folder = entry?.webkitGetAsEntry?.()?.isDirectory ? entry.webkitGetAsEntry().name : '';
    const chosen = await droppedFiles(event.dataTransfer);
    take(chosen, folder || nameOf(chosen));
  };
  return element('div', { class: 'catalog-drop', testid: 'catalog-drop' },
    element('p', {}, 'Drop a MovieLens folder here, or a file with items and a file with ratings or two with vectors.'),
    element('p', { class: 'catalog-actions' },
      element('button', { type: 'button', class: 'button', onclick: () => fileInput.click() }, 'Choose files'),
      element('button', { type: 'button', class: 'button', onclick: () => folderInput.click() }, 'Choose a folder')),
    element('p', { class: 'soft' }, 'Files can be csv, tsv, json or jsonl, and each of them gzipped. Items need an id and a text. MovieLens’ own files have no texts: add a column with them.'),
    element('p', { class: 'soft' }, 'The map is learned from ratings. Whoever has an embedding space already gives two files in their place, vectors of items and vectors of people: an id, and either a column for each dimension or one with a list of numbers.'),
    fileInput, folderInput);
}

/** Of a folder its name, of files that of the first without its endings. */
function nameOf([first]) {
  if (!first) return '';
  return first.webkitRelativePath?.split('/')[0] || first.name.replace(/\.[a-z]+(\.gz)?$/i, '');
}

function noTables(chosen) {
  return new ReadError(chosen.length > 1 ? 'No file of these is a table' : `${chosen[0].name} is no table`, 'Files can be csv, tsv, json or jsonl, and each of them gzipped.');
}

function othersNote([first, ...more]) {
  return element('p', { class: 'soft' }, more.length > 0 ? `Not looked at: ${first} and ${count(more.length, 'other file')}.` : `Not looked at: ${first}.`);
}
