import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AquilineError } from '../dist/index.js';
import { fromWire, toWire } from '../dist/protocol.js';
import { coreError, fakeCore } from './support/fake-core.mjs';
import { collect, createFake, fakeHost, until } from './support/face.mjs';

test('an error crosses the port with code, message, hint, retryable and causes', () => {
  const root = new Error('socket closed');
  const cause = new AquilineError('network', 'no answer', { retryable: true, cause: root });
  const back = fromWire(structuredClone(toWire(new AquilineError('device.unavailable', 'no core', { cause }))));
  assert.ok(back instanceof AquilineError);
  assert.equal(back.code, 'device.unavailable');
  assert.match(back.hint, /wasm-unsafe-eval/);
  assert.equal(back.retryable, false);
  assert.equal(back.cause.code, 'network');
  assert.equal(back.cause.retryable, true);
  assert.equal(back.cause.cause.message, 'socket closed');
});

test('an error that causes itself crosses too', () => {
  const error = new Error('round');
  error.cause = error;
  assert.equal(fromWire(toWire(error)).message, 'round');
});

test('what the core throws arrives typed, and the session goes on', async () => {
  const aquiline = await createFake(fakeHost());
  await assert.rejects(aquiline.gaps({ user: 'nobody' }), {
    name: 'AquilineError',
    code: 'data.unknown_user',
    message: 'unknown user "nobody"',
    retryable: false,
  });
  assert.equal((await aquiline.gaps({ user: 'u', count: 1 })).length, 1);
  await aquiline.dispose();
});

test('a run that fails yields what it had and then rejects, once', async () => {
  const core = fakeCore({ fail: { steer: coreError('rollout.no_actions', 'no usable action', true) } });
  const aquiline = await createFake(fakeHost({ core }));
  const run = aquiline.steer({ user: 'u', item: 'i' })[Symbol.asyncIterator]();
  await assert.rejects(run.next(), { code: 'rollout.no_actions', retryable: true });
  assert.deepEqual(await run.next(), { done: true, value: undefined });
  await aquiline.dispose();
});

for (const stage of ['load', 'selfTest', 'session', 'prepare']) {
  test(`a core that fails at ${stage} rejects create`, async () => {
    const core = fakeCore({ fail: { [stage]: coreError(`test.${stage}`, 'broken') } });
    await assert.rejects(createFake(fakeHost({ core })), { name: 'AquilineError', code: `test.${stage}` });
    if (stage === 'selfTest') assert.ok(core.log.includes('encoder.free'));
    if (stage === 'prepare') await until(() => core.log.includes('session.free'));
  });
}

test('a device that fails without saying how is unavailable', async () => {
  const core = fakeCore({ fail: { load: new Error('driver lost') } });
  const expected = { code: 'device.unavailable', message: 'driver lost', hint: /dist folder/ };
  await assert.rejects(createFake(fakeHost({ core })), expected);
});

test('after a trap in the core everything rejects with worker', async () => {
  const core = fakeCore({ fail: { gaps: new WebAssembly.RuntimeError('unreachable') } });
  const aquiline = await createFake(fakeHost({ core }));
  await assert.rejects(aquiline.gaps({ user: 'u' }), { code: 'worker', message: 'the core stopped: unreachable' });
  await until(() => core.log.includes('session.free'));
  await assert.rejects(aquiline.gaps({ user: 'u' }), { code: 'worker', message: 'the core stopped: unreachable' });
});

test('options that cannot be sent are refused', async () => {
  const items = [{ id: 'a', title: () => 'a function' }];
  await assert.rejects(createFake(fakeHost(), { catalog: { items, ratings: [] } }), { code: 'data.malformed' });
});

test('dispose rejects what is pending and everything later, frees the session, and can be repeated', async () => {
  const core = fakeCore({ work: 5, steps: 100 });
  const aquiline = await createFake(fakeHost({ core }));
  const run = collect(aquiline.steer({ user: 'u', item: 'i', horizon: 100 }));
  const gaps = aquiline.gaps({ user: 'u' });
  const disposed = { name: 'AquilineError', code: 'disposed', hint: /create\(\) again/ };
  const rejections = Promise.all([assert.rejects(run, disposed), assert.rejects(gaps, disposed)]);
  await Promise.all([aquiline.dispose(), aquiline.dispose(), rejections]);
  assert.equal(core.log.filter((entry) => entry === 'session.free').length, 1);
  await assert.rejects(aquiline.gaps({ user: 'u' }), disposed);
  await assert.rejects(collect(aquiline.steer({ user: 'u', item: 'i' })), disposed);
});

test('await using disposes, where the symbol exists', { skip: !Symbol.asyncDispose }, async () => {
  const core = fakeCore();
  const aquiline = await createFake(fakeHost({ core }));
  await aquiline[Symbol.asyncDispose]();
  assert.ok(core.log.includes('session.free'));
});
