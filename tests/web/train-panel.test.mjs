// The panel of training: its words and numbers, then over a package that is made up, then over the real one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { niceScale } from '../../www/curve.js';
import { createTrainClock } from '../../www/panels/train-clock.js';
import { logRows } from '../../www/panels/train-curves.js';
import { budgetLeft, costWords, trainOptions } from '../../www/panels/train-form.js';
import { fitWords } from '../../www/panels/train-policy.js';
import { openTrainingPage } from './fake-training.mjs';
import { downloaded, openRealPage, sidewaysScroll } from './support.mjs';

const timeout = 300_000;
let page;
let element;
let saved;
let complaints;
let status;
let give;
let lastAsked;
let close;

before(async () => { ({ page, element, saved, complaints, status, give, lastAsked, close } = await openTrainingPage('train')); });
after(() => close());

const caption = (name) => element(`curve-${name}`).locator('figcaption');
const policyOption = (name) => page.locator(`#policy option[value=${name}]`);

test('axes have two to six round numbers, whatever the range', () => {
  for (const [low, high] of [[0, 1], [-0.5, 0.5], [720, 1440], [1e-4, 2e-3], [0.97, 0.971], [-3, -1], [5, 5], [0, 0]]) {
    const { ticks, low: bottom, high: top } = niceScale(low, high);
    assert.ok(ticks.length >= 2 && ticks.length <= 6, `${low} to ${high}: ${ticks}`);
    assert.ok(bottom <= low && top >= high && ticks.every((tick) => tick >= bottom && tick <= top));
  }
  assert.deepEqual(niceScale(720, 1440).ticks, [800, 1000, 1200, 1400]);
  assert.equal(niceScale(0.97, 0.971).digits, 4);
});

test('the time left counts references, passes, episodes and updates by what they took', () => {
  let time = 0;
  const clock = createTrainClock({ referenceEpisodes: 2, referenceTexts: 80, epochs: 2, updates: 3, episodes: 4, horizon: 5 }, () => time);
  const pass = (milliseconds, type, done) => {
    time += milliseconds;
    clock.report({ type, done });
  };
  assert.equal(clock.left(), null);
  assert.equal(clock.words(), 'Reference: episode 1 of 2');
  pass(10, 'episode', 3);
  assert.equal(clock.left(), null, 'what happens within an episode says nothing');
  pass(7990, 'targets', 1);
  // One more of them, and 12 episodes of five texts, at 100 ms a text.
  assert.equal(clock.left(), 8000 + 12 * 500);
  pass(8000, 'targets', 2);
  pass(100, 'reference-fit', 1);
  assert.match(clock.words(), /^Fitting the reference: pass 2 of 2 · about \d/);
  pass(100, 'reference-fit', 2);
  pass(1000, 'episodes', 1);
  assert.equal(clock.left(), 11 * 1000);
  assert.equal(clock.words(), 'Update 1 of 3: episode 2 of 4 · about 11\u202fs left');
  for (const done of [2, 3, 4]) pass(1000, 'episodes', done);
  assert.match(clock.words(), /^Update 1 of 3: learning/);
  pass(2000, 'train', 1);
  assert.equal(clock.left(), 8 * 1000 + 2 * 2000);
  time += 500;
  assert.equal(clock.left(), 11_500, 'time passes between reports, too');
  assert.ok(clock.share() > 0.6 && clock.share() < 0.7);
});

test('the fit of the reference is said against what knowing nothing would have', () => {
  assert.match(fitWords({ states: 40, heldOut: 5, kl: 0.9, uniformKl: 1.2 }), /^On 5 states held out of the fit, .* 0\.90 nats .* 1\.20: it has learned 25\u202f% of the way\.$/);
  assert.match(fitWords({ states: 15, heldOut: 1, kl: 1.3, uniformKl: 1.2 }), /the one state held out.*it does no better\. So few states say little\.$/);
  assert.match(fitWords({ states: 15, heldOut: 1, kl: 0.001, uniformKl: 0 }), /^The reference is uniform/);
  assert.match(fitWords({ states: 4, heldOut: 0, kl: 0, uniformKl: 0 }), /^The reference was fitted to 4 states\. None was held out/);
});

