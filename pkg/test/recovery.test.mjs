// A service that is lost is replaced: what was learned is there again, and what was asked is answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inProcessConnection } from '../dist/connection.js';
import { createOver } from '../dist/create.js';
import { coreError, fakeCore, TOKENIZER, WEIGHTS } from './support/fake-core.mjs';
import { collect, fakeHost } from './support/face.mjs';

const trap = () => new WebAssembly.RuntimeError('unreachable');

/** An object whose workers have these cores, one after the other; `lost` are the connections so far. */
async function open(cores, options = {}, patience = undefined) {
  const opened = [];
  const connect = async () => {
    const host = fakeHost({ core: cores[Math.min(opened.length, cores.length - 1)] });
    const connection = Object.assign(await inProcessConnection(host), { isReplaceable: true });
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
  const { aquiline } = await open(cores, { llm, budget: { calls: 10 } });
  await aquiline.spent();
  await aquiline.gaps({ user: 'u' });
  const again = log.find((entry) => entry.useModel).useModel;
  assert.deepEqual(again.budget, { calls: 9 });
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
