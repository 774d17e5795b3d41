// What of a language model crosses the port, and what stays with the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreError, fakeCore } from './support/fake-core.mjs';
import { collect, createFake, fakeHost, memoryAnswers, until } from './support/face.mjs';

const REQUEST = { user: 'ann', item: 'kites', horizon: 1 };

function logged() {
  const log = [];
  return { log, host: fakeHost({ core: fakeCore({ log, texts: 1, steps: 1 }) }) };
}

test('a function of the page answers what the core asks', async () => {
  const { log, host } = logged();
  const asked = [];
  const llm = async (request, { signal }) => (asked.push([request, signal.aborted]), 'an answer');
  const aquiline = await createFake(host, { llm, budget: { calls: 9, price: { prompt: 1, completion: 2 } } });
  await collect(aquiline.steer(REQUEST));
  assert.deepEqual(asked, [[{ messages: [], maxTokens: 5, seed: 1 }, false]]);
  assert.deepEqual(log.find((entry) => entry.answer), { answer: 'an answer' });
  const { useModel } = log.find((entry) => entry.useModel);
  assert.deepEqual(useModel, { model: 'function', domain: 'films', budget: { calls: 9 }, price: { prompt: 1, completion: 2 } });
  assert.deepEqual(await aquiline.spent(), { calls: 1, tokens: 2, money: 0 });
  await aquiline.dispose();
  assert.ok(log.includes('model.free'));
});

test('a model is asked only for what it heeds', async () => {
  const { log, host } = logged();
  let asked;
  const capabilities = { seed: false, temperature: true, schema: true };
  const llm = { model: 'tiny', concurrency: 3, capabilities, chat: async (request) => ((asked = request), { text: 'yes' }) };
  const aquiline = await createFake(host, { llm, llmOptions: { form: 'json' } });
  await collect(aquiline.steer(REQUEST));
  assert.deepEqual(asked, { messages: [], maxTokens: 5 });
  const { useModel } = log.find((entry) => entry.useModel);
  assert.deepEqual(useModel, { model: 'tiny', concurrency: 3, domain: 'films', form: 'json', budget: {} });
  await aquiline.dispose();
});

test('items of one’s own are not taken for films, whichever model is asked', async () => {
  const { log, host } = logged();
  const llm = async () => 'an answer';
  const catalog = { items: [{ id: 'a', title: 'A', plot: 'A teapot.' }], ratings: [{ user: 'u', item: 'a', value: 4 }] };
  const aquiline = await createFake(host, { catalog, llm });
  await aquiline.useModel({ llm });
  await aquiline.useModel({ llm, llmOptions: { domain: 'products' } });
  const asked = log.filter((entry) => entry.useModel).map(({ useModel }) => useModel.domain);
  assert.deepEqual(asked, ['items', 'items', 'products']);
  await aquiline.dispose();
});

test('a key is asked for, and never sent with the options', async () => {
  const { log, host } = logged();
  const llm = { baseUrl: 'https://llm.invalid/v1', model: 'm', getToken: async () => 'secret-key' };
  const aquiline = await createFake(host, { llm });
  const { useModel } = log.find((entry) => entry.useModel);
  assert.deepEqual(useModel, { domain: 'films', budget: {}, endpoint: { baseUrl: 'https://llm.invalid/v1', model: 'm' } });
  assert.ok(!JSON.stringify(log).includes('secret-key'));
  await aquiline.dispose();
});

test('a key in a page must be allowed', async () => {
  const llm = { baseUrl: 'https://llm.invalid/v1', model: 'm', apiKey: 'secret-key' };
  await assert.rejects(createFake(logged().host, { llm }), (error) => {
    assert.equal(error.code, 'llm.key_in_page');
    assert.match(error.hint, /getToken/);
    assert.ok(!JSON.stringify([error.message, error.hint]).includes('secret-key'));
    return true;
  });
  const aquiline = await createFake(logged().host, { llm: { ...llm, allowKeyInPage: true } });
  await aquiline.dispose();
});

test('cancelling a run aborts the question that is under way', async () => {
  const { host } = logged();
  let signal;
  const llm = (_request, options) => new Promise(() => (signal = options.signal));
  const aquiline = await createFake(host, { llm });
  const controller = new AbortController();
  const run = collect(aquiline.steer({ ...REQUEST, signal: controller.signal }));
  await until(() => signal !== undefined);
  assert.equal(signal.aborted, false);
  controller.abort();
  await assert.rejects(run, { name: 'AbortError' });
  await until(() => signal.aborted);
  await aquiline.dispose();
});

