import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { chooseDevice, decide, measure, recall, remember, VERSION } from '../dist/device.js';
import { coreError, fakeCore } from './support/fake-core.mjs';
import { createFake, fakeHost, memoryStore, until } from './support/face.mjs';

const REAL = { vendor: 'acme', architecture: 'one' };

function gpu({ features = ['timestamp-query'], ...adapter } = {}) {
  return { requestAdapter: async () => ({ features: new Set(features), info: REAL, ...adapter }) };
}

test('the CPU is chosen with a reason wherever WebGPU would not work', async () => {
  const cases = [
    ['cpu', gpu(), 'the CPU was asked for'],
    ['auto', undefined, 'there is no WebGPU here, so the CPU is used'],
    ['webgpu', undefined, 'there is no WebGPU here, so the CPU is used'],
    ['webgpu', { requestAdapter: async () => null }, 'WebGPU has no adapter on this machine, so the CPU is used'],
    ['webgpu', gpu({ features: [] }), 'the WebGPU adapter has no timestamp-query, so the CPU is used'],
    ['auto', { requestAdapter: () => Promise.reject(new Error('blocked')) }, 'WebGPU gave no adapter (blocked), so the CPU is used'],
    ['auto', gpu({ info: { vendor: 'google', architecture: 'swiftshader' } }), 'the WebGPU adapter is emulated in software (google swiftshader), so the CPU is used'],
    ['auto', gpu({ info: { description: 'llvmpipe (LLVM 15)' } }), 'the WebGPU adapter is emulated in software (llvmpipe (LLVM 15)), so the CPU is used'],
    ['auto', gpu({ isFallbackAdapter: true }), 'the WebGPU adapter is emulated in software (acme one), so the CPU is used'],
  ];
  for (const [wanted, offered, reason] of cases) {
    assert.deepEqual(await chooseDevice(wanted, offered), { device: 'cpu', reason });
  }
});

test('WebGPU is chosen where it works, an emulated one only on request', async () => {
  assert.equal((await chooseDevice('auto', gpu())).device, 'webgpu');
  assert.equal((await chooseDevice('webgpu', gpu({ isFallbackAdapter: true }))).device, 'webgpu');
});

for (const stage of ['load', 'selfTest']) {
  test(`a WebGPU core that fails at ${stage} is replaced by the CPU core, with the reason`, async () => {
    const broken = fakeCore({ fail: { [stage]: coreError('encoder.device', 'no buffers left') } });
    const cores = { webgpu: broken, cpu: fakeCore() };
    const loaded = [];
    const loadCore = async (device) => (loaded.push(device), cores[device]);
    const aquiline = await createFake(fakeHost({ gpu: gpu(), loadCore }), { device: 'webgpu' });
    assert.equal(aquiline.info.device, 'cpu');
    assert.equal(aquiline.info.reason, 'WebGPU did not work (no buffers left), so the CPU is used');
    assert.deepEqual(loaded, ['webgpu', 'cpu']);
    await aquiline.dispose();
  });
}

test('a WebGPU core that cannot be loaded is replaced by the CPU core', async () => {
  const loadCore = async (device) => {
    if (device === 'webgpu') throw new Error('404');
    return fakeCore();
  };
  const aquiline = await createFake(fakeHost({ gpu: gpu(), loadCore }));
  assert.equal(aquiline.info.reason, 'WebGPU did not work (404), so the CPU is used');
  await aquiline.dispose();
});

test('a wrong model file is no reason to try another device', async () => {
  const core = fakeCore();
  const models = { weights: new Uint8Array(3), tokenizer: new Uint8Array(3) };
  await assert.rejects(createFake(fakeHost({ core, gpu: gpu() }), { models }), { code: 'encoder.integrity' });
});

const times = (cpu, webgpu) => [{ device: 'cpu', one: 1, batch: cpu }, { device: 'webgpu', one: 9, batch: webgpu }];

test('a device is timed on one text and on sixteen, after it has warmed up on as many', async () => {
  let clock = 0;
  const encoded = [];
  const encoder = {
    encode: async (texts, tick) => {
      assert.equal(new Set(texts).size, texts.length, 'equal texts could be encoded once');
      // The first call of a size takes far longer than the others.
      clock += encoded.includes(texts.length) ? texts.length : 1000;
      encoded.push(texts.length);
      await tick();
    },
  };
  assert.deepEqual(await measure(encoder, () => clock, () => undefined), { one: 1, batch: 16 });
  assert.deepEqual(encoded, [1, 16, 1, 16]);
});

test('timing ends when its tick throws', async () => {
  const encoder = { encode: (_texts, tick) => tick() };
  const stop = () => Promise.reject(new Error('stopped'));
  await assert.rejects(measure(encoder, () => 0, stop), /stopped/);
});

