// The real package with the real model, under Node.js. Build the core first; the model's files are taken from the
// folder AQUILINE_MODELS, or from where the build keeps them.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { answers, create } from 'aquiline';

const MODELS = process.env.AQUILINE_MODELS ?? join(homedir(), '.cache', 'aquiline', 'models');
const SMALL = { horizon: 2, candidates: 6, subset: 3 };

const progress = [];
let aquiline;
let choice;

before(async () => {
  aquiline = await create({ models: MODELS, device: 'cpu', onProgress: (event) => progress.push(event) });
  choice = { user: aquiline.info.users[0].id, item: aquiline.info.items[0].id };
});
after(() => aquiline?.dispose());

test('the embedded catalog is described, with the skill of the text model', () => {
  const { info } = aquiline;
  assert.equal(info.device, 'cpu');
  assert.equal(info.reason, 'the CPU was asked for');
  assert.ok(info.items.length > 0 && info.users.length > 0);
  assert.ok(info.items.every(({ id, title, place }) => id && title && place.every(Number.isFinite)));
  assert.ok(Number.isFinite(info.skill.rmseRatio) && info.skill.heldOutRatings > 0);
});

test('loading reported its stages, none of them backwards', () => {
  const highest = new Map();
  for (const { type, done, total } of progress) {
    assert.ok(done >= (highest.get(type) ?? 0), `${type} went back`);
    assert.ok(total === 0 || done <= total, `${type}: ${done} of ${total}`);
    highest.set(type, done);
  }
  for (const stage of ['compile', 'download', 'verify', 'upload', 'warm-up', 'self-test']) assert.ok(highest.has(stage), stage);
  assert.ok(!highest.has('encode') && !highest.has('fit'), 'what is known of the embedded films came with the package');
});

test('a catalog of the caller is encoded and fitted, in stages', async () => {
  const stages = new Set();
  const own = await create({ catalog: await ownCatalog(), models: MODELS, device: 'cpu', cache: false, onProgress: ({ type }) => stages.add(type) });
  assert.ok(stages.has('encode') && stages.has('fit'), [...stages].join());
  assert.equal(own.info.items.length, 12);
  assert.deepEqual(own.info.scale, [0.5, 5]);
  await own.dispose();
});

test('a model is asked about items of the caller as items, and about the embedded ones as films', async () => {
  const own = await create({ catalog: await ownCatalog(), llm: 'simulator', models: MODELS, device: 'cpu', cache: false });
  assert.match(await firstQuestion(own), /^Describe the item with this title/);
  assert.match(await firstQuestion(aquiline), /^Describe the film with this title/);
  await own.dispose();
});

/** What a model is asked that describes an item; it does not answer. */
async function firstQuestion(of) {
  const asked = [];
  await of.useModel({ llm: async ({ messages }) => (asked.push(messages.at(-1).content), '') });
  await assert.rejects(of.describe({ title: 'Kite Season' }));
  await of.useModel();
  return asked[0];
}

test('what one object factorised is the space of another, which has items and no ratings', async () => {
  const { items } = await ownCatalog();
  const rated = await create({ catalog: await ownCatalog(), models: MODELS, device: 'cpu', cache: false });
  const factors = await rated.factorize({ factors: 3, ridge: 0.1 });
  await rated.dispose();
  const open = () => create({ catalog: { items, scale: [0, 6] }, factors, models: MODELS, device: 'cpu', cache: false });
  const own = await open();
  assert.deepEqual(own.info.users.map(({ id }) => id), ['one', 'two']);
  assert.deepEqual(own.info.scale, [0, 6]);
  assert.equal((await own.capabilities()).dimensions, 4);
  assert.equal((await own.gaps({ user: 'one', count: 2 })).length, 2);
  const types = [];
  const request = { user: 'one', item: own.info.users[0].low[0], ...SMALL };
  const refusal = { code: 'rollout.no_environment', hint: /'simulator'/ };
  await assert.rejects(own.steer(request)[Symbol.asyncIterator]().next(), refusal, 'nobody was named');
  await own.useModel({ llm: 'simulator' });
  for await (const { type } of own.steer({ ...request, outcome: 'last' })) types.push(type);
  assert.deepEqual(types, ['anchor', 'step', 'step', 'done']);
  await own.foldIn({ user: 'visitor', ratings: [{ item: items[0].id, value: 5 }, { item: items[1].id, value: 1 }] });
  const again = await open();
  await again.load(await own.save());
  assert.deepEqual(await again.utilities({ user: 'visitor' }), await own.utilities({ user: 'visitor' }));
  await Promise.all([own.dispose(), again.dispose()]);
  const twice = { ...factors, items: [...factors.items, factors.items[0]] };
  await assert.rejects(create({ catalog: { items }, factors: twice, models: MODELS, device: 'cpu', cache: false }), { code: 'data.vector', message: /two of it/ });
  const offScale = create({ catalog: { items, scale: [50, 100] }, factors, models: MODELS, device: 'cpu', cache: false });
  await assert.rejects(offScale, { code: 'data.off_scale' });
});

