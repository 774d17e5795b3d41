// Every code that the sources give has a row in docs/errors.md, and no row is left of a code that is gone.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

const PROJECT = new URL('../../', import.meta.url);
const QUOTED_CODE = String.raw`['"\`]([a-z_]+(?:\.[a-z_]+)*)['"\`]`;

/** Each `match` arm that gives a string: the codes of the core. */
const CORE = [/=>\s*\{?\s*"([a-z_]+(?:\.[a-z_]+)*)"/g];
/** Where the boundary names a code itself. */
const BOUNDARY = [/"code"\s*,\s*&?\s*"([a-z_]+(?:\.[a-z_]+)*)"/g];
const PACKAGE = [new RegExp(String.raw`\bAquilineError\(\s*(?:[\w.]+\s*\?\?\s*)?${QUOTED_CODE}`, 'g')];
/** A key of `HINTS`, whose values are strings. */
const HINT = /(?:^|[{,])\s*['"]?([a-z_]+(?:\.[a-z_]+)*)['"]?\s*:\s*['"`]/gm;

const text = (path) => readFile(new URL(path, PROJECT), 'utf8');
const found = (source, patterns) => patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([, code]) => code));

/** The text of all files with this ending below a folder. */
async function sources(folder, ending) {
  const names = await readdir(new URL(folder, PROJECT), { recursive: true });
  const texts = names.filter((name) => name.endsWith(ending)).map((name) => text(`${folder}${name}`));
  return (await Promise.all(texts)).join('\n');
}

async function codesOfSources() {
  const core = found(`${await text('src/error.rs')}\n${await sources('src/error/', '.rs')}`, CORE);
  const boundary = found(await sources('src/wasm/', '.rs'), BOUNDARY);
  const thrown = found(await sources('pkg/src/', '.ts'), PACKAGE);
  const hints = /\bHINTS\b[^=]*=\s*\{([\s\S]*?)\n\};/.exec(await text('pkg/src/error.ts'));
  const parts = { core, boundary, thrown, hints: found(hints?.[1] ?? '', [HINT]) };
  for (const [part, codes] of Object.entries(parts)) assert.notEqual(codes.length, 0, `no code was found among: ${part}`);
  return new Set(Object.values(parts).flat());
}

/** The first cells of the tables' rows, as often as they occur. */
async function rows() {
  return found(await text('docs/errors.md'), [/^\|\s*`([a-z_.]+)`\s*\|/gm]);
}

const listed = (codes) => codes.map((code) => `\n  ${code}`).sort().join('');

test('every code of the core and of the package has one row in docs/errors.md, and no row is of a code that is gone', async () => {
  const [codes, documented] = [await codesOfSources(), await rows()];
  const missing = [...codes].filter((code) => !documented.includes(code));
  const gone = documented.filter((code) => !codes.has(code));
  const twice = documented.filter((code, index) => documented.indexOf(code) !== index);
  assert.equal(missing.length, 0, `docs/errors.md has no row for:${listed(missing)}`);
  assert.equal(gone.length, 0, `docs/errors.md has a row for what no source gives:${listed(gone)}`);
  assert.equal(twice.length, 0, `docs/errors.md has more than one row for:${listed(twice)}`);
});

test('every row says what happened, why, what to do and whether to try again', async () => {
  const lines = (await text('docs/errors.md')).split('\n').filter((line) => /^\|\s*`/.test(line));
  for (const line of lines) {
    const [, code, ...cells] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    assert.equal(cells.pop(), '', `the row of ${code} does not end with a bar`);
    assert.equal(cells.length, 4, `the row of ${code} has ${cells.length} cells after the code`);
    for (const cell of cells) assert.notEqual(cell, '', `the row of ${code} has an empty cell`);
    assert.match(cells[3], /^(yes|no)\b/, `the row of ${code} does not say whether it is retryable`);
  }
});

test("the package's README and the comment of AquilineError name every code or its family", async () => {
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export class AquilineError\b/.exec(await text('pkg/src/error.ts'))?.[1] ?? '';
  const section = /^## Errors\n([\s\S]*?)^## /m.exec(await text('pkg/README.md'))?.[1] ?? '';
  const codes = [...(await codesOfSources())].filter((code) => code !== 'cancelled');
  for (const [place, words] of Object.entries({ 'the comment of AquilineError': comment, 'pkg/README.md': section })) {
    const isNamed = (code) => words.includes(`\`${code}\``) || words.includes(`\`${code.split('.')[0]}.*\``);
    const unnamed = codes.filter((code) => !isNamed(code));
    assert.equal(unnamed.length, 0, `${place} names neither the code nor the family of:${listed(unnamed)}`);
    assert.match(words, /docs\/errors\.md/);
  }
});
