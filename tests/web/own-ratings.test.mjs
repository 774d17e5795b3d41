// Ratings of the visitor's own: over a package that is made up, and over the real one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openFakePage, openRecipes } from './fake-model.mjs';
import { rateSome } from './filled-panels.mjs';
import { openRealPage, sidewaysScroll } from './support.mjs';

const timeout = 240_000;
let page;
let element;
let saved;
let complaints;
let foreign;
let close;

before(async () => { ({ page, element, saved, complaints, foreign, close } = await openRealPage()); });
after(() => close());

const status = (words) => element('own-status').filter({ hasText: words }).waitFor();
const value = (row, name) => element('own-row').nth(row).getByRole('radio', { name, exact: true });
const user = () => element('user-select').inputValue();
const people = async () => {
  await element('user-select').click();
  const names = await page.locator('#user-list [role=option] span').allTextContents();
  await page.keyboard.press('Escape');
  return names;
};
/** The gaps, once they are no longer those of `before`. */
async function gapsAfter(before) {
  await page.waitForFunction((shown) => {
    const now = document.getElementById('gaps').innerText;
    return now !== '' && now !== shown;
  }, before);
  return page.locator('#gaps').innerText();
}

test('with too few ratings there is nobody to choose, and it is said how many are missing', { timeout }, async () => {
  await element('own-ratings').locator('> summary').click();
  await status('Rate 3 more films: at least 3 are needed.');
  await rateSome(element, page, [5, 1]);
  await status('Rate 1 more film: at least 3 are needed.');
  assert.ok(await element('own-choose').isDisabled());
});

test('a film is found and rated by keyboard alone, and nothing is steered meanwhile', { timeout }, async () => {
  await element('own-input').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.type('weighbridge');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.closest('li').querySelector('.own-title').textContent), 'The Weighbridge (2014)');
  await status('Rate 1 more film');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  assert.ok(await value(0, '2').isChecked());
  await status('3 films rated');
  assert.equal(await page.locator('body').getAttribute('data-view'), 'ready');
});

test('what is rated already is not listed twice', { timeout }, async () => {
  await element('own-input').fill('weighbridge');
  await page.keyboard.press('Enter');
  assert.equal(await element('own-row').count(), 3);
  assert.ok(await value(0, '2').evaluate((input) => input === document.activeElement));
});

test('three ratings make a person, who comes first, is chosen at once, and has gaps of their own', { timeout }, async () => {
  const before = await page.locator('#gaps').innerText();
  assert.ok(!(await people()).includes('You'));
  await element('own-choose').click();
  await gapsAfter(before);
  assert.equal(await user(), 'You');
  assert.match(await page.locator('#user-detail').textContent(), /^3 ratings/);
  assert.deepEqual((await people()).slice(0, 2), ['You', 'viewer-001']);
});

test('a rating that is changed changes gaps and colours at once, and clears what was steered for the ratings of before', { timeout }, async () => {
  await element('map-heat').selectOption('viewer');
  await page.locator('#map[aria-label*="predicted rating for you"]').waitFor();
  await page.locator('#panel-steer .options summary').click();
  await element('horizon').fill('1');
  await element('policy-select').selectOption('uniform');
  await element('steer-button').click();
  await element('outcome').waitFor({ timeout });
  const [gaps, map] = [await page.locator('#gaps').innerText(), await element('map').getAttribute('aria-label')];
  await value(0, '5').check();
  await gapsAfter(gaps);
  await page.waitForFunction((before) => {
    const label = document.getElementById('map').getAttribute('aria-label');
    return label.includes('predicted rating for you') && label !== before;
  }, map.replace(/, and a route of 1 edits/, ''));
  assert.equal(await element('outcome').count(), 0);
  assert.deepEqual((await people()).filter((name) => name.startsWith('You')), ['You'], 'still one person');
});

test('a change takes nobody’s place who was chosen meanwhile', { timeout }, async () => {
  await element('user-select').fill('viewer-002');
  await page.keyboard.press('Enter');
  await value(0, '4').check();
  await status('3 films rated');
  assert.equal(await user(), 'viewer-002');
  await element('own-choose').click();
  await page.waitForFunction(() => document.getElementById('user-input').value === 'You');
});

test('where a rating is taken off and too few are left, the person stays as it was', { timeout }, async () => {
  await element('own-row').first().getByRole('button', { name: 'Remove The Weighbridge (2014)' }).click();
  await status('Rate 1 more film: until then “You” stays as it was.');
  assert.ok(await element('own-input').evaluate((input) => input === document.activeElement));
  assert.match(await page.locator('#user-detail').textContent(), /^3 ratings/);
  await element('own-input').fill('weighbridge');
  await page.keyboard.press('Enter');
  await value(0, '1').check();
  await status('“You” is among the viewers');
});

test('a design, a comparison and pairs to rate can be made for the visitor', { timeout }, async () => {
  await element('tab-design').click();
  await element('design-run').waitFor();
  assert.match(await page.locator('#panel-design').innerText(), /For You, from/);
  await element('design-candidates').fill('4');
  await element('design-run').click();
  await element('design-certificate').waitFor({ timeout });

  await element('tab-compare').click();
  for (const id of ['greedy-search', 'tree', 'graph']) await element(`arm-${id}`).uncheck();
  for (const [name, number] of [['count', 2], ['budget', 5]]) await element(`compare-${name}`).fill(String(number));
  await element('compare-whom').selectOption({ label: 'You, who is chosen' });
  await element('compare-run').click();
  await element('compare-status').filter({ hasText: 'Compared on 2 pairs.' }).waitFor({ timeout });
  const { results, settings } = JSON.parse(await saved('compare-json'));
  assert.deepEqual(results.map(({ user: whose, item }) => ({ user: whose, item })), settings.pairs);
  assert.deepEqual(results.map((result) => result.user), ['You', 'You']);

  await element('tab-rate').click();
  await element('rate-count').fill('1');
  await element('rate-whom').selectOption({ label: 'You, who is chosen' });
  await element('rate-run').click();
  await element('rate-form').waitFor({ timeout });
  assert.match(await element('rate-profile').innerText(), /^The viewer: You, 3 ratings/);
  await element('tab-steer').click();
});