test('gaps are ordered places of finite utility with existing neighbours', async () => {
  const gaps = await aquiline.gaps({ user: choice.user, count: 3 });
  assert.equal(gaps.length, 3);
  const ids = new Set(aquiline.info.items.map(({ id }) => id));
  for (const gap of gaps) {
    assert.ok(Number.isFinite(gap.utility) && gap.uncertainty >= 0 && gap.distance > 0);
    assert.ok(gap.neighbours.length > 0 && gap.neighbours.every(({ id }) => ids.has(id)));
  }
});

test('a run walks from the anchor to an outcome that is not worse', async () => {
  const events = [];
  for await (const event of aquiline.steer({ ...choice, ...SMALL, seed: 1 })) events.push(event);
  assert.deepEqual(events.map(({ type }) => type), ['anchor', 'step', 'step', 'done']);
  const { trajectory } = events.at(-1);
  assert.equal(trajectory.user, choice.user);
  assert.equal(trajectory.steps.length, 2);
  assert.ok(trajectory.outcome.utility >= trajectory.anchor.utility);
  assert.equal(trajectory.anchor.item.id, choice.item);
  assert.ok(trajectory.steps.every((step) => step.milliseconds > 0 && step.action.text && step.state.item.plot));
});

test('the same seed gives the same run', async () => {
  const outcomes = [];
  for (let run = 0; run < 2; run++) {
    for await (const event of aquiline.steer({ ...choice, ...SMALL, seed: 7 })) {
      if (event.type === 'done') outcomes.push(event.trajectory.outcome);
    }
  }
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test('an unknown user is a typed error, and the session goes on', async () => {
  const refused = { name: 'AquilineError', code: 'data.unknown_user', retryable: false };
  await assert.rejects(aquiline.gaps({ user: 'nobody-of-this-name' }), refused);
  await assert.rejects(async () => {
    for await (const event of aquiline.steer({ ...choice, user: 'nobody-of-this-name' })) assert.fail(event.type);
  }, refused);
  assert.equal((await aquiline.gaps({ user: choice.user, count: 1 })).length, 1);
});

test('a run can be cancelled in the middle, and the session goes on', async () => {
  const controller = new AbortController();
  const seen = [];
  await assert.rejects(async () => {
    for await (const event of aquiline.steer({ ...choice, ...SMALL, horizon: 20, signal: controller.signal })) {
      seen.push(event.type);
      if (event.type === 'step') controller.abort();
    }
  }, { name: 'AbortError' });
  assert.deepEqual(seen, ['anchor', 'step']);
  assert.equal((await aquiline.gaps({ user: choice.user, count: 1 })).length, 1);
});

test('create can be cancelled while it encodes', async () => {
  const controller = new AbortController();
  const onProgress = ({ type }) => type === 'encode' && controller.abort();
  const catalog = await ownCatalog();
  const loading = create({ catalog, models: MODELS, device: 'cpu', cache: false, signal: controller.signal, onProgress });
  await assert.rejects(loading, { name: 'AbortError' });
});

/** What follows keeps what it keeps between visits in a folder of its own. */
async function withCache(context) {
  const [folder, before] = [await mkdtemp(join(tmpdir(), 'aquiline-node-')), process.env.XDG_CACHE_HOME];
  process.env.XDG_CACHE_HOME = folder;
  context.after(async () => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
    await rm(folder, { recursive: true });
  });
}

test('the embedded films open with the vectors of the package, whatever other vectors are kept', async (context) => {
  await withCache(context);
  const { items, ratings } = await ownCatalog();
  const others = items.map((item) => ({ ...item, plot: `${item.plot} And then it rains.` }));
  await (await create({ catalog: { items: others, ratings }, models: MODELS, device: 'cpu' })).dispose();
  const stages = new Set();
  const again = await create({ models: MODELS, device: 'cpu', onProgress: ({ type }) => stages.add(type) });
  assert.ok(!stages.has('encode') && !stages.has('fit'), [...stages].join());
  await again.dispose();
  stages.clear();
  const own = await create({ catalog: { items: others, ratings }, models: MODELS, device: 'cpu', onProgress: ({ type }) => stages.add(type) });
  assert.ok(!stages.has('encode'), 'and these stay, too');
  await own.dispose();
});

/** Answers what is asked for edits and rewrites in the form that the question ends with; `stop` is asked before each. */
function writer(stop = () => undefined) {
  let asked = 0;
  return async ({ messages }) => {
    await stop(asked);
    asked += 1;
    const question = messages.at(-1).content;
    if (/^PLOT:/m.test(question)) return `PLOT: A keeper repairs ${asked} kites. It rains.\nLIKES:\n- the kites\nDISLIKES:\n- it is slow\nEND`;
    return `${['Plot', 'Character', 'Visual', 'Theme', 'Audience'].map((kind, at) => `${kind}:\n${at + 1}. Let a storm take ${at + 2} kites.`).join('\n')}\nEND`;
  };
}

test('answers of a run that is cancelled are kept', async (context) => {
  await withCache(context);
  const controller = new AbortController();
  // A model that the page holds is asked one question at a time.
  const llm = writer((asked) => asked === 4 && (controller.abort(), new Promise(() => undefined)));
  const own = await create({ catalog: await ownCatalog(), llm, llmOptions: { remember: 'always' }, models: MODELS, device: 'cpu' });
  const run = own.steer({ user: 'one', item: own.info.users[0].low[0], ...SMALL, signal: controller.signal });
  await assert.rejects(async () => {
    for await (const { type } of run) assert.equal(type, 'anchor');
  }, { name: 'AbortError' });
  await own.dispose();
  assert.equal((await answers('function')).length, 4);
});

test('a budget that is spent ends a run with done, with the steps that were made', async () => {
  const llm = writer();
  const own = await create({ catalog: await ownCatalog(), llm, budget: { calls: 7 }, models: MODELS, device: 'cpu', cache: false });
  let last;
  let steps = 0;
  for await (const event of own.steer({ user: 'one', item: own.info.users[0].low[0], ...SMALL, horizon: 9, outcome: 'last' })) {
    if (event.type === 'step') steps += 1;
    last = event;
  }
  assert.equal(last.type, 'done');
  assert.deepEqual([last.trajectory.ended, last.trajectory.steps.length], ['budget', steps]);
  assert.ok((await own.spent()).calls <= 7);
  await own.dispose();
});

test('the outcome is the best text on the way, or the last one, and never worse than the original', async () => {
  for (const outcome of ['best', 'last']) {
    let run;
    for await (const event of aquiline.steer({ ...choice, ...SMALL, horizon: 4, outcome })) if (event.type === 'done') run = event.trajectory;
    const states = [run.anchor, ...run.steps.map(({ state }) => state)];
    assert.deepEqual(run.outcome, states[run.outcomeStep]);
    assert.equal(run.kept, run.outcomeStep === 0);
    const best = Math.max(...states.map(({ utility }) => utility));
    if (outcome === 'best') assert.equal(run.outcome.utility, best);
    else assert.ok(run.kept || run.outcomeStep === run.steps.length);
    assert.ok(run.kept || run.outcome.utility > run.anchor.utility);
  }
});

/** A few films, which two people see differently. */
async function ownCatalog() {
  const lines = (await readFile(new URL('../dist/catalog.jsonl', import.meta.url), 'utf8')).split('\n').slice(0, 12);
  const items = lines.map((line) => JSON.parse(line));
  const ratings = items.flatMap(({ id }, index) => [
    { user: 'one', item: id, value: 1 + (index % 5) },
    { user: 'two', item: id, value: 5 - (index % 5) },
  ]);
  return { items, ratings };
}