test('a model that fails is an error of the run', async () => {
  const llm = async () => {
    throw new Error('out of memory');
  };
  const aquiline = await createFake(logged().host, { llm });
  await assert.rejects(collect(aquiline.steer(REQUEST)), /out of memory/);
  await aquiline.dispose();
});

test('a description that the core refuses fails at once, and frees what was opened', async () => {
  const log = [];
  const core = fakeCore({ log, texts: 1, fail: { useModel: coreError('data.malformed', 'endpoint, line 1: no host') } });
  const llm = { baseUrl: 'https://', model: 'm' };
  await assert.rejects(createFake(fakeHost({ core }), { llm }), { code: 'data.malformed' });
  await until(() => log.includes('session.free'));
});

test('the record comes with the last event, where it is wanted', async () => {
  const { log, host } = logged();
  const aquiline = await createFake(host);
  const [last] = (await collect(aquiline.steer({ ...REQUEST, record: true }))).slice(-1);
  assert.equal(last.transcript, 'the record');
  assert.ok(!('transcript' in (await collect(aquiline.steer(REQUEST))).pop()));
  assert.deepEqual((await collect(aquiline.replay('the record'))).map(({ type }) => type), ['done']);
  assert.deepEqual(log.find((entry) => entry.replay), { replay: 'the record' });
  assert.deepEqual(await aquiline.estimate({ ...REQUEST, horizon: 3 }), { calls: 6, tokens: 0, money: 0 });
  assert.deepEqual(await aquiline.spent(), { calls: 0, tokens: 0, money: 0 });
  await aquiline.dispose();
});

test('another model is asked from the next call on, and the simulator again', async () => {
  const { log, host } = logged();
  const aquiline = await createFake(host, { llm: async () => 'the first' });
  await collect(aquiline.steer(REQUEST));
  await aquiline.useModel({ llm: async () => 'the second', budget: { calls: 3 } });
  await collect(aquiline.steer(REQUEST));
  await aquiline.useModel();
  await collect(aquiline.steer(REQUEST));
  assert.deepEqual(log.filter((entry) => entry.answer), [{ answer: 'the first' }, { answer: 'the second' }]);
  assert.deepEqual(log.filter((entry) => entry.useModel).map(({ useModel }) => useModel.budget), [{}, { calls: 3 }]);
  assert.equal(log.filter((entry) => entry === 'model.free').length, 2);
  assert.deepEqual(await aquiline.spent(), { calls: 0, tokens: 0, money: 0 });
  await aquiline.dispose();
});

test('a model that is refused leaves the one before', async () => {
  const { log, host } = logged();
  const aquiline = await createFake(host, { llm: async () => 'the first' });
  const llm = { baseUrl: 'https://llm.invalid/v1', model: 'm', apiKey: 'secret-key' };
  await assert.rejects(aquiline.useModel({ llm }), { code: 'llm.key_in_page' });
  await collect(aquiline.steer(REQUEST));
  assert.deepEqual(log.filter((entry) => entry.answer), [{ answer: 'the first' }]);
  await aquiline.dispose();
});

test('people and items are described, and pairs judged', async () => {
  const { log, host } = logged();
  const aquiline = await createFake(host, { llm: async () => 'said', seed: 4 });
  assert.deepEqual(await aquiline.writeProfile('ann'), [{ heading: 'Overall', text: 'said' }]);
  const kites = await aquiline.describe({ title: 'Kites', year: 1999 }, { seed: 2 });
  assert.deepEqual(kites, { id: 'Kites', title: 'Kites', year: 1999, genres: [], plot: 'said', likes: [], dislikes: [] });
  const opinion = await aquiline.judge({ user: 'ann', original: kites, edited: kites });
  assert.deepEqual(opinion, { originalFirst: ['said'], editedFirst: [null] });
  assert.deepEqual(await aquiline.raterReport([opinion, opinion]), { pairs: 2 });
  const seeds = log.filter((entry) => entry.seed !== undefined && !entry.catalog && !entry.user).map(({ seed }) => seed);
  assert.deepEqual(seeds, [4, 2, 0]);
  assert.equal(log.find((entry) => entry.judge).judge.seed, 4);
  await assert.rejects(aquiline.describe({ title: 'Kites' }, { seed: 0.5 }), { code: 'numeric.bad_setting' });
  await aquiline.useModel();
  await assert.rejects(aquiline.writeProfile('ann'), { code: 'numeric.bad_setting' });
  await aquiline.dispose();
});

