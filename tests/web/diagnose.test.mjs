// Why a language model cannot be reached, told apart in a real browser.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { openBrowser } from './support.mjs';

const ANSWER = { choices: [{ message: { content: 'Yes.' }, finish_reason: 'stop' }] };
const KEY = 'sk-very-secret';

let place;
const servers = [];

before(async () => {
  place = await openBrowser();
});

after(async () => {
  await place.close();
  for (const server of servers) server.close();
});

/** A server on a port of its own; `answer` gives [status, body] for a path. */
async function serverThat(answer, { cors = true } = {}) {
  const server = createServer((request, response) => {
    const allowed = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*' };
    if (cors) for (const [name, value] of Object.entries(allowed)) response.setHeader(name, value);
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    const [status, body] = answer(request);
    response.writeHead(status, { 'Content-Type': 'application/json' });
    if (typeof body !== 'function') return response.end(typeof body === 'string' ? body : JSON.stringify(body));
    body(response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}/v1`;
}

async function diagnosed(llm, { bypassCSP = true } = {}) {
  const context = await place.browser.newContext({ bypassCSP });
  try {
    const page = await context.newPage();
    await page.goto(place.address);
    return await page.evaluate(async ({ apiKey, ...rest }) => {
      const { diagnose } = await import('/pkg/llm/index.js');
      return diagnose({ model: 'tiny', ...rest, ...(apiKey && { getToken: async () => apiKey }) });
    }, llm);
  } finally {
    await context.close();
  }
}

const error = (message, code) => ({ error: { message, code } });

for (const [what, trouble, answer] of [
  ['a model that answers', undefined, () => [200, ANSWER]],
  ['a key that is wrong', 'unauthorized', () => [401, error(`Incorrect API key provided: ${KEY}`)]],
  ['a key that may not', 'unauthorized', () => [403, error('no access')]],
  ["a model that OpenAI's servers do not know", 'model', () => [404, error('The model `tiny` does not exist', 'model_not_found')]],
  ['a model that Ollama does not know', 'model', () => [404, error("model 'tiny' not found, try pulling it first")]],
  ['a path that is wrong', 'path', () => [404, '404 page not found']],
  ['too many requests', 'rate-limit', () => [429, error('slow down')]],
  ['a web page', 'dialect', () => [200, '<!doctype html><p>Welcome']],
  ['another JSON', 'dialect', () => [200, { hello: 'world' }]],
  ['an error in a success', 'server', () => [200, error('overloaded')]],
  ['a server that fails', 'server', () => [503, error('loading model')]],
  ['a request that is not taken', 'rejected', () => [400, error("Unsupported parameter: 'max_tokens'")]],
]) {
  test(`${what} is told apart`, async () => {
    const found = await diagnosed({ baseUrl: await serverThat(answer), apiKey: KEY });
    assert.equal(found.trouble, trouble, JSON.stringify(found));
    assert.equal(found.fix === '', trouble === undefined);
    assert.ok(!JSON.stringify(found).includes(KEY), found.seen);
  });
}

test('an answer without an end is left after its beginning', async () => {
  const endless = (response) => {
    const more = () => response.destroyed || (response.write('x'.repeat(5000)), setImmediate(more));
    more();
  };
  assert.equal((await diagnosed({ baseUrl: await serverThat(() => [200, endless]) })).trouble, 'dialect');
});

test('a server that does not allow this origin is told from one that is not there', async () => {
  const refusing = await serverThat(() => [200, ANSWER], { cors: false });
  assert.equal((await diagnosed({ baseUrl: refusing })).trouble, 'cors');
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address();
  await new Promise((resolve) => gone.close(resolve));
  assert.equal((await diagnosed({ baseUrl: `http://127.0.0.1:${port}/v1` })).trouble, 'unreachable');
});

test("a request that the page's own policy stops is told apart", async () => {
  assert.equal((await diagnosed({ baseUrl: 'http://llm.invalid/v1' }, { bypassCSP: false })).trouble, 'policy');
});

test('what is no address, or has a key in it, is not asked', async () => {
  for (const baseUrl of ['', 'localhost:11434', 'ftp://a/v1', `https://user:${KEY}@a/v1`, 'https://a/v1?key=1']) {
    assert.equal((await diagnosed({ baseUrl })).trouble, 'address', baseUrl);
  }
});
