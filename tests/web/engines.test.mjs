// An adapter over a real engine: llama.cpp in WebAssembly, with a tiny model that is made here, in a real Chromium.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from '../../www/serve.mjs';
import { openBrowser } from './support.mjs';
import { tinyGguf } from './tiny-gguf.mjs';

const engine = fileURLToPath(new URL('../../pkg/node_modules/@wllama/wllama/esm', import.meta.url));
const skip = existsSync(engine) ? false : 'the package @wllama/wllama is not installed in pkg';
const question = { messages: [{ role: 'user', content: 'Say something, please.' }], maxTokens: 16 };

describe('a real engine', { skip, timeout: 120_000 }, () => {
  let opened;
  let server;
  let page;
  const elsewhere = [];

  before(async () => {
    opened = await openBrowser();
    server = serve({ www: engine });
    await once(server, 'listening');
    const address = `http://localhost:${server.address().port}`;
    // The engine makes its worker from a blob, which the policy of our own page does not allow.
    const context = await opened.browser.newContext({ bypassCSP: true });
    context.on('request', (request) => {
      if (!request.url().startsWith(address) && !request.url().startsWith('blob:')) elsewhere.push(request.url());
    });
    page = await context.newPage();
    await page.route('**/tiny.gguf', (route) => route.fulfill({ body: tinyGguf(), contentType: 'application/octet-stream' }));
    await page.goto(`${address}/pkg/llm/index.js`);
    await page.evaluate(loadInPage);
  });
  after(async () => {
    await opened?.close();
    server?.close();
  });

  const chat = (request) => page.evaluate((asked) => globalThis.ask(asked), { ...question, ...request });

  test('answers with some text, no longer than was allowed', async () => {
    const reply = await chat({ temperature: 0 });
    assert.match(reply.text, /^\S{1,16}/);
    assert.equal(reply.finish, 'length');
    assert.equal(reply.usage.completionTokens, 16);
    assert.ok(reply.usage.promptTokens > question.messages[0].content.length / 2);
    assert.ok((await chat({ temperature: 0, maxTokens: 4 })).text.length < reply.text.length);
  });

  test('repeats itself at temperature 0 and with equal seeds, and only then', async () => {
    const texts = async (requests) => Promise.all(requests.map(async (request) => (await chat(request)).text));
    const [cold, colder] = await texts([{ temperature: 0 }, { temperature: 0, seed: 9 }]);
    assert.equal(cold, colder);
    const [first, again, other] = await texts([5, 5, 6].map((seed) => ({ temperature: 1, seed })));
    assert.equal(first, again);
    assert.notEqual(first, other);
  });

  test('keeps to a schema', async () => {
    const properties = { mood: { enum: ['calm', 'wild'] } };
    const schema = { type: 'object', properties, required: ['mood'], additionalProperties: false };
    const reply = await chat({ schema: { name: 'mood', schema }, maxTokens: 100 });
    assert.equal(reply.finish, 'stop');
    assert.ok(properties.mood.enum.includes(JSON.parse(reply.text).mood), reply.text);
  });

  test('gets one question at a time', async () => {
    await page.evaluate(() => (globalThis.most = 0));
    const replies = await Promise.all([1, 2, 3].map((seed) => chat({ seed })));
    assert.ok(replies.every(({ text }) => text.length > 0));
    assert.equal(await page.evaluate(() => globalThis.most), 1);
  });

  test('stops when it is aborted, and answers the next question', async () => {
    const before = await chat({ temperature: 0 });
    const found = await page.evaluate(abortInPage, { ...question, temperature: 0, maxTokens: 8000 });
    assert.deepEqual(found, { name: 'AbortError', isReason: true, outcome: 'AbortError' });
    assert.deepEqual(await chat({ temperature: 0 }), before);
  });

  test('says so where the browser has no model of its own', async (context) => {
    const { availability, code } = await page.evaluate(askBrowser, question);
    if (availability !== undefined && availability !== 'unavailable') return context.skip(`its model is ${availability}`);
    assert.equal(code, 'environment');
  });

  test('needed nothing from anywhere else', () => assert.deepEqual(elsewhere, []));
});

/** Runs in the page: an engine with the tiny model, whose calls are watched, behind our adapter. */
async function loadInPage() {
  const { Wllama } = await import('/index.js');
  const { wllama } = await import('/pkg/llm/index.js');
  const quiet = { debug() {}, log() {}, warn() {}, error: console.error };
  const instance = new Wllama({ default: '/wasm/wllama.wasm' }, { suppressNativeLog: true, logger: quiet });
  await instance.loadModel([await (await fetch('/tiny.gguf')).blob()], { n_ctx: 8192, n_gpu_layers: 0 });
  globalThis.outcomes = [];
  globalThis.most = 0;
  let underWay = 0;
  const createChatCompletion = async (request) => {
    globalThis.most = Math.max(globalThis.most, ++underWay);
    const answer = instance.createChatCompletion(request);
    await answer.then(() => globalThis.outcomes.push('answered'), (error) => globalThis.outcomes.push(error.name));
    underWay -= 1;
    return answer;
  };
  globalThis.llm = wllama({ createChatCompletion });
  globalThis.ask = (request) => globalThis.llm.chat(request, { signal: new AbortController().signal });
}

/** Runs in the page: aborts a question of many seconds once it is under way, and tells how the engine took it. */
async function abortInPage(request) {
  const controller = new AbortController();
  globalThis.outcomes.length = 0;
  setTimeout(() => controller.abort(), 300);
  const answered = globalThis.llm.chat(request, { signal: controller.signal });
  const error = await answered.then(() => new Error('answered'), (reason) => reason);
  while (globalThis.outcomes.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return { name: error.name, isReason: error === controller.signal.reason, outcome: globalThis.outcomes[0] };
}

/** Runs in the page: whether there is a built-in model, and the code of the error where there is none. */
async function askBrowser(request) {
  const { promptApi } = await import('/pkg/llm/index.js');
  const availability = await globalThis.LanguageModel?.availability();
  if (availability !== undefined && availability !== 'unavailable') return { availability };
  const asked = async () => promptApi().chat(request, { signal: new AbortController().signal });
  return { availability, code: await asked().then(() => undefined, (error) => error.code) };
}
