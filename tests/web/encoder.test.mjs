// The encoder in a real Chromium under the page's policy: both cores agree with the reference.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openBrowser } from './support.mjs';

const texts = ['That is a happy person', 'That is a happy dog', 'That is a very happy person', 'Today is a sunny day'];
const reference = [0.6946, 0.9429, 0.2569];
let opened;

before(async () => (opened = await openBrowser({ gpu: true })));
after(() => opened.close());

/** A page of its own for each core: a device can be opened once in a page's life. */
async function freshPage() {
  const page = await opened.browser.newPage();
  await page.goto(`${opened.address}/icon.svg`);
  return page;
}

/** Runs in the page: loads a core and encodes. */
async function encodeInPage({ core, weights, texts }) {
  const module = await import(`/pkg/${core}/core.js`);
  await module.default({ module_or_path: await fetch(`/pkg/${core}/core_bg.wasm`) });
  const bytes = async (address) => new Uint8Array(await (await fetch(address)).arrayBuffer());
  const encoder = await module.RawEncoder.load(await bytes(weights), await bytes('/models/tokenizer.json'));
  await encoder.selfTest();
  const together = await encoder.encode(texts, () => {});
  const alone = core === 'cpu' ? await encoder.encode([texts[0]], () => {}) : together;
  encoder.free();
  return { together: [...together], alone: [...alone.slice(0, 384)] };
}

function cosines(vectors) {
  const row = (index) => vectors.slice(index * 384, (index + 1) * 384);
  return [1, 2, 3].map((index) => row(0).reduce((sum, value, axis) => sum + value * row(index)[axis], 0));
}

function assertCosines(vectors, tolerance) {
  cosines(vectors).forEach((found, index) => {
    const off = Math.abs(found - reference[index]);
    assert.ok(off <= tolerance, `${texts[index + 1]}: ${found} where ${reference[index]} is right`);
  });
}

for (const [core, weights, tolerance] of [
  ['cpu', '/models/model.safetensors', 1e-4],
  ['cpu', '/models/model.f16.safetensors', 2e-3],
  ['webgpu', '/models/model.safetensors', 1e-4],
  ['webgpu', '/models/model.f16.safetensors', 2e-3],
]) {
  test(`the ${core} core meets the reference cosines with ${weights}`, { timeout: 300_000 }, async () => {
    const page = await freshPage();
    const { together, alone } = await page.evaluate(encodeInPage, { core, weights, texts });
    await page.close();
    assertCosines(together, tolerance);
    const farthest = Math.max(...alone.map((value, axis) => Math.abs(value - together[axis])));
    assert.ok(farthest <= 1e-6, `alone and in a batch differ by ${farthest}`);
  });
}

test('tampered, truncated and hostile weights are typed errors', { timeout: 120_000 }, async () => {
  const page = await freshPage();
  const codes = await page.evaluate(async () => {
    const module = await import('/pkg/cpu/core.js');
    await module.default({ module_or_path: await fetch('/pkg/cpu/core_bg.wasm') });
    const tokenizer = new Uint8Array(await (await fetch('/models/tokenizer.json')).arrayBuffer());
    const code = async (work) => {
      try {
        await work();
        return 'none';
      } catch (error) {
        return error.code;
      }
    };
    const tampered = tokenizer.slice();
    tampered[500] ^= 1;
    return [
      await code(() => module.verify('tokenizer', tokenizer)),
      await code(() => module.verify('tokenizer', tampered)),
      await code(() => module.verify('tokenizer', tokenizer.slice(0, 100))),
      await code(() => module.RawEncoder.load(new Uint8Array(64).fill(255), tokenizer)),
      await code(() => module.RawEncoder.load(new Uint8Array(0), new Uint8Array(3))),
    ];
  });
  assert.deepEqual(codes, ['none', 'encoder.integrity', 'encoder.integrity', 'encoder.weights', 'encoder.tokenizer']);
});
