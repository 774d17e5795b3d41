// One thing is computed at a time: what waits says what for, can be cancelled, and begins when its turn has come.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { inTurn } from '../../www/turns.js';
import { openTrainingPage } from './fake-training.mjs';
import { openRealPage, sidewaysScroll } from './support.mjs';

const timeout = 240_000;

/** Work that lasts until it is told to end. */
function lasting(model, name, { log = [], signal } = {}) {
  let end;
  const over = new Promise((resolve) => { end = resolve; });
  const done = inTurn(model, { name, signal, onWait: (words) => log.push(words) }, () => {
    log.push('begins');
    return over;
  });
  return { done, end, log };
}
const settled = () => new Promise(setImmediate);

test('work begins at once where nothing goes on, and what comes later begins in its order', async () => {
  const model = {};
  const first = lasting(model, 'the training');
  const second = lasting(model, 'the design');
  const third = lasting(model, 'the gaps');
  assert.deepEqual(first.log, ['begins']);
  assert.deepEqual(second.log, ['Waiting for the training: one thing is computed at a time. This begins when that is done or stopped.']);
  assert.match(third.log[0], /^Waiting for the training and the design:/);
  first.end('trained');
  assert.equal(await first.done, 'trained');
  await settled();
  assert.equal(second.log.at(-1), 'begins');
  assert.match(third.log.at(-1), /^Waiting for the design:/);
  second.end();
  await settled();
  assert.equal(third.log.at(-1), 'begins');
});

test('another model has a line of its own', () => {
  lasting({}, 'the training');
  assert.deepEqual(lasting({}, 'the design').log, ['begins']);
});

test('who is cancelled leaves the line without having begun, and the others move up', async () => {
  const model = {};
  const first = lasting(model, 'the training');
  const leaving = new AbortController();
  const second = lasting(model, 'the design', { signal: leaving.signal });
  const third = lasting(model, 'the gaps');
  leaving.abort();
  await assert.rejects(second.done, { name: 'AbortError' });
  assert.ok(!second.log.includes('begins'));
  assert.match(third.log.at(-1), /^Waiting for the training:/);
  await assert.rejects(inTurn(model, { name: 'the run', signal: AbortSignal.abort() }, assert.fail), { name: 'AbortError' });
  first.end();
  await settled();
  assert.equal(third.log.at(-1), 'begins');
});

test('work that fails holds nobody up', async () => {
  const model = {};
  const failing = inTurn(model, { name: 'the training' }, async () => { throw new Error('no memory'); });
  const next = lasting(model, 'the design');
  await assert.rejects(failing, /no memory/);
  await settled();
  assert.equal(next.log.at(-1), 'begins');
});

let page;
let element;
let complaints;
let give;
let close;

before(async () => { ({ page, element, complaints, give, close } = await openTrainingPage('train')); });
after(() => close());

const calls = (name) => page.evaluate((wanted) => window.calls.filter((call) => call.name === wanted).length, name);
const asked = (name) => page.evaluate((wanted) => window.asked.filter((call) => call.name === wanted).length, name);
const runWords = (words) => page.locator('#run-progress-text').filter({ hasText: words });
const statusOf = (panel, words) => element(`${panel}-status`).filter({ hasText: words });
const beginTraining = async () => {
  await give(0);
  await element('tab-train').click();
  await element('train-run').click();
  await statusOf('train', 'Reference').waitFor();
};

test('Steer says that it waits for the training, aloud too, and can be stopped before its turn', { timeout }, async () => {
  await beginTraining();
  await element('tab-steer').click();
  await element('steer-button').click();
  await runWords('Waiting for the training: one thing is computed at a time.').waitFor();
  assert.match(await page.locator('#announcer').textContent(), /^Waiting for the training/);
  await element('steer-button').filter({ hasText: 'Stop' }).click();
  await runWords(/^Stopped\.$/).waitFor();
  await element('steer-button').filter({ hasText: 'Steer' }).waitFor();
  assert.equal(await element('error').isVisible(), false);
  assert.equal(await calls('steer'), 0);
});

