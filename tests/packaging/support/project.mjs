// The packed package, and throw-away projects that install it.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL('../../../pkg', import.meta.url));
const PROJECTS = new URL('../projects/', import.meta.url);
const DEPENDENCIES = fileURLToPath(new URL('../node_modules', import.meta.url));
const OFFLINE = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];

let tarball;
const folders = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** The file that would be published, and what `npm pack` says about it. Packed once for a file of tests. */
export function packed() {
  return (tarball ??= pack());
}

async function pack() {
  const folder = await temporaryFolder('tarball');
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: PACKAGE,
    maxBuffer: 1 << 24,
  });
  const [report] = Object.values(JSON.parse(stdout));
  return { file: join(folder, report.filename), report };
}

/** A copy of a folder of `projects` in which the tarball is installed; gone when the tests are over. */
export async function project(name) {
  const [folder, { file }] = await Promise.all([temporaryFolder(name), packed()]);
  await cp(new URL(`${name}/`, PROJECTS), folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run('npm', ['install', ...OFFLINE, file], { cwd: folder });
  return folder;
}

/** A project with a page, which loads its `main.js`. */
export async function pageProject(name) {
  const folder = await project(name);
  await cp(new URL('page/', PROJECTS), folder, { recursive: true });
  return folder;
}

/** A development dependency of these tests, put where the project would have it. */
export async function lend(folder, dependency) {
  await cp(join(DEPENDENCIES, dependency), join(folder, 'node_modules', dependency), { recursive: true });
}

/** The command of a development dependency: rejects with what it printed where it fails. */
export async function command(name, words, cwd) {
  const path = join(DEPENDENCIES, '.bin', name);
  const { stdout, stderr } = await run(path, words, { cwd, maxBuffer: 1 << 26 }).catch(({ stdout, stderr }) => {
    throw new Error(`${name} ${words.join(' ')}:\n${stdout}${stderr}`);
  });
  return stdout + stderr;
}

export async function temporaryFolder(name) {
  const folder = await mkdtemp(join(tmpdir(), `aquiline-${name}-`));
  folders.push(folder);
  return folder;
}
