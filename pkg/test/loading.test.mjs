// Checks of the model's bytes, the time that is left, and places where nothing can be kept. CHROME names the browser.
import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';
import { createEta } from '../dist/progress.js';
import { cacheStore, forgiving } from '../dist/store.js';
import { fakeCore, SUMS, TOKENIZER, WEIGHTS } from './support/fake-core.mjs';
import { createFake, fakeHost } from './support/face.mjs';
import { openSite, PLAIN_HOST } from './support/site.mjs';

const HUB = 'https://models.invalid/';
const TAMPERED = WEIGHTS.map((byte, index) => (index === 2999 ? byte + 1 : byte));
let downloads;
/** What the network has for the weights. */
let offered;

before(() => {
  mock.method(globalThis, 'fetch', async (address) => {
    downloads.push(address);
    return new Response(address.endsWith('tok.bin') ? TOKENIZER : offered);
  });
});
after(() => mock.restoreAll());

function offer(bytes) {
  offered = bytes;
  downloads = [];
}

const summed = () => fakeCore({ sums: SUMS, hub: HUB });
const verified = (core) => core.log.filter((entry) => entry.verify).map((entry) => entry.verify);
const load = (host) => createFake(host, { models: HUB }).then((aquiline) => aquiline.dispose());

/** Runs without the browser's cryptography, as on a page that came over plain http. */
async function withoutDigest(run) {
  const property = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  Object.defineProperty(globalThis, 'crypto', { configurable: true, value: {} });
  try {
    return await run();
  } finally {
    Object.defineProperty(globalThis, 'crypto', property);
  }
}

test('right bytes are checked by the browser, and the core is not asked', async () => {
  offer(WEIGHTS);
  const core = summed();
  await load(fakeHost({ core }));
  assert.deepEqual(verified(core), []);
});

test('where the browser has no digest, the core checks', async () => {
  offer(WEIGHTS);
  const core = summed();
  await withoutDigest(() => load(fakeHost({ core })));
  assert.deepEqual(verified(core), ['tokenizer', 'weights']);
});

for (const [way, within] of [['the browser', (run) => run()], ['the core', withoutDigest]]) {
  test(`altered bytes from the network are refused and not kept, checked by ${way}`, async () => {
    offer(TAMPERED);
    const host = fakeHost({ core: summed() });
    const refused = { code: 'encoder.integrity', message: 'weights is not the expected file' };
    await within(() => assert.rejects(load(host), refused));
    assert.deepEqual([...host.models.saved.keys()], [SUMS.tokenizer]);
  });

  test(`altered bytes in the store are dropped and downloaded again, checked by ${way}`, async () => {
    offer(WEIGHTS);
    const host = fakeHost({ core: summed() });
    await host.models.save(SUMS.weights, TAMPERED);
    await host.models.save(SUMS.tokenizer, TOKENIZER);
    await within(() => load(host));
    assert.deepEqual(downloads, [`${HUB}model.bin`]);
    assert.deepEqual(host.models.saved.get(SUMS.weights), WEIGHTS);
  });
}

test('without the Cache API a load works and keeps nothing', async () => {
  offer(WEIGHTS);
  assert.equal(typeof caches, 'undefined', 'Node.js has none');
  const host = fakeHost({ core: summed(), models: forgiving(cacheStore('m')), vectors: forgiving(cacheStore('v')) });
  await load(host);
  await load(host);
  assert.equal(downloads.length, 4, 'both files twice');
});

test('a full disk does not fail a load', async () => {
  offer(WEIGHTS);
  let refused = 0;
  const put = async () => Promise.reject((refused++, new DOMException('full', 'QuotaExceededError')));
  globalThis.caches = { open: async () => ({ match: async () => undefined, put }) };
  try {
    await load(fakeHost({ core: summed(), models: forgiving(cacheStore('m')), vectors: forgiving(cacheStore('v')) }));
  } finally {
    delete globalThis.caches;
  }
  assert.equal(refused, 4, 'two files, the fit and the vectors');
});

