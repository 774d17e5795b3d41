// Another catalog from files, as a person opens it, in a real Chromium without WebGPU.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { openRealPage, sidewaysScroll } from './support.mjs';

const timeout = 240_000;
let page;
let element;
let complaints;
let foreign;
let close;
let films;
let folder;

before(async () => {
  const lines = (await readFile(new URL('../../data/catalog.jsonl', import.meta.url), 'utf8')).split('\n').filter(Boolean);
  films = lines.slice(0, 24).map((line) => JSON.parse(line));
  folder = await mkdtemp(join(tmpdir(), 'aquiline-catalog-'));
  ({ page, element, complaints, foreign, close } = await openRealPage({ panel: 'catalog' }));
});
after(async () => {
  await close();
  await rm(folder, { recursive: true });
});

const file = (name, content) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });
const quoted = (text) => `"${text.replaceAll('"', '""')}"`;

const moviesCsv = () => ['movieId,title,genres,overview',
  ...films.map(({ id, title, year, genres, plot }) => `${id},${quoted(`${title} (${year})`)},${genres.join('|')},${quoted(plot)}`)].join('\r\n');

/** Everybody rates every film, and likes one genre. */
const ratingsCsv = (scale = 1) => ['userId,movieId,rating', ...Array.from({ length: 8 }, (_, user) =>
  films.map(({ id, genres }, at) => `u${user},${id},${scale * (genres.includes(['Drama', 'Comedy'][user % 2]) ? 4.5 : 1 + ((user + at) % 3))}`)).flat()].join('\n');

const ready = (name) => page.waitForFunction((wanted) => document.body.dataset.view === 'ready' && (document.body.dataset.catalog ?? 'the embedded films') === wanted, name, { timeout });

test('the catalog in use is summed up, and it is said that nothing is uploaded', async () => {
  const summary = await element('catalog-summary').innerText();
  assert.match(summary, /the embedded films/);
  assert.match(summary, /Items\s+169/);
  assert.match(await page.locator('#panel-catalog').innerText(), /Nothing is uploaded: the files are read in this tab\./);
});