test('a design is put away when its ratings are others', { timeout }, async () => {
  await value(0, '3').check();
  await status('among the viewers');
  await element('tab-design').click();
  await element('design-status').filter({ hasText: 'That design was for another choice' }).waitFor();
  assert.equal(await element('design-certificate').count(), 0);
  await element('tab-steer').click();
});

test('a phone shows it without scrolling sideways', { timeout }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(page), 0);
  await page.setViewportSize({ width: 1280, height: 900 });
});

test('forgetting takes the person away, and who is first in the catalog is chosen', { timeout }, async () => {
  await element('own-forget').click();
  await status('Forgotten.');
  assert.equal(await element('own-row').count(), 0);
  assert.equal(await user(), 'viewer-001');
  assert.ok(!(await people()).includes('You'));
  assert.ok(await element('own-choose').isDisabled());
});

test('nothing was complained about, nothing outlives the tab, and nothing left the page', async () => {
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign, []);
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, location.href, document.cookie]));
  assert.doesNotMatch(stored, /You/);
});

/** Runs in the page: what the library was given, in `window.folded`; `window.foldingFailure` is thrown instead. */
function fakeFolding() {
  window.folded = [];
  return {
    async foldIn({ user: id, ratings }) {
      if (window.foldingFailure) throw Object.assign(new Error(window.foldingFailure), { code: 'data.rating_out_of_range', hint: 'Rate on the scale.' });
      window.folded.push({ user: id, ratings });
      return { id, ratings: ratings.length, likes: [], low: [] };
    },
  };
}

/** The page over the made-up package, with three films rated. */
async function openRated(t, also = fakeFolding) {
  const opened = await openFakePage({ also });
  t.after(opened.close);
  await opened.element('own-ratings').locator('> summary').click();
  await rateSome(opened.element, opened.page, [3, 4, 5]);
  const said = (words) => opened.element('own-status').filter({ hasText: words }).waitFor();
  return { ...opened, said, folded: () => opened.page.evaluate(() => window.folded) };
}

test('what is forgotten is gone from the library, too: a rating that is nobody’s takes its place', { timeout }, async (t) => {
  const { element: part, said, folded } = await openRated(t);
  await part('own-choose').click();
  await said('among the viewers');
  await part('own-forget').click();
  await said('Forgotten.');
  assert.deepEqual(await folded(), [
    { user: 'You', ratings: [{ item: 'film-0', value: 3 }, { item: 'film-1', value: 4 }, { item: 'film-2', value: 5 }] },
    { user: 'You', ratings: [{ item: 'film-0', value: 5 }] },
  ]);
});

test('ratings that were never given to the library are forgotten without it', { timeout }, async (t) => {
  const { element: part, said, folded } = await openRated(t);
  await part('own-forget').click();
  await said('Rate 3 more films');
  assert.deepEqual(await folded(), []);
});

test('while something else is computed the ratings wait, and that can be cancelled', { timeout }, async (t) => {
  const { page: own, element: part, said, folded } = await openRated(t);
  await own.evaluate(() => { window.held = true; });
  await part('map-heat').selectOption('all');
  await part('own-choose').click();
  await said('Waiting for the predicted ratings on the map');
  await part('own-cancel').click();
  await said('Cancelled.');
  assert.ok(await part('own-cancel').isHidden());
  await part('map-heat-stop').click();
  assert.deepEqual(await folded(), []);
  assert.ok(await part('error').isHidden());
  await part('own-choose').click();
  await said('among the viewers');
});

test('ratings that the library refuses are told as an error, and can be given again', { timeout }, async (t) => {
  const { page: own, element: part, said } = await openRated(t);
  await own.evaluate(() => { window.foldingFailure = 'a rating is off the scale'; });
  await part('own-choose').click();
  await part('error').filter({ hasText: 'Your ratings could not be taken in' }).waitFor();
  assert.equal(await part('user-select').inputValue(), 'ann');
  await own.evaluate(() => { window.foldingFailure = ''; });
  await own.locator('#error-retry').click();
  await said('among the viewers');
  assert.equal(await part('user-select').inputValue(), 'You');
});

test('nobody of the catalog is replaced who has the visitor’s name', { timeout }, async (t) => {
  const { element: part, said, folded } = await openRated(t, `() => {
    window.model.info.users.push({ id: 'You', ratings: 2, likes: [], low: [] });
    return (${fakeFolding})();
  }`);
  await part('own-choose').click();
  await said('“You (2)” is among the viewers');
  assert.equal((await folded())[0].user, 'You (2)');
});

test('another catalog is rated on its own scale, in its own words', { timeout }, async (t) => {
  const { page: own, element: part } = await openRated(t);
  await openRecipes({ page: own, element: part });
  await part('own-ratings').locator('> summary').click();
  assert.equal(await part('own-row').count(), 0);
  await part('own-status').filter({ hasText: 'Rate 3 more items' }).waitFor();
  await rateSome(part, own, [10]);
  assert.deepEqual(await part('own-row').locator('.rate-choice').allInnerTexts(), Array.from({ length: 10 }, (_, at) => String(at + 1)));
  await own.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(own), 0);
});
