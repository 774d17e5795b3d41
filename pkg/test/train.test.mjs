import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeCore } from './support/fake-core.mjs';
import { collect, createFake, fakeHost } from './support/face.mjs';

test('training yields its reference, then every update, and reports progress between them', async () => {
  const core = fakeCore();
  const aquiline = await createFake(fakeHost({ core }), { seed: 4 });
  const stages = new Set();
  const settings = { klWeight: 0.2 };
  const run = aquiline.train({ updates: 3, settings, onProgress: ({ type }) => stages.add(type) });
  const events = await collect(run);
  assert.deepEqual(events.map(({ type }) => type), ['reference', 'update', 'update', 'update']);
  assert.deepEqual(events.slice(1).map(({ log }) => log.update), [1, 2, 3]);
  assert.deepEqual([...stages], ['targets', 'episodes', 'train']);
  const asked = core.log.find((entry) => entry.fitReference).fitReference;
  assert.deepEqual(asked, { updates: 3, settings: { seed: 4, klWeight: 0.2 } });
  await aquiline.dispose();
});

test('a policy that was saved goes on elsewhere from where it was', async () => {
  const first = await createFake(fakeHost());
  await collect(first.train({ updates: 2 }));
  const checkpoint = await first.savePolicy();
  await first.dispose();

  const second = await createFake(fakeHost());
  await second.loadPolicy(checkpoint);
  const events = await collect(second.train({ updates: 1, resume: true }));
  assert.deepEqual(events, [{ type: 'update', log: { update: 3, environmentCalls: 1 } }]);
  assert.deepEqual(await second.savePolicy(), new Uint8Array([0, 1, 2, 3]));
  await second.dispose();
});

test('a checkpoint may be a view into a larger buffer', async () => {
  const aquiline = await createFake(fakeHost());
  await aquiline.loadPolicy(new Uint8Array([9, 9, 0, 1, 9]).subarray(2, 4));
  assert.deepEqual(await aquiline.savePolicy(), new Uint8Array([0, 1]));
  await aquiline.dispose();
});

test('what was learned before a run is left is kept', async () => {
  const aquiline = await createFake(fakeHost({ core: fakeCore({ work: 1 }) }));
  for await (const event of aquiline.train({ updates: 1000 })) {
    if (event.type === 'update' && event.log.update === 2) break;
  }
  const [, ...updates] = await aquiline.savePolicy();
  assert.ok(updates.length >= 2 && updates.length < 1000, `${updates.length} updates`);
  await aquiline.dispose();
});

test('nothing to save, nothing to go on from and no checkpoint are typed errors', async () => {
  const aquiline = await createFake(fakeHost());
  await assert.rejects(aquiline.savePolicy(), { code: 'training.untrained' });
  await assert.rejects(collect(aquiline.train({ resume: true, updates: 1 })), { code: 'training.untrained' });
  await assert.rejects(aquiline.loadPolicy(new Uint8Array([7])), { code: 'training.checkpoint' });
  assert.equal((await aquiline.gaps({ user: 'u', count: 1 })).length, 1, 'the object still works');
  await aquiline.dispose();
});

test('an aborted signal ends training with its reason', async () => {
  const aquiline = await createFake(fakeHost({ core: fakeCore({ work: 1 }) }));
  const controller = new AbortController();
  const reason = new Error('enough');
  const run = collect(
    aquiline.train({ updates: 1000, signal: controller.signal, onProgress: () => controller.abort(reason) }),
  );
  await assert.rejects(run, reason);
  await aquiline.dispose();
});
