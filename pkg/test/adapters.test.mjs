// Every adapter over a fake engine that has the shapes of the real one's calls.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { aiSdk, fromFunction, promptApi, transformers, webllm, wllama } from 'aquiline/llm';

const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello?' },
];
const schema = { name: 'answer', schema: { type: 'object', properties: { mood: { type: 'string' } } } };
const full = { messages, temperature: 0.7, seed: 3, maxTokens: 5, schema };
const bare = { messages, maxTokens: 5 };
const calm = { signal: new AbortController().signal };
const limit = { timeout: 10_000 };
const tick = (milliseconds = 1) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What an OpenAI-shaped engine returns. */
const completion = (content, finish_reason = 'stop') => ({
  id: 'x', object: 'chat.completion', created: 1, model: 'm', system_fingerprint: 'f',
  choices: [{ index: 0, finish_reason, logprobs: null, message: { role: 'assistant', content } }],
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9, extra: {} },
});

/**
 * The fake engines: `answer(asked)` gives the text. `llm` is the adapter over it, `asked` what reached the engine, and
 * `stopped()` how often it was told to stop, or found that it had been.
 */
const engines = {
  webllm(answer) {
    const state = { asked: [], interrupts: 0 };
    const create = async (request) => {
      state.asked.push(request);
      // Like the real one, it forgets what came before it got its lock.
      await tick();
      const before = state.interrupts;
      const stopping = () => state.interrupts > before;
      const text = await answer(request, stopping);
      return completion(text, stopping() ? 'abort' : 'stop');
    };
    const engine = { chat: { completions: { create } }, interruptGenerate: async () => void (state.interrupts += 1) };
    return { asked: state.asked, llm: webllm(engine), stopped: () => state.interrupts };
  },
  wllama(answer) {
    const asked = [];
    let stops = 0;
    const createChatCompletion = async (request) => {
      asked.push(request);
      const text = await answer(request, () => request.abortSignal.aborted);
      if (!request.abortSignal.aborted) return completion(text);
      stops += 1;
      throw Object.assign(new Error('Operation aborted'), { name: 'AbortError' });
    };
    return { asked, llm: wllama({ createChatCompletion }), stopped: () => stops };
  },
  transformers(answer) {
    const asked = [];
    let stops = 0;
    const generator = async (given, options) => {
      asked.push({ messages: given, ...options });
      const [criterion] = options.stopping_criteria;
      const tokens = new Array(7).fill(0n);
      let stop = false;
      const stopping = () => {
        tokens.push(0n);
        [stop] = criterion([tokens]);
        return stop;
      };
      const text = await answer(options, stopping);
      if (stop) stops += 1;
      return [{ generated_text: [...given, { role: 'assistant', content: text }] }];
    };
    return { asked, llm: transformers(generator), stopped: () => stops };
  },
  promptApi(answer) {
    const asked = [];
    let stops = 0;
    const LanguageModel = {
      availability: async () => 'available',
      create: async (created) => ({
        prompt: async (text, options) => {
          asked.push({ created, text, ...options });
          const said = await answer(options, () => options.signal.aborted);
          if (!options.signal.aborted) return said;
          stops += 1;
          throw options.signal.reason;
        },
        destroy: () => asked.push('destroyed'),
      }),
    };
    return { asked, llm: promptApi({ LanguageModel }), stopped: () => stops };
  },
  aiSdk(answer) {
    const asked = [];
    let stops = 0;
    const generateText = async (options) => {
      asked.push(options);
      const text = await answer(options, () => options.abortSignal.aborted);
      if (options.abortSignal.aborted) stops += 1;
      options.abortSignal.throwIfAborted();
      return { text, finishReason: 'stop', usage: { inputTokens: 7, outputTokens: 2, totalTokens: 9 }, steps: [] };
    };
    return { asked, llm: aiSdk({ modelId: 'gpt' }, { generateText }, { concurrency: 1 }), stopped: () => stops };
  },
  fromFunction(answer) {
    const asked = [];
    let stops = 0;
    const llm = fromFunction(async (request, { signal }) => {
      asked.push(request);
      const text = await answer(request, () => signal.aborted);
      if (signal.aborted) stops += 1;
      return { text, finish: 'stop', usage: { promptTokens: 7, completionTokens: 2 } };
    });
    return { asked, llm, stopped: () => stops };
  },
};

/** Goes on until it is stopped. */
const endless = async (_, stopping) => {
  while (!stopping()) await tick();
  return 'half an ans';
};