test('a MovieLens folder is recognised, and lines that cannot be read are told before it can be used', { timeout }, async () => {
  await writeFile(join(folder, 'movies.csv'), `${moviesCsv()}\r\nlate,"never closed,Drama,text\r\nshort,row\r\n`);
  await writeFile(join(folder, 'ratings.csv.gz'), gzipSync(`${ratingsCsv()}\nu1,${films[0].id},7\n`));
  await writeFile(join(folder, 'tags.csv'), 'userId,movieId,tag\n1,1,fun\n');
  await writeFile(join(folder, 'README.txt'), '');
  await element('catalog-folder').setInputFiles(folder);
  await element('catalog-file').filter({ hasText: 'ratings.csv.gz' }).waitFor();
  assert.deepEqual(await element('catalog-file').evaluateAll((cards) => cards.map((card) => card.dataset.role).sort()), ['items', 'none', 'none', 'ratings']);
  assert.match(await element('catalog-preview').first().innerText(), new RegExp(films[0].title));
  await element('catalog-run').click();
  await element('catalog-result').waitFor({ timeout });
  const told = await element('catalog-complaints').allInnerTexts();
  assert.match(told[0], /2 lines of movies\.csv[^]*line 26: a quote is never closed\s+late,"never closed,Drama,text\s+line 27: 2 cells/);
  assert.match(told[1], /line 194: the rating 7 is above 5/);
  assert.ok(await element('use-catalog').isDisabled());
  await element('leave-out').check();
  await element('use-catalog').click();
  await ready(folder.split('/').at(-1));
});

test('the new catalog is in use: its films, its people, its ratings', { timeout }, async () => {
  await element('tab-catalog').click();
  const summary = await element('catalog-summary').innerText();
  assert.match(summary, /Items\s+24\s/);
  assert.match(summary, /People\s+8\s/);
  assert.match(summary, /Ratings\s+192\s/);
  await element('tab-steer').click();
  assert.match(await page.locator('#item-input').inputValue(), new RegExp(films[0].title));
  await element('tab-catalog').click();
});

test('columns with names of their own are picked by hand, and a wider scale is offered', { timeout }, async () => {
  const items = films.map(({ id, title, plot, genres }) => JSON.stringify({ code: id, called: title, body: plot, kinds: genres }));
  await element('catalog-files').setInputFiles([file('things.jsonl', items.join('\n')), file('votes.csv', ratingsCsv(2).replace('userId,movieId,rating', 'a;b;c').replaceAll(',', ';'))]);
  await element('catalog-file').filter({ hasText: 'things.jsonl' }).waitFor();
  assert.match(await element('catalog-status').textContent(), /Say which file has the items/);
  const card = (name) => element('catalog-file').filter({ hasText: name });
  const pick = (name, field, column) => card(name).locator(`[data-testid=catalog-${field}]`).selectOption({ label: column });
  await pick('things.jsonl', 'role', 'The items');
  assert.match(await element('catalog-status').textContent(), /things\.jsonl: choose a column for “Id” and “Text”/);
  for (const [field, column] of [['id', 'code'], ['title', 'called'], ['plot', 'body'], ['genres', 'kinds']]) await pick('things.jsonl', field, column);
  await pick('votes.csv', 'role', 'The ratings');
  for (const [field, column] of [['user', 'a'], ['item', 'b'], ['value', 'c']]) await pick('votes.csv', field, column);
  await card('votes.csv').locator('[data-testid=catalog-highest]').fill('5');
  await card('votes.csv').locator('[data-testid=catalog-highest]').blur();
  await element('catalog-run').click();
  await element('catalog-complaints').filter({ hasText: 'is above 5' }).waitFor({ timeout });
  assert.equal(await element('catalog-complaints').locator('li').count(), 20);
  await element('better-scale').click();
  await element('catalog-result').filter({ hasText: '192 ratings by 8 people, from 2 to 9' }).waitFor({ timeout });
  assert.equal(await card('votes.csv').locator('[data-testid=catalog-highest]').inputValue(), '10');
  assert.ok(await element('use-catalog').isEnabled());
});

test('files can be dropped, their text is only text, and items without ratings are not enough', { timeout }, async () => {
  const hostile = '<img src=x onerror="document.title=1">';
  await page.evaluate(({ text }) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], 'only-items.csv'));
    document.getElementById('panel-catalog').dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, { text: `id,title,plot\n1,${quoted(hostile)},${quoted(hostile)}\n` });
  await element('catalog-file').filter({ hasText: 'only-items.csv' }).waitFor();
  assert.match(await element('catalog-preview').first().innerText(), /<img src=x/);
  assert.equal(await page.locator('#panel-catalog img').count(), 0);
  await element('catalog-file').filter({ hasText: 'votes.csv' }).locator('[data-testid=catalog-role]').selectOption({ label: 'Not used' });
  assert.match(await element('catalog-status').textContent(), /Ratings are needed, because the map is learned from them/);
  assert.ok(await element('catalog-run').isDisabled());
});

test('what is no table is told, and what was chosen stays', async () => {
  await element('catalog-files').setInputFiles([file('picture.png', Buffer.from([137, 80, 78, 71, 0, 0]))]);
  await element('catalog-file').filter({ hasText: 'picture.png is not a text file' }).waitFor();
  await element('catalog-files').setInputFiles([file('a.exe', 'x'), file('b.exe', 'x')]);
  await element('error').filter({ hasText: 'No file of these is a table' }).waitFor();
});

test('where a catalog cannot be opened, the page offers the one before, and works with it', { timeout }, async () => {
  await element('catalog-files').setInputFiles([file('movies.csv', moviesCsv()), file('ratings.csv', ratingsCsv())]);
  await element('catalog-file').filter({ hasText: 'ratings.csv' }).waitFor();
  await element('catalog-run').click();
  await element('catalog-result').waitFor({ timeout });
  await page.route('**/core_bg.wasm', (route) => route.abort());
  await element('use-catalog').click();
  await element('go-back').waitFor({ timeout });
  assert.ok(await element('error').isVisible());
  await page.unroute('**/core_bg.wasm');
  complaints.length = 0;
  await element('go-back').click();
  await ready(folder.split('/').at(-1));
  assert.equal(await element('error').isVisible(), false);
  await element('tab-catalog').click();
  assert.match(await element('catalog-summary').innerText(), /Items\s+24\s/);
});

