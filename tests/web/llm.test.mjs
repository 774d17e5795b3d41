// A language model behind an address, asked by the real core in a real Chromium: over fetch, with a key, aborted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { steerInPage } from './steer-in-page.mjs';
import { llmServer, openBrowser } from './support.mjs';

const KEY = 'sk-secret-of-the-page';

let opened;
let page;

before(async () => {
  opened = await openBrowser();
  page = await opened.browser.newPage();
  await page.goto(`${opened.address}/icon.svg`);
});
after(() => opened.close());

async function until(condition, milliseconds = 20_000) {
  for (const end = Date.now() + milliseconds; !condition(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > end) throw new Error(`still not: ${condition}`);
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

test('a budget ends the run, with the edits that it paid for', { timeout: 120_000 }, async () => {
  const { baseUrl } = await llmServer();
  const { ended, steps, spent } = await page.evaluate(steerInPage, { llm: { baseUrl, model: 'simulator' }, budget: { calls: 5 } });
  assert.deepEqual([ended, spent.calls], ['budget', 5]);
  assert.ok(steps.length < 3, `${steps.length}`);
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

test('answers that are kept cost nothing in the next visit, until they are forgotten', { timeout: 240_000 }, async () => {
  const { baseUrl, seen } = await llmServer();
  const visit = (calls) =>
    page.evaluate(steerInPage, {
      llm: { baseUrl, model: 'simulator' }, options: { horizon: 2 }, llmOptions: { remember: 'always' }, budget: { calls },
    });
  const first = await visit(100);
  assert.equal(first.code, undefined, first.message);
  assert.equal(first.spent.calls, 2 * 4, 'the second run of a visit knows the answers of the first');
  await page.reload();
  const second = await visit(0);
  assert.equal(second.code, undefined, second.message);
  assert.deepEqual([second.spent.calls, second.steps], [0, first.steps]);
  assert.equal(seen.filter(({ method }) => method === 'POST').length, 2 * 4);
  const kept = await page.evaluate(async () => {
    const { answers, forgetAnswers } = await import('/pkg/index.js');
    const before = await answers('simulator');
    await forgetAnswers('simulator');
    return { before, after: await answers('simulator') };
  });
  assert.equal(kept.before.length, 2 * 4);
  assert.match(JSON.stringify(kept.before[0]), /BEGIN DATA/);
  assert.deepEqual(kept.after, []);
  assert.equal((await visit(0)).ended, 'budget');
});
