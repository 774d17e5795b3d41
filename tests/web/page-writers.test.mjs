// Who writes the edits, chosen in the page in a real Chromium: Ollama, and models of WebLLM, whose library is a stand-in here.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from '../../www/serve.mjs';
import { llmServer, models, openBrowser, openPage, sidewaysScroll } from './support.mjs';

const timeout = 240_000;
const steady = 'Steady-3B-Instruct-q4f16_1-MLC';

let folder;
let opened;
/** Of the simulator's server that answers for the stand-in's models. */
let asked;

before(async () => {
  const { baseUrl, seen } = await llmServer();
  asked = seen;
  folder = await mkdtemp(join(tmpdir(), 'aquiline-'));
  const library = await readFile(new URL('fake-web-llm/index.js', import.meta.url), 'utf8');
  await writeFile(join(folder, 'index.js'), library.replaceAll('SERVER', baseUrl));
  opened = await openBrowser({ gpu: true, webLlm: folder });
});
after(async () => {
  await opened?.close();
  await rm(folder, { recursive: true });
});

/** The page, ready, with the badge open; `prepare(page)` comes before it loads. */
async function openBadge({ address = opened.address, prepare = async () => {}, ...options } = {}) {
  const shown = await openPage({ browser: opened.browser, address }, options);
  const { page, element } = shown;
  await prepare(page);
  await page.goto(`${address}/?device=cpu`);
  await element('steer-button').waitFor({ timeout });
  await element('environment-badge').locator('summary').click();
  return {
    ...shown,
    status: (words) => element('environment-status').filter({ hasText: words }).waitFor({ timeout }),
    writer: () => element('environment-name').textContent(),
    engines: () => page.workers().filter((worker) => worker.url().endsWith('/web-llm-worker.js')).length,
    close: () => page.context().close(),
  };
}

/** Is so before long: what ends a worker comes back from the browser a moment later. */
async function soon(condition) {
  for (const end = Date.now() + 10_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > end) throw new Error(`still not: ${condition}`);
  }
}

