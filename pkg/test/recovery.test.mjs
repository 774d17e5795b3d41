// A service that is lost is replaced: what was learned is there again, and what was asked is answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inProcessConnection } from '../dist/connection.js';
import { createOver } from '../dist/create.js';
import { coreError, fakeCore, TOKENIZER, WEIGHTS } from './support/fake-core.mjs';
import { collect, fakeHost } from './support/face.mjs';

const trap = () => new WebAssembly.RuntimeError('unreachable');

/**
 * An object whose workers have these cores, one after the other; `opened` are the connections so far. `beforeAnother` is awaited
 * before each but the first.
 */
async function open(cores, options = {}, patience = undefined, beforeAnother = async () => {}) {
  const opened = Object.assign([], { closed: () => closed });
  const closed = new Set();
  const connect = async () => {
    if (opened.length > 0) await beforeAnother();
    const host = fakeHost({ core: cores[Math.min(opened.length, cores.length - 1)] });
    const connection = Object.assign(await inProcessConnection(host), { isReplaceable: true });
    const close = connection.close.bind(connection);
    connection.close = () => {
      closed.add(connection);
      return close();
    };
    opened.push(connection);
    return connection;
  };
  const told = [];
  const aquiline = await createOver(connect, {
    models: { weights: WEIGHTS, tokenizer: TOKENIZER },
    assets: { catalog: new TextEncoder().encode('the catalog') },
    onRecovery: (recovery) => told.push(recovery),
    ...options,
  }, patience);
  return { aquiline, opened, told };
}

/** One that loses its first service at the first call, and gets the next one when `arrive()` is called; `arrive.begun` is when it asks for it. */
async function openSlowly({ fail = { gaps: trap(), search: trap() } } = {}) {
  let tellBegun;
  let arrive;
  const arrived = new Promise((resolve) => { arrive = resolve; });
  arrive.begun = new Promise((resolve) => { tellBegun = resolve; });
  const log = [];
  const opened = await open([fakeCore({ fail }), fakeCore({ log })], {}, undefined, async () => {
    tellBegun();
    await arrived;
  });
  return { ...opened, arrive, log };
}

test('a call that stops the core is answered by another one, and the page is told', async () => {
  const { aquiline, opened, told } = await open([fakeCore({ fail: { gaps: trap() } }), fakeCore()]);
  assert.equal((await aquiline.gaps({ user: 'u', count: 2 })).length, 2);
  assert.equal(opened.length, 2);
  assert.deepEqual(told.map(({ lost, device }) => [lost, device]), [['worker', 'cpu']]);
  assert.match(told[0].message, /unreachable/);
  await aquiline.dispose();
});

test('a device that is lost is replaced with its worker, and the message is one line', async () => {
  const lost = coreError('encoder.device', 'the device cannot be used: Destroyed\nCaused by:\n  a driver');
  const { aquiline, opened, told } = await open([fakeCore({ fail: { gaps: lost } }), fakeCore()]);
  assert.equal((await aquiline.gaps({ user: 'u', count: 2 })).length, 2);
  assert.equal(opened.length, 2);
  const message = 'the device was lost: the device cannot be used: Destroyed';
  assert.deepEqual(told, [{ lost: 'device', message, device: 'cpu' }]);
  await aquiline.dispose();
});

test('who was folded in is there again', async () => {
  const log = [];
  const { aquiline } = await open([fakeCore({ fail: { gaps: trap() } }), fakeCore({ log })]);
  await aquiline.foldIn({ user: 'visitor', ratings: [{ item: 'a', value: 4 }] });
  await aquiline.gaps({ user: 'visitor' });
  assert.match(log.find((entry) => entry.loaded).loaded, /visitor/);
  await aquiline.dispose();
});

test('calls that were lost together wait for one replacement', async () => {
  const { aquiline, opened } = await open([fakeCore({ fail: { gaps: trap() } }), fakeCore()]);
  const [gaps, utilities] = await Promise.all([aquiline.gaps({ user: 'u' }), aquiline.utilities({ user: 'u' })]);
  assert.equal(gaps.length, 8);
  assert.equal(utilities.length, 2);
  assert.equal(opened.length, 2);
  await aquiline.dispose();
});

test('a run goes on where it was lost, and yields nothing twice', async () => {
  const { aquiline } = await open([fakeCore({ fail: { search: trap() } }), fakeCore()]);
  const events = await collect(aquiline.search({ user: 'u', item: 'i' }));
  assert.deepEqual(events.map(({ type }) => type), ['anchor', 'step', 'done']);
  await aquiline.dispose();
});

test('a call that stops every core fails with one typed error, and the object lives on', async () => {
  const { aquiline, opened } = await open([fakeCore({ fail: { gaps: trap() } })]);
  await assert.rejects(aquiline.gaps({ user: 'u' }), { code: 'worker', name: 'AquilineError' });
  assert.equal(opened.length, 2, 'it was tried once more');
  assert.equal((await aquiline.utilities({ user: 'u' })).length, 2);
  await aquiline.dispose();
});