for (const [name, open] of Object.entries(engines)) {
  test(`${name}: an answer is a text`, async () => {
    const { llm } = open(() => 'Hello.');
    const reply = await llm.chat(bare, calm);
    assert.equal(reply.text, 'Hello.');
    assert.equal(llm.concurrency, 1);
    assert.ok(llm.model && Object.values(llm.capabilities).every((value) => typeof value === 'boolean'));
  });

  test(`${name}: an abort rejects at once with its reason, and reaches the engine`, limit, async () => {
    const { llm, stopped } = open(endless);
    const controller = new AbortController();
    const answered = llm.chat(bare, controller);
    await tick(20);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(answered, (error) => error === reason);
    await tick(20);
    assert.ok(stopped() > 0, 'the engine was told');
  });

  test(`${name}: a second question waits for the first, also for one that is being aborted`, limit, async () => {
    let underWay = 0;
    let most = 0;
    const { llm } = open(async (asked, stopping) => {
      most = Math.max(most, ++underWay);
      for (let left = 20; left > 0 && !stopping(); left -= 1) await tick();
      // It takes a while to stop.
      await tick(20);
      underWay -= 1;
      return 'done';
    });
    const controller = new AbortController();
    const first = llm.chat(bare, controller);
    const others = [llm.chat(bare, calm), llm.chat(bare, calm)];
    setTimeout(() => controller.abort(), 10);
    await assert.rejects(first, { name: 'AbortError' });
    for (const { text } of await Promise.all(others)) assert.equal(text, 'done');
    assert.equal(most, 1);
  });

  test(`${name}: an engine's error is passed on, and the next question is answered`, async () => {
    const failure = new Error('out of memory');
    let calls = 0;
    const { llm } = open(() => {
      if (++calls === 1) throw failure;
      if (calls === 2) throw 'no error at all';
      return 'Better.';
    });
    await assert.rejects(llm.chat(bare, calm), (error) => error === failure);
    await assert.rejects(llm.chat(bare, calm), { code: 'llm.failed', message: /: no error at all$/ });
    assert.equal((await llm.chat(bare, calm)).text, 'Better.');
  });

  test(`${name}: what is no text, or more than a megabyte of it, is refused`, async () => {
    const answers = ['x'.repeat(1 << 20), 'x'.repeat((1 << 20) + 1), 'é'.repeat((1 << 19) + 1), undefined, 7];
    const { llm } = open(() => answers.shift());
    assert.equal((await llm.chat(bare, calm)).text.length, 1 << 20);
    for (const code of ['llm.too_long', 'llm.too_long', 'llm.failed', 'llm.failed']) {
      await assert.rejects(llm.chat(bare, calm), { name: 'AquilineError', code });
    }
  });
}

test('a question that is aborted before its turn never reaches the engine, and takes no turn', limit, async () => {
  const answer = (request, stopping) => (request.seed === 1 ? 'Hm.' : endless(request, stopping));
  const { llm, asked } = engines.wllama(answer);
  const controllers = [0, 1, 2].map(() => new AbortController());
  const answers = controllers.map((controller) => llm.chat(bare, controller));
  await tick(5);
  for (const index of [1, 2, 0]) {
    controllers[index].abort(new Error(`reason ${index}`));
    await assert.rejects(answers[index], { message: `reason ${index}` });
  }
  await assert.rejects(llm.chat(bare, { signal: AbortSignal.abort(new Error('before')) }), { message: 'before' });
  assert.equal((await llm.chat({ ...bare, seed: 1 }, calm)).text, 'Hm.');
  assert.equal(asked.length, 2);
});

test('webllm is asked in its own words, and told again when it forgets an interrupt', limit, async () => {
  const { llm, asked, stopped } = engines.webllm((_, stopping) => (asked.length < 4 ? 'Hm.' : endless(_, stopping)));
  const reply = await llm.chat(full, calm);
  assert.deepEqual(reply, { text: 'Hm.', finish: 'stop', usage: { promptTokens: 7, completionTokens: 2 } });
  const response_format = { type: 'json_object', schema: JSON.stringify(schema.schema) };
  const expected = { messages, temperature: 0.7, seed: 3, max_tokens: 5, response_format, stream: false };
  assert.deepEqual(asked[0], expected);
  await llm.chat(bare, calm);
  assert.deepEqual(asked[1], { messages, max_tokens: 5, stream: false });
  await llm.chat({ ...bare, temperature: 0, seed: 0 }, calm);
  assert.deepEqual(asked[2], { messages, temperature: 0, seed: 0, max_tokens: 5, stream: false });
  const controller = new AbortController();
  const answered = llm.chat(bare, controller);
  await null;
  controller.abort();
  await assert.rejects(answered, { name: 'AbortError' });
  while (stopped() < 2) await tick();
  await tick(300);
  assert.equal(stopped(), 2, 'nothing is interrupted once it has stopped');
});

test('webllm: an answer that somebody else interrupts is no answer', async () => {
  const create = async () => completion('half', 'abort');
  const llm = webllm({ chat: { completions: { create } }, interruptGenerate() {} });
  await assert.rejects(llm.chat(bare, calm), { code: 'llm.interrupted', retryable: true });
});

