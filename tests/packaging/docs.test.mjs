// The reference and the documents say what the package does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { command, temporaryFolder } from './support/project.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SNIPPETS = fileURLToPath(new URL('../../scripts/snippets.mjs', import.meta.url));

test('the reference has a text for every export, and no link that leads nowhere', async () => {
  await command('typedoc', ['--emit', 'none', '--logLevel', 'Warn'], HERE);
});

test('every block of code in the documents has the right types, and runs', async () => {
  await run('node', [SNIPPETS]);
});

test('a block that calls what there is not is found, with its line', async () => {
  const document = join(await temporaryFolder('document'), 'bad.md');
  await writeFile(document, '# Bad\n\n```js\nconst gaps = await aquiline.gaps({ user });\ngaps[0].fly();\n```\n');
  await assert.rejects(run('node', [SNIPPETS, '--types', document]), /bad\.md:5: Property 'fly' does not exist/);
});

test('a block that fails is found, with its line', async () => {
  const document = join(await temporaryFolder('document'), 'bad.md');
  await writeFile(document, "Bad\n```ts\nawait create({ models: { weights: new Uint8Array(1), tokenizer: new Uint8Array(1) } });\n```\n");
  await assert.rejects(run('node', [SNIPPETS, document]), /bad\.md:3: AquilineError: tokenizer.json is not/);
});

async function run(...words) {
  await promisify(execFile)(...words).catch(({ stdout, stderr }) => {
    throw new Error(stdout + stderr);
  });
}
