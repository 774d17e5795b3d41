// Options are refused, not ignored: every option of every call with values of every kind, and names that are nearly right.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { check } from '../dist/table.js';
import { createRequest } from '../dist/options.js';
import { diagnose } from '../dist/llm/index.js';
import { answers, forgetAnswers } from '../dist/index.js';
import { fakeCore } from './support/fake-core.mjs';
import { collect, createFake, fakeHost } from './support/face.mjs';

const BYTES = new Uint8Array(3);
/** Values of many kinds: for each option most of them are wrong. */
const VALUES = [
  ...[null, true, false, NaN, -1, 1.5, Infinity, 0, 7, 10n, Symbol('s'), '', '5', 'gpu', 'http://localhost:11434/v1', 'best'],
  ...[[], [1], ['a'], {}, { a: 1 }, { call: 1 }, () => 1, new Date(0), new Map(), Promise.resolve({}), BYTES, BYTES.buffer, /x/],
  ...[new URL('https://example.com/'), new AbortController().signal, new AbortController()],
];

const isText = (value) => typeof value === 'string';
const isEmpty = (value) => Object.prototype.toString.call(value) === '[object Object]' && Object.keys(value).length === 0;
/** Which of the values an option takes, by its kind. */
const KINDS = {
  text: isText,
  texts: (value) => Array.isArray(value) && value.every(isText),
  users: (value) => isText(value) || KINDS.texts(value),
  whole: (value) => Number.isSafeInteger(value) && value >= 0,
  amount: (value) => Number.isFinite(value) && value >= 0,
  flag: (value) => typeof value === 'boolean',
  callback: (value) => typeof value === 'function',
  signal: (value) => value instanceof AbortSignal,
  source: (value) => isText(value) || value instanceof URL || value === BYTES,
  address: (value) => isText(value) || value instanceof URL,
  emptyList: (value) => Array.isArray(value) && value.length === 0,
  /** All of its options may be left out. */
  options: isEmpty,
  anything: () => true,
  nothing: () => false,
  best: (value) => value === 'best',
  llm: (value) => typeof value === 'function',
  worker: (value) => KINDS.address(value) || typeof value === 'function',
  remember: (value) => typeof value === 'boolean',
};

