import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { folderStore, forgiving, vectorStore } from '../dist/store.js';
import { fakeCore } from './support/fake-core.mjs';
import { createFake, fakeHost, memoryStore } from './support/face.mjs';

let root;
before(async () => (root = await mkdtemp(join(tmpdir(), 'aquiline-store-'))));
after(() => rm(root, { recursive: true }));

test('what is saved in a folder can be loaded, dropped, and leaves no other file', async () => {
  const folder = join(root, 'new', 'deep');
  const store = folderStore(async () => folder);
  await store.save('cpu-a/b', new Uint8Array([1, 2]));
  await store.save('cpu-a/b', new Uint8Array([3]));
  assert.deepEqual([...(await store.load('cpu-a/b'))], [3]);
  assert.deepEqual(await readdir(folder), ['cpu-a_b']);
  await store.drop('cpu-a/b');
  assert.deepEqual(await readdir(folder), []);
});

test('a folder that cannot be, looks empty', async () => {
  const file = join(root, 'file');
  await writeFile(file, 'not a folder');
  const store = forgiving(folderStore(async () => join(file, 'below')));
  await store.save('key', new Uint8Array(1));
  await store.drop('key');
  assert.equal(await store.load('key'), undefined);
});

test('vectors are kept below XDG_CACHE_HOME', async (context) => {
  const before = process.env.XDG_CACHE_HOME;
  context.after(() => (before === undefined ? delete process.env.XDG_CACHE_HOME : (process.env.XDG_CACHE_HOME = before)));
  process.env.XDG_CACHE_HOME = join(root, 'xdg');
  await vectorStore().save('cpu-x', new Uint8Array(2));
  assert.deepEqual(await readdir(join(root, 'xdg', 'aquiline', 'vectors')), ['cpu-x']);
});

test('vectors are saved after the first create and used by the second', async () => {
  const core = fakeCore({ texts: 4 });
  const host = fakeHost({ core, vectors: folderStore(async () => join(root, 'used')) });
  host.vectors = forgiving(host.vectors);
  await (await createFake(host)).dispose();
  await (await createFake(host)).dispose();
  assert.deepEqual(core.log.filter((entry) => Object.hasOwn(entry, 'cached')), [{ cached: undefined }, { cached: 4 }]);
});

test('a damaged cache and a store that fails do not fail a load', async () => {
  const broken = () => Promise.reject(new Error('disk full'));
  const vectors = forgiving({ load: broken, save: broken, drop: broken });
  await (await createFake(fakeHost({ vectors, models: vectors }))).dispose();
  const host = fakeHost();
  await host.vectors.save('cpu-fake', new Uint8Array([9, 9, 9]));
  await (await createFake(host)).dispose();
  assert.equal(host.vectors.saved.get('cpu-fake').length, 10, 'it is replaced by a whole one');
});

/** How many texts are encoded while the embedded films are opened with these vectors stored and shipped. */
async function encodedWith({ stored, shipped, texts = 10, fit }) {
  let encoded = 0;
  const onProgress = ({ type }) => (encoded += type === 'encode');
  const vectors = memoryStore(stored ? { 'cpu-fake': Uint8Array.from(stored) } : {});
  const embedded = async (_fingerprint, part) => (part === 'vectors' ? shipped && Uint8Array.from(shipped) : fit);
  const core = fakeCore({ texts });
  await (await createFake(fakeHost({ core, vectors, embedded }), { onProgress })).dispose();
  return { encoded, kept: vectors.saved.get('cpu-fake') };
}

test('vectors of the package and of earlier visits are taken up together', async () => {
  const all = Array(10).fill(1);
  // Beyond the tenth text stand those of another catalog.
  const others = [...Array(10).fill(0), 1, 1];
  assert.equal((await encodedWith({ shipped: all })).encoded, 0);
  const { encoded, kept } = await encodedWith({ stored: others, shipped: all });
  assert.equal(encoded, 0, 'whatever else is stored');
  assert.deepEqual([...(kept ?? [])], others, 'and that stays');
  assert.equal((await encodedWith({ stored: others, shipped: all, fit: Uint8Array.of(9) })).encoded, 0);
});

test('where the package has not all vectors, those of earlier visits count, and only the rest is encoded', async () => {
  const { encoded, kept } = await encodedWith({ stored: [0, 0, 0, 0, 1, 1, 1, 0, 0, 0], shipped: [1, 1, 1, 1, 0, 0, 0, 0, 0, 0] });
  // One is begun with before the core can be told that others may be known.
  assert.ok(encoded <= 4, `${encoded}`);
  assert.deepEqual([...kept], Array(10).fill(1));
});

test('vectors of the package that are damaged are no trouble', async () => {
  assert.equal((await encodedWith({ stored: Array(10).fill(1), shipped: [7, 7] })).encoded, 0);
});
