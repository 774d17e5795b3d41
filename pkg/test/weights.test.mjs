// Which of the two weights files is read: half precision where it is there, unless the whole one is named. And for how
// long.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, mock, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { halve } from '../../scripts/halve.mjs';
import { fakeCore, HALF_WEIGHTS, TOKENIZER, WEIGHTS } from './support/fake-core.mjs';
import { createFake, fakeHost } from './support/face.mjs';

const FOLDER = 'https://files.invalid/m/';
const WHOLE = { 'tok.bin': TOKENIZER, 'model.bin': WEIGHTS };
const BOTH = { ...WHOLE, 'model.f16.bin': HALF_WEIGHTS };
/** Bytes, or a status, by the name of a file. */
let offered;
let asked;

before(() => {
  mock.method(globalThis, 'fetch', async (address) => {
    const name = new URL(address).pathname.split('/').at(-1);
    asked.push(name);
    const answer = offered[name] ?? 404;
    return typeof answer === 'number' ? new Response(null, { status: answer }) : new Response(answer);
  });
});
after(() => mock.restoreAll());

function offer(files) {
  offered = files;
  asked = [];
}

const twoPrecisions = (stored = {}) => {
  const host = fakeHost({ core: fakeCore({ half: true, hub: FOLDER }) });
  for (const [key, bytes] of Object.entries(stored)) host.models.saved.set(key, bytes);
  return host;
};
const load = (host, models, options) => createFake(host, { models, ...options }).then((aquiline) => aquiline.dispose());

test('a folder gives its weights at half precision, and they are kept', async () => {
  offer(BOTH);
  const host = twoPrecisions();
  for (const _visit of [1, 2]) await load(host, FOLDER);
  assert.deepEqual(asked, ['tok.bin', 'model.f16.bin']);
  assert.deepEqual([...host.models.saved.keys()].sort(), ['sha-h', 'sha-t']);
});

for (const [answer, said] of [
  [404, 'with 404'],
  [403, 'with 403'],
  ['<!doctype html>', 'with a page'],
  [new Uint8Array(1500), 'with other bytes'],
]) {
  test(`whole weights are taken where a folder answers ${said} for the halves, and progress counts to the end`, async () => {
    offer({ ...WHOLE, 'model.f16.bin': answer });
    const seen = { download: [], verify: [] };
    const onProgress = (progress) => seen[progress.type]?.push(progress);
    const host = twoPrecisions();
    await load(host, FOLDER, { onProgress });
    assert.deepEqual(asked, ['tok.bin', 'model.f16.bin', 'model.bin']);
    assert.deepEqual([...host.models.saved.keys()].sort(), ['sha-t', 'sha-w']);
    for (const reports of Object.values(seen)) {
      assert.ok(reports.every(({ done, total }, index) => done <= total && done >= (reports[index - 1]?.done ?? 0)));
      assert.deepEqual([reports.at(-1).done, reports.at(-1).total], [3200, 3200]);
    }
  });
}

test('a server that is busy is no reason to take other weights', async () => {
  offer({ ...BOTH, 'model.f16.bin': 503 });
  await assert.rejects(load(twoPrecisions(), FOLDER), { code: 'network', retryable: true });
  assert.ok(!asked.includes('model.bin'));
});

test('whole weights that are kept are not downloaded again as halves', async () => {
  offer({ 'tok.bin': TOKENIZER });
  await load(twoPrecisions({ 'sha-w': WEIGHTS }), FOLDER);
  assert.deepEqual(asked, ['tok.bin']);
});

test('where neither will do, wrong bytes are the error rather than a missing file', async () => {
  offer({ 'tok.bin': TOKENIZER });
  await assert.rejects(load(twoPrecisions(), FOLDER), { code: 'network', message: /model\.bin answered with status 404$/ });
  offer({ 'tok.bin': TOKENIZER, 'model.f16.bin': new Uint8Array(1500) });
  await assert.rejects(load(twoPrecisions(), FOLDER), { code: 'encoder.integrity', message: /^weights-f16 is not/ });
});

test('the hub has whole weights, and is asked for no others', async () => {
  offer(BOTH);
  await load(twoPrecisions(), undefined);
  assert.deepEqual(asked, ['tok.bin', 'model.bin']);
});

