// Who edits texts: the simulator only where it belongs, the embedded films, or where it was asked for by name.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isKnown } from '../dist/index.js';
import { inProcessConnection } from '../dist/connection.js';
import { createOver } from '../dist/create.js';
import { fakeCore, TOKENIZER, WEIGHTS } from './support/fake-core.mjs';
import { collect, createFake, fakeHost } from './support/face.mjs';

const ITEMS = [{ id: 'kettle', title: 'Kettle', plot: 'It boils two litres.' }];
const CATALOG = { items: ITEMS, ratings: [{ user: 'u', item: 'kettle', value: 4 }] };
const EPISODE = { user: 'u', item: 'kettle' };
const REFUSAL = { name: 'AquilineError', code: 'rollout.no_environment' };

const steered = async (aquiline) => (await collect(aquiline.steer(EPISODE))).at(-1).type;

test('the embedded films are edited by the simulator where nobody is named', async () => {
  const aquiline = await createFake(fakeHost());
  assert.equal(await steered(aquiline), 'done');
  await aquiline.useModel({ llm: async () => 'an answer' });
  await aquiline.useModel();
  assert.equal(await steered(aquiline), 'done');
  await aquiline.dispose();
});

test('items of one’s own are edited by nobody where nobody is named; gaps and people need nobody', async () => {
  const log = [];
  const aquiline = await createFake(fakeHost({ core: fakeCore({ log }) }), { catalog: CATALOG });
  assert.ok(!log.includes('useSimulator'));
  assert.equal((await aquiline.gaps({ user: 'u' })).length, 8);
  assert.equal((await aquiline.utilities({ user: 'u' })).length, 2);
  await aquiline.foldIn({ user: 'visitor', ratings: [{ item: 'kettle', value: 3 }] });
  await assert.rejects(steered(aquiline), REFUSAL);
  await assert.rejects(aquiline.actions(EPISODE), REFUSAL);
  await aquiline.useModel({ llm: async () => 'an answer' });
  assert.equal(await steered(aquiline), 'done');
  await aquiline.dispose();
});

test('asked for by name the simulator edits any items, from the start or later', async () => {
  const named = await createFake(fakeHost(), { catalog: CATALOG, llm: 'simulator' });
  assert.equal(await steered(named), 'done');
  assert.deepEqual(await named.spent(), { calls: 0, tokens: 0, money: 0 });
  await named.useModel({ llm: async () => 'an answer' });
  await named.useModel();
  assert.equal(await steered(named), 'done', 'it was asked for before');
  await named.dispose();

  const later = await createFake(fakeHost(), { catalog: CATALOG });
  await later.useModel({ llm: 'simulator' });
  assert.equal(await steered(later), 'done');
  await later.dispose();
});

test('going back to nobody is refused for items of one’s own, and the model before stays', async () => {
  const log = [];
  const aquiline = await createFake(fakeHost({ core: fakeCore({ log }) }), { catalog: CATALOG, llm: async () => 'the first' });
  await assert.rejects(aquiline.useModel(), REFUSAL);
  assert.equal(await steered(aquiline), 'done');
  assert.ok(log.some((entry) => entry.answer === 'the first'));
  await aquiline.dispose();
});

test('a service that takes the place of a lost one has whoever edited before', async () => {
  const cores = [fakeCore({ fail: { gaps: new WebAssembly.RuntimeError('unreachable') } }), fakeCore()];
  const connect = async () => Object.assign(await inProcessConnection(fakeHost({ core: cores.shift() })), { isReplaceable: true });
  const aquiline = await createOver(connect, { catalog: CATALOG, models: { weights: WEIGHTS, tokenizer: TOKENIZER } });
  await aquiline.useModel({ llm: 'simulator' });
  assert.equal((await aquiline.gaps({ user: 'u' })).length, 8, 'on the second core');
  assert.equal(cores.length, 0);
  assert.equal(await steered(aquiline), 'done');
  await aquiline.dispose();
});

test('what was not measured is told from a figure', async () => {
  const aquiline = await createFake(fakeHost());
  const { skill, verdict } = aquiline.info;
  assert.deepEqual([isKnown(skill.rmseRatio), isKnown(skill.misplacement)], [true, false]);
  assert.equal(skill.misplacement.unknown, 'it is a fake');
  assert.equal(verdict.level, 'some');
  await aquiline.dispose();
});
