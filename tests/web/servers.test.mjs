// llama.cpp's own server, with a model that knows nothing, asked by the real core in a real Chromium.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { steerInPage } from './steer-in-page.mjs';
import { openBrowser } from './support.mjs';
import { tinyGguf } from './tiny-gguf.mjs';

const KEY = 'sk-secret-of-llama';
const python = process.env.AQUILINE_LLAMA;
const skip = python ? false : 'there is no llama.cpp server here: ./build.sh test installs one where Python can';

let opened;
let page;
let server;
let folder;
let baseUrl;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'aquiline-'));
  const model = join(folder, 'tiny.gguf');
  await writeFile(model, tinyGguf());
  const script = fileURLToPath(new URL('../support/llama.py', import.meta.url));
  server = spawn(python, [script, model, KEY], { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = createInterface({ input: server.stdout });
  const address = await new Promise((resolve, reject) => {
    lines.once('line', resolve);
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  baseUrl = `${address}/v1`;
  opened = await openBrowser();
  page = await opened.browser.newPage();
  await page.goto(`${opened.address}/icon.svg`);
});
after(async () => {
  server?.kill();
  await opened?.close();
  if (folder) await rm(folder, { recursive: true });
});

const diagnosed = (apiKey) =>
  page.evaluate(
    async ([baseUrl, key]) => (await import('/pkg/llm/index.js')).diagnose({ baseUrl, model: 'tiny', getToken: () => key }),
    [baseUrl, apiKey],
  );

test('it is found in order, and a wrong key is told apart', { skip }, async () => {
  assert.equal((await diagnosed(KEY)).trouble, undefined);
  assert.equal((await diagnosed('another')).trouble, 'unauthorized');
});

for (const streaming of [true, false]) {
  test(`its babble ends in a typed error, asked for twice and counted${streaming ? ', in pieces' : ''}`, { skip, timeout: 120_000 }, async () => {
    const llm = { baseUrl, model: 'tiny', schemas: true, streaming };
    const options = { horizon: 1, candidates: 4 };
    const run = await page.evaluate(steerInPage, { llm, key: KEY, options, llmOptions: { form: 'json', concurrency: 2 } });
    // It is held to a schema, but not to sense: no string of its own ever ends.
    assert.equal(run.code, 'llm.unusable', run.message);
    assert.equal(run.spent.calls, 6, 'three questions, each asked once more');
    assert.ok(run.spent.tokens > 5000, `${run.spent.tokens} tokens, by its own count`);
    assert.ok(!run.message.includes(KEY));
  });
}

test('it is free again at once when a run is aborted', { skip, timeout: 120_000 }, async () => {
  const llm = { baseUrl, model: 'tiny' };
  const run = await page.evaluate(steerInPage, { llm, key: KEY, abortAfter: 50, options: { candidates: 40 } });
  assert.equal(run.name, 'AbortError');
  assert.equal((await diagnosed(KEY)).trouble, undefined);
});