test('weights that are named are read and no others, whatever is kept', async () => {
  for (const name of ['model.bin', 'model.f16.bin']) {
    offer(BOTH);
    const stored = name === 'model.bin' ? { 'sha-h': HALF_WEIGHTS } : { 'sha-w': WEIGHTS };
    await load(twoPrecisions(stored), { weights: `${FOLDER}${name}?signed=1`, tokenizer: TOKENIZER });
    assert.deepEqual(asked, [name]);
  }
});

test('weights can be given as bytes of either precision', async () => {
  offer({});
  for (const weights of [WEIGHTS, HALF_WEIGHTS]) await load(twoPrecisions(), { weights, tokenizer: TOKENIZER });
  const wrong = { weights: new Uint8Array(5), tokenizer: TOKENIZER };
  await assert.rejects(load(twoPrecisions(), wrong), { code: 'encoder.integrity', message: /^weights is not/ });
});

test('a folder on disk gives halves where it has them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aquiline-weights-'));
  try {
    for (const [name, bytes] of Object.entries(WHOLE)) await writeFile(join(folder, name), bytes);
    const host = twoPrecisions();
    await load(host, folder);
    await rm(join(folder, 'model.bin'));
    await writeFile(join(folder, 'model.f16.bin'), HALF_WEIGHTS);
    await load(host, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** A core that counts, once it is there, how many copies of its weights are left outside of it. */
function countingCore(collect) {
  const core = fakeCore({ half: true });
  const given = [];
  const counts = [];
  const { load } = core.RawEncoder;
  core.RawEncoder.load = (weights, tokenizer) => {
    given.push(new WeakRef(weights));
    return load.call(core.RawEncoder, weights, tokenizer);
  };
  const { prepare } = core.RawSession.prototype;
  core.RawSession.prototype.prepare = async function (...rest) {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise(setImmediate);
      collect();
    }
    counts.push(given.filter((weights) => weights.deref()).length);
    return prepare.apply(this, rest);
  };
  return { core, given, counts };
}

const acme = { features: new Set(['timestamp-query']), info: { vendor: 'acme' } };
for (const [way, models, gpu] of [
  ['bytes', { weights: HALF_WEIGHTS, tokenizer: TOKENIZER }],
  ['a folder', FOLDER],
  ['a folder, for two devices', FOLDER, { requestAdapter: async () => acme }],
]) {
  test(`while a catalog is read nothing holds the weights beside the core, from ${way}`, async () => {
    offer(BOTH);
    setFlagsFromString('--expose-gc');
    const { core, given, counts } = countingCore(runInNewContext('gc'));
    await load(fakeHost({ core, gpu }), models);
    assert.ok(given.length >= 1);
    assert.deepEqual(counts, [0]);
  });
}

/** A safetensors file of single-precision tensors. */
function safetensors(tensors) {
  const header = {};
  let offset = 0;
  for (const [name, values] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape: [values.length], data_offsets: [offset, (offset += 4 * values.length)] };
  }
  const text = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...header }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const raw = Object.values(tensors).map((values) => Buffer.from(new Float32Array(values).buffer));
  return Buffer.concat([size, text, ...raw]);
}

test('halving rounds to the nearest, ties to even, down to nothing and up to infinity', () => {
  const cases = [
    [1, 0x3c00],
    [-2, 0xc000],
    [-0, 0x8000],
    [0.1, 0x2e66],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 - 2 ** -12, 0x4000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [-1e9, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -25, 0x0001],
    [-(2 ** -30), 0x8000],
  ];
  const half = halve(safetensors({ a: cases.map(([value]) => value) }));
  const start = 8 + Number(half.readBigUInt64LE(0));
  cases.forEach(([value, bits], index) => assert.equal(half.readUInt16LE(start + 2 * index), bits, `${value}`));
});

test('halved tensors stand in the order of their names, aligned, under a header without metadata', () => {
  const half = halve(safetensors({ b: [1], a: [2, 3, 4] }));
  const length = Number(half.readBigUInt64LE(0));
  assert.equal(length % 8, 0);
  assert.deepEqual(JSON.parse(half.subarray(8, 8 + length)), {
    a: { dtype: 'F16', shape: [3], data_offsets: [0, 6] },
    b: { dtype: 'F16', shape: [1], data_offsets: [6, 8] },
  });
  assert.equal(half.readUInt16LE(8 + length + 6), 0x3c00);
});