const CALL = { signal: 'signal', onProgress: 'callback' };
const SEEDED = { ...CALL, seed: 'whole' };
const PAIR = { user: 'text', item: 'text' };
const STEER = {
  ...{ ...PAIR, ...SEEDED, policy: 'nothing', horizon: 'whole', candidates: 'whole', subset: 'whole', space: 'nothing' },
  ...{ temperature: 'amount', record: 'flag', outcome: 'best' },
};
const MODEL = { llm: 'llm', llmOptions: 'options', budget: 'options' };
/** Every option of every call, and its kind; those that are needed are in {@link NEEDED}. */
const CALLS = {
  create: {
    ...{ ...MODEL, ...SEEDED, catalog: 'nothing', factors: 'options', models: 'address', device: 'nothing', cache: 'flag' },
    ...{ onRecovery: 'callback', assets: 'options' },
  },
  capabilities: CALL,
  embed: CALL,
  utilities: { ...CALL, user: 'users' },
  foldIn: { ...CALL, user: 'text', ratings: 'emptyList' },
  factorize: { ...SEEDED, factors: 'whole', ridge: 'amount', sweeps: 'whole', heldOut: 'amount' },
  gaps: { ...CALL, user: 'users', count: 'whole' },
  actions: { ...PAIR, ...SEEDED, count: 'whole', space: 'nothing' },
  design: { ...PAIR, ...SEEDED, candidates: 'whole', subset: 'whole' },
  search: {
    ...{ ...PAIR, ...SEEDED, strategy: 'nothing', width: 'whole', depth: 'whole', candidates: 'whole', shortlist: 'whole' },
    ...{ budget: 'whole', caution: 'amount', foresight: 'flag' },
  },
  elm: { ...PAIR, ...SEEDED, manifold: 'nothing' },
  evaluate: {
    ...{ ...SEEDED, arms: 'emptyList', pairs: 'emptyList', count: 'whole', budget: 'whole', candidates: 'whole' },
    ...{ horizon: 'whole', outcome: 'best' },
  },
  steer: STEER,
  estimate: STEER,
  useModel: { ...CALL, ...MODEL },
  writeProfile: SEEDED,
  describe: SEEDED,
  judge: { ...SEEDED, user: 'text', original: 'nothing', edited: 'nothing' },
  raterReport: SEEDED,
  replay: CALL,
  spent: CALL,
  train: {
    ...{ ...CALL, resume: 'flag', reference: 'nothing', referenceEpisodes: 'whole', referenceHorizon: 'whole' },
    ...{ referenceEpochs: 'whole', updates: 'whole', episodes: 'whole', group: 'whole', horizon: 'whole' },
    ...{ candidates: 'whole', space: 'nothing', users: 'texts', budget: 'whole', settings: 'options' },
  },
  savePolicy: CALL,
  loadPolicy: CALL,
  save: CALL,
  load: CALL,
};
const EPISODE = { user: 'u', item: 'i' };
const NEEDED = {
  ...{ utilities: { user: 'u' }, gaps: { user: 'u' }, foldIn: { user: 'u', ratings: [] }, evaluate: { arms: [] } },
  ...{ actions: EPISODE, design: EPISODE, search: EPISODE, elm: EPISODE, steer: EPISODE, estimate: EPISODE },
  judge: { user: 'u', original: { id: 'a' }, edited: { id: 'a' } },
};
/** Options within options: where they stand, the least that has to stand beside them, and their kinds. */
const REMOTE = { llm: { baseUrl: 'https://llm.example/v1', model: 'm' } };
const NESTED = [
  ['create', ['catalog'], { items: [] }, { items: 'emptyList', ratings: 'emptyList', scale: 'nothing' }],
  ['create', ['catalog'], { movies: BYTES, ratings: BYTES }, { movies: (value) => value === BYTES, ratings: (value) => value === BYTES }],
  ['create', ['factors'], {}, { items: 'anything', users: 'anything', mean: 'anything', rmse: 'anything' }],
  ['create', ['models'], { weights: BYTES, tokenizer: BYTES }, { weights: 'source', tokenizer: 'source' }],
  ['create', ['assets'], {}, { worker: 'worker', cpu: 'anything', webgpu: 'anything', catalog: 'source', trustedTypes: 'nothing' }],
  ...['create', 'useModel'].flatMap((name) => [
    [name, ['llm'], REMOTE.llm, {
      ...{ baseUrl: 'text', model: 'text', getToken: 'callback', apiKey: 'text', allowKeyInPage: 'flag', streaming: 'flag' },
      ...{ seeds: 'flag', temperature: 'flag', schemas: 'flag', limit: 'nothing' },
    }],
    [name, ['llmOptions'], {}, {
      ...{ domain: 'options', form: 'nothing', constraints: 'texts', concurrency: 'whole', timeout: 'amount' },
      ...{ remember: 'remember', proposalTemperature: 'amount', rewriteTemperature: 'amount' },
    }],
    [name, ['llmOptions', 'domain'], {}, {
      ...{ noun: 'text', plural: 'text', person: 'text', verb: 'text', role: 'text', text: 'text', tells: 'text' },
      ...{ categories: 'emptyList', sections: 'emptyList', instructions: 'options' },
    }],
    [name, ['budget'], {}, { calls: 'whole', tokens: 'whole', money: 'amount', time: 'amount', price: 'nothing' }],
    [name, ['budget', 'price'], { prompt: 1, completion: 1 }, { prompt: 'amount', completion: 'amount' }],
  ]),
  ['train', ['settings'], {}, {
    ...{ klWeight: 'amount', temperature: 'amount', discount: 'amount', trace: 'amount', shaping: 'flag', baseline: 'nothing' },
    ...{ whitening: 'flag', optimizer: 'options', patience: 'whole', seed: 'whole' },
  }],
  ['train', ['settings', 'optimizer'], {}, { policyRate: 'amount', valueRate: 'amount', mostGradient: 'amount' }],
  ['train', ['reference'], { 'd-optimal': { subset: 3 } }, { 'd-optimal': 'nothing' }],
  ['evaluate', ['arms', 0], { policy: 'greedy' }, { name: 'text', policy: 'nothing', temperature: 'amount', space: 'nothing' }],
  ['evaluate', ['arms', 0], { search: 'beam' }, { name: 'text', search: 'nothing', foresight: 'flag', caution: 'amount' }],
  ['evaluate', ['arms', 0], { oneShot: true }, { name: 'text', oneShot: (value) => value === true }],
  ['evaluate', ['arms', 0], { elm: 'ball' }, { name: 'text', elm: 'nothing' }],
  ['evaluate', ['pairs', 0], EPISODE, PAIR],
];

/** Options with this value at a place within them. */
function placed([name, ...rest], value) {
  const inner = rest.length > 0 ? placed(rest, value) : value;
  return typeof name === 'number' ? [inner] : { [name]: inner };
}

function refusal(name, options) {
  try {
    check(name, options);
    return undefined;
  } catch (error) {
    return error;
  }
}

const described = (value) => (typeof value === 'symbol' || typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value)));

