// Answers of language models that are kept between visits: under Node.js in a file.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { fileAnswers } from '../dist/answers.js';
import { answers, forgetAnswers } from '../dist/index.js';

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aquiline-'));
  process.env.XDG_CACHE_HOME = folder;
});
after(() => rm(folder, { recursive: true }));

/** Seeds have more digits than numbers of JavaScript. */
const answer = (number, model = 'tiny', text = `${number}`) =>
  `{"model":"${model}","request":{"messages":["\\"reply\\":"],"seed":1234567890123456789${number}},"reply":{"text":"${text}"}}`;

test('what was answered is there again, once for each question, and can be forgotten', async () => {
  const store = fileAnswers();
  assert.deepEqual(await answers('tiny'), []);
  await store.add('tiny', [answer(1), answer(2)]);
  await store.add('tiny', [answer(1, 'tiny', 'another'), answer(3)]);
  await store.add('other', [answer(4, 'other')]);
  assert.deepEqual((await answers('tiny')).map(({ reply }) => reply.text), ['another', '2', '3']);
  assert.ok((await store.load('tiny')).includes(answer(2)), 'to the last digit');
  await forgetAnswers('tiny');
  assert.deepEqual(await answers('tiny'), []);
  assert.equal((await answers('other')).length, 1);
});

test('the oldest are dropped where there are too many', async () => {
  const store = fileAnswers(3);
  await store.add('many', [1, 2, 3, 4].map((number) => answer(number, 'many')));
  await store.add('many', [answer(5, 'many')]);
  assert.deepEqual((await answers('many')).map(({ reply }) => reply.text), ['3', '4', '5']);
});

test('damaged lines and those of another model are left out', async () => {
  const store = fileAnswers();
  await store.add('a:b', [answer(1, 'a:b')]);
  const file = join(folder, 'aquiline/answers/a_b.jsonl');
  await writeFile(file, `${await readFile(file, 'utf8')}nonsense\n{"model":1}\nnull\n${answer(2, 'a_b')}\n`);
  assert.deepEqual((await answers('a:b')).map(({ reply }) => reply.text), ['1']);
});
