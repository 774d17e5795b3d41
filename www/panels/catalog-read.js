/** Files that were given their roles, read to their ends: a catalog, and the vectors where there are some. */
import { fields, guessScale, readItems, readRatings } from '../read-catalog.js';
import { dimensionColumns, readVectors, togetherInSpace } from '../read-vectors.js';

const roles = ['items', 'ratings', 'itemVectors', 'userVectors'];
const byRole = (entries) => roles.map((role) => entries.find((entry) => entry.role === role));

/** What is still to be chosen; nothing when the files can be read. */
export function missingWords(entries) {
  const [items, ...others] = byRole(entries);
  if (!items) return 'Say which file has the items, or add one.';
  return missingChoice(items) || missingFile(others) || others.map(missingChoice).find(Boolean) || '';
}

function missingFile([ratings, ofItems, ofUsers]) {
  if (ofItems && !ofUsers) return 'Vectors of people are needed beside those of items: say which file has them, or add it.';
  if (ofUsers && !ofItems) return 'Vectors of items are needed beside those of people: say which file has them, or add it.';
  if (ratings || ofItems) return '';
  return 'Ratings are needed, because the map is learned from them, or vectors of items and of people in their place: say which file has them, or choose all files together.';
}

function missingChoice(entry) {
  if (!entry) return '';
  const { role, table, mapping, scale } = entry;
  const open = fields[role].filter(({ name, isNeeded }) => isNeeded && mapping[name] < 0);
  const isLackingNumbers = mapping.vector < 0 && dimensionColumns(table, mapping).length === 0;
  if (isLackingNumbers) open.push(fields[role].find(({ name }) => name === 'vector'));
  if (open.length > 0) return `${entry.file.name}: choose a column for ${open.map(({ title }) => `“${title}”`).join(' and ')}.`;
  return scale && !(scale[0] < scale[1] && scale[1] > 0) ? 'The highest rating has to be above 0 and above the lowest.' : '';
}

/**
 * Everything that was read: `{ parts, items, ratings, space, scaled }`. `parts` are `{ name, complaints }` of each file;
 * `ratings` and `space` are null where there are none. `scaled` is the entry that has the scale.
 */
export async function readFiles(entries, { signal, onProgress }) {
  const [items, ratings, ofItems, ofUsers] = byRole(entries);
  const files = byRole(entries).filter(Boolean);
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const calling = (entry) => {
    const before = files.slice(0, files.indexOf(entry)).reduce((sum, { file }) => sum + file.size, 0);
    return { signal, onProgress: (done) => onProgress(entry.file.name, (before + done) / total) };
  };
  const parts = [];
  const keep = (entry, read) => {
    parts.push({ name: entry.file.name, complaints: read.complaints });
    return read;
  };
  const readItemsOf = keep(items, await readItems(items.table, items, calling(items)));
  const rated = ratings ? keep(ratings, await readRatings(ratings.table, ratings, readItemsOf.items, calling(ratings))) : null;
  const vectors = [];
  for (const entry of [ofItems, ofUsers].filter(Boolean)) vectors.push(keep(entry, await readVectors(entry.table, entry, calling(entry))));
  const space = ofItems ? togetherInSpace(readItemsOf.items, ...vectors, ofUsers.mean) : null;
  return { parts, items: readItemsOf, ratings: rated, space, scaled: ratings ?? ofUsers };
}

/** A scale for all ratings that were seen, or predicted, where those are off the one that was chosen. */
export function betterScale({ ratings, space }, [low, high]) {
  if (!ratings) return space.range.middle < low || space.range.middle > high ? scaleAround(space.range) : null;
  const { lowest, highest, hasHalves } = ratings;
  if (lowest >= low && highest <= high) return null;
  return guessScale(Math.min(lowest, low), Math.max(highest, high), hasHalves);
}

/** With ends that are no odd numbers; none where all that is predicted is below 0, as no rating is. */
function scaleAround({ lowest, highest }) {
  const step = 10 ** Math.floor(Math.log10(Math.max(highest - lowest, 1e-3))) / 2;
  const top = Math.ceil(highest / step) * step;
  return top > 0 ? guessScale(Math.floor(lowest / step) * step, top) : null;
}

/** What `create` takes. */
export function sourceOf({ items, ratings, space, scaled }) {
  const rated = ratings ? { ratings: ratings.ratings } : {};
  return { catalog: { items: items.items, ...rated, scale: [...scaled.scale] }, ...(space && { factors: space.factors }) };
}