/** Every value for every one of these options: what does not fit is refused, by a typed error that names the option. */
function tryAll(name, kinds, optionsWith) {
  for (const [option, kind] of Object.entries(kinds)) {
    const fits = typeof kind === 'function' ? kind : KINDS[kind];
    for (const value of VALUES) {
      const error = refusal(name, optionsWith(option, value));
      const what = `${name}: ${option} = ${described(value)}`;
      if (fits(value)) {
        assert.equal(error, undefined, `${what} is right, and refused: ${error?.message}`);
        continue;
      }
      assert.equal(error?.name, 'AquilineError', `${what} is wrong, and gave ${error}`);
      assert.match(error.code, /^(request\.malformed|numeric\.bad_setting|data\.malformed)$/, what);
      assert.ok(error.message.includes(option), `${what}: the message does not name it: ${error.message}`);
    }
  }
}

/** What a call says that it takes. */
const namesOf = (message) => /; it takes (.*)$/.exec(message)?.[1].split(', ').sort();

test('the table has the calls and options that are tried here, and no others', () => {
  for (const [name, kinds] of Object.entries(CALLS)) {
    assert.deepEqual(namesOf(refusal(name, { zzzzzzzz: 1 }).message), Object.keys(kinds).sort(), name);
  }
  for (const [name, place, rest, kinds] of NESTED) {
    const error = refusal(name, { ...NEEDED[name], ...placed(place, { ...rest, zzzzzzzz: 1 }) });
    assert.deepEqual(namesOf(error.message), Object.keys(kinds).sort(), `${name} ${place}`);
  }
});

for (const [name, kinds] of Object.entries(CALLS)) {
  test(`${name} refuses values that are wrong, and takes those that are right`, () => {
    tryAll(name, kinds, (option, value) => ({ ...NEEDED[name], [option]: value }));
    for (const missing of Object.keys(NEEDED[name] ?? {})) {
      const error = refusal(name, { ...NEEDED[name], [missing]: undefined });
      assert.equal(error.code, 'request.malformed');
      assert.match(error.message, new RegExp(`^${name} needs "${missing}"$`));
    }
    for (const value of VALUES.filter((value) => !isEmpty(value))) {
      const error = refusal(name, value);
      assert.equal(error?.code, 'request.malformed', `${name}(${described(value)}) gave ${error}`);
    }
  });
}

for (const [name, place, rest, kinds] of NESTED) {
  test(`${name} does so within ${place.join('.')} with ${Object.keys(rest).join(' and ') || 'nothing else'}`, () => {
    tryAll(name, kinds, (option, value) => ({ ...NEEDED[name], ...placed(place, { ...rest, [option]: value }) }));
  });
}

test('a name that is nearly right is told the right one', () => {
  const meant = (name, options) => /did you mean "(.*)"\?$/.exec(refusal(name, { ...NEEDED[name], ...options })?.message)?.[1];
  assert.equal(meant('steer', { horizn: 3 }), 'horizon');
  assert.equal(meant('steer', { Policy: 'greedy' }), 'policy');
  assert.equal(meant('steer', { outcmoe: 'best' }), 'outcome');
  assert.equal(meant('create', { catalogue: 'embedded' }), 'catalog');
  assert.equal(meant('create', { model: '/models' }), 'models');
  assert.equal(meant('create', { device: 'gpu' }), 'webgpu');
  assert.equal(meant('create', { catalog: { item: [], ratings: [] } }), 'items');
  assert.equal(meant('create', { llm: { baseURL: 'https://llm.example/v1', model: 'm' } }), 'baseUrl');
  assert.equal(meant('create', { budget: { call: 1 } }), 'calls');
  assert.equal(meant('create', { llmOptions: { timeOut: 1 } }), 'timeout');
  assert.equal(meant('train', { settings: { optimiser: {} } }), 'optimizer');
  assert.equal(meant('evaluate', { arms: [{ serch: 'tree' }] }), 'search');
  assert.equal(meant('gaps', { qwertyuiop: 1 }), undefined);
});

test('names that every object has are unknown, too', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const options = JSON.parse(`{"user":"u","item":"i",${JSON.stringify(name)}:1}`);
    assert.equal(refusal('steer', options)?.code, 'request.malformed', name);
  }
});

test('what is undefined is as good as left out, in create as in every call', () => {
  for (const [name, kinds] of Object.entries(CALLS)) {
    const none = Object.fromEntries(Object.keys(kinds).map((option) => [option, undefined]));
    assert.equal(refusal(name, { ...none, ...NEEDED[name] }), undefined, name);
  }
});

