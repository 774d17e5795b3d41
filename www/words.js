/** What the things of a catalog are called: the embedded ones are films, those that a visitor brings can be anything. */

/** What the page calls the catalog it comes with. */
export const embeddedName = 'the embedded films';

/** One and several, who rates them, and what they do with one: as in the library's `Domain`. */
const films = { noun: 'film', aNoun: 'a film', plural: 'films', person: 'viewer', people: 'viewers', verb: 'watch' };
const items = { noun: 'item', aNoun: 'an item', plural: 'items', person: 'person', people: 'people', verb: 'choose' };

/** Folders as MovieLens calls its own, such as `ml-latest-small`. */
const movieLens = /^(ml-|movielens)/i;

/** The one in use. Tests of what needs no page have none. */
export const catalogName = () => globalThis.document?.body.dataset.catalog ?? embeddedName;

/** The words for a catalog of this name. */
export const wordsFor = (catalog) => (catalog === embeddedName || movieLens.test(catalog) ? films : items);

/** The words for the catalog in use. */
export const words = () => wordsFor(catalogName());

/** Writes them into the places that the page has for them: `<span data-word="noun">`, or `"Noun"` for one with a capital. */
export function sayWords(root) {
  const said = words();
  for (const node of root.querySelectorAll('[data-word]')) {
    const { word } = node.dataset;
    node.textContent = said[word] ?? capital(said[word[0].toLowerCase() + word.slice(1)]);
  }
}

export const capital = (text) => text[0].toUpperCase() + text.slice(1);
