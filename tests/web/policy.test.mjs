// A trained policy is offered wherever edits are chosen, however it came to be there.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openTrainingPage } from './fake-training.mjs';
import { openRealPage } from './support.mjs';

const timeout = 240_000;
const savedState = (policy) => Buffer.concat([Buffer.from('{"aquiline":1,"people":{}}\n'), Buffer.from(policy)]);
const upload = (element, buffer) => element('train-file').setInputFiles({ name: 'saved', mimeType: 'application/octet-stream', buffer });

/** Opens the panels, so that they have to follow, and the one for training last. */
async function openPanels({ element }) {
  for (const [panel, shown] of [['rate', 'rate-policy'], ['compare', 'arm-eagle'], ['train', 'train-run']]) {
    await element(`tab-${panel}`).click();
    await element(shown).waitFor();
  }
}

/** What of Steer, Compare and Rate offers a trained policy. */
const offered = ({ page }) => page.evaluate(() => {
  const places = ['#policy [value=eagle]', '#policy [value=foresight]', '[data-testid=arm-eagle]', '[data-testid=arm-eagle-reference]',
    '[data-testid=arm-foresight]', '[data-testid=rate-policy] [value=eagle]', '[data-testid=rate-policy] [value=foresight]'];
  return places.filter((place) => !document.querySelector(place).disabled).length;
});

const origins = {
  'is trained here': ({ element }) => element('train-run').click(),
  'comes from a file of its own': ({ element }) => upload(element, Buffer.from([1, 2, 3])),
  'comes with all else that was learned': ({ element }) => upload(element, savedState([1, 2, 3])),
};
for (const [origin, bring] of Object.entries(origins)) {
  test(`Steer, Compare and Rate offer a policy that ${origin}, also where they were open before`, { timeout }, async (t) => {
    const shown = await openTrainingPage('train');
    t.after(shown.close);
    await openPanels(shown);
    assert.equal(await offered(shown), 0);
    await bring(shown);
    await shown.status(/Trained|A policy is loaded/).waitFor();
    assert.equal(await offered(shown), 7);
    await shown.element('tab-rate').click();
    await shown.element('rate-policy').selectOption('eagle');
    assert.deepEqual(shown.complaints, []);
  });
}

test('Compare and Rate offer a policy that was there before they were opened', { timeout }, async (t) => {
  const shown = await openTrainingPage('train');
  t.after(shown.close);
  await upload(shown.element, Buffer.from([1, 2, 3]));
  await shown.status('A policy is loaded').waitFor();
  await openPanels(shown);
  assert.equal(await offered(shown), 7);
});

test('a file of what was learned without a policy is taken up, and offers none', { timeout }, async (t) => {
  const shown = await openTrainingPage('train');
  t.after(shown.close);
  await openPanels(shown);
  await upload(shown.element, savedState([]));
  await shown.element('train-file-status').filter({ hasText: 'saved was read, but no policy is in it.' }).waitFor();
  assert.deepEqual(await shown.lastAsked(), { name: 'load', text: '{"aquiline":1,"people":{}}\n' });
  assert.equal(await offered(shown), 0);
  assert.ok(await shown.element('train-steer').isDisabled());
});

test('Rate makes pairs with the policy that was trained meanwhile, for whom is chosen by then', { timeout }, async (t) => {
  const { page, element, close } = await openTrainingPage('rate');
  t.after(close);
  await element('rate-whom').selectOption('chosen');
  await element('tab-train').click();
  await upload(element, Buffer.from([1, 2, 3]));
  await element('tab-steer').click();
  await element('user-select').fill('cleo');
  await page.keyboard.press('Enter');
  await element('tab-rate').click();
  assert.deepEqual(await element('rate-whom').locator('option').allInnerTexts(), ['Random viewers', 'cleo, who is chosen']);
  await element('rate-policy').selectOption('eagle');
  await element('rate-run').click();
  await element('rate-profile').filter({ hasText: 'cleo' }).waitFor();
  const { policy, user } = await page.evaluate(() => window.calls.at(-1));
  assert.deepEqual({ policy, user }, { policy: 'eagle', user: 'cleo' });
});

test('over the real package a policy comes back with all that was learned, and broken files are refused', { timeout }, async (t) => {
  const { page, element, complaints, close } = await openRealPage({ panel: 'train' });
  t.after(close);
  await openPanels({ element });
  await upload(element, savedState([]));
  await element('error').filter({ hasText: 'The policy could not be taken up' }).waitFor();
  assert.equal(await offered({ page }), 0);
  await page.evaluate(learnedElsewhere);
  await element('train-status').filter({ hasText: 'A policy is loaded' }).waitFor({ timeout });
  assert.equal(await element('error').isVisible(), false);
  assert.equal(await offered({ page }), 7);
  await element('train-steer').click();
  await element('horizon').evaluate((input) => { input.value = 1; });
  await element('steer-button').click();
  await element('outcome').filter({ hasText: 'eagle, seed 0' }).waitFor({ timeout });
  assert.deepEqual(complaints, []);
});

/** Runs in the page: another object trains a little, and the file of what it learned is put into the panel. */
async function learnedElsewhere() {
  const { create } = await import('/pkg/index.js');
  const other = await create({ models: '/models/', device: 'cpu' });
  const settings = { reference: 'uniform', referenceEpisodes: 1, referenceHorizon: 1, referenceEpochs: 1, updates: 1, episodes: 1, horizon: 1, candidates: 4 };
  for await (const event of other.train(settings)) void event;
  const files = new DataTransfer();
  files.items.add(new File([await other.save()], 'learned.aquiline'));
  await other.dispose();
  const input = document.querySelector('[data-testid=train-file]');
  input.files = files.files;
  input.dispatchEvent(new Event('change'));
}
