// A core that follows the contract of the real one and does nothing, slowly, so that everything around it can be tested.
// It runs in a page's worker as well, so it imports nothing.

export const WEIGHTS = new Uint8Array(3000).fill(7);
export const TOKENIZER = new Uint8Array(200).fill(8);
/** The weights at half precision, which only a core made with `half` knows. */
export const HALF_WEIGHTS = new Uint8Array(1500).fill(6);
const CORRECT = { weights: WEIGHTS, 'weights-f16': HALF_WEIGHTS, tokenizer: TOKENIZER };
/** Their real sha256, for tests that want the browser to compute it. */
export const SUMS = {
  weights: '48c187767dddb44e5b7af78dabdec2b14f0f983e86e1fe695c65bc6a2a3cb42f',
  tokenizer: '37d410f0d8c0bff931cf405c356dbf38dca33f62a6005a3d7704fd137419d99d',
};

/** What the core throws. */
export function coreError(code, message, retryable = false) {
  return Object.assign(new Error(message), { code, retryable });
}

/**
 * `texts` is what there is to encode, `work` the milliseconds each piece of work blocks the thread for,
 * `fail` an error by stage: load, selfTest, encode, session, prepare, gaps, steer. `log` records what happens. `sums`
 * are the manifest's sha256, `gains` the utilities of the texts of a run, `pace` the milliseconds for which a call of the encoder blocks the thread.
 */