test('the time left follows from the speed, once there is one', () => {
  const eta = createEta();
  const at = (done, now) => eta({ type: 'download', done, total: 100, unit: 'bytes' }, now);
  assert.equal(at(0, 0), undefined);
  assert.equal(at(10, 200), undefined, 'too early to tell');
  assert.equal(at(25, 1000), 3000);
  assert.equal(at(50, 2000), 2000);
  assert.equal(at(100, 4000), 0);
});

test('the time left follows a connection that slows down', () => {
  const eta = createEta();
  const at = (done, now) => eta({ type: 'download', done, total: 1000, unit: 'bytes' }, now);
  for (let second = 0; second <= 5; second++) at(100 * second, 1000 * second);
  let left;
  for (let second = 6; second <= 20; second++) left = at(500 + (second - 5), 1000 * second);
  assert.ok(left > 400_000, `484 bytes at one a second, not ${left} ms`);
});

test('each stage has its own time left, and one that begins anew forgets', () => {
  const eta = createEta();
  const train = (done, now) => eta({ type: 'train', done, total: 10, unit: 'updates' }, now);
  const candidates = (done, now) => eta({ type: 'candidates', done, total: 4, unit: 'actions' }, now);
  train(1, 0);
  candidates(3, 30_000);
  assert.equal(train(2, 60_000), 480_000, 'reports may be rarer than the window');
  assert.equal(candidates(1, 70_000), undefined);
  assert.equal(candidates(2, 71_000), 2000);
});

test('where there is no telling, no time is told', () => {
  const eta = createEta();
  for (const now of [0, 5000]) {
    assert.equal(eta({ type: 'compile', done: 0, total: 1, unit: 'stages' }, now), undefined);
    assert.equal(eta({ type: 'fit', done: now, total: 0, unit: 'sweeps' }, now), undefined);
    assert.equal(eta({ type: 'encode', done: 3, total: 9, unit: 'texts' }, now), undefined, 'it stands still');
  }
});

test('progress carries the time left', async () => {
  offer(WEIGHTS);
  const seen = [];
  const onProgress = (progress) => seen.push(progress);
  await (await createFake(fakeHost({ core: summed() }), { models: HUB, onProgress })).dispose();
  assert.equal(seen.findLast(({ type }) => type === 'download').eta, 0);
  assert.ok(seen.every(({ unit, eta }) => unit !== 'stages' || eta === undefined));
});

test('a page that came over plain http, without digest and cache, loads all the same', async () => {
  const site = await openSite({ host: PLAIN_HOST });
  try {
    const open = async ({ create }) => (await create({ device: 'cpu' })).dispose();
    const bare = () => [typeof caches, typeof crypto.subtle];
    assert.deepEqual(await site.page.evaluate(bare), ['undefined', 'undefined']);
    for (const _visit of [1, 2]) await site.page.evaluate(`import('/dist/index.js').then(${open})`);
    assert.equal(site.requests.filter((path) => path === '/models/model.bin').length, 2);
  } finally {
    await site.close();
  }
});

test('a browser without room keeps nothing and loads all the same', async () => {
  const site = await openSite();
  try {
    const devtools = await site.page.context().newCDPSession(site.page);
    const origin = new URL(site.page.url()).origin;
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    const put = async () => (await caches.open('x')).put('/x', new Response('much')).catch(({ name }) => name);
    assert.equal(await site.page.evaluate(put), 'QuotaExceededError');
    const open = async ({ create }) => (await create({ device: 'cpu' })).dispose();
    for (const _visit of [1, 2]) await site.page.evaluate(`import('/dist/index.js').then(${open})`);
    assert.equal(site.requests.filter((path) => path === '/models/model.bin').length, 2);
  } finally {
    await site.close();
  }
});
