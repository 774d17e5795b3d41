// The packed package under Node.js, where a server may import it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { rollup } from 'rollup';

import { project } from './support/project.mjs';

const LIBRARY = ['aquiline', 'aquiline/llm', 'aquiline/ideas'];

let folder;
before(async () => (folder = await project('node')));

test('importing adds no global, asks for nothing and keeps nothing running', async () => {
  const { names, ...rest } = await run('import.js', ...LIBRARY);
  assert.ok(names[0].includes('create') && names[1].includes('diagnose') && names[2].includes('defineIdeas'));
  assert.deepEqual(rest, { added: [], asked: [], running: [] });
});

test('the core starts, fails as it should, and lets the process end', async () => {
  const error = await run('start.js');
  assert.deepEqual([error.name, error.code], ['AquilineError', 'encoder.integrity'], error.message);
});

test('the entries of the two cores are WebAssembly', async () => {
  assert.deepEqual(await run('files.js'), [true, true]);
});

test('the package alone is installed, as it needs no other', async () => {
  const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
  assert.deepEqual(Object.keys(packages), ['', 'node_modules/aquiline']);
  const { dependencies, peerDependencies, optionalDependencies } = packages['node_modules/aquiline'];
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
});

for (const name of ['index', 'llm/index', 'ideas']) {
  test(`nothing is left of ${name}.js where nothing of it is used`, async () => {
    const entry = join(folder, 'node_modules/aquiline/dist', `${name}.js`);
    // Without the resolver of the other tests: that would take the word of package.json for it.
    const bundle = await rollup({ input: 'main', plugins: [mainThatImports(entry)], logLevel: 'silent' });
    const { output } = await bundle.generate({ format: 'es' });
    await bundle.close();
    assert.equal(output[0].code.trim(), '');
  });
}

function mainThatImports(entry) {
  return {
    name: 'main',
    resolveId: (name) => (name === 'main' ? name : null),
    load: (name) => (name === 'main' ? `import ${JSON.stringify(entry)};` : null),
  };
}

/** What a script of the project prints. It has to end by itself. */
async function run(script, ...words) {
  const { stdout } = await promisify(execFile)('node', [script, ...words], { cwd: folder, timeout: 30_000 });
  return JSON.parse(stdout);
}
