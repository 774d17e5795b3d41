// The package in a real Chromium, over fake cores. CHROME names the browser's executable.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openSite } from './support/site.mjs';
import { until } from './support/face.mjs';

let site;
before(async () => (site = await openSite()));
after(() => site.close());

/** Runs a function in the page with the package as its argument. */
const inPage = (run) => site.page.evaluate(`import('/dist/index.js').then(${run})`);

test('a page loads, steers and disposes under a strict content security policy', async () => {
  const result = await inPage(async ({ create }) => {
    const stages = new Set();
    const aquiline = await create({ onProgress: ({ type }) => stages.add(type) });
    const gaps = await aquiline.gaps({ user: 'u', count: 2 });
    const events = [];
    for await (const event of aquiline.steer({ user: 'u', item: 'i', horizon: 2 })) events.push(event.type);
    await aquiline.dispose();
    return { info: aquiline.info, gaps: gaps.length, events, stages: [...stages] };
  });
  assert.equal(result.info.device, 'cpu');
  assert.match(result.info.reason, /so the CPU is used$/);
  assert.equal(result.gaps, 2);
  assert.deepEqual(result.events, ['anchor', 'step', 'step', 'done']);
  assert.ok(['download', 'compile', 'encode'].every((stage) => result.stages.includes(stage)));
  assert.deepEqual(site.complaints.filter((text) => /Content Security/.test(text)), []);
  await until(() => site.page.workers().length === 0);
});

test('a second visit downloads no model, and a damaged one again', async () => {
  site.requests.length = 0;
  const again = () => inPage(async ({ create }) => (await create({ device: 'cpu' })).dispose());
  await again();
  assert.deepEqual(site.requests.filter((path) => path.startsWith('/models/')), []);
  await site.page.evaluate(async () => {
    const cache = await caches.open('aquiline-models');
    for (const key of await cache.keys()) await cache.put(key, new Response('damaged'));
  });
  await again();
  assert.deepEqual(site.requests.filter((path) => path.startsWith('/models/')), ['/models/tok.bin', '/models/model.bin']);
});

test('a signal stops the core in the worker while it works', async () => {
  const result = await inPage(async ({ create }) => {
    const aquiline = await create({ device: 'cpu' });
    const controller = new AbortController();
    const steps = [];
    const options = { user: 'u', item: 'i', horizon: 500, signal: controller.signal };
    const started = performance.now();
    try {
      for await (const event of aquiline.steer(options)) {
        steps.push(event.type);
        if (steps.length === 3) controller.abort();
      }
    } catch (error) {
      await aquiline.gaps({ user: 'u', count: 1 });
      return { name: error.name, steps, milliseconds: performance.now() - started };
    } finally {
      await aquiline.dispose();
    }
  });
  assert.equal(result.name, 'AbortError');
  assert.deepEqual(result.steps, ['anchor', 'step', 'step']);
  // 500 steps would block the worker for 8 seconds.
  assert.ok(result.milliseconds < 2000, `the next call waited ${result.milliseconds} ms`);
});

test('a cancelled create ends its worker and keeps its vectors', async () => {
  const name = await inPage(async ({ create }) => {
    await caches.delete('aquiline-vectors');
    const controller = new AbortController();
    const onProgress = ({ type, done }) => type === 'encode' && done === 3 && controller.abort();
    return create({ device: 'cpu', signal: controller.signal, onProgress }).catch((error) => error.name);
  });
  assert.equal(name, 'AbortError');
  await until(() => site.page.workers().length === 0);
  assert.equal(await site.page.evaluate(async () => (await (await caches.open('aquiline-vectors')).keys()).length), 1);
});

test('a worker that dies of WebGPU is replaced by one on the CPU, with the reason', async () => {
  const info = await inPage(async ({ create }) => {
    const aquiline = await create({ device: 'webgpu' });
    await aquiline.dispose();
    return aquiline.info;
  });
  assert.equal(info.device, 'cpu');
  assert.match(info.reason, /^WebGPU stopped the worker \(.*lost\), so the CPU is used$/);
});

test('a worker whose script is not there is a typed error with a hint', async () => {
  const error = await inPage(({ create }) =>
    create({ assets: { worker: new URL('/nowhere.js', location.href) } }).catch(({ name, code, hint, message }) => ({
      name,
      code,
      hint,
      message,
    })),
  );
  assert.equal(error.name, 'AquilineError');
  assert.equal(error.code, 'worker');
  assert.match(error.message, /could not be loaded/);
  assert.match(error.hint, /worker-src/);
});

test('a worker of the caller, and a core from elsewhere, can be passed in', async () => {
  site.requests.length = 0;
  const device = await inPage(async ({ create }) => {
    let started = 0;
    const worker = () => (started++, new Worker('/dist/worker.js', { type: 'module' }));
    const aquiline = await create({ device: 'cpu', assets: { worker, cpu: '/dist/webgpu/core_bg.wasm' } });
    await aquiline.dispose();
    return [started, aquiline.info.device];
  });
  assert.deepEqual(device, [1, 'cpu']);
  assert.ok(site.requests.includes('/dist/webgpu/core_bg.wasm') && !site.requests.includes('/dist/cpu/core_bg.wasm'));
});