test('settings become the options of the library, and rewrites are counted as it counts them', () => {
  const values = {
    updates: 20, episodes: 32, candidates: 100, klWeight: 0.03, seed: 7, reference: 'd-optimal', horizon: 5, space: 'all', whom: 'chosen', budget: null,
    patience: 0, referenceEpisodes: 12, referenceHorizon: 2, referenceEpochs: 20, subset: 200, temperature: 0.5, discount: 1, trace: 0.5, shaping: 'gains',
    baseline: 'value', group: 1, whitening: 'no', policyRate: 0.001, valueRate: 0.002, mostGradient: 1,
  };
  const options = trainOptions(values, 'ann');
  assert.deepEqual(options.reference, { 'd-optimal': { subset: 100 } });
  assert.deepEqual(options.users, ['ann']);
  assert.ok(!('budget' in options));
  assert.deepEqual(options.settings, {
    klWeight: 0.03, temperature: 0.5, discount: 1, trace: 0.5, baseline: 'value', patience: 0, seed: 7, shaping: true, whitening: false,
    optimizer: { policyRate: 0.001, valueRate: 0.002, mostGradient: 1 },
  });
  // 12 episodes of 2 states with 100 candidates, then 20 updates of 32 episodes of 5 edits.
  assert.match(costWords(options, 'simulator'), /^5,600 rewrites by the simulator, 2,400 of them/);
  const uniform = trainOptions({ ...values, reference: 'uniform', whom: 'all', budget: 1000 }, 'ann');
  assert.match(costWords(uniform, 'simulator'), /^3,224 rewrites by the simulator, 24 of them/);
  assert.ok(!('users' in uniform));
  assert.deepEqual(budgetLeft(uniform, 320), { budget: 680 });
  assert.deepEqual(budgetLeft(options, 320), {});
});

test('what needs a trained policy is not offered before there is one', async () => {
  assert.ok(await policyOption('eagle').isDisabled());
  assert.ok(await policyOption('foresight').isDisabled());
  assert.ok(await element('train-steer').isDisabled());
  assert.ok(await element('train-save').isDisabled());
  assert.equal(await element('train-cost').textContent(), '1,440 rewrites by the simulator, 640 of them for the reference.');
});

test('a number that makes no sense is not sent', async () => {
  await element('train-episodes').fill('0');
  await element('train-run').click();
  assert.equal(await page.evaluate(() => window.asked.length), 0);
  await element('train-episodes').fill('16');
});

test('before the reference is fitted it can be stopped, and nothing has changed', { timeout }, async () => {
  await give(0);
  await element('train-run').click();
  await element('train-status').filter({ hasText: 'Reference: episode 2 of 8' }).waitFor();
  assert.ok(await element('train-updates').isDisabled());
  assert.equal(await element('train-stop').isVisible(), false);
  assert.equal(await page.evaluate(() => 'training' in document.body.dataset), true);
  await element('train-run').filter({ hasText: 'Stop' }).click();
  await status('nothing has changed').waitFor();
  await element('train-run').filter({ hasText: 'Start' }).waitFor();
  assert.ok(await policyOption('eagle').isDisabled());
  assert.equal(await page.evaluate(() => 'training' in document.body.dataset), false);
});

test('curves grow with every update, and a pause keeps what is whole', { timeout }, async () => {
  await element('train-run').click();
  await element('train-status').filter({ hasText: 'Reference' }).waitFor();
  await give(1);
  await element('train-fit').filter({ hasText: '25\u202f% of the way' }).waitFor();
  await give(3);
  await caption('reward').filter({ hasText: 'reward 0.860 ±\u202f0.100' }).waitFor();
  assert.equal(await caption('kl').textContent(), 'kl 0.300entropy 3.000');
  assert.equal(await caption('env_calls').textContent(), 'env_calls 841');
  await element('train-run').filter({ hasText: 'Pause' }).click();
  await status('Paused after 3 of 10 updates.').waitFor();
  assert.ok(await element('train-updates').isDisabled(), 'a paused run keeps its settings');
  assert.equal(await policyOption('eagle').isDisabled(), false);
});

