// The panel of comparisons: its words and numbers, then over a package that is made up, then over the real one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { armsOf, choiceOf, choices, obstacle, rewritesOf } from '../../www/panels/compare-arms.js';
import { createCompareClock } from '../../www/panels/compare-clock.js';
import { crossesZero, intervalWords, orderOf } from '../../www/panels/compare-plot.js';
import { readingWords } from '../../www/panels/compare-report.js';
import { openTrainingPage } from './fake-training.mjs';
import { openRealPage, sidewaysScroll } from './support.mjs';

const timeout = 300_000;
let page;
let element;
let saved;
let complaints;
let status;
let give;
let lastAsked;
let close;

before(async () => { ({ page, element, saved, complaints, status, give, lastAsked, close } = await openTrainingPage('compare')); });
after(() => close());

const rows = () => element('forest').locator('li').allTextContents();
const interval = (mean, half) => ({ mean, low: mean - half, high: mean + half });

test('the arm that others are measured against comes first, and each has a name', () => {
  assert.deepEqual(armsOf(['uniform', 'tree', 'graph'], 'tree'), [
    { search: 'tree', name: 'Tree search' }, { policy: 'uniform', name: 'Random edits' }, { elm: 'graph', name: 'ELM on a graph' },
  ]);
  const names = choices.map(({ title }) => title);
  assert.equal(new Set(names).size, names.length);
});

test('an arm that its rewrites do not pay for says how many it needs', () => {
  const settings = { budget: 25, horizon: 5, candidates: 20, isTrained: false };
  assert.equal(obstacle(choiceOf('greedy'), settings), 'needs 100 rewrites');
  assert.equal(obstacle(choiceOf('greedy'), { ...settings, budget: 100 }), '');
  assert.equal(obstacle(choiceOf('uniform'), { ...settings, budget: 4 }), 'needs 5 rewrites');
  assert.equal(obstacle(choiceOf('tree'), { ...settings, budget: 1 }), '');
  assert.equal(obstacle(choiceOf('eagle'), settings), 'train a policy first');
  assert.equal(obstacle(choiceOf('eagle'), { ...settings, isTrained: true }), '');
});

test('ELM costs one rewrite a pair, whatever the others may spend', () => {
  assert.equal(rewritesOf(['uniform', 'graph'], { count: 8, budget: 25 }), 8 * 26);
});

test('the time left counts each arm by its own time', () => {
  let time = 0;
  const clock = createCompareClock(2, () => time);
  assert.equal(clock.left(3), null);
  time = 1000;
  clock.finish(0);
  assert.equal(clock.left(3), 5000, 'an arm that has not run yet is taken for an average one');
  time = 1100;
  clock.finish(1);
  assert.equal(clock.left(3), 2 * 1000 + 2 * 100);
  time = 1600;
  assert.equal(clock.left(3), 1700);
});

test('intervals are written as in papers, and one that touches zero crosses it', () => {
  assert.equal(intervalWords({ mean: 0.1, low: -0.02, high: 0.22 }), '0.100 [\u22120.020, 0.220]');
  assert.equal(intervalWords({ mean: NaN, low: NaN, high: NaN }), '–');
  assert.ok(crossesZero({ low: -0.1, high: 0.1 }) && crossesZero({ low: 0, high: 0.1 }));
  assert.ok(!crossesZero({ low: 0.01, high: 0.1 }) && !crossesZero({ low: -0.2, high: -0.1 }));
});

test('arms without a result come last where the best is first', () => {
  const report = [0.1, NaN, 0.3].map((mean) => ({ gain: interval(mean, 0.1) }));
  assert.deepEqual(orderOf(report, 'best', 'gain'), [2, 0, 1]);
  assert.deepEqual(orderOf(report, 'chosen', 'gain'), [0, 1, 2]);
});

test('the words say what is evidence, and that few pairs are few', () => {
  const arm = (name, mean, half, pairs = 8) => ({ name, pairs, overFirst: interval(mean, half) });
  const told = readingWords([arm('Base', 0, 0), arm('Up', 0.3, 0.1), arm('Down', -0.3, 0.1), arm('Flat', 0.1, 0.2)]).join(' ');
  assert.match(told, /There are 8: a first look\./);
  assert.match(told, /An interval that crosses 0 is no evidence\./);
  assert.match(told, /Better than “Base” here: Up\. Worse: Down\. No evidence either way: Flat\./);
  assert.match(readingWords([arm('Base', 0, 0, 5), arm('Up', 0.3, 0, 5)]).join(' '), /From fewer than 6 pairs nothing can be concluded/);
  assert.doesNotMatch(readingWords([arm('Base', 0, 0, 40), arm('Up', 0.3, 0.1, 40)]).join(' '), /first look/);
});

test('what cannot be run cannot be ticked, and the cost is said before', async () => {
  assert.ok(await element('arm-eagle').isDisabled());
  assert.ok(await element('arm-greedy').isDisabled());
  assert.equal(await element('compare-cost').textContent(), 'At most 608 rewrites by the simulator.');
  await element('compare-budget').fill('100');
  assert.equal(await element('arm-greedy').isDisabled(), false);
  await element('compare-budget').fill('25');
  await element('compare-count').fill('0');
  await element('compare-run').click();
  assert.equal(await page.evaluate(() => window.asked.length), 0);
  await element('compare-count').fill('8');
});

test('without any arm nothing is run', async () => {
  for (const id of ['uniform', 'greedy-search', 'tree', 'graph']) await element(`arm-${id}`).uncheck();
  await element('compare-run').click();
  await status('Tick at least one arm.').waitFor();
  assert.equal(await page.evaluate(() => window.asked.length), 0);
  for (const id of ['uniform', 'greedy-search', 'graph']) await element(`arm-${id}`).check();
});

