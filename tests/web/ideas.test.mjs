// <aquiline-ideas> with the real core, under the page's policy: rate, press, read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openBrowser } from './support.mjs';

const timeout = 240_000;
let opened;
let page;
let element;
const complaints = [];
const requests = [];

before(async () => {
  opened = await openBrowser();
  page = await opened.browser.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('request', (request) => requests.push(request.url()));
  // A page of its own would name its icon.
  await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
  // Any file of that server has its policy, and as a page there is nothing in it.
  await page.goto(`${opened.address}/pkg/ideas.js`);
  await page.evaluate(putElement);
  element = page.locator('aquiline-ideas');
});
after(() => opened.close());

const button = (name) => element.getByRole('button', { name, exact: true });

/** Waits for the end of a run, which has to be a good one. */
async function finished() {
  await page.locator('aquiline-ideas:is([state=done], [state=error])').waitFor({ timeout });
  assert.equal(await element.locator('[part=error]').textContent(), '');
}

/** Runs in the page: thirty films, so that the encoder is done in seconds, and short runs. */
async function putElement() {
  const { defineIdeas } = await import('/pkg/ideas.js');
  defineIdeas();
  const lines = (await (await fetch('/pkg/catalog.jsonl')).text()).split('\n').filter(Boolean).slice(0, 30);
  const items = lines.map((line) => JSON.parse(line));
  const ratings = items.flatMap(({ id, genres }, at) =>
    ['ann', 'bob', 'cem', 'dora'].map((user, who) => ({ user, item: id, value: 1 + ((who + genres[0].length + at) % 5) })),
  );
  const ideas = document.createElement('aquiline-ideas');
  for (const [name, value] of Object.entries({ models: '/models', count: '2' })) ideas.setAttribute(name, value);
  ideas.options = { catalog: { items, ratings, scale: [1, 5] }, device: 'cpu' };
  // Items of one's own are edited by the simulator only where it is asked for by name.
  ideas.llm = 'simulator';
  ideas.steering = { horizon: 2, candidates: 6 };
  document.body.replaceChildren(ideas);
}

test('a visitor who rates three films is shown ideas, each with its changes and its doubt', { timeout }, async () => {
  await button('Rate items').click();
  const rows = element.locator('fieldset');
  for (const [row, stars] of [[0, 5], [1, 1], [2, 4]]) await rows.nth(row).getByRole('radio').nth(stars - 1).check();
  await button('Find ideas').click();
  await finished();
  const shown = await element.locator('[part=idea]').count();
  assert.ok(shown > 0, await element.getByRole('status').textContent());
  for (const prediction of await element.locator('[part=prediction]').allTextContents()) {
    assert.match(prediction, /^Predicted for you: \d\.\d+ ± \d\.\d+ of 5 stars, /);
  }
  assert.equal(await element.locator('[part=edits] li').count(), 2 * shown);
});

test('nothing was complained about and nothing left the page', () => {
  assert.deepEqual(complaints, []);
  assert.deepEqual(requests.filter((url) => !url.startsWith(opened.address)), []);
});

test('other ratings give other ideas, without loading again', { timeout }, async () => {
  const predictions = () => element.locator('[part=prediction]').allTextContents();
  const before = await predictions();
  const rows = element.locator('fieldset');
  for (const [row, stars] of [[0, 1], [1, 5], [2, 1]]) await rows.nth(row).getByRole('radio').nth(stars - 1).check();
  requests.length = 0;
  await button('Find ideas').click();
  await page.locator('aquiline-ideas[state=working]').waitFor();
  await finished();
  assert.deepEqual(requests, []);
  assert.notDeepEqual(await predictions(), before);
});
