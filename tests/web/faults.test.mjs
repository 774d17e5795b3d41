// What can be lost while someone uses the page, in a real Chromium with the real core: they get their result all the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openBrowser } from './support.mjs';

const timeout = 240_000;
let opened;
let context;
let page;

before(async () => {
  opened = await openBrowser();
  context = await opened.browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  await page.goto(opened.address);
  await element('steer-button').waitFor({ state: 'visible', timeout });
});
after(() => opened.close());

const element = (name) => page.locator(`[data-testid=${name}]`);
const steer = async () => {
  await element('steer-button').click();
  await element('step').first().waitFor({ timeout });
};
const assertFinished = async () => {
  await element('outcome').waitFor({ state: 'visible', timeout });
  assert.equal(await element('step').count(), 5);
  assert.equal(await element('error').filter({ visible: true }).count(), 0);
};

test('a worker that dies in the middle of a run is replaced, and the run goes on', { timeout }, async () => {
  await steer();
  await page.workers()[0].evaluate(() => void setTimeout(() => { throw new Error('fault injected'); }));
  await page.locator('#announcer', { hasText: /started again/ }).waitFor({ state: 'attached', timeout });
  await assertFinished();
  assert.match(await page.locator('#device-reason').textContent(), /fault injected/);
});

test('a page that has gone offline steers on', { timeout }, async () => {
  await context.setOffline(true);
  await element('horizon').evaluate((field) => { field.value = '5'; });
  await steer();
  await assertFinished();
  await context.setOffline(false);
});
