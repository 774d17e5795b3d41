/** The files that were chosen or dropped, and what each of them has in it. */
import { guessGenreSeparator, guessMapping, guessRole, guessScale, sampleScale } from '../read-catalog.js';
import { openTable, relaid } from '../read-table.js';

const mostFiles = 2_000;
const deepest = 5;
/** Of a folder with more tables, the first are looked at. */
const mostTables = 12;
const tableName = /\.(csv|tsv|txt|dat|data|jsonl|ndjson|json)(\.gz)?$/i;

/** The files of a drop, also of folders that were dropped. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return [...transfer.files];
  const files = [];
  for (const entry of entries) await collect(entry, files, 0);
  return files;
}

async function collect(entry, files, depth) {
  if (files.length >= mostFiles) return;
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => { entry.file(resolve, reject); }));
  } else if (entry.isDirectory && depth < deepest) {
    for (const inside of await entriesOf(entry.createReader())) await collect(inside, files, depth + 1);
  }
}

/** A reader gives a hundred at a time, until it gives none. */
async function entriesOf(reader) {
  const entries = [];
  while (entries.length < mostFiles) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (some.length === 0) break;
    entries.push(...some);
  }
  return entries;
}

/**
 * Looks into every table among the files: `{ entries, others }`. An entry is `{ table, role, … }` as `withRole` makes it,
 * or `{ file, error }`; `others` are names of what is no table.
 */
export async function openFiles(files, { signal } = {}) {
  // A single file is opened whatever it is called: its content says why it cannot be read.
  const tables = files.length === 1 ? files : files.filter((file) => tableName.test(file.name)).sort(byLikelihood).slice(0, mostTables);
  const entries = [];
  for (const file of tables) entries.push(await openFile(file, { signal }));
  const others = files.filter((file) => !tables.includes(file)).map((file) => file.name);
  return { entries: withOneOfEach(entries), others };
}

/** MovieLens' names first, so that a big folder is not cut off before them. */
function byLikelihood(a, b) {
  const rank = ({ name }) => (/^(movies|ratings|items)\./i.test(name) ? 0 : 1);
  return rank(a) - rank(b) || a.name.localeCompare(b.name);
}

async function openFile(file, { signal }) {
  try {
    const table = await openTable(file, { signal });
    return withRole(table, guessRole(table));
  } catch (error) {
    if (signal?.aborted) throw error;
    return { file, role: null, error };
  }
}

/** A table with a role, and guesses of what belongs to it. */
export function withRole(table, role) {
  const entry = { file: table.file, table, role };
  if (role === null) return entry;
  const mapping = guessMapping(table, role);
  switch (role) {
    case 'items': return { ...entry, mapping, separator: guessGenreSeparator(table.rows, mapping.genres) };
    case 'ratings': return { ...entry, mapping, scale: sampleScale(table, mapping) };
    // What vectors predict is seen only when both files have been read.
    case 'userVectors': return { ...entry, mapping, scale: guessScale(), mean: 0 };
    default: return { ...entry, mapping };
  }
}

/** The same file looked at in another way. */
export const withLayout = (entry, layout) => withRole(relaid(entry.table, { ...entry.table.layout, ...layout }), entry.role);

/** One file for each role counts; a second one waits until it is chosen. */
export function withOneOfEach(entries) {
  const seen = new Set();
  return entries.map((entry) => {
    if (entry.role === null || !seen.has(entry.role)) {
      seen.add(entry.role);
      return entry;
    }
    return { ...withRole(entry.table, null) };
  });
}