test('results appear as they come, with how far it is, and can be stopped', { timeout }, async () => {
  await give(4);
  await element('compare-first').selectOption('greedy-search');
  await element('compare-seed').fill('5');
  await element('compare-run').click();
  await status(/^Pair 2 of 3: Random edits · about .* left$/).waitFor();
  const { name, arms, count, budget, horizon, candidates, seed } = await lastAsked();
  assert.deepEqual({ name, count, budget, horizon, candidates, seed }, { name: 'evaluate', count: 8, budget: 25, horizon: 5, candidates: 20, seed: 5 });
  assert.deepEqual(arms.map((arm) => arm.name), ['Greedy search', 'Random edits', 'ELM on a graph']);
  assert.equal((await rows())[0], 'Greedy search+0.065 [+0.005, +0.125]');
  await element('compare-run').filter({ hasText: 'Stop' }).click();
  await status('Stopped after 1 whole pair. Some arms have one pair more than others.').waitFor();
  assert.equal((await rows()).length, 3, 'what there is stays');
  assert.equal(await element('error').isVisible(), false);
});

test('a finished comparison can be plotted as differences, and with the best first', { timeout }, async () => {
  await give();
  await element('compare-run').click();
  await status('Compared on 3 pairs.').waitFor();
  assert.deepEqual(await rows(), ['Greedy search+0.080 [+0.020, +0.140]', 'Random edits+0.180 [+0.120, +0.240]', 'ELM on a graph+0.280 [+0.220, +0.340]']);
  await element('compare-which').selectOption('overFirst');
  await element('compare-order').selectOption('best');
  assert.deepEqual(await rows(), [
    'ELM on a graph+0.200 [+0.050, +0.350]', 'Random edits+0.100 [\u22120.050, +0.250]', 'Greedy search±0.000 [±0.000, ±0.000]',
  ]);
  assert.deepEqual(await page.locator('.forest-unsure .forest-name').allTextContents(), ['Random edits', 'Greedy search']);
  const cells = await element('compare-table').locator('tbody tr').first().locator('td').allTextContents();
  assert.deepEqual(cells, ['+0.280 [+0.220, +0.340]', '+0.200 [+0.050, +0.350]', '0.90 [0.88, 0.92]', '2.00 [1.70, 2.30]', '25\u202f%', '1', '3']);
});

test('files have every outcome with the settings and the seed', { timeout }, async () => {
  const lines = (await saved('compare-csv')).trimEnd().split('\r\n');
  assert.equal(lines.length, 10);
  assert.match(lines[0], /^arm,user,item,gain,distance,identity,rewrites,realisability gap,first arm,budget,/);
  assert.equal(lines[3], 'ELM on a graph,ann,film-1,0.25,2,0.9,1,,Greedy search,25,5,20,5,the embedded films,simulator,none');
  const { format, settings, arms, results, report, isWhole } = JSON.parse(await saved('compare-json'));
  assert.deepEqual({ format, seed: settings.seed, budget: settings.budget, isWhole }, { format: 'aquiline-comparison', seed: 5, budget: 25, isWhole: true });
  assert.deepEqual([arms.length, results.length, report.length], [3, 9, 3]);
});

test('a failure is told, and can be tried again', { timeout }, async () => {
  await page.evaluate(() => { window.comparisonFailure = 'the model is away'; });
  await element('compare-run').click();
  await element('error').filter({ hasText: 'the model is away' }).waitFor();
  await status('It stopped after 0 whole pairs.').waitFor();
  await page.evaluate(() => { window.comparisonFailure = undefined; });
  await page.locator('#error-retry').click();
  await status('Compared on 3 pairs.').waitFor();
});

test('a policy that was trained meanwhile can be compared, too', { timeout }, async () => {
  await element('tab-train').click();
  await element('train-run').click();
  await element('train-status').filter({ hasText: 'Trained' }).waitFor();
  await element('tab-compare').click();
  assert.equal(await element('arm-eagle').isDisabled(), false);
  await element('compare-run').click();
  await status('Compared').waitFor();
  assert.ok((await lastAsked()).arms.some(({ policy }) => policy === 'eagle'));
});

test('a phone shows it all without scrolling sideways, and nothing was complained about', { timeout }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(page), 0);
  assert.deepEqual(complaints, []);
});

test('over the real package every arm that needs no training is compared, and a run can be stopped', { timeout }, async (t) => {
  const { page: own, element: part, close: closeReal } = await openRealPage({ panel: 'compare' });
  t.after(closeReal);
  await part('compare-run').waitFor();
  await part('compare-count').fill('2');
  await part('compare-budget').fill('4');
  await own.locator('#panel-compare .options summary').click();
  await part('compare-horizon').fill('2');
  await part('compare-candidates').fill('2');
  for (const box of await own.locator('.compare-arms input:enabled').all()) await box.check();
  await part('compare-run').click();
  await part('compare-status').filter({ hasText: 'Compared on 2 pairs.' }).waitFor({ timeout });
  const texts = await part('compare-table').locator('tbody tr').allTextContents();
  assert.equal(texts.length, choices.filter(({ needsTraining }) => !needsTraining).length);
  for (const text of texts) assert.match(text, /[+±\u2212]\d\.\d{3} \[[+±\u2212]\d\.\d{3}, [+±\u2212]\d\.\d{3}\].*2$/);
  await part('compare-run').click();
  await part('compare-run').filter({ hasText: 'Stop' }).click();
  await part('compare-status').filter({ hasText: 'Stopped after' }).waitFor();
  assert.equal(await part('error').isVisible(), false);
});