test('a question beside a run can be left', async () => {
  const { host } = logged();
  let signal;
  const aquiline = await createFake(host, { llm: (_request, options) => new Promise(() => (signal = options.signal)) });
  const controller = new AbortController();
  const asked = aquiline.writeProfile('ann', { signal: controller.signal });
  await until(() => signal !== undefined);
  controller.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  await until(() => signal.aborted);
  await aquiline.dispose();
});

test('answers are kept where that is wanted, and known in the next visit', async () => {
  let asked = 0;
  const llm = async () => `answer ${++asked}`;
  const visit = async (answers, remember) => {
    const log = [];
    const host = fakeHost({ core: fakeCore({ log, texts: 1, steps: 1 }), answers });
    const aquiline = await createFake(host, { llm, llmOptions: { remember } });
    await collect(aquiline.steer(REQUEST));
    await aquiline.dispose();
    return log.find((entry) => entry.answer).answer;
  };
  const answers = memoryAnswers();
  assert.equal(await visit(answers, true), 'answer 1');
  assert.deepEqual(answers.kept, [], 'this object alone remembers');
  assert.equal(await visit(answers, 'always'), 'answer 2');
  assert.deepEqual(answers.kept.map((line) => JSON.parse(line)).map(({ model, reply }) => [model, reply.text]), [['function', 'answer 2']]);
  assert.equal(await visit(answers, 'always'), 'answer 2');
  assert.equal(answers.kept.length, 1);
  const full = async () => {
    throw new Error('the disk is full');
  };
  assert.equal(await visit({ load: full, add: full }, 'always'), 'answer 3');
});

test('answers are kept as they come, whatever becomes of the run and its worker', async () => {
  const answers = memoryAnswers();
  let asked = 0;
  const stuck = new Promise(() => undefined);
  const llm = async () => (++asked < 3 ? `answer ${asked}` : stuck);
  const host = fakeHost({ core: fakeCore({ texts: 1, steps: 5 }), answers });
  const aquiline = await createFake(host, { llm, llmOptions: { remember: 'always' } });
  const run = aquiline.steer({ ...REQUEST, horizon: 5 })[Symbol.asyncIterator]();
  for (const type of ['anchor', 'step', 'step']) assert.equal((await run.next()).value.type, type);
  await until(() => answers.kept.length === 2);
  assert.deepEqual(answers.kept.map((line) => JSON.parse(line).reply.text), ['answer 1', 'answer 2']);
  void run.return();
  await aquiline.dispose();
});

test('answers wait for the write that is under way, and none is lost or written twice', async () => {
  const written = [];
  let open = 0;
  const add = async (_model, lines) => {
    assert.equal(++open, 1, 'one write at a time');
    await new Promise((resolve) => setTimeout(resolve, 5));
    written.push(...lines);
    open -= 1;
  };
  let asked = 0;
  const host = fakeHost({ core: fakeCore({ texts: 1, steps: 6 }), answers: { load: async () => [], add } });
  const aquiline = await createFake(host, { llm: async () => `${++asked}`, llmOptions: { remember: 'always' } });
  await collect(aquiline.steer({ ...REQUEST, horizon: 6 }));
  assert.deepEqual(written.map((line) => JSON.parse(line).reply.text), ['1', '2', '3', '4', '5', '6']);
  await aquiline.dispose();
});

test('a budget that is spent ends a run with done, and the steps before it stay', async () => {
  let asked = 0;
  const llm = async () => {
    if (++asked > 2) throw coreError('llm.budget', 'the budget of calls is used up');
    return 'an answer';
  };
  const aquiline = await createFake(fakeHost({ core: fakeCore({ texts: 1, steps: 5 }) }), { llm });
  const events = await collect(aquiline.steer({ ...REQUEST, horizon: 5 }));
  assert.deepEqual(events.map(({ type }) => type), ['anchor', 'step', 'step', 'done']);
  const { ended, outcomeStep, steps } = events.at(-1).trajectory;
  assert.deepEqual([ended, outcomeStep, steps.length], ['budget', 2, 2]);
  await aquiline.dispose();
});