test('the embedded films can come back', { timeout }, async () => {
  await element('use-embedded').click();
  await ready('the embedded films');
  await element('tab-catalog').click();
  assert.match(await element('catalog-summary').innerText(), /Items\s+169/);
  assert.equal(await element('use-embedded').count(), 0);
});

/** Two coordinates, which the genres and the length of the text say, and people who weigh them. */
const vectorsCsv = () => ['filmId,bias,v0,v1', ...films.map(({ id, genres, plot }) => `${id},${plot.length / 1000},${genres.includes('Drama') ? 1 : -1},${genres.includes('Comedy') ? 0.8 : -0.4}`)].join('\n');
const peopleJsonl = () => Array.from({ length: 6 }, (_, user) => JSON.stringify({ user: `p${user}`, vector: [user % 2 ? 1 : -1, 0.2 * user] })).join('\n');

test('vectors take the place of ratings: their files are recognised, and their scale is offered', { timeout }, async () => {
  const card = (name) => element('catalog-file').filter({ hasText: name });
  await element('catalog-files').setInputFiles([file('films.csv', moviesCsv()), file('film-vectors.csv', `${vectorsCsv()}\nlate,0,1\nghost,0,1,x\n`)]);
  await card('film-vectors.csv').waitFor();
  assert.equal(await card('film-vectors.csv').getAttribute('data-role'), 'itemVectors');
  assert.match(await element('catalog-status').textContent(), /Vectors of people are needed beside those of items/);
  assert.ok(await element('catalog-run').isDisabled());
  await element('catalog-files').setInputFiles([file('people.jsonl', peopleJsonl())]);
  await card('people.jsonl').waitFor();
  assert.equal(await card('people.jsonl').getAttribute('data-role'), 'userVectors');
  assert.match(await card('film-vectors.csv').locator('[data-testid=catalog-preview]').innerText(), /1\.000, −0\.400|−1\.000, /);
  await element('catalog-run').click();
  await element('catalog-result').filter({ hasText: 'What the vectors predict is mostly off the scale' }).waitFor({ timeout });
  assert.match(await element('catalog-complaints').innerText(), /2 lines of film-vectors\.csv[^]*line 26: 3 cells[^]*line 27: number 2 of the vector is “x”/);
  await card('people.jsonl').locator('[data-testid=catalog-mean]').fill('3');
  await card('people.jsonl').locator('[data-testid=catalog-mean]').blur();
  await element('catalog-run').click();
  const result = element('catalog-result').filter({ hasText: '24 of these items have a vector of 2 numbers' });
  await result.waitFor({ timeout });
  assert.match(await result.innerText(), /6 people have one\./);
  assert.equal(await element('better-scale').count(), 0);
  await element('leave-out').check();
  await element('use-catalog').click();
  await ready('films');
});

test('what was opened from vectors is steered like any other catalog', { timeout }, async () => {
  await element('tab-catalog').click();
  assert.match(await element('catalog-summary').innerText(), /Items\s+24\s[^]*People\s+6\s/);
  await element('tab-steer').click();
  assert.equal(await element('environment-name').textContent(), 'nobody yet');
  await element('steer-button').click();
  await element('error').filter({ hasText: 'there is no language model to edit these texts' }).waitFor({ timeout });
  await element('use-simulator').click();
  await element('no-writer').waitFor({ state: 'hidden', timeout });
  await element('steer-button').click();
  await element('outcome').waitFor({ state: 'visible', timeout });
  assert.equal(await element('error').isVisible(), false);
  await element('tab-catalog').click();
});

test('a phone shows it without scrolling sideways, and nothing was complained about or left the page', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(page), 0);
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign, []);
});
