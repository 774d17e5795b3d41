// <aquiline-ideas> in a real Chromium, over fake cores and objects.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openIdeas } from './support/ideas-site.mjs';

let site;
let page;
before(async () => {
  site = await openIdeas();
  page = site.page;
});
after(() => site.close());

const button = (element, name) => element.getByRole('button', { name, exact: true });
const inState = (state) => page.locator(`aquiline-ideas[state=${state}]`).waitFor();
const noteOf = (element) => element.locator('[part=note] li').allTextContents();

/** Shares an object of the page, and brings ratings. */
const shared = (options = '{}') => `({ fakeAquiline, RATINGS }) => {
  globalThis.aquiline = fakeAquiline(${options});
  return { aquiline, visitorRatings: RATINGS };
}`;

test('importing and defining is safe where there are no elements', async () => {
  const { defineIdeas } = await import('../dist/ideas.js');
  assert.equal(defineIdeas(), undefined);
});

test('nothing is asked for before a button is pressed', async () => {
  await site.put();
  site.requests.length = 0;
  const element = await site.put({ catalog: '/films.jsonl', ratings: '/ratings.csv', scale: '1 10' });
  await page.waitForLoadState('networkidle');
  assert.deepEqual(site.requests, []);
  assert.equal(await page.evaluate(() => document.querySelector('aquiline-ideas').state), 'idle');
  assert.ok(await button(element, 'Find ideas').isDisabled(), 'there are no ratings yet');
});

test('a visitor rates with the keyboard, and is shown ideas from a catalog of files', async () => {
  const files = { catalog: '/films.jsonl', ratings: '/ratings.csv', scale: '1 10', count: '1' };
  const element = await site.put(files, `() => ({ llm: 'simulator' })`);
  await button(element, 'Rate items').press('Enter');
  const rows = element.getByRole('group');
  await rows.first().waitFor();
  assert.equal(await rows.first().getByRole('radio').count(), 10, 'a star for each rating of the scale');
  for (const [row, presses] of [[0, 3], [1, 6], [2, 1]]) {
    // Pressing the button has led to the first row, and Tab leads to the next text and its row.
    if (row > 0) await page.keyboard.press('Tab');
    for (let press = 0; press < presses; press++) await page.keyboard.press('ArrowRight');
  }
  assert.match(await element.getByRole('status').textContent(), /^3 ratings/);
  await button(element, 'Find ideas').press('Enter');
  await inState('done');
  const { folded, scale } = JSON.parse(await element.locator('[part=plot]').textContent());
  const rated = await page.evaluate(() => document.querySelector('aquiline-ideas').visitorRatings);
  assert.deepEqual(rated.map(({ value }) => value), [4, 7, 2]);
  assert.ok(rated.every(({ item }) => JSON.stringify(folded).includes(`"${item}"`)), 'all are folded in');
  assert.deepEqual(scale, [1, 10]);
  assert.match(await element.locator('[part=prediction]').textContent(), /7\.2 ± 0\.6 of 10 stars, 1\.2 more/);
  assert.deepEqual(await element.locator('[part=edits] li').allTextContents(), ['Let a storm come.']);
  const types = await page.evaluate(() => [...new Set(told.map(({ type }) => type))]);
  assert.deepEqual(types, ['progress', 'idea', 'done']);
});

test('what most have rated is offered first', async () => {
  const element = await site.put({ catalog: '/films.jsonl', ratings: '/ratings.csv' });
  await button(element, 'Rate items').click();
  assert.equal(await element.locator('legend').first().textContent(), 'Salt (1991)');
});

test('what a model says is shown as text, and never as markup', async () => {
  const plot = '<img src=x onerror="document.title = 1"><script>document.title = 2</script>';
  const element = await site.put({}, shared(`{ plot: ${JSON.stringify(plot)} }`));
  await button(element, 'Find ideas').click();
  await inState('done');
  assert.equal(await element.locator('[part=plot]').first().textContent(), plot);
  assert.equal(await element.locator('img, script').count(), 0);
  assert.equal(await page.title(), 'aquiline');
});

test('a model that does not stop is cut', async () => {
  const element = await site.put({ count: '1' }, shared(`{ plot: 'very long '.repeat(100_000) }`));
  await button(element, 'Find ideas').click();
  await inState('done');
  assert.equal((await element.locator('[part=plot]').textContent()).length, 4000);
});

test('runs start near gaps, from items that are not the favourite, each once, and failures are no ideas', async () => {
  const element = await site.put({ count: '2' }, shared(`{ kept: ['salt'] }`));
  await button(element, 'Find ideas').click();
  await inState('done');
  const log = await page.evaluate(() => aquiline.log);
  assert.deepEqual(log.filter(({ steer }) => steer).map(({ steer }) => steer), ['salt', 'ferry', 'ledger']);
  assert.deepEqual(log[0].ratings, await page.evaluate(() => fake.RATINGS));
  assert.deepEqual(await element.locator('[part=title]').allTextContents(), ['Ferry (1992)', 'Ledger (1993)']);
});

