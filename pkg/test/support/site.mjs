// A page that serves the package's dist folder with fake cores under a strict content security policy.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { TOKENIZER, WEIGHTS } from './fake-core.mjs';

const DIST = new URL('../../dist/', import.meta.url);
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";
const FLAGS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const GPU_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
/** The smallest module there is: enough to see whether the policy lets it compile. */
const EMPTY_WASM = Buffer.from('0061736d01000000', 'hex');

/** The module that wasm-bindgen would write. `crash` ends the worker, as an abort inside WebGPU does. */
const coreModule = (options, crash) => `
  import { fakeCore } from '/support/fake-core.mjs';
  export default async ({ module_or_path: given }) => void await (given instanceof Response
    ? WebAssembly.instantiateStreaming(given) : WebAssembly.instantiate(given));
  const core = fakeCore(${options});
  export const { manifest, verify, RawSession } = core;
  export const RawEncoder = ${crash ? '{ load: () => new Promise(() => queueMicrotask(() => { throw new Error("lost"); })) }' : 'core.RawEncoder'};`;

const SCRIPT = 'text/javascript';
const FILES = {
  '/': ['text/html', '<!doctype html><title>aquiline</title>'],
  '/models/model.bin': ['application/octet-stream', WEIGHTS],
  '/models/tok.bin': ['application/octet-stream', TOKENIZER],
  '/dist/cpu/core.js': [SCRIPT, coreModule('{ hub: new URL("/models/", import.meta.url).href, work: 4, steps: 500 }')],
  '/dist/webgpu/core.js': [SCRIPT, coreModule('{ hub: new URL("/models/", import.meta.url).href }', true)],
  '/dist/cpu/core_bg.wasm': ['application/wasm', EMPTY_WASM],
  '/dist/webgpu/core_bg.wasm': ['application/wasm', EMPTY_WASM],
  '/dist/catalog.jsonl': ['application/jsonl', 'the catalog'],
};

/** A host name of this machine that browsers do not take for a safe one, as they do localhost. */
export const PLAIN_HOST = 'plain.test';
export const TRUSTED = `${POLICY}; require-trusted-types-for 'script'; trusted-types aquiline`;

/** Opens the page; `requests` lists the paths asked for. */
export async function openSite({ host = 'localhost', policy = POLICY } = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    answer(request.url).then(
      ([type, body]) => response.setHeader('content-type', type).setHeader('content-security-policy', policy).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const executablePath = process.env.CHROME ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...GPU_FLAGS, `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`] });
  const page = await browser.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`http://${host}:${server.address().port}/`);
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { page, requests, complaints, close };
}

async function answer(path) {
  if (FILES[path]) return FILES[path];
  if (path === '/support/fake-core.mjs') return [SCRIPT, await readFile(new URL('fake-core.mjs', import.meta.url))];
  if (/^\/dist\/\w+\.js$/.test(path)) return [SCRIPT, await readFile(new URL(path.slice('/dist/'.length), DIST))];
  throw new Error('not found');
}