test('the device that reads a batch faster is chosen, with the numbers; the CPU where they are equal', () => {
  assert.deepEqual(decide(times(740, 310)), { device: 'webgpu', reason: '16 texts take 0.31 s on WebGPU and 0.74 s on the CPU, so WebGPU is used' });
  assert.deepEqual(decide(times(40, 1310)), { device: 'cpu', reason: '16 texts take 1.31 s on WebGPU and 40 ms on the CPU, so the CPU is used' });
  assert.equal(decide(times(100, 100)).device, 'cpu');
});

test('times are remembered for an adapter and a version of the package', async () => {
  const store = memoryStore();
  await remember(store, 'acme one', times(2, 1));
  assert.deepEqual(await recall(store, 'acme one'), times(2, 1));
  assert.equal(await recall(store, 'acme two'), undefined);
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  assert.equal(VERSION, version);
  assert.ok([...store.saved.keys()].every((key) => key.includes(version)));
});

test('what a store holds instead of times is measured anew', async () => {
  const store = memoryStore();
  await remember(store, 'acme', []);
  const [key] = store.saved.keys();
  const onlyOne = JSON.stringify(times(2, 1).slice(1));
  for (const wrong of ['', '{', 'null', '[null, 1]', onlyOne, onlyOne.replace('"batch":1', '"batch":"1"')]) {
    store.saved.set(key, new TextEncoder().encode(wrong));
    assert.equal(await recall(store, 'acme'), undefined, wrong);
  }
});

/** Cores of different speed, and what was loaded and freed of them. */
function race(pace, { fail = {}, ...rest } = {}) {
  const cores = { cpu: fakeCore({ pace: pace.cpu }), webgpu: fakeCore({ pace: pace.webgpu, fail }) };
  const loaded = [];
  const loadCore = async (device) => (loaded.push(device), cores[device]);
  return { cores, loaded, host: fakeHost({ gpu: gpu(), loadCore, ...rest }) };
}

for (const [device, pace] of [['webgpu', { cpu: 30, webgpu: 0 }], ['cpu', { cpu: 0, webgpu: 30 }]]) {
  test(`without a wish both are measured and ${device} stays when it is faster; the next time it is opened at once`, async () => {
    const { cores, loaded, host } = race(pace);
    const aquiline = await createFake(host);
    assert.equal(aquiline.info.device, device);
    assert.match(aquiline.info.reason, /^16 texts take \d+ ms on WebGPU and \d+ ms on the CPU, so .* is used$/);
    const other = device === 'cpu' ? 'webgpu' : 'cpu';
    assert.ok(cores[other].log.includes('encoder.free') && !cores[device].log.includes('encoder.free'));
    await aquiline.dispose();
    await (await createFake(host)).dispose();
    assert.deepEqual(loaded, ['cpu', 'webgpu', device]);
  });
}

test('nothing is measured where a device is asked for, or where the adapter is emulated', async () => {
  for (const [options, adapter] of [[{ device: 'webgpu' }], [{ device: 'cpu' }], [{}, gpu({ isFallbackAdapter: true })]]) {
    const { loaded, host } = race({ cpu: 0, webgpu: 0 }, adapter && { gpu: adapter });
    const stages = new Set();
    await (await createFake(host, { ...options, onProgress: ({ type }) => stages.add(type) })).dispose();
    assert.equal(loaded.length, 1);
    assert.ok(!stages.has('measure') && stages.has('warm-up'), [...stages].join());
  }
});

test('where WebGPU fails while it is measured, the CPU that was opened stays, and nothing is remembered', async () => {
  const { cores, loaded, host } = race({ cpu: 0, webgpu: 0 }, { fail: { encode: coreError('encoder.device', 'lost') } });
  const aquiline = await createFake(host);
  assert.equal(aquiline.info.reason, 'WebGPU did not work (lost), so the CPU is used');
  assert.deepEqual(loaded, ['cpu', 'webgpu']);
  assert.ok(cores.webgpu.log.includes('encoder.free') && !cores.cpu.log.includes('encoder.free'));
  assert.ok(![...host.vectors.saved.keys()].some((key) => key.startsWith('speed')));
  await aquiline.dispose();
});

test('a create that is cancelled while devices are measured frees both', async () => {
  const { cores, host } = race({ cpu: 0, webgpu: 0 });
  const controller = new AbortController();
  let warmed = 0;
  const onProgress = ({ type, done }) => type === 'measure' && done === 0 && ++warmed === 2 && controller.abort();
  await assert.rejects(createFake(host, { signal: controller.signal, onProgress }), { name: 'AbortError' });
  await until(() => cores.cpu.log.includes('encoder.free') && cores.webgpu.log.includes('encoder.free'));
});