test('a run that asks a language model is not paid for twice', async () => {
  const llm = async () => 'an answer';
  const { aquiline } = await open([fakeCore({ fail: { search: trap() } }), fakeCore()], { llm });
  await assert.rejects(collect(aquiline.search({ user: 'u', item: 'i' })), { code: 'worker', retryable: true });
  assert.equal((await collect(aquiline.search({ user: 'u', item: 'i' }))).length, 3);
  await aquiline.dispose();
});

test('what is left of a budget goes on with the next service', async () => {
  const log = [];
  const llm = async () => 'an answer';
  const cores = [fakeCore({ fail: { gaps: trap() } }), fakeCore({ log })];
  const { aquiline } = await open(cores, { llm, budget: { calls: 10, time: 60_000 } });
  await aquiline.spent();
  await aquiline.gaps({ user: 'u' });
  const again = log.find((entry) => entry.useModel).useModel;
  const { time, ...counted } = again.budget;
  assert.deepEqual(counted, { calls: 9 });
  assert.ok(time > 0 && time < 60_000, `${time} of a minute are left`);
  const one = await aquiline.spent();
  assert.deepEqual(one.calls, 1 + 1, 'what the service before had spent, and this one');
  await aquiline.dispose();
});

test('a worker that was ended, and can say nothing, is replaced too', async () => {
  const { aquiline, opened, told } = await open([fakeCore()], {}, { milliseconds: 10, questions: 3 });
  // What is posted from now on reaches nobody.
  opened[0].post = () => undefined;
  assert.equal((await aquiline.gaps({ user: 'u', count: 3 })).length, 3);
  assert.match(told[0].message, /does not answer/);
  await aquiline.dispose();
});

test('a worker that is busy for long, but there, is waited for', async () => {
  const { aquiline, opened } = await open([fakeCore({ work: 60 })], {}, { milliseconds: 20, questions: 20 });
  assert.equal((await collect(aquiline.search({ user: 'u', item: 'i' }))).length, 3);
  assert.equal(opened.length, 1);
  await aquiline.dispose();
});

test('after it was disposed nothing is replaced', async () => {
  const { aquiline, opened } = await open([fakeCore()]);
  const gaps = aquiline.gaps({ user: 'u' });
  const disposed = aquiline.dispose();
  await assert.rejects(gaps, { code: 'disposed' });
  await disposed;
  assert.equal(opened.length, 1);
});

test('a replacement that cannot be opened leaves no worker behind, and the next call tries again', async () => {
  const offline = coreError('network', 'there is no network');
  const cores = [fakeCore({ fail: { gaps: trap() } }), fakeCore({ fail: { prepare: offline } }), fakeCore({ fail: { loadState: offline } }), fakeCore()];
  const { aquiline, opened } = await open(cores);
  await aquiline.foldIn({ user: 'visitor', ratings: [{ item: 'a', value: 4 }] });
  const closed = opened.closed();
  for (const tried of [2, 3]) {
    await assert.rejects(aquiline.gaps({ user: 'u' }), { code: 'network' });
    assert.deepEqual([opened.length, closed.size], [tried, tried]);
  }
  assert.equal((await aquiline.gaps({ user: 'u' })).length, 8);
  assert.equal(opened.length, 4);
  await aquiline.dispose();
});

test('a call that is aborted while its service is replaced rejects at once', async () => {
  const { aquiline, arrive } = await openSlowly();
  const controller = new AbortController();
  const gaps = aquiline.gaps({ user: 'u', signal: controller.signal });
  const run = collect(aquiline.search({ user: 'u', item: 'i', signal: controller.signal }));
  await arrive.begun;
  controller.abort();
  await assert.rejects(gaps, { name: 'AbortError' });
  await assert.rejects(run, { name: 'AbortError' });
  arrive();
  assert.equal((await aquiline.utilities({ user: 'u' })).length, 2, 'the replacement went on for others');
  await aquiline.dispose();
});

test('a loop that is left while its service is replaced is not run again', async () => {
  const { aquiline, arrive, log } = await openSlowly({ fail: { search: trap() } });
  const run = aquiline.search({ user: 'u', item: 'i' })[Symbol.asyncIterator]();
  assert.equal((await run.next()).value.type, 'anchor');
  await arrive.begun;
  assert.deepEqual(await run.return(), { done: true, value: undefined });
  arrive();
  await aquiline.utilities({ user: 'u' });
  assert.ok(!log.some((entry) => Object.hasOwn(Object(entry), 'search')), JSON.stringify(log));
  await aquiline.dispose();
});

test('a lost object that is disposed says that it is', async () => {
  const { aquiline, arrive } = await openSlowly();
  const gaps = aquiline.gaps({ user: 'u' });
  await arrive.begun;
  await aquiline.dispose();
  arrive();
  await assert.rejects(gaps, { code: 'disposed' });
  await assert.rejects(aquiline.utilities({ user: 'u' }), { code: 'disposed' });
});
