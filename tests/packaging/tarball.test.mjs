// What would be published.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { publint } from 'publint';

import { command, packed } from './support/project.mjs';

const BYTES = { encoding: 'buffer', maxBuffer: 1 << 28 };
/** What the import of a wasm file gives is the bundler's to say: bytes, an address or an instance. It has no types. */
const FILES = ['cpu.wasm', 'webgpu.wasm'];
const WHAT_BELONGS = /^(dist\/[\w./-]+\.(js|d\.ts)|dist\/(cpu|webgpu)\/core_bg\.wasm|dist\/catalog\.jsonl|dist\/embedded\/f(16|32)\.(fit|vectors)|README\.md|LICENSE[\w-]*|package\.json)$/;
/**
 * Both cores at their limits of `scripts/size.mjs`, which are for brotli, come to 5.5 MB as npm packs them, and all the
 * rest is 0.2 MB, but for 1.7 MB of vectors and fits of the embedded catalog, which spare a first visit the reading and the fit. At
 * first it was 5.0 MB without these, then, with a smaller core, 6.0 MB with them.
 */
const MOST_BYTES = 6_300_000;
/** Two for each module and each core, and a few. At first there were 113; more than this are files that do not belong. */
const MOST_FILES = 180;

test('publint has nothing to say', async () => {
  const { buffer } = new Uint8Array(await readFile((await packed()).file));
  assert.deepEqual((await publint({ pack: { tarball: buffer } })).messages, []);
});

test('its types are right wherever ES modules are resolved', async () => {
  const { file } = await packed();
  const words = ['--profile', 'esm-only', '--format', 'json', '--exclude-entrypoints', ...FILES];
  // It fails where there is a problem; the ones that it lists are of CommonJS, which is not offered.
  const { analysis } = JSON.parse(await command('attw', [file, ...words]));
  assert.deepEqual(Object.keys(analysis.entrypoints), ['.', './worker', './llm', './ideas', './dist/*', './package.json']);
});

test('it holds modules, their types, two cores, a catalog with its fit and a readme, and nothing else', async () => {
  const { files } = (await packed()).report;
  assert.deepEqual(files.map(({ path }) => path).filter((path) => !WHAT_BELONGS.test(path)), []);
  assert.ok(files.length <= MOST_FILES, `${files.length} files`);
});

test('it is not larger than it has to be', async () => {
  const { size } = (await packed()).report;
  assert.ok(size <= MOST_BYTES, `${size} bytes of ${MOST_BYTES}`);
});

test('no file names a folder of the machine that it was built on', async () => {
  const { file } = await packed();
  const { stdout } = await promisify(execFile)('tar', ['--extract', '--to-stdout', '--gzip', '--file', file], BYTES);
  assert.ok(stdout.length > 1e6);
  assert.equal(stdout.indexOf(`${homedir()}/`), -1);
});
