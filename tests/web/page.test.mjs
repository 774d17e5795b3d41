// The page as a person uses it, in a real Chromium without WebGPU.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { downloaded, llmServer, openBrowser, openPage, sidewaysScroll } from './support.mjs';

const timeout = 240_000;
let opened;
let page;
let element;
let complaints;
let foreign;

before(async () => {
  opened = await openBrowser();
  ({ page, element, complaints, foreign } = await openPage(opened));
  await page.goto(opened.address);
});
after(() => opened.close());

test('a first visit shows progress, then everything needed to steer', { timeout }, async () => {
  await element('cancel-loading').waitFor({ state: 'visible' });
  await element('steer-button').waitFor({ state: 'visible', timeout });
  assert.match(await element('device-badge').textContent(), /CPU/);
  assert.match(await element('skill-badge').textContent(), /0\.\d+/);
  assert.ok((await element('gap').count()) > 0, 'gaps are listed');
});

test('stopping a run is no error, and another run can follow', { timeout }, async () => {
  await element('steer-button').click();
  await element('steer-button').filter({ hasText: /stop/i }).click();
  await element('steer-button').filter({ hasText: /steer/i }).waitFor({ timeout });
  assert.equal(await element('error').filter({ visible: true }).count(), 0);
});

test('steering shows every step with its utility, then the outcome', { timeout }, async () => {
  await element('steer-button').click();
  await element('outcome').waitFor({ state: 'visible', timeout });
  // A run ends before its fifth edit where none would gain.
  assert.ok([1, 2, 3, 4, 5].includes(await element('step').count()));
  assert.match(await element('ended').textContent(), /^(All edits that were asked for are made|Stopped: no further edit would have gained)\./);
  assert.match(await element('step').first().textContent(), /chosen as worth most in the design’s subset/);
  for (const utility of await element('step-utility').allTextContents()) assert.match(utility, /\d\.\d+/);
});

test('the record of a run is saved, and shown again as it was', { timeout }, async () => {
  const utilities = () => element('step-utility').allTextContents();
  const before = await utilities();
  const download = await downloaded(page, element('save-record'));
  const file = await download.path();
  assert.match(download.suggestedFilename(), /^aquiline-viewer-\d+-[\w-]+-0\.jsonl$/);
  await page.locator('.options summary').click();
  await element('replay-file').setInputFiles({ name: 'run.jsonl', mimeType: 'application/jsonl', buffer: await readFile(file) });
  await element('outcome').waitFor({ state: 'visible', timeout });
  assert.deepEqual(await utilities(), before);
  assert.equal(await element('save-record').count(), 0, 'a replay leaves no record of its own');

  await element('replay-file').setInputFiles({ name: 'run.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from('nonsense') });
  await element('error').filter({ hasText: 'line 1' }).waitFor({ state: 'visible' });
  await page.locator('.options summary').click();
});

test('a phone shows it all without scrolling sideways', { timeout }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(page), 0);
});

test('nothing was complained about and nothing left the page', () => {
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign, []);
});

test('a language model that does not answer is told apart, and nothing changes', { timeout }, async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await element('environment-badge').locator('summary').click();
  await element('writer').selectOption('server');
  await element('llm-address').fill('http://localhost:9/v1');
  await element('llm-model').fill('simulator');
  await element('use-writer').click();
  await element('environment-status').filter({ hasText: /does not work yet/ }).waitFor({ timeout });
  assert.equal(await element('environment-name').textContent(), 'simulator');
});

test('a language model writes the edits, with a key that stays in the page, and the simulator can come back', { timeout }, async () => {
  const { baseUrl, seen } = await llmServer('--key', 'sk-of-the-visitor');
  await element('llm-address').fill(baseUrl);
  await element('use-writer').click();
  await element('environment-status').filter({ hasText: /key/ }).waitFor({ timeout });
  await element('llm-key').fill('sk-of-the-visitor');
  await element('use-writer').click();
  await element('environment-status').filter({ hasText: /writes from now on/ }).waitFor({ timeout });
  await page.keyboard.press('Escape');
  const asked = seen.length;
  await page.locator('.options summary').click();
  await element('policy-select').selectOption('uniform');
  await element('horizon').fill('2');
  await element('steer-button').click();
  await element('outcome').waitFor({ state: 'visible', timeout });
  assert.equal(await element('step').count(), 2);
  assert.match(await page.locator('#run-progress-text').textContent(), /8 questions, [\d,]+ tokens so far/);
  assert.ok(seen.length > asked);
  assert.match(await page.locator('#leaves').textContent(), /to the server that you named/);
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  assert.ok(!stored.includes('sk-of-the-visitor'));

  await element('environment-badge').locator('summary').click();
  await element('writer').selectOption('simulator');
  await element('use-writer').click();
  await element('environment-status').filter({ hasText: /The simulator writes/ }).waitFor({ timeout });
  assert.match(await page.locator('#leaves').textContent(), /^nothing/);
});
