import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { fakeCore } from './support/fake-core.mjs';
import { collect, createFake, fakeHost } from './support/face.mjs';

test('create answers with what the core knows and the device it chose', async () => {
  const core = fakeCore();
  const aquiline = await createFake(fakeHost({ core }), { seed: 5 });
  assert.equal(aquiline.info.encoder, 'fake');
  assert.equal(aquiline.info.device, 'cpu');
  assert.equal(aquiline.info.reason, 'there is no WebGPU here, so the CPU is used');
  assert.deepEqual(core.log.find((entry) => entry.catalog), { catalog: 'the catalog', seed: 5 });
  await aquiline.dispose();
});

test('a catalog can be items, or two csv files, also as views into larger buffers', async () => {
  const core = fakeCore();
  const items = [{ id: 'a' }, { id: 'b' }];
  await (await createFake(fakeHost({ core }), { catalog: { items, ratings: [] } })).dispose();
  const movies = new Uint8Array(1000).subarray(0, 4);
  await (await createFake(fakeHost({ core }), { catalog: { movies, ratings: new Uint8Array(6) } })).dispose();
  assert.deepEqual(core.log.filter((entry) => entry.catalog).map((entry) => entry.catalog), [2, [4, 6]]);
});

test('gaps and steer fill in their defaults', async () => {
  const core = fakeCore();
  const aquiline = await createFake(fakeHost({ core }), { seed: 9 });
  assert.equal((await aquiline.gaps({ user: 'u' })).length, 8);
  await collect(aquiline.steer({ user: 'u', item: 'i' }));
  const expected = { user: 'u', item: 'i', policy: 'greedy', horizon: 5, candidates: 20, subset: 10, space: 'all', seed: 9 };
  assert.deepEqual(core.log.at(-1), expected);
  await collect(aquiline.steer({ user: 'u', item: 'i', policy: 'eagle', temperature: 0 }));
  assert.deepEqual(core.log.at(-1), { ...expected, policy: 'eagle', temperature: 0 });
  await aquiline.dispose();
});

test('a run yields its anchor, its steps with their times, and the trajectory with the same times', async () => {
  const aquiline = await createFake(fakeHost({ core: fakeCore({ work: 2 }) }));
  const events = await collect(aquiline.steer({ user: 'u', item: 'i', horizon: 2 }));
  assert.deepEqual(events.map((event) => event.type), ['anchor', 'step', 'step', 'done']);
  const times = events.filter((event) => event.type === 'step').map((event) => event.step.milliseconds);
  assert.ok(times.every((time) => time >= 4));
  assert.deepEqual(events.at(-1).trajectory.steps.map((step) => step.milliseconds), times);
  await aquiline.dispose();
});

test('the best text on the way is the outcome, or the last one where that is wanted', async () => {
  const core = fakeCore({ gains: [0.3, 0.9, 0.5] });
  const aquiline = await createFake(fakeHost({ core }));
  const ends = async (options) => {
    const { trajectory } = (await collect(aquiline.steer({ user: 'u', item: 'i', ...options }))).at(-1);
    const { outcome, outcomeStep, kept, failedRewrites, ended } = trajectory;
    return [outcome.utility, outcomeStep, kept, failedRewrites, ended];
  };
  assert.deepEqual(await ends({}), [0.9, 2, false, 0, 'horizon']);
  assert.ok(!('outcome' in core.log.at(-1)), 'the default is the core’s');
  assert.deepEqual(await ends({ outcome: 'best' }), [0.9, 2, false, 0, 'horizon']);
  assert.deepEqual(await ends({ outcome: 'last' }), [0.5, 3, false, 0, 'horizon']);
  assert.equal(core.log.at(-1).outcome, 'last');
  await assert.rejects(ends({ outcome: 'first' }), { code: 'request.malformed' });
  await aquiline.dispose();
});

test('a run in which nothing gains keeps the original', async () => {
  const aquiline = await createFake(fakeHost({ core: fakeCore({ gains: [-1, -0.5, -2] }) }));
  for (const outcome of ['best', 'last']) {
    const { trajectory } = (await collect(aquiline.steer({ user: 'u', item: 'i', outcome }))).at(-1);
    assert.deepEqual([trajectory.kept, trajectory.outcomeStep, trajectory.outcome], [true, 0, trajectory.anchor]);
  }
  await aquiline.dispose();
});

test('each loop over a run is a run of its own', async () => {
  const aquiline = await createFake(fakeHost());
  const run = aquiline.steer({ user: 'u', item: 'i', horizon: 1 });
  assert.equal((await collect(run)).length, 3);
  assert.equal((await collect(run)).length, 3);
  await aquiline.dispose();
});

test('a loop may await another call of the same object', async () => {
  const aquiline = await createFake(fakeHost());
  const sizes = [];
  for await (const event of aquiline.steer({ user: 'u', item: 'i' })) {
    if (event.type === 'step') sizes.push((await aquiline.gaps({ user: 'u', count: 2 })).length);
  }
  assert.deepEqual(sizes, [2, 2, 2]);
  await aquiline.dispose();
});

test('progress goes through the stages and never back within one', async () => {
  const seen = [];
  const aquiline = await createFake(fakeHost(), { onProgress: (progress) => seen.push(progress) });
  const stages = seen.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
  const order = ['compile', 'verify', 'download', 'verify', 'download', 'upload', 'warm-up', 'self-test', 'encode', 'fit'];
  assert.deepEqual(stages, order);
  assertForward(seen);
  const steering = [];
  await collect(aquiline.steer({ user: 'u', item: 'i', onProgress: (progress) => steering.push(progress) }));
  // The fake core reports 1, 2, 1 in each of three steps.
  assert.deepEqual(steering.map(({ done }) => done), [1, 2, 1, 2, 1, 2]);
  await aquiline.dispose();
});

test('numbers that are no whole numbers are refused with the name of the setting', async () => {
  const aquiline = await createFake(fakeHost());
  const refusal = { name: 'AquilineError', code: 'numeric.bad_setting', message: /^horizon is out of range/ };
  await assert.rejects(collect(aquiline.steer({ user: 'u', item: 'i', horizon: 1.5 })), refusal);
  await assert.rejects(aquiline.gaps({ user: 'u', count: -1 }), { code: 'numeric.bad_setting' });
  await aquiline.dispose();
});

test('importing does nothing, and an idle session does not keep the process', { timeout: 20000 }, async () => {
  const script = `
    const before = Object.keys(globalThis).length;
    await import('${new URL('../dist/index.js', import.meta.url)}');
    if (Object.keys(globalThis).length !== before) throw new Error('a global was added');
    const { createFake, fakeHost } = await import('${new URL('./support/face.mjs', import.meta.url)}');
    const aquiline = await createFake(fakeHost());
    await aquiline.gaps({ user: 'u' });
    console.log('end of script');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 10000,
  });
  assert.equal(stdout, 'end of script\n');
});

function assertForward(progress) {
  const highest = new Map();
  for (const { type, done } of progress) {
    assert.ok(done >= (highest.get(type) ?? 0), `${type} went back to ${done}`);
    highest.set(type, done);
  }
}
