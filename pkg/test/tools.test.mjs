// What an object can do beside steering, over a fake core: requests as the core takes them, answers as the types say.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fakeCore } from './support/fake-core.mjs';
import { collect, createFake, fakeHost, memoryStore } from './support/face.mjs';

const open = (log = [], rest = {}) => createFake(fakeHost({ core: fakeCore({ log }), ...rest }));

test('texts become vectors, one each, in their order', async () => {
  const aquiline = await open();
  const vectors = await aquiline.embed(['one', 'three']);
  assert.deepEqual(vectors, [Float32Array.of(3, 1), Float32Array.of(5, 1)]);
  assert.deepEqual(await aquiline.embed([]), []);
  await aquiline.dispose();
});

test('a person is folded in by item and value, and nothing else of their ratings is sent', async () => {
  const aquiline = await open();
  const user = await aquiline.foldIn({ user: 'visitor', ratings: [{ item: 'a', value: 4, note: 'private' }] });
  assert.equal(user.ratings, 1);
  const state = new TextDecoder().decode(await aquiline.save());
  assert.match(state, /"visitor":\[\{"item":"a","value":4\}\]/);
  await aquiline.dispose();
});

test('defaults are filled in, and numbers that are none are refused by name', async () => {
  const log = [];
  const aquiline = await open(log);
  const [action] = await aquiline.actions({ user: 'u', item: 'i' });
  assert.deepEqual(JSON.parse(action.text), { user: 'u', item: 'i', count: 20, space: 'all', seed: 0 });
  const { options } = await aquiline.design({ user: 'u', item: 'i', candidates: 4 });
  assert.deepEqual(options, { user: 'u', item: 'i', candidates: 4, subset: 4, seed: 0 });
  assert.equal((await aquiline.elm({ user: 'u', item: 'i', seed: 3 })).options.manifold, 'graph');
  assert.equal((await aquiline.factorize()).options.seed, 0);
  await collect(aquiline.search({ user: 'u', item: 'i', strategy: 'beam', budget: 7 }));
  const asked = log.find((entry) => entry.search?.budget).search;
  assert.deepEqual([asked.strategy, asked.width, asked.budget, asked.depth], ['beam', 2, 7, 5]);
  await assert.rejects(aquiline.design({ user: 'u', item: 'i', subset: -1 }), /subset is out of range/);
  await assert.rejects(collect(aquiline.search({ user: 'u', item: 'i', budget: 1.5 })), /budget is out of range/);
  await aquiline.dispose();
});

test('a search and a comparison yield their events in order', async () => {
  const aquiline = await open();
  const types = async (events) => (await collect(events)).map(({ type }) => type);
  assert.deepEqual(await types(aquiline.search({ user: 'u', item: 'i' })), ['anchor', 'step', 'done']);
  assert.deepEqual(await types(aquiline.evaluate({ arms: [{ oneShot: true, name: 'x' }] })), ['pair', 'report']);
  await aquiline.dispose();
});

test('capabilities say what is here, and whether something was trained', async () => {
  const aquiline = await open();
  const before = await aquiline.capabilities();
  assert.equal(before.device, 'cpu');
  assert.equal(before.trained, false);
  assert.equal(before.dimensions, 33);
  assert.equal(before.storage, true);
  await collect(aquiline.train({ updates: 1 }));
  assert.equal((await aquiline.capabilities()).trained, true);
  await aquiline.dispose();
});

test('a fit is kept, and taken up by the next object', async () => {
  const vectors = memoryStore();
  const fits = [];
  const onProgress = ({ type }) => fits.push(type);
  for (let visit = 0; visit < 2; visit += 1) {
    const aquiline = await createFake(fakeHost({ vectors }), { onProgress });
    await aquiline.dispose();
  }
  assert.equal(fits.filter((type) => type === 'fit').length, 3, 'fitted once, in three sweeps');
});

test('what comes with the package spares the first visit its fit, and where it is not served nothing fails', async () => {
  const asked = [];
  const embedded = async (fingerprint, part) => (asked.push([fingerprint, part]), part === 'fit' ? Uint8Array.of(9) : undefined);
  const stages = [];
  const aquiline = await createFake(fakeHost({ embedded }), { onProgress: ({ type }) => stages.push(type) });
  assert.deepEqual(asked, [['fake', 'vectors'], ['fake', 'fit']]);
  assert.ok(!stages.includes('fit') && stages.includes('encode'));
  await aquiline.dispose();

  asked.length = 0;
  const own = await createFake(fakeHost({ embedded }), { catalog: { items: [], ratings: [] } });
  assert.deepEqual(asked, [], 'it belongs to the embedded catalog alone');
  await own.dispose();
});