test('messages say what was expected and what was found, and never repeat what may be a key', () => {
  assert.equal(refusal('create', { budget: 100 }).message, 'budget must be an object; found 100');
  assert.equal(refusal('steer', { ...EPISODE, horizon: '3' }).message, 'horizon must be a number; found "3"');
  assert.equal(refusal('steer', { ...EPISODE, horizon: NaN }).message, 'horizon is out of range: use a whole number from 0, not NaN');
  assert.match(refusal('create', { device: 'gpu' }).message, /^device must be one of "auto", "cpu", "webgpu"; found "gpu"; did you mean "webgpu"\?$/);
  assert.equal(refusal('evaluate', { arms: [{ search: 'tree', foresight: 1 }] }).message, 'arms[0].foresight must be true or false; found 1');
  for (const llm of ['sk-secret', { baseUrl: 'https://llm.example/v1', model: 'm', getToken: 'sk-secret' }, { 'sk-secret': 1 }, { apiKey: ['sk-secret'] }]) {
    const { message, hint } = refusal('create', { llm });
    if (!Object.hasOwn(Object(llm), 'sk-secret')) assert.doesNotMatch(`${message} ${hint}`, /secret/);
  }
});

test('objects of other realms and of classes are taken for what they are', async () => {
  const { runInNewContext } = await import('node:vm');
  const foreign = runInNewContext('({ bytes: new Uint8Array(3), options: { calls: 1 }, list: ["a"] })');
  const options = { models: { weights: foreign.bytes, tokenizer: foreign.bytes }, budget: foreign.options, llmOptions: { constraints: foreign.list } };
  assert.equal(refusal('create', options), undefined);
  assert.equal((await createRequest(options)).models.weights.byteLength, 3);
  class Held {
    #secret = 1;
    model = 'held';
    concurrency = 1;
    capabilities = { seed: false, temperature: false, schema: false };
    more = 'of its own';
    async chat() {
      return `${this.#secret}`;
    }
  }
  assert.equal(refusal('create', { llm: new Held() }), undefined);
  assert.match(refusal('create', { llm: { chat: () => '' } }).message, /^llm needs "model"$/);
});

test('create refuses before a core is loaded or a service started', async () => {
  let loaded = 0;
  const host = fakeHost({ loadCore: async () => (loaded += 1, fakeCore()) });
  for (const options of [{ catalogue: 'embedded' }, { device: 'gpu' }, { budget: 100 }, { llm: 'http://localhost' }, { seed: NaN }, { signal: {} }, { models: 5 }]) {
    await assert.rejects(createFake(host, options), { name: 'AquilineError' }, JSON.stringify(options));
  }
  assert.equal(loaded, 0);
});

test('every call of an object refuses by rejecting, and asks the core nothing', async () => {
  const log = [];
  const aquiline = await createFake(fakeHost({ core: fakeCore({ log }) }));
  log.length = 0;
  /** What stands before the options. */
  const before = { embed: [['a']], writeProfile: ['u'], describe: [{ title: 'T' }], raterReport: [[]], replay: [''], loadPolicy: [BYTES], load: [BYTES] };
  for (const name of Object.keys(CALLS).filter((name) => name !== 'create')) {
    for (const wrong of [{ ...NEEDED[name], unheardOf: 1 }, null, 'text', { ...NEEDED[name], signal: 1 }]) {
      const called = () => aquiline[name](...(before[name] ?? []), wrong);
      const events = ['steer', 'search', 'evaluate', 'train', 'replay'].includes(name);
      await assert.rejects(async () => (events ? collect(called()) : called()), { code: 'request.malformed' }, `${name} ${described(wrong)}`);
    }
  }
  for (const wrong of VALUES.filter((value) => !Array.isArray(value))) {
    await assert.rejects(aquiline.embed(wrong), { code: 'request.malformed' });
    await assert.rejects(aquiline.raterReport(wrong), { code: 'request.malformed' });
    await assert.rejects(aquiline.describe(wrong), { code: 'request.malformed' });
    if (wrong !== BYTES) await assert.rejects(aquiline.load(wrong), { code: 'request.malformed' });
    if (wrong !== BYTES) await assert.rejects(aquiline.loadPolicy(wrong), { code: 'request.malformed' });
    if (isText(wrong)) continue;
    await assert.rejects(aquiline.writeProfile(wrong), { code: 'request.malformed' });
    await assert.rejects(collect(aquiline.replay(wrong)), { code: 'request.malformed' });
    await assert.rejects(answers(wrong), { code: 'request.malformed' });
    await assert.rejects(async () => forgetAnswers(wrong), { code: 'request.malformed' });
    await assert.rejects(diagnose(wrong), { code: 'request.malformed' });
  }
  assert.deepEqual(log, []);
  await aquiline.dispose();
});