describe('Ollama', { timeout }, () => {
  let form;
  const servers = [];

  before(async () => { form = await openBadge(); });
  after(async () => {
    await form.close();
    for (const server of servers) server.close();
  });

  /** One that answers every request with this. */
  async function serverThat(status, body) {
    const server = createServer((request, response) => {
      const allowed = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' };
      response.writeHead(request.method === 'OPTIONS' ? 204 : status, allowed).end(body);
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return `http://127.0.0.1:${server.address().port}/v1`;
  }

  async function look(address) {
    await form.element('ollama-address').fill(address);
    await form.element('ollama-look').click();
  }

  test('is looked for where it usually is, and the form says so when nobody is there', async () => {
    await form.page.route('http://localhost:11434/**', (route) => route.abort('connectionrefused'));
    await form.element('writer').selectOption('ollama');
    await form.status(/nobody answers at localhost:11434.*that the server runs/);
    assert.equal(await form.element('ollama-address').inputValue(), 'http://localhost:11434/v1');
    assert.equal(await form.element('ollama-model').locator('option').count(), 0);
  });

  test('that refuses pages of this origin is told what to set', async () => {
    await look((await llmServer('--no-cors')).baseUrl);
    await form.status(/OLLAMA_ORIGINS/);
  });

  test('without a model says how to get one', async () => {
    await look(await serverThat(200, '{"object":"list","data":null}'));
    await form.status(/has no model.*ollama pull/);
  });

  for (const [what, status, body] of [
    ['a web page', 200, '<!doctype html><p>Welcome'],
    ['a list of something else', 200, '{"data":[null,7]}'],
    ['a list without an end in sight', 200, `{"data":[${'{"id":"a"},'.repeat(100_000)}`],
    ['an error', 500, '{"error":{"message":"<b>overloaded</b>"}}'],
  ]) {
    test(`that answers with ${what} is taken for none, and nothing can be chosen`, async () => {
      await look(await serverThat(status, body));
      await form.status(/That does not work yet/);
      assert.equal(await form.element('ollama-model').locator('option').count(), 0);
      assert.equal(await form.element('environment-status').locator('b').count(), 0, 'words of a server are text');
    });
  }

  test('that is slow can be cancelled, though no model is chosen', async () => {
    const silent = createServer(() => {});
    servers.push(silent.listen(0, '127.0.0.1'));
    await once(silent, 'listening');
    await look(`http://127.0.0.1:${silent.address().port}/v1`);
    await form.status(/which models it has/);
    await form.element('use-writer').filter({ hasText: 'Cancel' }).click();
    await form.status('Cancelled.');
    silent.closeAllConnections();
  });

  test('lists its models, and the one that is chosen writes', async () => {
    const { baseUrl, seen } = await llmServer('--model', 'qwen3:8b');
    await look(baseUrl);
    await form.page.locator('#ollama-model option').waitFor({ state: 'attached' });
    assert.deepEqual(await form.element('ollama-model').locator('option').allTextContents(), ['qwen3:8b']);
    await form.element('use-writer').click();
    await form.status(/writes from now on/);
    assert.equal(await form.writer(), 'qwen3:8b');
    assert.match(await form.page.locator('#leaves').textContent(), /to Ollama at the address that you named/);
    await soon(() => seen.some(({ method }) => method === 'POST'));
  });
});

describe('a model in this tab', { timeout }, () => {
  let form;
  before(async () => {
    form = await openBadge();
    await form.page.locator('#writer-webllm:enabled').waitFor({ state: 'attached' });
    await form.element('writer').selectOption('webllm');
    await form.page.locator('#webllm-note:not(:empty)').waitFor();
  });
  after(() => form.close());

  async function use(id) {
    await form.element('webllm-model').selectOption(id);
    await form.element('use-writer').click();
  }

  async function steer() {
    await form.page.keyboard.press('Escape');
    await form.element('steer-button').click();
  }

  test('is chosen from those that fit: small ones that follow instructions first, none too short or for another card', async () => {
    const groups = await form.page.locator('#webllm-model optgroup').evaluateAll((found) => found.map((group) => [...group.children].map((option) => option.textContent.replace(/\s/g, ' '))));
    assert.deepEqual(groups, [
      ['Tiny-0.3B-Instruct-q4f16_1, 380 MB', 'Waiting-1B-Instruct-q4f16_1, 900 MB', 'Failing-2B-Instruct-q4f16_1, 1700 MB', 'Dying-2B-Instruct-q4f16_1, 1800 MB', 'Steady-3B-Instruct-q4f16_1, 2300 MB'],
      ['Coder-2B-Instruct-q4f16_1, 1600 MB', 'Huge-70B-Instruct-q3f16_1, 31000 MB'],
    ]);
    assert.equal(await form.element('webllm-model').inputValue(), 'Waiting-1B-Instruct-q4f16_1-MLC', 'the smallest with a billion parameters');
  });

  test('says before the download how much, from where and where it stays, and starts nothing', async () => {
    const note = await form.element('webllm-note').textContent();
    assert.match(note, /about 900.MB.*less than that, comes from hub\.example and programs\.example when you press the button, not before.*browser’s storage/);
    await form.element('webllm-model').selectOption('Tiny-0.3B-Instruct-q4f16_1-MLC');
    await form.element('webllm-note').filter({ hasText: 'in this browser already' }).waitFor();
    assert.equal(form.engines(), 0);
    assert.deepEqual(form.foreign, []);
  });

  test('shows how far it is while it loads, and cancelling ends it at once', async () => {
    await use('Waiting-1B-Instruct-q4f16_1-MLC');
    await form.status('Downloading the model…');
    await form.element('writer-amount').filter({ hasText: /^20.%, 123 MB$/ }).waitFor();
    assert.equal(await form.element('writer-progress').evaluate((bar) => bar.value), 0.2);
    await soon(() => form.engines() === 1);
    await form.element('use-writer').filter({ hasText: 'Cancel' }).click();
    await form.status('Cancelled.');
    await soon(() => form.engines() === 0);
    assert.equal(await form.element('writer-progress').isVisible(), false);
    assert.equal(await form.writer(), 'simulator');
  });

  test('that cannot be loaded says why, as text, and the simulator stays', async () => {
    await use('Failing-2B-Instruct-q4f16_1-MLC');
    await form.status(/could not be loaded: Error: Device was lost <b>here<\/b>.*smaller model/);
    await soon(() => form.engines() === 0);
    assert.equal(await form.writer(), 'simulator');
  });

  test('writes the edits of a run, in a worker', async () => {
    await use(steady);
    await form.status(/is loaded, and writes from now on/);
    assert.equal(await form.writer(), steady);
    assert.match(await form.page.locator('#leaves').textContent(), /^nothing: .*Its files come from hub\.example and programs\.example/);
    await form.page.keyboard.press('Escape');
    await form.page.locator('.options summary').click();
    await form.element('policy-select').selectOption('uniform');
    await form.element('horizon').fill('1');
    const before = asked.length;
    await steer();
    await form.element('outcome').waitFor({ timeout });
    assert.equal(await form.element('step').count(), 1);
    await soon(() => asked.length > before && form.engines() === 1);
  });

  test('is unloaded when another one is chosen, before that is loaded', async () => {
    await form.element('environment-badge').locator('summary').click();
    await use('Waiting-1B-Instruct-q4f16_1-MLC');
    await form.status('Downloading the model…');
    assert.equal(await form.writer(), 'simulator');
    await soon(() => form.engines() === 1);
    await form.element('use-writer').click();
    await form.status('Cancelled.');
  });

  test('that stops in the middle of a run ends the run with what happened', async () => {
    await use('Dying-2B-Instruct-q4f16_1-MLC');
    await form.status(/writes from now on/);
    await steer();
    await form.element('error').filter({ hasText: 'WebLLM stopped' }).waitFor({ timeout });
    assert.match(await form.element('error').textContent(), /the GPU is gone/);
    await soon(() => form.engines() === 0);
    const expected = form.complaints.splice(0);
    assert.ok(expected.every((words) => words.includes('the GPU is gone')), expected.join('; '));
  });

  test('is unloaded when the simulator writes again', async () => {
    await form.element('environment-badge').locator('summary').click();
    await use(steady);
    await form.status(/writes from now on/);
    await soon(() => form.engines() === 1);
    await form.element('writer').selectOption('simulator');
    await form.element('use-writer').click();
    await form.status('The simulator writes.');
    await soon(() => form.engines() === 0);
  });

  test('fits on a phone without scrolling sideways', async () => {
    await form.element('writer').selectOption('webllm');
    await form.page.setViewportSize({ width: 390, height: 844 });
    assert.equal(await sidewaysScroll(form.page), 0);
  });

  test('nothing was complained about, and nothing was kept but what the page keeps', async () => {
    assert.deepEqual(form.complaints, []);
    assert.deepEqual(await form.page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }]), [{}, {}]);
  });
});