test('wllama is asked in its own words', async () => {
  const { llm, asked } = engines.wllama(() => 'Hm.');
  const reply = await llm.chat(full, calm);
  assert.deepEqual(reply, { text: 'Hm.', finish: 'stop', usage: { promptTokens: 7, completionTokens: 2 } });
  const { abortSignal, ...rest } = asked[0];
  assert.equal(abortSignal, calm.signal);
  const response_format = { type: 'json_schema', json_schema: { ...schema, strict: true } };
  assert.deepEqual(rest, { messages, temperature: 0.7, seed: 3, max_tokens: 5, response_format, stream: false });
  await llm.chat({ ...bare, temperature: 0, seed: 0 }, calm);
  assert.equal(asked[1].temperature, 0);
  assert.equal(asked[1].seed, 0);
  assert.equal('response_format' in asked[1], false);
});

test('wllama can be asked several questions at once', async () => {
  let underWay = 0;
  let most = 0;
  const createChatCompletion = async () => {
    most = Math.max(most, ++underWay);
    await tick(5);
    underWay -= 1;
    return completion('Hm.');
  };
  const llm = wllama({ createChatCompletion }, { concurrency: 2 });
  await Promise.all([1, 2, 3, 4].map(() => llm.chat(bare, calm)));
  assert.equal(most, 2);
  for (const concurrency of [0, 1.5, NaN]) {
    assert.throws(() => wllama({ createChatCompletion }, { concurrency }), { code: 'request.malformed' });
  }
});

test('reasons to stop are told apart, and answers without counts have none', async () => {
  const ours = [
    ['stop', 'stop'],
    ['length', 'length'],
    ['content_filter', 'refused'],
    ['tool_calls', 'unknown'],
    [null, 'unknown'],
  ];
  for (const [finish_reason, expected] of ours) {
    const answer = { choices: [{ finish_reason, message: { content: '' } }] };
    const reply = await wllama({ createChatCompletion: async () => answer }).chat(bare, calm);
    assert.deepEqual(reply, { text: '', finish: expected });
  }
  const generateText = async () => ({ text: 'x', finishReason: 'content-filter', usage: { inputTokens: undefined } });
  assert.deepEqual(await aiSdk('some/model', { generateText }).chat(bare, calm), { text: 'x', finish: 'refused' });
});

test('transformers is asked in its own words, and its tokens are counted', async () => {
  let answer = (_, stopping) => [1, 2].map(stopping) && 'Hm.';
  const seeds = [];
  const { llm, asked } = engines.transformers((...given) => answer(...given));
  const reply = await llm.chat(full, calm);
  assert.deepEqual(reply, { text: 'Hm.', finish: 'stop', usage: { promptTokens: 7, completionTokens: 2 } });
  const { stopping_criteria, ...rest } = asked[0];
  assert.deepEqual(rest, { messages, max_new_tokens: 5, do_sample: true, temperature: 0.7, return_full_text: false });
  answer = (_, stopping) => [1, 2, 3, 4, 5].map(stopping) && 'Hm, hm.';
  const cold = await llm.chat({ ...bare, temperature: 0 }, calm);
  assert.equal(asked[1].do_sample, false);
  assert.equal('temperature' in asked[1], false);
  assert.deepEqual([cold.finish, cold.usage.completionTokens], ['length', 5]);
  await llm.chat(bare, calm);
  assert.equal('do_sample' in asked[2], false, "the model's own default");

  assert.equal(llm.capabilities.seed, false);
  const generator = async () => [{ generated_text: 'as a string' }];
  const seeded = transformers(generator, { random: { seed: (seed) => seeds.push(seed) } });
  assert.equal(seeded.capabilities.seed, true);
  assert.deepEqual(await seeded.chat({ ...bare, seed: 0 }, calm), { text: 'as a string', finish: 'unknown' });
  await seeded.chat(bare, calm);
  assert.deepEqual(seeds, [0]);
});

test('the Prompt API gets a session of its own for each question', async () => {
  const { llm, asked } = engines.promptApi(() => 'Hm.');
  assert.deepEqual(await llm.chat(full, calm), { text: 'Hm.', finish: 'unknown' });
  const { signal } = calm;
  const created = { initialPrompts: [messages[0]], signal };
  const prompted = { created, text: 'Hello?', signal, responseConstraint: schema.schema };
  assert.deepEqual(asked, [prompted, 'destroyed']);
  assert.deepEqual(llm.capabilities, { seed: false, temperature: false, schema: true });
});

