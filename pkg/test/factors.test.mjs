// An embedding space that the caller brings, over a fake core: what is sent of it, and what is refused before anything is.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fakeCore } from './support/fake-core.mjs';
import { createFake, fakeHost } from './support/face.mjs';

const items = ['a', 'b', 'c'].map((id) => ({ id }));
const vectors = (names, vector = [1, 2]) => names.map((id) => ({ id, vector }));
const space = (change = {}) => ({ items: vectors(['a', 'b', 'c']), users: vectors(['u']), ...change });

async function sent(options) {
  const core = fakeCore();
  await (await createFake(fakeHost({ core }), options)).dispose();
  return core.log.find((entry) => entry.factors)?.factors;
}

test('a space goes to the core before it prepares, with nothing left out and nothing of what was measured', async () => {
  const log = [];
  const factors = space({ mean: 3.5, rmse: 0.9, items: [{ id: 'a', vector: [1, 2], bias: 0.5, note: 'private' }, ...vectors(['b', 'c'], new Float32Array([9, 1, 2]).subarray(1))] });
  await (await createFake(fakeHost({ core: fakeCore({ log }) }), { catalog: { items }, factors })).dispose();
  const at = log.findIndex((entry) => entry.factors);
  assert.deepEqual(log[at].factors, {
    mean: 3.5,
    items: [{ id: 'a', bias: 0.5, vector: Float32Array.of(1, 2) }, ...['b', 'c'].map((id) => ({ id, bias: 0, vector: Float32Array.of(1, 2) }))],
    users: [{ id: 'u', bias: 0, vector: Float32Array.of(1, 2) }],
  });
  assert.equal(log[at].factors.items[1].vector.buffer.byteLength, 8, 'a view is sent without what is around it');
  assert.ok(at < log.findIndex((entry) => Object.hasOwn(Object(entry), 'cached')));
});

test('an empty list of ratings beside a space is none, and stays what it is without one', async () => {
  for (const [factors, expected] of [[space(), undefined], [undefined, []]]) {
    const core = fakeCore();
    const given = [];
    core.RawSession.fromItems = (encoder, data, seed) => (given.push(data), core.RawSession.embedded(encoder, new Uint8Array(1), seed));
    await (await createFake(fakeHost({ core }), { catalog: { items, ratings: [] }, factors })).dispose();
    assert.deepEqual(given[0].ratings, expected);
  }
});

test('a space can stand beside any catalog, and without one nothing is sent', async () => {
  assert.ok(await sent({ factors: space() }));
  assert.ok(await sent({ catalog: { movies: new Uint8Array(4), ratings: new Uint8Array(6) }, factors: space() }));
  assert.equal(await sent({ catalog: { items, ratings: [] } }), undefined);
});

test('what is no space is refused by the place of what is wrong, before anything is opened', async () => {
  const log = [];
  const refused = (factors, code, words) =>
    assert.rejects(createFake(fakeHost({ core: fakeCore({ log }) }), { catalog: { items }, factors }), (error) => {
      assert.equal(error.code, code);
      assert.match(`${error.message} ${error.hint}`, words);
      return true;
    });
  await refused(undefined, 'data.empty', /neither ratings nor factors/);
  await refused({}, 'data.empty', /factors\.items has no vectors/);
  await refused(space({ users: [] }), 'data.empty', /factors\.users has no vectors/);
  await refused(space({ users: undefined }), 'data.empty', /factors\.users/);
  await refused(space({ users: [{ id: 7, vector: [1, 2] }] }), 'data.vector', /factors\.users\[0\]\.id is no text/);
  await refused(space({ users: [null] }), 'data.vector', /factors\.users\[0\]/);
  await refused(space({ users: vectors(['u'], [1]) }), 'data.vector', /“u”\) has 1 dimensions, and the first item has 2/);
  await refused(space({ users: vectors(['u'], '12') }), 'data.vector', /“u”\) has no vector/);
  await refused(space({ items: vectors(['a'], []) }), 'data.vector', /“a”\) has no vector/);
  for (const value of [NaN, Infinity, null, '1', undefined]) {
    await refused(space({ users: vectors(['u'], [1, value]) }), 'data.vector', /“u”\) has .* where a finite number is needed/);
  }
  await refused(space({ users: [{ id: 'u', vector: [1, 2], bias: 'high' }] }), 'data.vector', /has high where/);
  await refused(space({ mean: NaN }), 'data.vector', /factors\.mean has NaN/);
  assert.deepEqual(log, []);
});

test('what the core says of a space is what the caller is told', async () => {
  const failure = Object.assign(new Error('the vector of item "a" cannot be used: there are two of it'), { code: 'data.vector' });
  const core = fakeCore({ fail: { useFactors: failure } });
  await assert.rejects(createFake(fakeHost({ core }), { catalog: { items }, factors: space() }), { code: 'data.vector', message: /two of it/ });
  assert.ok(core.log.includes('session.free'));
});
