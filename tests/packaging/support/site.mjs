// A real Chromium, and what a page in it came to under a strict policy.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { serve } from '../../../www/serve.mjs';

const { chromium } = createRequire(new URL('../../../pkg/package.json', import.meta.url))('playwright-core');
const FLAGS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'];
/** Enough to fit users to, and encoded in seconds. */
const FILMS = 12;

export const models = process.env.AQUILINE_MODELS ?? join(homedir(), '.cache/aquiline/models');
export const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
export const TRUSTED = `${STRICT}; require-trusted-types-for 'script'; trusted-types aquiline`;

let browser;
const opened = [];
after(() => Promise.all(opened.map((thing) => thing.close())));

/** The address of a folder that is served with this policy until the tests are over, and the model files as `/models`. */
export async function serveFolder(folder, policy = STRICT) {
  const server = serve({ www: folder, models });
  server.prependListener('request', (_, response) => override(response, policy));
  await once(server, 'listening');
  opened.push(server);
  return `http://localhost:${server.address().port}/`;
}

/** The server of the page has a policy of its own. */
function override(response, policy) {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = (status, headers) => writeHead(status, { ...headers, 'Content-Security-Policy': policy });
}

/** What the page told (see `run.js` of the projects), and what the browser complained of. */
export async function outcomeOf(address) {
  const page = await (browser ?? (await openBrowser())).newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !isIcon(message.location().url)) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const missing = new Promise((_, reject) => {
    page.on('response', (response) => {
      if (response.status() >= 400 && !isIcon(response.url())) reject(new Error(`${response.status()} ${response.url()}`));
    });
  });
  missing.catch(() => undefined);
  try {
    await page.goto(address);
    const told = page.locator('html[data-outcome]').getAttribute('data-outcome', { timeout: 60_000 });
    return { outcome: JSON.parse(await Promise.race([told, missing])), complaints };
  } catch (error) {
    throw new Error(`${error.message}\n${complaints.join('\n')}`);
  } finally {
    await page.close();
  }
}

/** Browsers ask for one, and these pages have none: one in the page would need `img-src`. */
function isIcon(address) {
  return address.endsWith('/favicon.ico');
}

async function openBrowser() {
  const executablePath = process.env.CHROME ?? '/usr/bin/chromium';
  opened.push((browser = await chromium.launch({ executablePath, args: FLAGS })));
  return browser;
}

/** What comes of `steerOnce` with a catalog that was shortened. */
export const HAS_STEERED = {
  outcome: { device: 'cpu', films: FILMS, events: ['anchor', 'step', 'done'] },
  complaints: [],
};

/** Fails unless the core in the worker has looked at the model's files: see `loadNothing` of the projects. */
export function assertStarted({ outcome, complaints }) {
  const { name, code, message } = outcome;
  assert.deepEqual({ name, code }, { name: 'AquilineError', code: 'encoder.integrity' }, message);
  assert.deepEqual(complaints, []);
}

/** Leaves a catalog of the first films only: encoding all of them takes a minute, and every bundler would do it. */
export async function shorten(catalog) {
  const lines = (await readFile(catalog, 'utf8')).split('\n').filter(Boolean);
  await writeFile(catalog, `${lines.slice(0, FILMS).join('\n')}\n`);
}
