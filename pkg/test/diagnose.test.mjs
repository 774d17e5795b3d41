// What a browser would not let happen in a test: pages of https, and permissions that are denied.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { diagnose } from '../dist/llm/index.js';

const real = { fetch: globalThis.fetch };

/** Puts things into the global scope, as a page would see them. */
function pretend(things) {
  for (const [name, value] of Object.entries(things)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

afterEach(() => {
  for (const name of ['location', 'document']) delete globalThis[name];
  pretend(real);
});

const asked = (baseUrl) => diagnose({ baseUrl, model: 'm' });

test('a page of https may not ask a server without', async () => {
  pretend({ location: { protocol: 'https:' }, fetch: () => assert.fail('nothing is sent') });
  const { trouble, fix } = await asked('http://192.168.0.7:8000/v1');
  assert.equal(trouble, 'mixed-content');
  assert.match(fix, /https:/);
});

test('a page of https may ask this computer', async () => {
  pretend({ location: { protocol: 'https:' }, fetch: async () => new Response('{"choices":[{}]}') });
  for (const host of ['localhost:1234', '127.0.0.1', '[::1]:8000']) {
    assert.equal((await asked(`http://${host}/v1`)).trouble, undefined, host);
  }
});

test('a permission that is denied is named', async () => {
  const permissions = {
    query: async ({ name }) => {
      if (name !== 'local-network-access') throw new TypeError('no such permission');
      return { state: 'denied' };
    },
  };
  pretend({
    location: { protocol: 'http:', origin: 'http://page.invalid' },
    document: { addEventListener() {}, removeEventListener() {} },
    navigator: { permissions },
    fetch: () => Promise.reject(new TypeError('Failed to fetch')),
  });
  assert.equal((await asked('http://192.168.0.7:8000/v1')).trouble, 'local-network');
  assert.equal((await asked('https://llm.invalid/v1')).trouble, 'unreachable');
});

test('whoever aborts gets the reason', async () => {
  const controller = new AbortController();
  pretend({ fetch: (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) });
  const running = diagnose({ baseUrl: 'https://llm.invalid/v1', model: 'm' }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(running, { name: 'AbortError' });
});
