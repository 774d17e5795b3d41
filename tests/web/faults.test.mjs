// What can be lost while someone uses the page, in a real Chromium with the real core: they get their result all the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openBrowser } from './support.mjs';

const timeout = 240_000;
/** A catalog that an emulated GPU reads in seconds. */
const plots = ['A whale sings.', 'Two sisters bake bread.', 'A heist on a train.', 'A wedding at sea.', 'Robots dream.'];
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
  // A run ends before its fifth edit where none would gain.
  assert.ok([1, 2, 3, 4, 5].includes(await element('step').count()));
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

/** Runs in the page: an object on WebGPU, with a worker whose GPU can be lost. */
async function openOnGpu(plots) {
  const { create } = await import('/pkg/index.js');
  const items = plots.map((plot, index) => ({ id: `i${index}`, title: 'A film', plot, genres: ['Drama'] }));
  const rating = (user, index) => ({ user: `u${user}`, item: `i${index}`, value: 1 + ((7 * user + 3 * index) % 5) });
  const ratings = [0, 1, 2, 3, 4, 5].flatMap((user) => items.map((_, index) => rating(user, index)));
  window.told = [];
  window.aquiline = await create({
    device: 'webgpu', models: '/models/', catalog: { items, ratings, scale: [1, 5] },
    assets: { worker: '/losable-worker.js' }, onRecovery: (recovery) => window.told.push(recovery),
  });
  await window.aquiline.foldIn({ user: 'visitor', ratings: [{ item: 'i0', value: 5 }, { item: 'i1', value: 1 }] });
  return window.aquiline.info.device;
}

/** The first worker gets a GPU that can be taken from it; there is none for the next one. */
async function serveLosableWorker(page) {
  const script = (body) => (route) => route.fulfill({ contentType: 'text/javascript', body });
  const losable = `
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...given) {
      const device = await requestDevice.apply(this, given);
      self.loseDevice = () => device.destroy();
      return device;
    };`;
  await page.route('**/losable-worker.js', script("import '/losable.js';\nimport '/pkg/worker.js';"));
  await page.route('**/losable.js', script("navigator.gpu.requestAdapter = async () => null;"));
  await page.route('**/losable.js', script(losable), { times: 1 });
}

test('a GPU that goes away is replaced, what was asked is answered, and what was learned is there', { timeout }, async () => {
  const emulated = await openBrowser({ gpu: true });
  try {
    const page = await emulated.browser.newPage();
    await serveLosableWorker(page);
    await page.goto(`${emulated.address}/icon.svg`);
    assert.equal(await page.evaluate(openOnGpu, plots), 'webgpu');
    await page.workers()[0].evaluate(() => self.loseDevice());
    const embedded = await page.evaluate(async () => (await window.aquiline.embed(['A lighthouse keeper.']))[0].length);
    assert.equal(embedded, 384);
    const [told, gaps] = await page.evaluate(async () => [window.told, await window.aquiline.gaps({ user: 'visitor' })]);
    assert.deepEqual(told.map(({ lost, device }) => [lost, device]), [['device', 'cpu']]);
    assert.match(told[0].message, /^the device was lost: [^\n]*$/);
    assert.ok(Array.isArray(gaps));
  } finally {
    await emulated.close();
  }
});
