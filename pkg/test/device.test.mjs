import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseDevice } from '../dist/device.js';
import { coreError, fakeCore } from './support/fake-core.mjs';
import { createFake, fakeHost } from './support/face.mjs';

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
