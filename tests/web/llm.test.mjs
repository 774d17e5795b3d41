// A language model behind an address, asked by the real core in a real Chromium: over fetch, with a key, aborted.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { openBrowser } from './support.mjs';

const KEY = 'sk-secret-of-the-page';
const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../target', import.meta.url));
const program = join(target, 'debug/examples/llm_server');

let opened;
let page;
const servers = [];

before(async () => {
  opened = await openBrowser();
  page = await opened.browser.newPage();
  await page.goto(`${opened.address}/icon.svg`);
});
after(async () => {
  await opened.close();
  for (const server of servers) server.kill();
});

/** A server that pretends to be a model: its address, and what it has seen, one entry for each request that is over. */
async function llmServer(...words) {
  const server = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  const lines = createInterface({ input: server.stdout });
  const seen = [];
  const baseUrl = await new Promise((resolve, reject) => {
    server.on('error', () => reject(new Error(`${program} is missing: cargo build --example llm_server`)));
    lines.once('line', resolve);
  });
  lines.on('line', (line) => seen.push({ ...JSON.parse(line), at: Date.now() }));
  return { baseUrl, seen };
}

async function until(condition, milliseconds = 20_000) {
  for (const end = Date.now() + milliseconds; !condition(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > end) throw new Error(`still not: ${condition}`);
  }
}

/** Runs in the page: creates over twelve films, and steers; `abortAfter` milliseconds the run is aborted. */
async function steerInPage({ llm, key, options, abortAfter, llmOptions, budget }) {
  const { create } = await import('/pkg/index.js');
  const lines = (await (await fetch('/pkg/catalog.jsonl')).text()).split('\n').filter(Boolean).slice(0, 12);
  const items = lines.map((line) => JSON.parse(line));
  const ratings = items.flatMap((item, at) => [0, 1, 2].map((user) => ({ user: `u${user}`, item: item.id, value: 1 + ((3 * user + at) % 9) / 2 })));
  const model = llm === 'function' ? functionOf() : { ...llm, ...(key && { getToken: async () => key }) };
  const common = { catalog: { items, ratings }, models: '/models', device: 'cpu', llm: model, llmOptions, budget };
  const aquiline = await create(common);
  const steer = { user: 'u0', item: items[0].id, policy: 'uniform', horizon: 3, candidates: 6, record: true, ...options };
  const controller = new AbortController();
  const last = async (events) => {
    let end;
    for await (const event of events) end = event;
    const steps = end.trajectory.steps.map(({ milliseconds: _, ...step }) => step);
    return { transcript: end.transcript, times: end.trajectory.steps.map(({ milliseconds }) => milliseconds), json: JSON.stringify({ ...end.trajectory, steps }), steps };
  };
  try {
    const estimate = await aquiline.estimate(steer);
    if (abortAfter !== undefined) setTimeout(() => controller.abort(), abortAfter);
    const run = await last(aquiline.steer({ ...steer, signal: controller.signal }));
    const replayed = await last(aquiline.replay(run.transcript));
    // Everything is encoded by now: what is left is the core's own work, and the way to the page and back.
    const again = await last(aquiline.steer(steer));
    const { steps, transcript } = run;
    return { steps, transcript, estimate, spent: await aquiline.spent(), same: replayed.json === run.json, times: again.times };
  } catch (error) {
    return { code: error.code, name: error.name, message: error.message, aborted: Date.now(), spent: await aquiline.spent() };
  } finally {
    await aquiline.dispose();
  }

  function functionOf() {
    return async ({ messages, seed }) => {
      const asked = messages[1].content;
      const count = Number(asked.match(/^Propose (\d+) /)?.[1] ?? 1);
      const things = ['storm', 'choir', 'train', 'letter', 'orchard', 'wager', 'harbour', 'lantern', 'market', 'bridge', 'violin'];
      const places = ['attic', 'desert', 'palace', 'mine', 'theatre', 'school', 'island'];
      const thing = (n) => things[(n + (seed % 11)) % 11];
      const edit = (n) => `${['Plot', 'Character', 'Visual', 'Theme', 'Audience'][n % 5]}:\n${n + 1}. Let a ${thing(n)} reach the ${places[(seed + n) % 7]} before a ${thing(n + 5)} can be sold there.`;
      if (!asked.includes('\nedits: ')) return `${Array.from({ length: count }, (_, n) => edit(n)).join('\n')}\nEND`;
      const text = JSON.parse(asked.match(/\ntext: (.*)\n/)[1]);
      return `PLOT: ${text} Then a storm of kind ${seed % 5} begins.\nLIKES:\n- a\n- storm\n- comes\nDISLIKES:\n- it\n- is\n- loud\nEND`;
    };
  }
}

test('a run asks a server, and its record is replayed to the same bytes', { timeout: 120_000 }, async () => {
  const { baseUrl, seen } = await llmServer('--key', KEY);
  const run = await page.evaluate(steerInPage, { llm: { baseUrl, model: 'simulator' }, key: KEY, budget: { calls: 100 } });
  assert.equal(run.code, undefined, run.message);
  assert.equal(run.steps.length, 3);
  assert.ok(run.same, 'the replay differs');
  assert.equal(run.estimate.calls, 3 * 4);
  assert.equal(run.spent.calls, 2 * 3 * 4);
  await until(() => seen.filter(({ method }) => method === 'POST').length === run.spent.calls);
  const posts = seen.filter(({ method }) => method === 'POST');
  assert.ok(posts.every(({ authorized, status }) => authorized && status === 200));
  assert.ok(!run.transcript.includes(KEY), 'a key is in the record');
  const calls = run.transcript.split('\n').filter((line) => line.startsWith('{"call":'));
  assert.equal(calls.length, 3 * 4);
});

test('a function of the page is asked by the real core, whose own work for a step is small', { timeout: 120_000 }, async () => {
  const run = await page.evaluate(steerInPage, { llm: 'function', options: { horizon: 5, candidates: 10 } });
  assert.equal(run.code, undefined, run.message);
  assert.ok(run.same);
  console.log(`milliseconds of a step with nothing to encode, the way to the page and back included: ${run.times.map((time) => time.toFixed(1))}`);
});

test('a key that is wrong ends the run, and is in no message', { timeout: 120_000 }, async () => {
  const { baseUrl } = await llmServer('--key', 'another');
  const { code, message } = await page.evaluate(steerInPage, { llm: { baseUrl, model: 'simulator' }, key: KEY });
  assert.equal(code, 'llm.unauthorized');
  assert.ok(!message.includes(KEY), message);
});

test('a budget ends the run', { timeout: 120_000 }, async () => {
  const { baseUrl } = await llmServer();
  const { code, spent } = await page.evaluate(steerInPage, { llm: { baseUrl, model: 'simulator' }, budget: { calls: 5 } });
  assert.deepEqual([code, spent.calls], ['llm.budget', 5]);
});

for (const misdeed of ['silence', 'slow']) {
  test(`aborting closes the requests of a server that answers with ${misdeed}`, { timeout: 120_000 }, async () => {
    const { baseUrl, seen } = await llmServer('--misdeed', misdeed, '--pause', '20');
    const run = await page.evaluate(steerInPage, { llm: { baseUrl, model: 'simulator' }, abortAfter: 300 });
    assert.equal(run.name, 'AbortError');
    await until(() => seen.some(({ method, closedEarly }) => method === 'POST' && closedEarly));
    const closed = seen.filter(({ method }) => method === 'POST');
    console.log(`${misdeed}: closed ${closed.map(({ at }) => at - run.aborted)} ms after the run had rejected`);
  });
}