describe('where a model in this tab cannot be had', { timeout }, () => {
  const choice = (form) => form.page.locator('#writer-webllm').evaluate(({ hidden, disabled }) => ({ hidden, disabled }));

  test('the form says what to install, and the choice waits for that', async () => {
    const server = serve({ models, webLlm: null });
    await once(server, 'listening');
    const form = await openBadge({ address: `http://localhost:${server.address().port}` });
    await form.element('webllm-missing').filter({ hasText: 'npm install --no-save @mlc-ai/web-llm' }).waitFor();
    assert.deepEqual(await choice(form), { hidden: false, disabled: true });
    await form.close();
    server.close();
  });

  test('a browser without WebGPU is not offered it, and the library is not asked for', async () => {
    const asks = [];
    const form = await openBadge({
      prepare: async (page) => {
        page.on('request', (request) => request.url().includes('/web-llm') && asks.push(request.url()));
        await page.addInitScript(() => delete Navigator.prototype.gpu);
      },
    });
    await form.element('writer').selectOption('server');
    assert.deepEqual(await choice(form), { hidden: true, disabled: true });
    assert.equal(await form.element('webllm-missing').isVisible(), false);
    assert.deepEqual(asks.filter((url) => !url.endsWith('/web-llm.js')), []);
    await form.close();
  });

  test('a browser with WebGPU and no graphics card says so', async () => {
    const form = await openBadge({ prepare: (page) => page.addInitScript(() => { GPU.prototype.requestAdapter = async () => null; }) });
    await form.page.locator('#writer-webllm:enabled').waitFor({ state: 'attached' });
    await form.element('writer').selectOption('webllm');
    await form.status(/finds no graphics card/);
    await form.close();
  });
});