test('it goes on where it was, with the updates that are left', { timeout }, async () => {
  await give();
  await element('train-run').filter({ hasText: 'Continue' }).click();
  await status('Trained: 10 updates, reward 0.820 → 1.000.').waitFor();
  const { name, resume, updates, candidates, settings } = await lastAsked();
  assert.deepEqual({ name, resume, updates, candidates, alpha: settings.klWeight }, { name: 'train', resume: true, updates: 7, candidates: 40, alpha: 0.03 });
  assert.equal(await caption('env_calls').textContent(), 'env_calls 1,401');
});

test('pointing at one curve, or moving the slider, reads all of them at that update', async () => {
  await element('train-at').focus();
  await page.keyboard.press('ArrowLeft');
  assert.equal(await caption('gain').textContent(), 'gain 0.158');
  assert.match(await element('train-at').getAttribute('aria-valuetext'), /^Update 9: reward 0\.980, gain 0\.158, kl 0\.900/);
  const frame = element('curve-entropy').or(element('curve-kl')).locator('.curve-frame');
  await frame.scrollIntoViewIfNeeded();
  const box = await frame.boundingBox();
  await page.mouse.move(box.x + 6, box.y + 20);
  assert.equal(await caption('reward').textContent(), 'reward 0.820 ±\u202f0.100');
  await page.mouse.move(box.x + 6, box.y - 200);
  assert.equal(await caption('reward').textContent(), 'reward 1.000 ±\u202f0.100');
});

test('the table and the file have every number of every update', async () => {
  await element('train-as-table').click();
  assert.equal(await element('train-table').locator('tbody tr').count(), 10);
  assert.match(await element('train-table').locator('tbody tr').first().textContent(), /^1160\.8200\.1000\.062.*yes$/);
  const lines = (await saved('train-csv')).trimEnd().split('\r\n');
  assert.equal(lines[0], 'update,episodes,reward,reward_std,gain,kl,entropy,policy_loss,value_loss,explained_variance,zero_variance_share,grad_norm,env_calls,clipped');
  assert.equal(lines.length, 11);
  assert.match(lines[1], /^1,16,0\.8\d*,0\.1,0\.06\d*,0\.1,.*,681,yes$/);
  assert.equal(logRows([{ rewardMean: NaN }])[1].length, logRows([])[0].length);
});

test('training can go further, be stopped, and be started anew', { timeout }, async () => {
  await give(2);
  await element('train-updates').fill('5');
  await element('train-run').filter({ hasText: 'Train further' }).click();
  await caption('gain').filter({ hasText: '0.194' }).waitFor();
  assert.equal(await caption('env_calls').textContent(), 'env_calls 1,561');
  await element('train-stop').click();
  await status('Stopped after 2 of 5 updates.').waitFor();
  await give();
  await element('train-anew').click();
  await status('Trained: 5 updates').waitFor();
  assert.equal((await lastAsked()).resume, false);
  assert.equal(await element('train-table').locator('tbody tr').count(), 5);
});

test('a failure is told with its hint, and the run can go on', { timeout }, async () => {
  await page.evaluate(() => { window.trainingFailure = 'the gradient is not a finite number'; });
  await element('train-run').click();
  await element('error').filter({ hasText: 'not a finite number' }).filter({ hasText: 'Lower the rates.' }).waitFor();
  await status('Paused after 0 of 5 updates').waitFor();
  await page.evaluate(() => { window.trainingFailure = undefined; });
  await page.locator('#error-retry').click();
  await status('Trained: 5 updates').waitFor();
  assert.equal(await element('error').isVisible(), false);
});

