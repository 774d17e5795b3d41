// Workers and cores of the caller's own, in a real Chromium where it matters. CHROME names the browser's executable.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRequest } from '../dist/options.js';
import { openSite, TRUSTED } from './support/site.mjs';

const EMPTY_WASM = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const wasm = (bytes, options) => new Response(bytes, { headers: { 'content-type': 'application/wasm' }, ...options });

let site;
before(async () => (site = await openSite()));
after(() => site.close());

/** Runs a function in the page with the package as its argument. */
const inPage = (run, { page } = site) => page.evaluate(`import('/dist/index.js').then(${run})`);

/** The requested paths that hold a core. */
const cores = () => site.requests.filter((path) => path.endsWith('.wasm'));

test('a response, and a promise of one, is compiled here, whatever its type', async () => {
  for (const cpu of [wasm(EMPTY_WASM), Promise.resolve(wasm(EMPTY_WASM)), new Response(EMPTY_WASM)]) {
    const { assets } = await createRequest({ assets: { cpu } });
    assert.ok(assets.cpu instanceof WebAssembly.Module);
  }
});

test('a compiled module and bytes go to the worker as they are', async () => {
  const compiled = await WebAssembly.compile(EMPTY_WASM);
  const { assets } = await createRequest({ assets: { cpu: compiled, webgpu: EMPTY_WASM } });
  assert.equal(assets.cpu, compiled);
  assert.equal(assets.webgpu, EMPTY_WASM);
});

test('a core that cannot be used is a typed error that names it', async () => {
  const failed = new TypeError('failed to fetch');
  const cases = [
    [{ cpu: Promise.reject(failed) }, { code: 'network', retryable: true, message: /assets\.cpu .*failed to fetch/ }],
    [{ webgpu: wasm('', { status: 404 }) }, { code: 'network', message: /assets\.webgpu .*status 404/ }],
    [{ cpu: wasm('no core') }, { code: 'device.unavailable', message: /cpu core could not be compiled/ }],
    [{ cpu: new Response('no core') }, { code: 'device.unavailable', message: /cpu core could not be compiled/ }],
    [{ cpu: {} }, { code: 'data.malformed', message: /assets\.cpu is no address/ }],
    [{ cpu: 5 }, { code: 'data.malformed' }],
  ];
  for (const [assets, refused] of cases) {
    await assert.rejects(createRequest({ assets }), { name: 'AquilineError', ...refused });
  }
});

test('in a page a core can be a response, a module or bytes, and is fetched no second time', async () => {
  site.requests.length = 0;
  const devices = await inPage(async ({ create }) => {
    const response = () => fetch('/dist/webgpu/core_bg.wasm');
    const compiled = await WebAssembly.compileStreaming(response());
    const bytes = new Uint8Array(await (await response()).arrayBuffer());
    const seen = [];
    for (const cpu of [response(), await response(), compiled, bytes]) {
      const aquiline = await create({ device: 'cpu', assets: { cpu } });
      await aquiline.dispose();
      seen.push(aquiline.info.device);
    }
    return seen;
  });
  assert.deepEqual(devices, ['cpu', 'cpu', 'cpu', 'cpu']);
  assert.deepEqual(cores(), Array(4).fill('/dist/webgpu/core_bg.wasm'));
});

test("a worker's address may be a string, relative to the page", async () => {
  site.requests.length = 0;
  await inPage(async ({ create }) => (await create({ device: 'cpu', assets: { worker: 'dist/worker.js' } })).dispose());
  assert.ok(site.requests.includes('/dist/worker.js'));
});

test('a worker that runs already serves once, and is refused the second time with what to do', async () => {
  const [device, error] = await inPage(async ({ create }) => {
    const worker = new Worker('/dist/worker.js', { type: 'module' });
    const aquiline = await create({ device: 'cpu', assets: { worker } });
    await aquiline.dispose();
    const again = create({ device: 'cpu', assets: { worker } });
    return [aquiline.info.device, await again.catch(({ code, message, hint }) => ({ code, message, hint }))];
  });
  assert.equal(device, 'cpu');
  assert.equal(error.code, 'worker');
  assert.match(error.message, /was used already/);
  assert.match(error.hint, /function that starts a worker/);
});

test('where scripts must be trusted, the policy of the page blesses the worker', async () => {
  const trusted = await openSite({ policy: TRUSTED });
  try {
    const [refused, blessed, device] = await inPage(async ({ create }) => {
      const { code, message } = await create({ device: 'cpu' }).catch((error) => error);
      const urls = [];
      const trustedTypes = window.trustedTypes.createPolicy('aquiline', {
        createScriptURL: (url) => (urls.push(new URL(url, location.href).pathname), url),
      });
      const own = await create({ device: 'cpu', assets: { trustedTypes } });
      await own.dispose();
      await (await create({ device: 'cpu', assets: { trustedTypes, worker: '/dist/worker.js' } })).dispose();
      return [{ code, message }, urls, own.info.device];
    }, trusted);
    assert.equal(refused.code, 'worker');
    assert.match(refused.message, /could not be started.*TrustedScriptURL/);
    assert.deepEqual(blessed, ['/dist/worker.js', '/dist/worker.js']);
    assert.equal(device, 'cpu');
  } finally {
    await trusted.close();
  }
});
