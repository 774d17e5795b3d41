// What the page calls the things of a catalog: films where they are, and nothing so special in a catalog of a visitor's own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { embeddedName, wordsFor } from '../../www/words.js';
import { openTrainingPage } from './fake-training.mjs';

const timeout = 60_000;
let page;
let element;
let saved;
let complaints;
let close;

before(async () => { ({ page, element, saved, complaints, close } = await openTrainingPage('train', { noun: 'Soup' })); });
after(() => close());

const file = (name, lines) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) });
const label = (id) => page.locator(`label[for=${id}]`).innerText();

/**
 * Every text of the page, also what is hidden, and what only screen readers are told, by line. The panel of catalogs names others than
 * the one in use, and of the simulator it has to be said that it writes of films.
 */
const everyText = () => page.evaluate(() => {
  const body = document.body.cloneNode(true);
  for (const left of body.querySelectorAll('#panel-catalog, #about-catalog, #loading, #no-writer, #environment-badge')) left.remove();
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode.data.trim());
  const told = ['aria-label', 'aria-valuetext', 'placeholder', 'title'];
  for (const node of body.querySelectorAll('*')) texts.push(...told.map((name) => node.getAttribute(name)));
  return texts.filter(Boolean);
});
const ofFilms = async () => (await everyText()).filter((text) => /\b(film|movie|viewer|watch)/i.test(text));

test('films are what is embedded and what lies in a folder of MovieLens; anything else may be anything', () => {
  for (const name of [embeddedName, 'ml-latest-small', 'ml-25m', 'MovieLens 100k']) assert.equal(wordsFor(name).noun, 'film', name);
  for (const name of ['recipes', 'html-pages', 'movies', '', 'films of mine']) assert.equal(wordsFor(name).noun, 'item', name);
});

test('the embedded films are called films', async () => {
  assert.deepEqual([await label('user-input'), await label('item-input')], ['Viewer', 'Film to start from']);
  assert.match(await element('map').getAttribute('aria-label'), /^Map of 12 films/);
  assert.match(await page.locator('.tagline').innerText(), /^Rewrites a film, .* what one viewer would love/);
  assert.ok((await ofFilms()).length > 10, 'so that none below means something');
});

test('a catalog of one’s own is opened', { timeout }, async () => {
  const people = ['ann', 'ben', 'cleo'];
  const recipes = ['id,title,plot', ...people.map((_, at) => `r${at},Soup ${at},Boil it for ${at + 1} hours.`)];
  const votes = ['user,item,rating', ...people.flatMap((user) => people.map((_, at) => `${user},r${at},${at + 2}`))];
  await element('tab-catalog').click();
  await element('catalog-files').setInputFiles([file('recipes.csv', recipes), file('votes.csv', votes)]);
  await element('catalog-run').click();
  await element('use-catalog').click();
  await page.waitForFunction(() => document.body.dataset.view === 'ready' && document.body.dataset.catalog === 'recipes');
});

test('its things are items and its people are persons, from the tagline to the legend', async () => {
  assert.deepEqual([await label('user-input'), await label('item-input')], ['Person', 'Item to start from']);
  assert.match(await element('map').getAttribute('aria-label'), /^Map of 12 items/);
  assert.match(await page.locator('.tagline').innerText(), /^Rewrites an item, .* what one person would love/);
  assert.deepEqual(await page.locator('.legend li').allInnerTexts().then((all) => [all[0], all.at(-1)]), ['item', 'where items gather']);
  assert.match(await page.locator('#gaps-note').innerText(), /^Places this person would love, where no item is\.$/);
  assert.match(await page.locator('#leaves').innerText(), /Ratings, items and texts stay in this tab/);
  assert.deepEqual(await ofFilms(), []);
});

test('nobody writes until somebody is asked to, and the simulator says by itself that it writes of films', { timeout }, async () => {
  assert.equal(await element('environment-name').innerText(), 'nobody yet');
  assert.match(await element('no-writer').innerText(), /a toy that writes film sentences/);
  await element('use-simulator').click();
  await element('no-writer').waitFor({ state: 'hidden' });
  assert.equal(await element('environment-name').innerText(), 'simulator');
});

test('nobody reads of films while steering, whether the original stays or not', { timeout }, async () => {
  for (const seed of ['0', '1']) {
    await element('seed').evaluate((input, value) => { input.value = value; }, seed);
    await element('steer-button').click();
    await page.locator(`[data-testid=outcome][data-kept=${seed === '1'}]`).waitFor();
    assert.deepEqual(await ofFilms(), []);
  }
});

test('nobody reads of films on the map, nor in its table', { timeout }, async () => {
  for (const [choice, words] of [['viewer', 'predicted rating for ann'], ['all', 'mean predicted rating of all people']]) {
    await element('map-heat').selectOption(choice);
    await page.locator(`#map[aria-label*="${words}"]`).waitFor();
  }
  await element('map-save').locator('summary').click();
  assert.match(await saved('map-save-csv'), /\r\nitem,soup-0,Soup A,/);
});

test('nobody reads of films in a design, nor where none can be made', { timeout }, async () => {
  await element('tab-design').click();
  for (const seed of ['0', '9']) {
    await element('design-seed').fill(seed);
    await element('design-run').click();
    await element('design-certificate').filter({ hasText: seed === '9' ? 'No candidate moves this item' : 'dimension' }).waitFor();
    assert.deepEqual(await ofFilms(), []);
  }
});

test('nobody reads of films in a training and a comparison', { timeout }, async () => {
  for (const [panel, done] of [['train', 'Trained'], ['compare', 'Compared']]) {
    await element(`tab-${panel}`).click();
    await element(`${panel}-run`).click();
    await element(`${panel}-status`).filter({ hasText: done }).waitFor();
    assert.deepEqual(await ofFilms(), []);
  }
});

test('raters are asked about items, and results say so, too', { timeout }, async () => {
  await element('tab-rate').click();
  await element('rate-count').fill('1');
  await element('rate-run').click();
  await element('rate-form').waitFor();
  const questions = await page.locator('.rate-question legend').allInnerTexts();
  assert.deepEqual([questions[0], questions[5], questions[8]], [
    '1. Which one would this person rather choose?', '6. Would you choose A yourself?', '9. Do you think that A is one of the items that exist?',
  ]);
  assert.deepEqual(await ofFilms(), []);
  await element('rate-next').click();
  await element('rate-report').waitFor();
  assert.deepEqual(await ofFilms(), []);
  const { questions: asked } = JSON.parse(await saved('save-ratings'));
  assert.deepEqual(asked.map((text, at) => `${at + 1}. ${text}`), questions);
});

test('pairs that were made of films are rated as films, whatever catalog is open', { timeout }, async () => {
  const pairs = JSON.parse(await saved('save-pairs'));
  await element('rate-over').click();
  await element('rate-over').filter({ hasText: 'Press again' }).click();
  const buffer = Buffer.from(JSON.stringify({ ...pairs, catalog: embeddedName }));
  await element('rate-open-pairs').setInputFiles({ name: 'pairs.json', mimeType: 'application/json', buffer });
  assert.equal(await page.locator('.rate-question legend').first().innerText(), '1. Which one would this viewer rather watch?');
});

test('back among the embedded films they are films again', { timeout }, async () => {
  await element('tab-catalog').click();
  await element('use-embedded').click();
  await page.waitForFunction(() => document.body.dataset.view === 'ready' && document.body.dataset.catalog !== 'recipes');
  assert.deepEqual([await label('user-input'), await label('item-input')], ['Viewer', 'Film to start from']);
  assert.deepEqual(complaints, []);
});
