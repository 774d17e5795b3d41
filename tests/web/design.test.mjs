// The panel of designs: over a package that is made up, then over the real one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { certificateWords, order } from '../../www/panels/design-report.js';
import { openFakePage, openRecipes } from './fake-model.mjs';
import { openRealPage, sidewaysScroll } from './support.mjs';

const timeout = 240_000;
let page;
let element;
let complaints;
let close;

before(async () => {
  ({ page, element, complaints, close } = await openFakePage({ permissions: ['clipboard-read', 'clipboard-write'] }));
  await element('tab-design').click();
  await element('design-run').waitFor();
});
after(() => close());

const mapLabel = (words) => page.locator(`#map[aria-label*="${words}"]`);
const lastCall = () => page.evaluate(() => window.calls.at(-1));
const edits = () => element('candidate').evaluateAll((rows) => rows.map((row) => row.querySelector('button').textContent));

test('the certificate says whether anything better is possible, or that there is nothing to weigh', () => {
  const certificate = (optimalityGap) => ({ effectiveRank: 2, optimalityGap, largestLeverage: 2 + optimalityGap, support: 1 });
  const report = (optimalityGap) => ({ candidates: [1, 2, 3], certificate: certificate(optimalityGap) });
  assert.equal(certificateWords(report(0.001)), 'No other choice of weights would tell more: the largest leverage is 2.001, the dimension 2. Of 3 candidates, 1 has a weight.');
  assert.match(certificateWords(report(0.5)), /^Another choice of weights could tell a little more: the largest leverage is 2\.500/);
  assert.match(certificateWords({ candidates: [1], certificate: null }), /nothing to weigh/);
});

test('candidates without a leverage come after all others', () => {
  const candidates = [null, 2, null, 3].map((leverage) => ({ leverage }));
  assert.deepEqual(order(candidates, 'leverage', true), [3, 1, 0, 2]);
  assert.deepEqual(order(candidates, 'leverage', false), [0, 2, 1, 3]);
});

test('a design is made for the chosen viewer and film, and shown as words, a table and diamonds', { timeout }, async () => {
  await element('design-candidates').fill('6');
  await element('design-subset').fill('4');
  await element('design-seed').fill('3');
  await element('design-run').click();
  await element('design-certificate').filter({ hasText: 'the largest leverage is 2.001, the dimension 2. Of 6 candidates, 4 have a weight.' }).waitFor();
  assert.deepEqual(await lastCall(), { name: 'design', user: 'ann', item: 'film-0', candidates: 6, subset: 4, seed: 3 });
  assert.equal(await element('candidate').count(), 6);
  assert.match(await element('candidate').first().textContent(), /Edit 0.*plot.*0\.500.*2\.00.*yes.*0\.700.*±0\.000.*1\.80/);
  await mapLabel('the ends of 6 candidate edits').waitFor();
});

test('columns sort from the largest on, the other way when pressed again, and say so', { timeout }, async () => {
  assert.deepEqual(await edits(), ['Edit 0', 'Edit 4', 'Edit 2', 'Edit 3', 'Edit 1', 'Edit 5']);
  await element('sort-utility').click();
  assert.deepEqual(await edits(), ['Edit 5', 'Edit 4', 'Edit 3', 'Edit 2', 'Edit 1', 'Edit 0']);
  await element('sort-utility').click();
  assert.equal((await edits())[0], 'Edit 0');
  assert.equal(await page.locator('th[aria-sort]').count(), 1);
  assert.equal(await page.locator('th[aria-sort=ascending]').textContent(), 'Utility');
});

test('a row and its diamond light up together', { timeout }, async () => {
  const picture = () => page.evaluate(() => document.getElementById('map').toDataURL());
  const plain = await picture();
  await element('candidate').first().locator('button').focus();
  await page.waitForFunction((before) => document.getElementById('map').toDataURL() !== before, plain);

  // The films are 3 wide and 2 high with a margin around; the first edit leads to (1, 1.5).
  const box = await element('map').boundingBox();
  const scale = Math.min((box.width - 68) / 3, (box.height - 68) / 2);
  await page.mouse.move(box.x + box.width / 2 - 0.5 * scale, box.y + box.height / 2 - 0.5 * scale);
  await page.locator('.design-table tr.pointed').filter({ hasText: 'Edit 0' }).waitFor();
  await page.mouse.move(box.x + 4, box.y + 4);
  await page.locator('.design-table tr.pointed').waitFor({ state: 'detached' });
});

