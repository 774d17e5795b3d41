// What the page says is true and about what is chosen: unknown figures, the best text, stopping, another choice, the gap that is aimed at.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { isWithin, measured, plusMinus, skillWords } from '../../www/format.js';
import { createReadingClock, textsOf } from '../../www/loading-time.js';
import { soFar } from '../../www/outcome.js';
import { openFakePage, openRecipes } from './fake-model.mjs';
import { sidewaysScroll } from './support.mjs';

const timeout = 60_000;
const equal = 'all ratings are equal';
let page;
let element;
let complaints;
let close;

before(async () => { ({ page, element, complaints, close } = await openFakePage({ reducedMotion: 'reduce' })); });
after(() => close());

const label = () => element('map').getAttribute('aria-label');
const announced = () => page.locator('#announcer').textContent();
const setRun = (run) => page.evaluate((next) => { window.run = next; }, run);
const steer = () => element('steer-button').click();
/** Ends a run that waits, after so many edits. */
async function stopAfter(edits) {
  await page.evaluate((number) => { window.heldAfter = number; }, edits);
  await steer();
  if (edits > 0) await element('step').nth(edits - 1).waitFor();
  else await page.locator('.anchor-card').waitFor();
  await steer();
  await element('outcome').waitFor();
  await page.evaluate(() => { window.heldAfter = null; });
}
const choose = async (picker, words) => {
  await element(picker).fill(words);
  await page.keyboard.press('Enter');
};

test('a figure that was not measured is its reason, and an uncertainty is never none', () => {
  assert.equal(measured({ unknown: equal }), `unknown: ${equal}`);
  assert.equal(measured(0.934), '0.934');
  assert.deepEqual([undefined, null, NaN, 0, 0.0004, 0.0006, 0.05].map((value) => plusMinus(value).slice(2)), ['unknown', 'unknown', 'unknown', '< 0.001', '< 0.001', '0.001', '0.050']);
  const skill = { rmseRatio: { unknown: equal }, rankCorrelation: { unknown: equal }, coverage: { unknown: equal }, misplacement: { unknown: equal }, noise: { unknown: equal }, heldOutRatings: 0, heldOutItems: 0, spread: 0 };
  const said = skillWords({ skill, verdict: { level: 'unknown', text: 'Nothing can be said of it.' } });
  assert.deepEqual([said.headline, said.verdict], ['unknown', 'Nothing can be said of it.']);
  assert.ok(said.figures.every(([, value]) => value === `unknown: ${equal}`));
});

test('a change is within its uncertainty only where that is known', () => {
  assert.deepEqual([isWithin(0.069, 0.096), isWithin(-0.069, 0.096), isWithin(0.1, 0.096), isWithin(0.001, undefined)], [true, true, false, false]);
});

test('a run that was cut short has the best of its texts as its outcome', () => {
  const state = (utility) => ({ utility });
  const steps = [0.8, 1.1, 1.0].map((utility) => ({ state: state(utility) }));
  const { outcome, outcomeStep, kept } = soFar({ anchor: state(0.9), steps }, 'stopped');
  assert.deepEqual([outcome.utility, outcomeStep, kept], [1.1, 2, false]);
  assert.equal(soFar({ anchor: state(1.2), steps }, 'stopped').kept, true);
  assert.equal(soFar({ anchor: state(1.2), steps: [] }, 'stopped').outcomeStep, 0);
});

test('time that is left goes by the length of the texts, of which the short ones come first', () => {
  const items = Array.from({ length: 100 }, (_, at) => ({ title: `T${at}`, plot: 'x'.repeat(at < 50 ? 40 : 1_000) }));
  const texts = textsOf({ catalog: { items } });
  assert.equal(texts.length, 200);
  assert.deepEqual(textsOf({ catalog: 'embedded' }), []);
  let time = 0;
  const clock = createReadingClock(texts, () => time);
  clock.report({ done: 0, total: 100 });
  // Texts by length at a steady speed: whoever counts texts would say at half of them that half of the time is left.
  const unique = [...new Set(texts)].map((text) => 60 + Math.min(text.length, 1_200)).sort((a, b) => a - b);
  const whole = unique.reduce((sum, length) => sum + length, 0);
  const half = unique.slice(0, unique.length / 2).reduce((sum, length) => sum + length, 0);
  time = half;
  const { share, eta } = clock.report({ done: 50, total: 100 });
  assert.ok(share < 0.25, `${share}`);
  assert.ok(Math.abs(eta - (whole - half)) < 0.05 * whole, `${eta} of ${whole - half}`);
});

test('the library’s verdict stands in the badge and in the summary of the catalog, and no other', { timeout }, async () => {
  assert.equal(await page.locator('#skill-name').textContent(), 'some');
  assert.equal(await element('skill-verdict').textContent(), 'Expect small, real gains.');
  await element('tab-catalog').click();
  assert.equal(await element('catalog-verdict').textContent(), 'Expect small, real gains.');
  await element('tab-steer').click();
});