test('where nothing becomes better that is said', async () => {
  const element = await site.put({}, shared(`{ kept: FILMS.map(({ id }) => id) }`.replace('FILMS', 'fake.FILMS')));
  await button(element, 'Find ideas').click();
  await inState('done');
  assert.match(await element.getByRole('status').textContent(), /Nothing came out better/);
});

test('what a run calls its outcome is shown only where it is worth more than the original, and the best is asked for', async () => {
  const worse = `{ change: (run) => ({ ...run, kept: false, outcome: { ...run.outcome, utility: run.anchor.utility } }) }`;
  const element = await site.put({}, shared(worse));
  await button(element, 'Find ideas').click();
  await inState('done');
  assert.equal(await element.locator('[part=idea]').count(), 0);
  const asked = await page.evaluate(() => aquiline.log.filter(({ steer }) => steer).map(({ options }) => options.outcome));
  assert.ok(asked.length > 0 && asked.every((outcome) => outcome === 'best'), JSON.stringify(asked));
});

test('of a run that went on after its best text only the edits that led there are told', async () => {
  const longer = `{ change: (run) => ({ ...run, steps: [...run.steps, { action: { text: 'Let it end.' }, state: run.anchor }] }) }`;
  const element = await site.put({ count: '1' }, shared(longer));
  await button(element, 'Find ideas').click();
  await inState('done');
  assert.deepEqual(await element.locator('[part=edits] li').allTextContents(), ['Let a storm come.']);
});

test('an uncertainty that is not known is said to be so, in words', async () => {
  const unsure = `{
    misplacement: { unknown: 'all ratings are equal' },
    change: ({ outcome: { uncertainty, ...outcome }, ...run }) => ({ ...run, outcome }),
  }`;
  const element = await site.put({ count: '1' }, shared(unsure));
  await button(element, 'Find ideas').click();
  await inState('done');
  const said = await element.locator('[part=prediction]').textContent();
  assert.match(said, /How far this may be off is unknown: all ratings are equal\.$/);
  assert.doesNotMatch(said, /±|NaN|undefined/);
});

test('items of the page that nobody was set up to edit are not edited, which is said before and after', async () => {
  const files = { catalog: '/films.jsonl', ratings: '/ratings.csv' };
  const element = await site.put(files, '({ RATINGS }) => ({ visitorRatings: RATINGS })');
  assert.match((await noteOf(element))[1], /not set up a language model/);
  site.requests.length = 0;
  await button(element, 'Find ideas').click();
  await inState('error');
  assert.equal(await page.evaluate(() => told.at(-1).detail.code), 'rollout.no_environment');
  assert.match(await element.getByRole('alert').textContent(), /property "llm" of this element/);
  assert.deepEqual(site.requests, [], 'nothing is downloaded for it');
});

test('a run can be stopped, and another one started', async () => {
  const element = await site.put({ count: '1' }, shared('{ gate: new Promise((open) => (globalThis.open = open)) }'));
  await button(element, 'Find ideas').click();
  await inState('working');
  await button(element, 'Stop').click();
  await inState('cancelled');
  assert.ok(await page.evaluate(() => aquiline.log.includes('aborted')));
  assert.equal(await page.evaluate(() => told.some(({ type }) => type === 'error')), false);
  await page.evaluate(() => open());
  await button(element, 'Find ideas').click();
  await inState('done');
});

test('another model starts anew: the run ends, and what it found is gone', async () => {
  const element = await site.put({}, shared('{ gate: new Promise(() => {}) }'));
  await button(element, 'Find ideas').click();
  await inState('working');
  await page.evaluate(() => (document.querySelector('aquiline-ideas').llm = { baseUrl: 'https://api.example/v1', model: 'm' }));
  await inState('idle');
  assert.match((await noteOf(element))[1], /^To edit texts, api\.example is sent/);
  assert.deepEqual(await page.evaluate(() => [aquiline.log.at(-1), told.some(({ type }) => type !== 'progress')]), ['aborted', false]);
});

test('an error has its hint and code, and can be tried again', async () => {
  const trouble = `Object.assign(new Error('no answer'), { code: 'llm.unreachable', hint: 'Start the server.' })`;
  const element = await site.put({ count: '1' }, shared(`{ fail: ${trouble} }`));
  await button(element, 'Find ideas').click();
  const alert = element.getByRole('alert');
  await inState('error');
  for (const words of ['no answer', 'Start the server.', 'llm.unreachable']) assert.match(await alert.textContent(), new RegExp(words));
  assert.equal(await page.evaluate(() => told.at(-1).detail.code), 'llm.unreachable');
  await page.evaluate(() => delete aquiline.fail);
  await button(element, 'Try again').click();
  await inState('done');
  assert.ok(await alert.isHidden());
});