test('designs, comparisons, pairs, gaps and utilities say it, and each can be stopped', { timeout }, async () => {
  for (const [panel, words] of [['design', 'Stopped.'], ['compare', 'Stopped after 0 whole pairs.'], ['rate', 'Cancelled.']]) {
    await element(`tab-${panel}`).click();
    await element(`${panel}-run`).click();
    await statusOf(panel, 'Waiting for the training').waitFor();
    await element(`${panel}-run`).filter({ hasText: /Stop|Cancel/ }).click();
    await statusOf(panel, words).waitFor();
  }
  await element('tab-steer').click();
  await element('user-select').fill('ben');
  await page.keyboard.press('Enter');
  await page.locator('#gaps-note').filter({ hasText: 'Waiting for the training' }).waitFor();
  await element('map-heat').selectOption('viewer');
  await page.locator('#map-heat-words').filter({ hasText: /^Waiting for the training and the gaps/ }).waitFor();
  await element('map-heat-stop').click();
  await element('map-heat-stop').waitFor({ state: 'hidden' });
  assert.equal(await element('error').isVisible(), false);
  assert.deepEqual([await calls('design'), await calls('utilities'), await asked('evaluate')], [0, 0, 0]);
});

test('another writer is taken when the training is over, unless that is cancelled', { timeout }, async () => {
  const writerStatus = (words) => element('environment-status').filter({ hasText: words });
  await element('environment-badge').locator('summary').click();
  await element('use-writer').click();
  await writerStatus('Waiting for the training').waitFor();
  await element('use-writer').filter({ hasText: 'Cancel' }).click();
  await writerStatus('Cancelled.').waitFor();
  await element('use-writer').filter({ hasText: 'Use it' }).waitFor();
  assert.equal(await calls('useModel'), 0);
  await page.keyboard.press('Escape');
});

test('what waits begins by itself when the training is over', { timeout }, async () => {
  await element('tab-steer').click();
  await element('steer-button').click();
  await runWords('Waiting for the training and the gaps').waitFor();
  await give();
  await element('outcome').waitFor();
  await page.locator('#gaps-note').filter({ hasText: 'Places this viewer would love' }).waitFor();
  await element('tab-train').click();
  await statusOf('train', 'Trained').waitFor();
  assert.equal(await calls('steer'), 1);
});

test('a training waits for a comparison, and so does the file of a policy, which can be cancelled', { timeout }, async () => {
  await give(0);
  await element('tab-compare').click();
  await element('compare-run').click();
  await statusOf('compare', 'Beginning').waitFor();
  await element('tab-train').click();
  await element('train-save').click();
  await element('train-file-status').filter({ hasText: 'Waiting for the comparison' }).waitFor();
  await element('train-file-cancel').click();
  await element('train-file-status').filter({ hasText: 'Cancelled.' }).waitFor();
  assert.equal(await element('train-file-cancel').isVisible(), false);
  await element('train-anew').click();
  await statusOf('train', 'Waiting for the comparison').waitFor();
  const trainings = await asked('train');
  await element('train-run').filter({ hasText: 'Stop' }).click();
  await statusOf('train', 'nothing has changed').waitFor();
  assert.equal(await asked('train'), trainings);
  await give();
  await element('tab-compare').click();
  await statusOf('compare', 'Compared').waitFor();
});

test('a phone shows what is waited for without scrolling sideways, and nothing was complained about', { timeout }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await give(0);
  await element('tab-train').click();
  await element('train-anew').click();
  await statusOf('train', 'Reference').waitFor();
  await element('tab-steer').click();
  await element('steer-button').click();
  await runWords('Waiting for the training').waitFor();
  assert.equal(await sidewaysScroll(page), 0);
  await give();
  await element('outcome').waitFor();
  assert.deepEqual(complaints, []);
});

test('over the real package Steer waits for a training, is stopped, asked again, and runs when that is paused', { timeout }, async (t) => {
  const { page: own, element: part, complaints: told, close: closeReal } = await openRealPage({ panel: 'train' });
  t.after(closeReal);
  await part('train-reference').selectOption('uniform');
  await part('train-run').click();
  await part('train-status').filter({ hasText: /^Update 1/ }).waitFor({ timeout });
  const words = own.locator('#run-progress-text');
  await part('tab-steer').click();
  await part('steer-button').click();
  await words.filter({ hasText: 'Waiting for the training' }).waitFor();
  await part('steer-button').filter({ hasText: 'Stop' }).click();
  await words.filter({ hasText: /^Stopped\.$/ }).waitFor();
  await part('steer-button').filter({ hasText: 'Steer' }).click();
  await words.filter({ hasText: 'Waiting for the training' }).waitFor();
  await part('tab-train').click();
  await part('train-run').filter({ hasText: 'Pause' }).click();
  await part('tab-steer').click();
  await part('outcome').waitFor({ timeout });
  // A run ends before its fifth edit where none would gain.
  assert.ok([1, 2, 3, 4, 5].includes(await part('step').count()));
  assert.deepEqual(told, []);
});
