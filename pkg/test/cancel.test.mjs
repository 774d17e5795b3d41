import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeCore } from './support/fake-core.mjs';
import { collect, createFake, fakeHost, until } from './support/face.mjs';

for (const stage of ['compile', 'verify', 'download', 'upload', 'warm-up', 'self-test', 'encode', 'fit']) {
  test(`create can be cancelled at ${stage}, and frees what it had`, async () => {
    const core = fakeCore({ work: 3, texts: 20 });
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = ({ type }) => type === stage && controller.abort(reason);
    await assert.rejects(createFake(fakeHost({ core }), { signal: controller.signal, onProgress }), reason);
    await settled(core.log);
    await until(() => freed(core.log));
    const prepared = core.log.filter((entry) => entry === 'prepare').length;
    assert.equal(prepared, stage === 'fit' ? 1 : 0, 'nothing went on after the cancel');
  });
}

test('a signal that is aborted already starts nothing', async () => {
  const core = fakeCore();
  await assert.rejects(createFake(fakeHost({ core }), { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.deepEqual(core.log, []);
});

test('every call takes a signal', async () => {
  const aquiline = await createFake(fakeHost({ core: fakeCore() }), {});
  const signal = AbortSignal.abort();
  const pair = { user: 'u', item: 'i', signal };
  const item = { id: 'i', title: 'I', plot: 'A plot.' };
  const calls = {
    capabilities: () => aquiline.capabilities({ signal }),
    embed: () => aquiline.embed(['a text'], { signal }),
    utilities: () => aquiline.utilities({ user: 'u', signal }),
    foldIn: () => aquiline.foldIn({ user: 'v', ratings: [], signal }),
    factorize: () => aquiline.factorize({ signal }),
    gaps: () => aquiline.gaps({ user: 'u', signal }),
    actions: () => aquiline.actions(pair),
    design: () => aquiline.design(pair),
    search: () => collect(aquiline.search(pair)),
    elm: () => aquiline.elm(pair),
    evaluate: () => collect(aquiline.evaluate({ arms: [{ policy: 'uniform' }], signal })),
    steer: () => collect(aquiline.steer(pair)),
    estimate: () => aquiline.estimate(pair),
    useModel: () => aquiline.useModel({ signal }),
    writeProfile: () => aquiline.writeProfile('u', { signal }),
    describe: () => aquiline.describe({ title: 'I' }, { signal }),
    judge: () => aquiline.judge({ user: 'u', original: item, edited: item, signal }),
    raterReport: () => aquiline.raterReport([], { signal }),
    replay: () => collect(aquiline.replay('{}', { signal })),
    spent: () => aquiline.spent({ signal }),
    train: () => collect(aquiline.train({ signal })),
    savePolicy: () => aquiline.savePolicy({ signal }),
    loadPolicy: () => aquiline.loadPolicy(Uint8Array.of(1), { signal }),
    save: () => aquiline.save({ signal }),
    load: () => aquiline.load(Uint8Array.of(1), { signal }),
  };
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(aquiline));
  const own = ['constructor', 'info', 'dispose', 'ask', 'run', 'end'];
  assert.deepEqual(Object.keys(calls).toSorted(), methods.filter((name) => !own.includes(name)).toSorted());
  for (const [name, call] of Object.entries(calls)) await assert.rejects(call(), { name: 'AbortError' }, name);
  await aquiline.dispose();
});

test('a cancelled create is rejected at once, not when the core has noticed', async () => {
  const core = fakeCore({ texts: 1000 });
  const controller = new AbortController();
  let aborted;
  const onProgress = ({ type }) => {
    if (type !== 'encode' || aborted) return;
    aborted = core.log.length;
    controller.abort();
  };
  await assert.rejects(createFake(fakeHost({ core }), { signal: controller.signal, onProgress }), {
    name: 'AbortError',
  });
  assert.equal(core.log.length, aborted);
});

test('the vectors of a cancelled create are kept, and the next create goes on from there', async () => {
  const core = fakeCore({ texts: 20, work: 10 });
  const host = fakeHost({ core });
  const controller = new AbortController();
  const onProgress = ({ type, done }) => type === 'encode' && done === 5 && controller.abort();
  await assert.rejects(createFake(host, { signal: controller.signal, onProgress }));
  await until(() => host.vectors.saved.size === 1);
  const kept = host.vectors.saved.get('cpu-fake').length;
  assert.ok(kept >= 5 && kept < 20);
  await (await createFake(host)).dispose();
  assert.deepEqual(core.log.filter((entry) => entry.cached), [{ cached: kept }]);
});

test('aborting the signal ends a run with the reason and stops the core', async () => {
  const core = fakeCore({ work: 5, steps: 100 });
  const aquiline = await createFake(fakeHost({ core }));
  const controller = new AbortController();
  const run = aquiline.steer({ user: 'u', item: 'i', horizon: 100, signal: controller.signal });
  const events = [];
  await assert.rejects(async () => {
    for await (const event of run) {
      events.push(event.type);
      if (events.length === 2) controller.abort('changed my mind');
    }
  }, (error) => error === 'changed my mind');
  assert.deepEqual(events, ['anchor', 'step']);
  await until(() => core.log.includes('cancelled'));
  assert.equal((await aquiline.gaps({ user: 'u', count: 1 })).length, 1, 'the session still works');
  await aquiline.dispose();
});

test('leaving the loop stops the core', async () => {
  const core = fakeCore({ work: 5, steps: 100 });
  const aquiline = await createFake(fakeHost({ core }));
  for await (const event of aquiline.steer({ user: 'u', item: 'i', horizon: 100 })) {
    if (event.type === 'step') break;
  }
  await until(() => core.log.includes('cancelled'));
  await aquiline.dispose();
});

test('a call that waits for another one can be cancelled without touching that one', async () => {
  const core = fakeCore({ work: 5 });
  const aquiline = await createFake(fakeHost({ core }));
  const controller = new AbortController();
  const run = collect(aquiline.steer({ user: 'u', item: 'i' }));
  const waiting = aquiline.gaps({ user: 'u', signal: controller.signal });
  controller.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  assert.equal((await run).length, 5);
  assert.ok(!core.log.includes('gaps'));
  await aquiline.dispose();
});

test('a timer fires while the core works', async () => {
  const core = fakeCore({ work: 1, texts: 100 });
  let fired = 0;
  const timer = setInterval(() => fired++, 1);
  await (await createFake(fakeHost({ core }))).dispose();
  clearInterval(timer);
  assert.ok(fired >= 5, `${fired} times in 100 ms`);
});

test('an exception in onProgress cancels the call and is what it rejects with', async () => {
  const core = fakeCore({ work: 3 });
  const mistake = new TypeError('mistake of the caller');
  const onProgress = () => {
    throw mistake;
  };
  await assert.rejects(createFake(fakeHost({ core }), { onProgress }), mistake);
  await settled(core.log);
  assert.ok(!core.log.includes('prepare'));
});

test('a signal that outlives its calls keeps no listeners', async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...rest) => (listeners++, addEventListener.apply(signal, rest));
  signal.removeEventListener = (...rest) => (listeners--, removeEventListener.apply(signal, rest));
  const aquiline = await createFake(fakeHost(), { signal });
  await aquiline.gaps({ user: 'u', signal });
  await collect(aquiline.steer({ user: 'u', item: 'i', signal }));
  await aquiline.dispose();
  assert.equal(listeners, 0);
});

/** Whatever was opened was given back. */
function freed(log) {
  const loads = log.filter((entry) => entry === 'load').length;
  const sessions = log.filter((entry) => entry === 'session').length;
  const encoders = log.filter((entry) => entry === 'encoder.free').length;
  return loads === sessions + encoders && sessions === log.filter((entry) => entry === 'session.free').length;
}

/** Waits until nothing is added to the log any more. */
async function settled(log) {
  for (let length = -1; length !== log.length; ) {
    length = log.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}