test('an element that is taken away ends its run, and leaves a shared object alone', async () => {
  const element = await site.put({}, shared('{ gate: new Promise(() => {}) }'));
  await button(element, 'Find ideas').click();
  await inState('working');
  await page.evaluate(() => document.querySelector('aquiline-ideas').remove());
  await page.waitForFunction(() => aquiline.log.includes('aborted'));
  assert.equal(await page.evaluate(() => aquiline.log.includes('disposed')), false);
});

test('an element that is taken away while it loads ends its worker, and one that is moved does not', async () => {
  const files = { catalog: '/films.jsonl', ratings: '/ratings.csv', scale: '1 10' };
  const element = await site.put(files, `({ RATINGS }) => ({ visitorRatings: RATINGS, llm: 'simulator' })`);
  await page.evaluate(() => caches.delete('aquiline-vectors'));
  const [worker] = await Promise.all([page.waitForEvent('worker'), button(element, 'Find ideas').click()]);
  await page.evaluate(() => document.body.append(document.querySelector('aquiline-ideas')));
  await page.waitForFunction(() => told.some(({ detail }) => detail.type === 'encode'));
  const ended = worker.waitForEvent('close');
  await page.evaluate(() => document.querySelector('aquiline-ideas').remove());
  await ended;
  assert.equal(await page.evaluate(() => told.some(({ type }) => type === 'error')), false);
});

test('the note says exactly what leaves the page', async () => {
  const noted = async (attributes, settings) => noteOf(await site.put(attributes, settings));
  const stays = 'Your ratings stay in this page.';
  const nothing = 'Texts are edited in this page: nothing leaves it.';
  const hub = 'The first time, a model that reads texts (91 MB) is downloaded from huggingface.co.';
  assert.deepEqual(await noted({}), [stays, nothing, hub]);
  const [kept, , own] = await noted({ remember: '', models: 'https://files.example/m/' });
  assert.match(kept, /stay in this browser/);
  assert.match(own, /from files\.example\.$/);
  const simulator = `() => ({ llm: 'simulator' })`;
  assert.deepEqual(await noted({}, simulator), [stays, nothing, hub]);
  assert.match((await noted({ catalog: '/films.jsonl' }, simulator))[1], /nothing leaves it\. .*sentences are about films\.$/);
  const remote = `() => ({ llm: { baseUrl: 'https://api.example/v1', model: 'm' } })`;
  assert.match((await noted({}, remote))[1], /^To edit texts, api\.example is sent .* It is never sent your ratings\.$/);
  const held = '() => ({ llm: async () => "" })';
  assert.match((await noted({}, held))[1], /^To edit texts, the language model that this page has set up is sent/);
  assert.match((await noted({ 'llm-host': 'ai.example' }, held))[1], /^To edit texts, ai\.example is sent/);
  assert.equal((await noted({ 'llm-host': 'page' }, held))[1], 'A language model in this page edits the texts: nothing leaves it.');
  assert.deepEqual(await noted({}, shared()), [stays, 'Texts are edited by what this page has set up.']);
});

test('ratings outlive the element only where that is asked for, until they are forgotten', async () => {
  const ratings = () => page.evaluate(() => document.querySelector('aquiline-ideas').visitorRatings.length);
  await site.put({}, shared());
  await site.put({});
  assert.equal(await ratings(), 0);
  await site.put({ remember: '' }, shared());
  const element = await site.put({ remember: '' });
  assert.equal(await ratings(), 3);
  await button(element, 'Forget my ratings').click();
  await site.put({ remember: '' });
  assert.equal(await ratings(), 0);
  assert.equal(await page.evaluate(() => localStorage.length), 0);
});

test('storage that holds nonsense is no trouble', async () => {
  await page.evaluate(() => localStorage.setItem('aquiline-ideas embedded', '[null, 3, {"item": "kites", "value": "x"}]'));
  await site.put({ remember: '' });
  assert.deepEqual(await page.evaluate(() => document.querySelector('aquiline-ideas').visitorRatings), []);
  await page.evaluate(() => localStorage.clear());
});

test('properties that were set before the element was defined count', async () => {
  const state = await page.evaluate(async () => {
    const element = document.createElement('early-ideas');
    element.aquiline = fake.fakeAquiline();
    element.visitorRatings = fake.RATINGS;
    document.body.replaceChildren(element);
    (await import('/dist/ideas.js')).defineIdeas('early-ideas');
    await element.start();
    return [element.state, element.ideas.length];
  });
  assert.deepEqual(state, ['done', 3]);
});

test('without ratings enough a start is an error, and nothing is loaded', async () => {
  await site.put();
  site.requests.length = 0;
  const code = await page.evaluate(async () => {
    await document.querySelector('aquiline-ideas').start();
    return told.at(-1).detail.code;
  });
  assert.equal(code, 'data.empty');
  assert.deepEqual(site.requests, []);
});

test('a phone of 320 pixels is wide enough, and the policy of the page was kept', async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  const element = await site.put({ scale: '1 10' }, shared());
  await button(element, 'Rate items').click();
  await button(element, 'Find ideas').click();
  await inState('done');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
  assert.deepEqual(site.complaints, []);
});