export function fakeCore({ texts = 10, steps = 3, work = 0, fail = {}, hub = 'https://models.invalid/', log = [], ...rest } = {}) {
  const { sums = { weights: 'sha-w', tokenizer: 'sha-t' }, pace = 0, half = false, gains = [] } = rest;
  const failAt = (stage) => {
    log.push(stage);
    if (fail[stage]) throw fail[stage];
  };

  async function ticked(tick, event) {
    block(work);
    try {
      await tick(event);
    } catch {
      log.push('cancelled');
      throw coreError('cancelled', 'cancelled');
    }
  }

  class RawEncoder {
    fingerprint = 'fake';
    static async load(weights, tokenizer) {
      verify(weights.length === HALF_WEIGHTS.length ? 'weights-f16' : 'weights', weights);
      verify('tokenizer', tokenizer);
      block(work);
      failAt('load');
      return new RawEncoder();
    }
    async selfTest() {
      block(work);
      failAt('selfTest');
    }
    async encode(texts, tick) {
      failAt('encode');
      block(pace);
      await tick([texts.length, texts.length]);
      return new Float32Array(texts.length);
    }
    free() {
      log.push('encoder.free');
    }
  }

  class RawSession {
    fingerprint = 'fake';
    /** A byte for each text: 1 where its vector is known. */
    #known = [];
    #isNew = false;
    #policy;
    #model;
    #maySimulate = false;
    #isFitted = false;
    #people = {};
    fitKey = 'fitted';
    constructor(catalog, seed) {
      failAt('session');
      log.push({ catalog, seed });
    }
    static embedded = (_encoder, catalog, seed) => {
      const session = new RawSession(new TextDecoder().decode(catalog), seed);
      session.#maySimulate = true;
      return session;
    };
    static movielens = (_encoder, movies, ratings, seed) => new RawSession([movies.length, ratings.length], seed);
    static fromItems = (_encoder, data, seed) => new RawSession(data.items.length, seed);

    useFactors(factors) {
      failAt('useFactors');
      log.push({ factors });
    }
    async prepare(cache, tick) {
      log.push({ cached: cache?.length });
      if (cache?.every((byte) => byte <= 1)) for (const [text, byte] of cache.entries()) this.#known[text] ||= byte;
      const missing = Array.from({ length: texts }, (_, text) => text).filter((text) => !this.#known[text]);
      for (const [at, text] of missing.entries()) {
        [this.#known[text], this.#isNew] = [1, true];
        await ticked(tick, { type: 'encode', done: texts - missing.length + at + 1, total: texts, unit: 'texts' });
      }
      failAt('prepare');
      if (this.#isFitted) return;
      for (let done = 1; done <= 3; done++) await ticked(tick, { type: 'fit', done, total: 3, unit: 'sweeps' });
    }
    cacheBytes() {
      return this.#isNew ? Uint8Array.from(this.#known) : undefined;
    }
    useFit(bytes) {
      return (this.#isFitted = bytes.length === 1 && bytes[0] === 9);
    }
    fitBytes() {
      return Uint8Array.of(9);
    }
    get trained() {
      return this.#policy !== undefined;
    }
    dimensions() {
      return 33;
    }
    async embed(texts, tick) {
      await ticked(tick, { type: 'encode', done: texts.length, total: texts.length, unit: 'texts' });
      return Float32Array.from(texts.flatMap((text) => [text.length, 1]));
    }
    utilities({ users }) {
      return Float32Array.of(users.length, 0.5);
    }
    foldIn({ user, ratings }) {
      failAt('foldIn');
      this.#people[user] = ratings;
      return { id: user, ratings: ratings.length, likes: [], low: [] };
    }
    async factorize(options, tick) {
      await ticked(tick, { type: 'factorize', done: 1, total: 1, unit: 'sweeps' });
      return { mean: 3, users: [], items: [], rmse: null, options };
    }
    async actions(options) {
      this.#mayEdit();
      failAt('actions');
      return [{ text: JSON.stringify(options), category: 'plot', origin: 'generic' }];
    }
    async design(options) {
      return { user: options.user, candidates: [], certificate: null, options };
    }
    async search(options, tick) {
      log.push({ search: options });
      for (const type of ['anchor', 'step', 'done']) {
        await ticked(tick, { type, step: {}, trajectory: { steps: [] } });
        failAt('search');
      }
    }
    async elm(options) {
      return { user: options.user, options };
    }
    async evaluate(options, tick) {
      await ticked(tick, { type: 'pair', result: { arm: 0 }, report: [] });
      await ticked(tick, { type: 'report', report: [{ name: options.arms[0].name }] });
    }
    save() {
      return new TextEncoder().encode(JSON.stringify({ people: this.#people, policy: this.#policy }));
    }
    loadState(bytes) {
      failAt('loadState');
      log.push({ loaded: new TextDecoder().decode(bytes) });
      this.#people = JSON.parse(new TextDecoder().decode(bytes)).people;
    }
    info() {
      const skill = { rmseRatio: 0.9, rankCorrelation: 0.3, coverage: 0.68, misplacement: { unknown: 'it is a fake' }, noise: 0.8 };
      const verdict = { level: 'some', text: 'Texts tell something of what people like.' };
      const told = { skill: { ...skill, heldOutRatings: 10, heldOutItems: 5, spread: 1 }, verdict };
      return { encoder: 'fake', ...told, items: [], users: [], scale: [0.5, 5], itemsWithoutText: 0, itemsTruncated: 0 };
    }
    gaps({ users, count }) {
      failAt('gaps');
      if (users.includes('nobody')) throw coreError('data.unknown_user', 'unknown user "nobody"');
      return Array.from({ length: count }, (_, index) => ({ utility: index, users }));
    }
    useModel(options, call) {
      failAt('useModel');
      log.push({ useModel: options });
      let stop;
      const stopped = new Promise((_, reject) => (stop = () => reject(coreError('cancelled', 'cancelled'))));
      stopped.catch(() => undefined);
      const controller = new AbortController();
      const learned = [];
      const known = new Map();
      const ask = async (request) => {
        const key = JSON.stringify(request);
        if (known.has(key)) return known.get(key);
        const reply = await Promise.race([call(request, controller.signal), stopped]);
        if (options.remember) {
          learned.push({ model: options.model, request, reply: { text: reply } });
          known.set(key, reply);
        }
        return reply;
      };
      this.#model = { ask };
      return {
        stop: () => (controller.abort(), stop()),
        spent: () => ({ calls: 1, tokens: 2, money: 0 }),
        learn: (jsonl) => {
          for (const line of jsonl.split('\n').filter(Boolean)) {
            const { request, reply } = JSON.parse(line);
            known.set(JSON.stringify(request), reply.text);
          }
        },
        learned: () => learned.splice(0).map((answer) => `${JSON.stringify(answer)}\n`).join(''),
        free: () => log.push('model.free'),
      };
    }
    useSimulator() {
      log.push('useSimulator');
      [this.#model, this.#maySimulate] = [undefined, true];
    }
    async #asked(question) {
      if (!this.#model) throw coreError('numeric.bad_setting', 'the language model is out of range: there is none');
      return this.#model.ask({ messages: [question], maxTokens: 5, seed: 1 });
    }
    async writeProfile(user, seed) {
      log.push({ writeProfile: user, seed });
      return [{ heading: 'Overall', text: await this.#asked(user) }];
    }
    async describe(item, seed) {
      log.push({ describe: item, seed });
      return { ...item, plot: await this.#asked(item.title) };
    }
    async judge(options) {
      log.push({ judge: options });
      return { originalFirst: [await this.#asked('judge')], editedFirst: [null] };
    }
    raterReport(opinions, seed) {
      log.push({ raterReport: opinions, seed });
      return { pairs: opinions.length };
    }
    async steer(options, record, tick) {
      this.#mayEdit();
      failAt('steer');
      log.push(options);
      const states = [{ utility: 0 }];
      await ticked(tick, { type: 'anchor', state: states[0], user: options.user });
      let ended = 'horizon';
      for (let index = 0; index < Math.min(options.horizon, steps); index++) {
        try {
          if (this.#model) log.push({ answer: await this.#model.ask({ messages: [], maxTokens: 5, seed: index + 1 }) });
        } catch (error) {
          // A budget that is spent ends the run, and is no failure of it.
          if (error.code !== 'llm.budget') throw error;
          ended = 'budget';
          break;
        }
        for (const done of [1, 2, 1]) await ticked(tick, { type: 'candidates', done, total: 2, unit: 'actions' });
        states.push({ utility: gains[index] ?? index + 1 });
        await ticked(tick, { type: 'step', step: { index, state: states.at(-1), milliseconds: 0 } });
      }
      const trajectory = { seed: options.seed, ...outcomeOf(states, options.outcome), failedRewrites: 0, ended };
      await ticked(tick, { type: 'done', trajectory });
      return record ? 'the record' : undefined;
    }
    /** Without a model only what was asked for by name, or the embedded films, may be edited by the simulator. */
    #mayEdit() {
      if (!this.#model && !this.#maySimulate) throw coreError('rollout.no_environment', 'there is no language model to edit these texts');
    }
    estimate({ horizon }) {
      return { calls: 2 * horizon, tokens: 0, money: 0 };
    }
    async replay(transcript, tick) {
      log.push({ replay: transcript });
      await ticked(tick, { type: 'done', trajectory: { seed: 0, steps: [] } });
    }
    async fitReference(options, tick) {
      failAt('fitReference');
      log.push({ fitReference: options });
      await ticked(tick, { type: 'targets', done: 1, total: 1, unit: 'episodes' });
      this.#policy = [0];
      await ticked(tick, { type: 'reference', fit: { states: 1, heldOut: 0, kl: 0, uniformKl: 0, environmentCalls: 1 } });
    }
    async train(options, tick) {
      failAt('train');
      if (!this.#policy) throw coreError('training.untrained', 'there is no trained policy yet');
      for (let done = 1; done <= options.updates; done++) {
        await ticked(tick, { type: 'episodes', done: 1, total: 1, unit: 'episodes' });
        this.#policy.push(this.#policy.length);
        await ticked(tick, { type: 'update', log: { update: this.#policy.length - 1, environmentCalls: 1 } });
        await ticked(tick, { type: 'train', done, total: options.updates, unit: 'updates' });
      }
    }
    policyBytes() {
      if (!this.#policy) throw coreError('training.untrained', 'there is no trained policy yet');
      return new Uint8Array(this.#policy);
    }
    loadPolicy(checkpoint) {
      if (checkpoint[0] !== 0) throw coreError('training.checkpoint', 'the checkpoint cannot be used');
      this.#policy = [...checkpoint];
    }
    free() {
      log.push('session.free');
    }
  }

  function manifest() {
    const file = (role, name, sha256) => ({ role, name, size: CORRECT[role].length, sha256 });
    const files = [file('weights', 'model.bin', sums.weights), file('tokenizer', 'tok.bin', sums.tokenizer)];
    if (half) files.push(file('weights-f16', 'model.f16.bin', 'sha-h'));
    return { name: 'fake', hub, files };
  }

  function verify(role, bytes) {
    const right = CORRECT[role];
    if (bytes.length === right.length && bytes.every((byte, index) => byte === right[index])) return;
    throw coreError('encoder.integrity', `${role} is not the expected file`);
  }

  const logged = (role, bytes) => (log.push({ verify: role }), verify(role, bytes));
  return { manifest, verify: logged, RawEncoder, RawSession, log };
}

/** The best of the states on the way, or the last; the first where neither is better. */
function outcomeOf(states, wanted = 'best') {
  const best = states.reduce((best, { utility }, at) => (utility > states[best].utility ? at : best), 0);
  const last = states.length - 1;
  const outcomeStep = wanted === 'best' ? best : states[last].utility > states[0].utility ? last : 0;
  const steps = states.slice(1).map((state, index) => ({ index, state, milliseconds: 0 }));
  return { anchor: states[0], steps, outcome: states[outcomeStep], outcomeStep, kept: outcomeStep === 0 };
}

/** Occupies the thread, as a core does. */
function block(milliseconds) {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}