test('the table is copied as comma-separated values', { timeout }, async () => {
  await element('design-copy').click();
  await page.locator('.design-copy').filter({ hasText: 'Copied.' }).waitFor();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).trimEnd().split(/\r?\n/);
  assert.equal(lines[0], 'edit,category,origin,weight,leverage,in subset,utility,uncertainty,distance,x,y');
  assert.equal(lines.length, 7);
  assert.match(lines[1], /^Edit 0,plot,generic,0\.5,2\.001,yes,0\.7,0\.05,1\.8\d*,1,1\.5$/);
});

test('diamonds are on the map only while the panel is shown', { timeout }, async () => {
  await element('tab-steer').click();
  await page.locator('#map:not([aria-label*="candidate"])').waitFor();
  await element('tab-design').click();
  await mapLabel('candidate edits').waitFor();
});

test('another film makes the design that of another choice, which is said', { timeout }, async () => {
  await element('tab-steer').click();
  await element('item-select').fill('film c');
  await page.keyboard.press('Enter');
  await element('tab-design').click();
  await element('design-status').filter({ hasText: 'another choice' }).waitFor();
  assert.equal(await element('candidate').count(), 0);
  await page.locator('.design-whose').filter({ hasText: 'For ann, from Film C (1992).' }).waitFor();
  assert.equal(await mapLabel('candidate').count(), 0);
});

test('where no candidate moves the film there is no leverage and no certificate', { timeout }, async () => {
  await element('design-seed').fill('9');
  await element('design-run').click();
  await element('design-certificate').filter({ hasText: 'nothing to weigh' }).waitFor();
  assert.match(await element('candidate').textContent(), /–/);
  await element('design-seed').fill('0');
});

test('a design can be stopped, and a failure is told', { timeout }, async () => {
  await page.evaluate(() => { window.held = true; });
  await element('design-run').click();
  await element('design-run').filter({ hasText: 'Stop' }).click();
  await element('design-status').filter({ hasText: 'Stopped.' }).waitFor();
  await element('design-run').filter({ hasText: 'Run' }).waitFor();
  assert.equal(await element('error').isVisible(), false);
  await page.evaluate(() => {
    window.held = false;
    window.failure = 'No designs today';
  });
  await element('design-run').click();
  await element('error').filter({ hasText: 'No designs today' }).waitFor();
  await page.evaluate(() => { window.failure = undefined; });
  await page.locator('#error-retry').click();
  await element('design-certificate').waitFor();
  assert.equal(await element('error').isVisible(), false);
});

test('numbers that make no sense are not sent', { timeout }, async () => {
  const before = await page.evaluate(() => window.calls.length);
  await element('design-candidates').fill('0');
  await element('design-run').click();
  assert.equal(await page.evaluate(() => window.calls.length), before);
  await element('design-candidates').fill('20');
});

test('a phone shows the table without scrolling sideways', { timeout }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(page), 0);
  assert.ok(await element('candidate').first().isVisible());
});

test('another catalog that is opened while a design runs, and utilities wait, takes the place of both', { timeout }, async () => {
  await page.evaluate(() => { window.held = true; });
  await element('design-run').click();
  await element('map-heat').selectOption('all');
  await openRecipes({ page, element });
  // Long enough for what waited to hear that it ended.
  await page.evaluate(() => new Promise((resolve) => { window.held = false; setTimeout(resolve, 50); }));
  assert.equal(await page.locator('#error').count(), 1);
  assert.ok(await element('error').isHidden());
  await element('use-simulator').click();
  await element('no-writer').waitFor({ state: 'hidden' });
  await element('tab-steer').click();
  await element('steer-button').click();
  await element('outcome').waitFor();
});

test('nothing was complained about', () => {
  assert.deepEqual(complaints, []);
});

test('over the real package, a design has its certificate, and the map its utilities', { timeout }, async (t) => {
  const { page: own, element: part, close: closeReal } = await openRealPage();
  t.after(closeReal);
  await part('map-heat').selectOption('viewer');
  await own.locator('#map[aria-label*="Coloured by predicted rating for viewer"]').waitFor({ timeout });
  await part('map-heat').selectOption('all');
  await own.locator('#map[aria-label*="Coloured by mean predicted rating of"]').waitFor({ timeout });
  await part('tab-design').click();
  await part('design-candidates').fill('100');
  await part('design-run').click();
  await part('design-run').filter({ hasText: 'Stop' }).click();
  await part('design-run').filter({ hasText: 'Run' }).waitFor({ timeout });
  assert.equal(await part('error').isVisible(), false);
  await part('design-candidates').fill('20');
  await part('design-run').click();
  await part('design-certificate').filter({ hasText: 'No other choice of weights would tell more' }).waitFor({ timeout });
  assert.equal(await part('candidate').count(), 20);
  assert.match(await own.locator('#map').getAttribute('aria-label'), /the ends of 20 candidate edits/);
});
