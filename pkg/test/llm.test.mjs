// What of a language model crosses the port, and what stays with the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreError, fakeCore } from './support/fake-core.mjs';
import { collect, createFake, fakeHost, until } from './support/face.mjs';

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
  assert.deepEqual(useModel, { model: 'function', budget: { calls: 9 }, price: { prompt: 1, completion: 2 } });
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
  assert.deepEqual(useModel, { model: 'tiny', concurrency: 3, form: 'json', budget: {} });
  await aquiline.dispose();
});

test('a key is asked for, and never sent with the options', async () => {
  const { log, host } = logged();
  const llm = { baseUrl: 'https://llm.invalid/v1', model: 'm', getToken: async () => 'secret-key' };
  const aquiline = await createFake(host, { llm });
  const { useModel } = log.find((entry) => entry.useModel);
  assert.deepEqual(useModel, { budget: {}, endpoint: { baseUrl: 'https://llm.invalid/v1', model: 'm' } });
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
