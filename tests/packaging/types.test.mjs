// What the packed package's types say to a project, wherever it has them looked up.
import { before, test } from 'node:test';

import { command, lend, project } from './support/project.mjs';

let folder;
before(async () => {
  folder = await project('types');
  // Node.js' own types, and what they need.
  for (const dependency of ['@types/node', 'undici-types']) await lend(folder, dependency);
});

test('every call can be used, and mistakes are found, in a page with a bundler', () => compile('browser.json'));
test('the same under Node.js with node16', () => compile('node16.json'));
test('the same under Node.js with nodenext', () => compile('nodenext.json'));

/** Fails with what the compiler complains of, in the declarations of the package as well. */
async function compile(settings) {
  await command('tsc', ['--project', settings], folder);
}