describe('the model of the browser', { timeout }, () => {
  /** In the page: a stand-in whose download and answers the test decides. */
  function fakeBuiltIn(availability) {
    window.LanguageModel = {
      availability: async () => availability,
      create: ({ signal, monitor, initialPrompts }) => new Promise((resolve, reject) => {
        const session = { prompt: async () => 'I cannot say.', destroy() { window.destroyed = true; } };
        // Only what is made ready first has a download.
        if (initialPrompts || availability === 'available') return resolve(session);
        const download = new EventTarget();
        monitor(download);
        window.downloaded = (loaded) => download.dispatchEvent(Object.assign(new Event('downloadprogress'), { loaded }));
        window.ready = () => resolve(session);
        signal.addEventListener('abort', () => reject(signal.reason));
        return undefined;
      }),
    };
  }

  async function chosen(availability) {
    const form = await openBadge({ prepare: (page) => page.addInitScript(fakeBuiltIn, availability) });
    await form.element('writer').selectOption('browser');
    await form.element('use-writer').click();
    return form;
  }

  test('that this device cannot run says so, and the simulator stays', async () => {
    const form = await chosen('unavailable');
    await form.status(/no language model for this device/);
    assert.equal(await form.writer(), 'simulator');
    await form.close();
  });

  test('is downloaded before it is used, with progress, and that can be cancelled', async () => {
    const form = await chosen('downloadable');
    await form.status('The browser downloads its model…');
    await form.page.evaluate(() => window.downloaded(0.25));
    await form.element('writer-amount').filter({ hasText: /25.%/ }).waitFor();
    await form.element('use-writer').click();
    await form.status('Cancelled.');
    assert.equal(await form.writer(), 'simulator');
    await form.element('use-writer').click();
    await form.status('The browser downloads its model…');
    await form.page.evaluate(() => window.ready());
    await form.status('It is there, and writes from now on.');
    assert.equal(await form.writer(), 'prompt-api');
    assert.ok(await form.page.evaluate(() => window.destroyed));
    await form.close();
  });
});

/** Installed beside the packaging tests. */
const library = fileURLToPath(new URL('../packaging/node_modules/@mlc-ai/web-llm/lib', import.meta.url));

test('the real library is read under the page’s policy, and lists models that can be chosen', { timeout }, async () => {
  const server = serve({ models, webLlm: library });
  await once(server, 'listening');
  const form = await openBadge({ address: `http://localhost:${server.address().port}` });
  await form.page.locator('#writer-webllm:enabled').waitFor({ state: 'attached' });
  await form.element('writer').selectOption('webllm');
  await form.page.locator('#webllm-note:not(:empty)').waitFor();
  const [small, others] = await form.page.locator('#webllm-model optgroup').evaluateAll((found) => found.map((group) => group.children.length));
  assert.ok(small > 5 && others > 5, `${small} small ones and ${others} others`);
  assert.match(await form.element('webllm-note').textContent(), /from .*huggingface\.co/);
  assert.deepEqual(form.complaints, []);
  await form.close();
  server.close();
});