test('the best text is the outcome, and what came after it is told to be tried and not kept', { timeout }, async () => {
  await setRun({ utilities: [0.8, 1.1, 1.05, 1.0], ended: 'no-gain', failedRewrites: 3, environmentCalls: 20 });
  await steer();
  await element('outcome').waitFor();
  assert.deepEqual(await element('step').evaluateAll((steps) => steps.map((step) => step.dataset.fate)), ['on-the-way', 'best', 'not-kept', 'not-kept']);
  assert.deepEqual(await element('step-fate').locator('visible=true').allTextContents(), ['the best text: kept', 'tried, not kept', 'tried, not kept']);
  assert.match(await element('gain').textContent(), /^\+0\.400 utility, 0\.700 → 1\.100/);
  assert.equal(await element('ended').textContent(), 'Stopped: no further edit would have gained. Edit 2 led to the best text; the 2 after it were tried and not kept.');
  assert.match(await element('failed-rewrites').textContent(), /^3 of 20 rewrites came to nothing/);
  assert.match(await label(), /a route of 4 edits, of which the first 2 are kept/);
});

test('the result is said and stands in the bar, from where one gets to it', { timeout }, async () => {
  assert.match(await announced(), /^Finished after 4 edits\. Utility 0\.700 to 1\.100, \+0\.400 ±/);
  assert.match(await page.locator('#run-progress-text').textContent(), /^Finished after 4 edits\. Utility 0\.700 to 1\.100/);
  await page.evaluate(() => window.scrollTo(0, 0));
  await element('go-to-outcome').click();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'outcome');
  const { top } = await element('outcome').evaluate((card) => card.getBoundingClientRect());
  assert.ok(top < 900, `${top}`);
});

test('one line has room for every text of a run and for the gaps', { timeout }, async () => {
  await setRun({ utilities: [0.8, 3, 0.9] });
  await steer();
  await element('outcome').waitFor();
  const ends = await page.locator('.track-after').evaluateAll((dots) => dots.map((dot) => parseFloat(dot.getAttribute('cx'))));
  assert.ok(ends[1] >= 97 && ends[0] < 50 && ends[2] < 50, `${ends}`);
});

test('a gain within its uncertainty is said to be so, and one of unknown certainty is no triumph', { timeout }, async () => {
  await setRun({ utilities: [0.769], uncertainty: 0.096 });
  await steer();
  await element('outcome').waitFor();
  assert.match(await element('gain').textContent(), /^\+0\.069 utility, .*The gain is within its ±/);
  assert.equal(await page.locator('.outcome .gain').count(), 0);
  assert.match(await element('step-utility').textContent(), /within its ±/);
  assert.equal(await page.locator('.change.better').count(), 0);
  await setRun({ utilities: [0.9], uncertainty: null });
  await steer();
  await element('gain').filter({ hasText: '+0.200' }).waitFor();
  assert.match(await element('gain').textContent(), /0\.900 ±.unknown/);
  assert.equal(await page.locator('.outcome .gain, .track-band').count(), 0);
  assert.doesNotMatch(await page.locator('#run').innerText(), /±\s0\.000|NaN|null|undefined/);
});

test('Stop shows the best text so far, its route, and nothing else of a run', { timeout }, async () => {
  await setRun({ utilities: [0.9, 0.8, 1.5] });
  await stopAfter(2);
  assert.match(await element('ended').textContent(), /^Stopped by you: this is the best of the texts that came\. Edit 1 led to the best text/);
  assert.match(await page.locator('#run-progress-text').textContent(), /^Stopped after 2 edits\. Utility 0\.700 to 0\.900/);
  assert.equal(await element('outcome').count(), 1);
  assert.equal(await element('error').isVisible(), false);
  await stopAfter(0);
  assert.match(await element('outcome').textContent(), /the original stays.*No edit was made/);
  assert.equal(await element('step').count(), 0);
});

for (const [what, picker, words] of [['film', 'item-select', 'film d'], ['viewer', 'user-select', 'ben']]) {
  test(`another ${what} clears what was shown for the former`, { timeout }, async () => {
    await setRun({});
    await steer();
    await element('outcome').waitFor();
    await element('gap-mark').first().click();
    await choose(picker, words);
    assert.equal(await page.locator('#steps > *, #outcome > *, #anchor > *').count(), 0);
    assert.equal(await page.locator('#run-progress-text').textContent(), '');
    assert.equal(await element('go-to-outcome').isVisible(), false);
    assert.ok(await page.locator('#run-empty').isVisible());
    assert.doesNotMatch(await label(), /route/);
  });
}