test('the Prompt API is given a temperature only together with topK', async () => {
  const seen = [];
  const LanguageModel = {
    availability: async (options) => seen.push(options) && 'downloadable',
    create: async (options) => seen.push(options) && { prompt: async () => 'Hm.', destroy() {} },
  };
  const expectedOutputs = [{ type: 'text', languages: ['en'] }];
  const llm = promptApi({ LanguageModel, topK: 3, extra: { expectedOutputs } });
  assert.equal(llm.capabilities.temperature, true);
  await llm.chat(full, calm);
  const settings = { expectedOutputs, topK: 3, temperature: 0.7 };
  assert.deepEqual(seen, [settings, { ...settings, initialPrompts: [messages[0]], signal: calm.signal }]);
});

test('a browser without a model of its own is told apart from one that fails', async () => {
  assert.throws(() => promptApi(), { code: 'environment', message: /no Prompt API/, hint: /Chrome/ });
  const LanguageModel = { availability: async () => 'unavailable', create: () => assert.fail('it was created') };
  const asked = promptApi({ LanguageModel }).chat(bare, calm);
  await assert.rejects(asked, { code: 'environment', message: /not available/ });
});

test('the AI SDK is asked in its own words', async () => {
  const { llm, asked } = engines.aiSdk(() => 'Hm.');
  const reply = await llm.chat(full, calm);
  assert.deepEqual(reply, { text: 'Hm.', finish: 'stop', usage: { promptTokens: 7, completionTokens: 2 } });
  assert.deepEqual(asked[0], {
    model: { modelId: 'gpt' },
    messages,
    allowSystemInMessages: true,
    temperature: 0.7,
    seed: 3,
    maxOutputTokens: 5,
    abortSignal: calm.signal,
  });
  assert.equal(llm.model, 'gpt');
  assert.equal(aiSdk('some/model', { generateText() {} }).model, 'some/model');
});

test('more options of an engine are passed on, and the question wins over them', async () => {
  const asked = [];
  const createChatCompletion = async (request) => asked.push(request) && completion('Hm.');
  const extra = { chat_template_kwargs: { enable_thinking: false }, max_tokens: 9, temperature: 2 };
  const llm = wllama({ createChatCompletion }, { extra, model: 'small' });
  await llm.chat(bare, calm);
  const { chat_template_kwargs, max_tokens, temperature } = asked[0];
  assert.deepEqual({ chat_template_kwargs, max_tokens, temperature }, { ...extra, max_tokens: 5 });
  assert.equal(llm.model, 'small');
});

test('a function gets the whole request, and may answer with a text or with less than a reply', async () => {
  const asked = [];
  const answers = ['Hm.', { text: 'Hm.', finish: 'nonsense', usage: { promptTokens: '7' }, more: true }];
  const llm = fromFunction((request) => asked.push(request) && answers.shift(), { capabilities: { schema: true } });
  assert.deepEqual(await llm.chat(full, calm), { text: 'Hm.', finish: 'unknown' });
  assert.deepEqual(await llm.chat(full, calm), { text: 'Hm.', finish: 'unknown' });
  assert.deepEqual(asked, [full, full]);
  assert.deepEqual(llm.capabilities, { seed: false, temperature: false, schema: true });
  assert.equal(llm.model, 'function');
});

test('importing the adapters does nothing, and needs nothing of a page', async () => {
  const script = `
    for (const name of ['window', 'document', 'self', 'navigator', 'LanguageModel', 'fetch', 'Worker', 'setTimeout'])
      Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error(name + ' was read') } });
    const before = Reflect.ownKeys(globalThis).length;
    const { wllama } = await import('aquiline/llm');
    if (Reflect.ownKeys(globalThis).length !== before) throw new Error('a global was added');
    console.log(typeof wllama);`;
  const options = { cwd: new URL('..', import.meta.url) };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], options);
  assert.equal(stdout, 'function\n');
});

test('options that an adapter does not know are refused, with the name that was probably meant', () => {
  const sdk = { generateText: async () => ({}) };
  const adapters = {
    aiSdk: (options) => aiSdk('a/model', sdk, options),
    fromFunction: (options) => fromFunction(async () => '', options),
    promptApi: (options) => promptApi({ LanguageModel: {}, ...options }),
    transformers: (options) => transformers(async () => [], options),
    webllm: (options) => webllm({}, options),
    wllama: (options) => wllama({}, options),
  };
  for (const [name, adapt] of Object.entries(adapters)) {
    assert.throws(() => adapt({ modle: 'm' }), { code: 'request.malformed', message: `${name} does not know "modle"; did you mean "model"?` });
    for (const model of [5, null, {}]) assert.throws(() => adapt({ model }), { code: 'request.malformed' }, name);
    assert.equal(adapt({ model: 'mine' }).model, 'mine');
  }
  assert.throws(() => fromFunction('yes'), { code: 'request.malformed' });
  assert.throws(() => aiSdk('a/model'), { code: 'request.malformed' });
  assert.throws(() => fromFunction(async () => '', { capabilities: { seeds: true } }), { message: /did you mean "seed"\?$/ });
});