test('the policy is saved, taken up again, and refused where it does not belong', { timeout }, async () => {
  const download = await downloaded(page, element('train-save'));
  assert.equal(download.suggestedFilename(), 'aquiline-policy-10-updates.safetensors');
  assert.deepEqual([...await readFile(await download.path())], [1, 2, 3]);
  const upload = (buffer) => element('train-file').setInputFiles({ name: 'policy.safetensors', mimeType: 'application/octet-stream', buffer });
  await upload(Buffer.from([9, 9]));
  await element('error').filter({ hasText: 'it is for another encoder' }).filter({ hasText: 'training.checkpoint' }).waitFor();
  await upload(Buffer.from([1, 2, 3]));
  await status('A policy is loaded').waitFor();
  assert.equal(await element('error').isVisible(), false);
  assert.equal(await element('curve-gain').isVisible(), false, 'the curves were of another policy');
});

test('a file that is too large is not even read', { timeout }, async () => {
  const before = await page.evaluate(() => window.asked.length);
  await element('train-file').evaluate((input) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(64e6 + 1)], 'film.mkv'));
    input.files = files.files;
    input.dispatchEvent(new Event('change'));
  });
  await element('error').filter({ hasText: 'film.mkv has 64\u202fMB: too large' }).waitFor();
  assert.equal(await page.evaluate(() => window.asked.length), before);
});

test('a press leads to the panel for steering, with the policy chosen', async () => {
  await element('train-steer').click();
  assert.equal(await element('policy-select').inputValue(), 'eagle');
  assert.ok(await element('steer-button').isVisible());
  await element('tab-train').click();
});

test('a phone shows it all without scrolling sideways', { timeout }, async () => {
  await give();
  await element('train-run').click();
  await status('Trained').waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(page), 0);
  assert.ok(await element('curve-reward').isVisible());
});

test('nothing was complained about', () => {
  assert.deepEqual(complaints, []);
});

test('over the real package a policy is trained with a pause, kept, refused for another encoder, and steers', { timeout }, async (t) => {
  const { page: own, element: part, close: closeReal } = await openRealPage({ panel: 'train' });
  t.after(closeReal);
  await part('train-reference').selectOption('uniform');
  await part('train-more').click();
  for (const [name, value] of [['updates', 2], ['episodes', 2], ['candidates', 8], ['horizon', 1], ['referenceEpisodes', 2], ['referenceHorizon', 1]]) {
    await part(`train-${name}`).fill(String(value));
  }
  await part('train-run').click();
  await part('train-run').filter({ hasText: 'Pause' }).click({ timeout });
  await part('train-status').filter({ hasText: /Paused after [01] of 2 updates/ }).waitFor({ timeout });
  await part('train-run').filter({ hasText: 'Continue' }).click();
  await part('train-status').filter({ hasText: 'Trained: 2 updates' }).waitFor({ timeout });
  assert.match(await part('curve-reward').locator('figcaption').textContent(), /^reward \d\.\d{3} ±\u202f\d\.\d{3}$/);

  const checkpoint = await readFile(await (await downloaded(own, part('train-save'))).path());
  await part('train-file').setInputFiles({ name: 'foreign.safetensors', mimeType: 'application/octet-stream', buffer: ofAnotherEncoder(checkpoint) });
  await part('error').filter({ hasText: /encoder/ }).waitFor({ timeout });
  await part('train-file').setInputFiles({ name: 'policy.safetensors', mimeType: 'application/octet-stream', buffer: checkpoint });
  await part('train-status').filter({ hasText: 'A policy is loaded' }).waitFor({ timeout });
  await part('train-steer').click();
  await own.locator('.options summary').first().click();
  await part('horizon').fill('1');
  await part('steer-button').click();
  await part('outcome').filter({ hasText: 'eagle, seed 0' }).waitFor({ timeout });
});

/** The same bytes with one letter of the encoder's fingerprint changed. */
function ofAnotherEncoder(checkpoint) {
  const bytes = Buffer.from(checkpoint);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = bytes.subarray(8, 8 + length).toString('latin1');
  const at = header.search(/(?<=encoder[^a-z0-9]+)[a-z0-9]/i);
  assert.ok(at > 0, 'the header names its encoder');
  bytes[8 + at] = header[at] === 'x' ? 'y'.charCodeAt(0) : 'x'.charCodeAt(0);
  return bytes;
}