test('another viewer’s gaps are not measured against', { timeout }, async () => {
  await element('gap').waitFor();
  assert.equal(await element('gap-target').isVisible(), false);
  assert.equal(await element('gap-mark').first().getAttribute('aria-pressed'), 'false');
});

test('a gap that is pressed is what the route is measured against, until it is pressed again', { timeout }, async () => {
  await element('gap-mark').first().click();
  assert.match(await element('gap-target').textContent(), /^Gap A, utility 1\.100: steer, and every text is measured against it/);
  await steer();
  await element('outcome').waitFor();
  assert.match(await element('gap-target').textContent(), /0\.200 of utility are left from here\. On the map it is 0\.71 away, but that shows two directions of many/);
  assert.equal(await page.locator('.track-target').count(), await element('step').count());
  const box = await element('map').boundingBox();
  const scale = Math.min((box.width - 68) / 3, (box.height - 68) / 2);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2 + 0.5 * scale);
  assert.equal(await element('gap-target').isVisible(), false);
  assert.equal(await page.locator('.track-target').count(), 0);
});

test('utility and its parts are the same on the card and among the gaps', { timeout }, async () => {
  assert.match(await page.locator('.anchor-card').textContent(), /Utility 0\.700 ±.0\.050predicted rating 0\.600 \+ novelty 0\.100/);
  assert.match(await element('gap').first().textContent(), /utility 1\.100 ±.0\.100 predicted rating 0\.800 \+ novelty 0\.300/);
});

test('with another catalog nothing of the former remains, not even while it opens', { timeout }, async () => {
  await page.evaluate(() => {
    window.seen = [];
    new MutationObserver(() => {
      if (document.body.dataset.view === 'loading') window.seen.push(['device-badge', 'skill-badge', 'environment-badge'].filter((id) => !document.getElementById(id).hidden).join());
    }).observe(document.getElementById('stages'), { childList: true });
  });
  await openRecipes({ page, element });
  assert.deepEqual(await page.evaluate(() => window.seen), ['']);
  assert.doesNotMatch(await label(), /route/);
  assert.equal(await element('environment-name').textContent(), 'nobody yet');
  assert.equal(await page.locator('#announcer').textContent(), '');
});

test('with ratings that are all equal every figure that follows from them is unknown, and why is said', { timeout }, async (t) => {
  const opened = await openFakePage({
    reducedMotion: 'reduce',
    also: () => {
      const reason = { unknown: 'all ratings are equal' };
      const { model } = window;
      const skill = { rmseRatio: reason, rankCorrelation: reason, coverage: reason, misplacement: reason, noise: reason, heldOutRatings: 0, heldOutItems: 0, spread: 0 };
      const verdict = { level: 'unknown', text: 'Nothing can be said about gains here: all ratings are equal.' };
      const gap = { place: [1.5, 0.5], utility: 1.1, affinity: 0.8, distance: 0.4, neighbours: [] };
      window.run = { utilities: [0.9], uncertainty: undefined };
      return { info: { ...model.info, skill, verdict }, gaps: async () => [gap] };
    },
  });
  t.after(opened.close);
  await opened.element('gap').waitFor();
  assert.match(await opened.page.locator('#gaps-note').textContent(), /How sure that is, is unknown: all ratings are equal\.$/);
  await opened.element('steer-button').click();
  await opened.element('outcome').waitFor();
  await opened.element('skill-badge').locator('summary').click();
  assert.match(await opened.page.locator('.anchor-card').textContent(), /± unknown: all ratings are equal/);
  assert.equal(await opened.page.locator('#skill-name').textContent(), 'unknown');
  assert.equal(await opened.element('skill-figures').locator('dd').filter({ hasText: /^unknown: all ratings are equal$/ }).count(), 5);
  const all = await opened.page.locator('body').innerText();
  assert.doesNotMatch(all, /closer to the real|±\s?0\.000|NaN|undefined|null|\[object/);
  assert.deepEqual(opened.complaints, []);
});

test('where nobody writes, steering says so, and a model or the simulator can be chosen right there', { timeout }, async () => {
  await element('tab-steer').click();
  await steer();
  await element('error').filter({ hasText: 'there is no language model to edit these texts' }).waitFor();
  await element('choose-writer').click();
  await page.waitForFunction(() => document.activeElement.id === 'writer');
  assert.equal(await element('writer').inputValue(), 'none');
  await page.keyboard.press('Escape');
  await element('use-simulator').click();
  await element('no-writer').waitFor({ state: 'hidden' });
  assert.deepEqual(await page.evaluate(() => window.calls.findLast(({ name }) => name === 'useModel').options), { llm: 'simulator' });
  await steer();
  await element('outcome').waitFor();
});

test('a phone shows it without scrolling sideways, and nothing was complained about', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(page), 0);
  assert.deepEqual(complaints, []);
});
