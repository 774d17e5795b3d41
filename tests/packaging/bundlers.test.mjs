// What bundlers make of the packed package, in a real browser under a strict policy.
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';

import { pageProject } from './support/project.mjs';
import { assertStarted, HAS_STEERED, outcomeOf, serveFolder, shorten, STRICT, TRUSTED } from './support/site.mjs';

test('Vite builds a page that steers, without any configuration', async () => {
  const root = await pageProject('steered');
  await shorten(join(root, 'node_modules/aquiline/dist/catalog.jsonl'));
  await vite.build({ root, configFile: false, logLevel: 'warn', build: { outDir: 'out' } });
  assert.deepEqual(await outcomeOf(await serveFolder(join(root, 'out'))), HAS_STEERED);
});

test('what Vite builds starts the core where scripts must be trusted', async () => {
  const root = await pageProject('trusted');
  await vite.build({ root, configFile: false, logLevel: 'warn', build: { outDir: 'out' } });
  await cp(join(root, 'node_modules/aquiline/dist'), join(root, 'out/aquiline'), { recursive: true });
  assertStarted(await outcomeOf(await serveFolder(join(root, 'out'), TRUSTED)));
});

test("a page on Vite's development server starts the core, and may ask where its file is", async () => {
  const root = await pageProject('started');
  const headers = { 'Content-Security-Policy': STRICT };
  const server = await vite.createServer({ root, configFile: false, logLevel: 'warn', server: { port: 0, headers } });
  try {
    await server.listen();
    assertStarted(await outcomeOf(server.resolvedUrls.local[0]));
  } finally {
    await server.close();
  }
});

test('webpack builds a page that steers, without any configuration', async () => {
  const root = await pageProject('steered');
  await shorten(join(root, 'node_modules/aquiline/dist/catalog.jsonl'));
  const out = await outFolder(root);
  const entry = { context: root, mode: 'production', entry: './main.js' };
  const stats = await promisify(webpack)({ ...entry, output: { path: out, filename: 'main.js' }, performance: false });
  const { errors, warnings } = stats.toJson('errors-warnings');
  assert.deepEqual([...errors, ...warnings].map(({ message }) => message), []);
  assert.deepEqual(await outcomeOf(await serveFolder(out)), HAS_STEERED);
});

test('a bundle of esbuild finds the worker in a copy of the package', async () => {
  const root = await pageProject('copied');
  const out = await outFolder(root);
  const bundle = { bundle: true, format: 'esm', splitting: true, minify: true, logLevel: 'error' };
  const { warnings } = await esbuild.build({ absWorkingDir: root, entryPoints: ['main.js'], outdir: out, ...bundle });
  assert.deepEqual(warnings, []);
  await startsFromCopy(root, out);
});

test('a bundle of Rollup finds the worker in a copy of the package', async () => {
  const root = await pageProject('copied');
  const out = await outFolder(root);
  const warnings = [];
  const onLog = (_level, { message }) => warnings.push(message);
  const bundle = await rollup({ input: join(root, 'main.js'), plugins: [nodeResolve({ browser: true })], onLog });
  await bundle.write({ dir: out, format: 'es' });
  await bundle.close();
  assert.deepEqual(warnings, []);
  await startsFromCopy(root, out);
});

/** What is built, with the page that loads it. */
async function outFolder(root) {
  await cp(join(root, 'index.html'), join(root, 'out/index.html'));
  return join(root, 'out');
}

async function startsFromCopy(root, out) {
  await cp(join(root, 'node_modules/aquiline/dist'), join(out, 'aquiline'), { recursive: true });
  assertStarted(await outcomeOf(await serveFolder(out)));
}
