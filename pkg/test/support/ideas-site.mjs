// A page with <aquiline-ideas>, its files, and a core that knows what the element asks for.
import { readFile } from 'node:fs/promises';
import { FILMS } from './fake-aquiline.mjs';
import { openSite } from './site.mjs';

const SCRIPT = 'text/javascript';

/** The fake core with the films of a catalog of the page's own. Ideas tell in their plots what was folded in. */
const CORE = `
  import { fakeCore } from '/support/fake-core.mjs';
  import { trajectoryOf } from '/support/fake-aquiline.mjs';
  export default async () => undefined;
  const core = fakeCore({ hub: new URL('/models/', import.meta.url).href, texts: 300, work: 1 });
  export const { manifest, verify, RawEncoder, RawSession } = core;
  let data;
  let folded;
  const { fromItems } = RawSession;
  RawSession.fromItems = (encoder, given, seed) => ((data = given), fromItems(encoder, given, seed));
  const { info } = RawSession.prototype;
  Object.assign(RawSession.prototype, {
    info() {
      return { ...info.call(this), items: data.items };
    },
    foldIn: (...told) => ((folded = told), { id: 'visitor', ratings: 3, likes: [], low: [] }),
    gaps: () => [{ utility: 1, neighbours: data.items.map(({ id, title }) => ({ id, title, distance: 1 })) }],
    async steer({ item }, record, tick) {
      await tick({ type: 'candidates', done: 1, total: 2, unit: 'actions' });
      const film = data.items.find(({ id }) => id === item);
      await tick({ type: 'done', trajectory: trajectoryOf(film, JSON.stringify({ folded, scale: data.scale })) });
    },
  });`;

const lines = (values) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const FILES = {
  '/dist/cpu/core.js': [SCRIPT, CORE],
  '/films.jsonl': ['application/jsonl', lines(FILMS)],
  '/ratings.csv': ['text/csv', 'user,item,rating\nann,kites,9\nann,salt,2\nbob,salt,10\nbob,wager,7\n'],
};

/** Opens the page. `put(attributes, settings)` puts an element into it alone and gives its locator. */
export async function openIdeas() {
  const site = await openSite();
  await site.page.route(/\/(dist\/ideas\/|support\/fake-aquiline|dist\/cpu\/core\.js|films|ratings)/, answer);
  const put = async (attributes = {}, settings = () => ({})) => {
    await site.page.evaluate(`(${putElement})(${JSON.stringify(attributes)}, ${settings})`);
    return site.page.locator('aquiline-ideas');
  };
  return { ...site, put };
}

async function answer(route) {
  const path = new URL(route.request().url()).pathname;
  const [contentType, body] = FILES[path] ?? [SCRIPT, await readFile(fileOf(path))];
  await route.fulfill({ contentType, body });
}

function fileOf(path) {
  return new URL(path.startsWith('/dist/') ? `../..${path}` : `..${path}`, import.meta.url);
}

/** Runs in the page, where `told` lists the element's events and `fake` is what `settings` may make use of. */
async function putElement(attributes, settings) {
  const { defineIdeas } = await import('/dist/ideas.js');
  globalThis.fake = await import('/support/fake-aquiline.mjs');
  defineIdeas();
  const element = document.createElement('aquiline-ideas');
  globalThis.told = [];
  for (const type of ['progress', 'idea', 'error', 'done']) {
    element.addEventListener(`aquiline-${type}`, ({ detail }) => told.push({ type, detail }));
  }
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  Object.assign(element, settings(fake));
  document.body.replaceChildren(element);
}
