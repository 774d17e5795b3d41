// The page as a person uses it, in a real Chromium without WebGPU.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openBrowser } from './support.mjs';

const timeout = 240_000;
let opened;
let page;
const complaints = [];
const foreign = [];

before(async () => {
  opened = await openBrowser();
  const context = await opened.browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => !request.url().startsWith(opened.address) && foreign.push(request.url()));
  await page.goto(opened.address);
});
after(() => opened.close());

const element = (name) => page.locator(`[data-testid=${name}]`);

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
  assert.equal(await element('step').count(), 5);
  for (const utility of await element('step-utility').allTextContents()) assert.match(utility, /\d\.\d+/);
});

test('a phone shows it all without scrolling sideways', { timeout }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
});

test('nothing was complained about and nothing left the page', () => {
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign, []);
});
