// Training in a real Chromium on the CPU core: a short run improves the reward, and a resumed one has the same bits.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openBrowser } from './support.mjs';

let opened;
let page;

before(async () => {
  opened = await openBrowser();
  page = await opened.browser.newPage();
  await page.goto(`${opened.address}/icon.svg`);
});
after(() => opened.close());

/** Runs in the page: trains, saves half-way, goes on, and goes on once more from what was saved. */
async function trainInPage() {
  const { create } = await import('/pkg/index.js');
  const lines = (await (await fetch('/pkg/catalog.jsonl')).text()).split('\n').filter(Boolean).slice(0, 12);
  const items = lines.map((line) => JSON.parse(line));
  const genres = [...new Set(items.flatMap((item) => item.genres))];
  // Everyone loves one genre and is lukewarm about the rest.
  const ratings = Array.from({ length: 10 }, (_, user) =>
    items.map((item, at) => ({
      user: `u${user}`,
      item: item.id,
      value: item.genres.includes(genres[user % genres.length]) ? 5 : 1 + ((user + at) % 4) / 2,
    })),
  ).flat();
  const open = () => create({ catalog: { items, ratings }, models: '/models', device: 'cpu', cache: false, seed: 1, llm: 'simulator' });
  const options = {
    reference: 'uniform',
    referenceEpisodes: 4,
    referenceHorizon: 1,
    updates: 5,
    episodes: 12,
    horizon: 2,
    candidates: 24,
    settings: { shaping: true, trace: 0.5, klWeight: 0.02, optimizer: { policyRate: 0.003 } },
  };
  const events = [];
  const first = await open();
  for await (const event of first.train(options)) events.push(event);
  const checkpoint = await first.savePolicy();
  for await (const event of first.train({ ...options, updates: 1, resume: true })) events.push(event);
  const straight = await first.savePolicy();
  await first.dispose();

  const second = await open();
  await second.loadPolicy(checkpoint);
  const again = [];
  for await (const event of second.train({ ...options, updates: 1, resume: true })) again.push(event);
  const resumed = await second.savePolicy();
  const refused = await second.loadPolicy(checkpoint.slice(0, 5000)).catch((error) => error.code);
  await second.dispose();
  return { events, again, same: straight.every((byte, at) => byte === resumed[at]), size: straight.length, refused };
}

test('a short run improves the reward, and resumes to the same bits', { timeout: 300_000 }, async () => {
  const { events, again, same, size, refused } = await page.evaluate(trainInPage);
  assert.deepEqual(events.map(({ type }) => type), ['reference', ...Array(6).fill('update')]);
  const gains = events.slice(1).map(({ log }) => log.gainMean);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(mean(gains.slice(4)) > mean(gains.slice(0, 2)), `gains over the anchor by update: ${gains}`);
  assert.deepEqual(again, events.slice(-1), 'the resumed update says something else');
  assert.ok(same, 'the resumed run has other bits');
  assert.ok(size > 1_000_000 && size < 20_000_000, `${size} bytes`);
  assert.equal(refused, 'training.checkpoint');
});
