// A server with the page's strict policy, and a real Chromium with a WebGPU adapter (emulated).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from '../../www/serve.mjs';

const { chromium } = createRequire(new URL('../../pkg/package.json', import.meta.url))('playwright-core');
const quiet = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const emulatedGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

export const models = process.env.AQUILINE_MODELS ?? join(homedir(), '.cache/aquiline/models');

const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../target', import.meta.url));
const program = join(target, 'debug/examples/llm_server');
const servers = [];
after(() => servers.forEach((server) => server.kill()));

/** Starts both; `close()` ends both. `served` is what the server is told besides. */
export async function openBrowser({ gpu = false, ...served } = {}) {
  const server = serve({ port: 0, models, ...served });
  await once(server, 'listening');
  const browser = await chromium.launch({
    executablePath: process.env.CHROME ?? '/usr/bin/chromium',
    args: gpu ? [...quiet, ...emulatedGpu] : quiet,
  });
  return {
    browser,
    address: `http://localhost:${server.address().port}`,
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}

/**
 * An empty page in a context of its own; `options` are those of the browser's context. It comes with `element(testid)`, `saved(testid)`, the
 * text of the file that pressing it gives, and what went wrong there: `complaints` of the page, and `foreign` addresses it asked.
 */
export async function openPage({ browser, address }, { width = 1280, height = 900, ...options } = {}) {
  const page = await (await browser.newContext({ viewport: { width, height }, ...options })).newPage();
  const complaints = [];
  const foreign = [];
  const isForeign = (url) => !/^(blob|data):/.test(url) && !url.startsWith(address);
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => isForeign(request.url()) && foreign.push(request.url()));
  const element = (name) => page.locator(`[data-testid=${name}]`);
  const saved = async (name) => readFile(await (await downloaded(page, element(name))).path(), 'utf8');
  return { page, element, saved, complaints, foreign };
}

/** The file that a press gives. */
export async function downloaded(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return download;
}

/** The whole page over the real package, in a browser of its own, with a panel opened; `close()` ends both. */
export async function openRealPage({ panel = 'steer', timeout = 240_000, ...options } = {}) {
  const opened = await openBrowser();
  const shown = await openPage(opened, options);
  await shown.page.goto(opened.address);
  await shown.element(`tab-${panel}`).click({ timeout });
  return { ...opened, ...shown };
}

/** How many pixels a page is too wide for its window. */
export const sidewaysScroll = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** A server that pretends to be a model: its address, and what it has seen, one entry for each request that is over. */
export async function llmServer(...words) {
  const server = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  const lines = createInterface({ input: server.stdout });
  const seen = [];
  const baseUrl = await new Promise((resolve, reject) => {
    server.on('error', () => reject(new Error(`${program} is missing: cargo build --example llm_server`)));
    lines.once('line', resolve);
  });
  lines.on('line', (line) => seen.push({ ...JSON.parse(line), at: Date.now() }));
  return { baseUrl, seen };
}
