// People judge pairs: the questions and sums under Node.js, then the panel as a person uses it, in a real Chromium.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { choiceOfKey, choicesOf, noAnswers, questionsIn } from '../../www/panels/rate-questions.js';
import { drawSides, drawStarts, equallyLong, fingerprint, makePairs, seeded, withoutRepeats } from '../../www/panels/rate-pairs.js';
import { agreement, agreementOf, begin, exported, exportedCsv, exportedPairs, imported, opinionsOf } from '../../www/panels/rate-record.js';
import { signTest, signsOf } from '../../www/panels/rate-signs.js';
import { embeddedName, wordsFor } from '../../www/words.js';
import { openRealPage, sidewaysScroll } from './support.mjs';

const timeout = 240_000;
const texts = (plot) => ({ plot, likes: ['quiet'], dislikes: ['long'] });
const pair = (user) => ({
  id: `pair-${user}`, user, likes: ['Drama'], ratings: 9, item: 'salt', title: 'Salt', year: 1999, seed: 3,
  original: texts('A weigher counts.'), edited: texts(`A weigher counts for ${user}.`), utilities: [0.5, 0.7],
});
const started = (...users) => begin({ pairs: users.map(pair), kept: 1, settings: { policy: 'greedy', seed: 0 }, catalog: 'films', writer: 'simulator', rater: 'Ada' });

test('people are asked what a language model is asked, word for word', async () => {
  const source = await readFile(new URL('../../src/prompt/question.rs', import.meta.url), 'utf8');
  const templates = [...source.matchAll(/\(Kind::(\w+), (?:format!\()?"((?:\\.|[^"])*)"/g)];
  const questions = questionsIn(wordsFor(embeddedName));
  for (const words of ['the embedded films', 'recipes'].map(wordsFor)) {
    const asked = templates.map(([, kind, text]) => ({
      kind: kind[0].toLowerCase() + kind.slice(1),
      text: text.replaceAll('\\"', '"').replaceAll(/{(\w+)}/g, (_, name) => words[name]),
    }));
    assert.deepEqual(questionsIn(words), asked);
  }
  for (const kind of ['Side', 'Scale', 'YesNo']) {
    const [, words] = new RegExp(`Kind::${kind} => &\\[(.*?)\\]`).exec(source);
    const at = questions.findIndex((question) => question.kind === kind[0].toLowerCase() + kind.slice(1));
    assert.deepEqual(choicesOf(at), JSON.parse(`[${words}]`));
  }
});

test('a number counts the choices, and letters name them', () => {
  assert.deepEqual(['1', '2', '3', 'b', 'A', 'y', '0', 'Enter'].map((key) => choiceOfKey(0, key)), [0, 1, -1, 1, 0, -1, -1, -1]);
  assert.deepEqual(['5', '6'].map((key) => choiceOfKey(2, key)), [4, -1]);
  assert.deepEqual(['N', 'y'].map((key) => choiceOfKey(5, key)), [1, 0]);
});

test('a seed draws the same starts, each viewer once, and only from films they rated low', () => {
  const users = Array.from({ length: 9 }, (_, at) => ({ id: `u${at}`, low: at === 4 ? [] : [`a${at}`, `b${at}`] }));
  const starts = drawStarts(users, { seed: 7 });
  assert.deepEqual(drawStarts(users, { seed: 7 }), starts);
  assert.notDeepEqual(drawStarts(users, { seed: 8 }), starts);
  assert.deepEqual(starts.map(({ user }) => user.id).sort(), users.filter(({ low }) => low.length > 0).map(({ id }) => id));
  assert.ok(starts.every(({ user, item }) => user.low.includes(item)));
  assert.deepEqual(drawStarts(users, { seed: 7, viewer: 'u2' }).map(({ item }) => item).sort(), ['a2', 'b2']);
});

test('no film begins two pairs of a session, however many rated it low', () => {
  const users = Array.from({ length: 12 }, (_, at) => ({ id: `u${at}`, low: ['salt', 'rust', 'soap'].slice(at % 3) }));
  for (let seed = 0; seed < 30; seed += 1) {
    const items = drawStarts(users, { seed }).map(({ item }) => item);
    assert.equal(new Set(items).size, items.length);
    assert.deepEqual(items.toSorted(), ['rust', 'salt', 'soap']);
  }
  assert.equal(drawStarts([{ id: 'v', low: ['a', 'b', 'a'] }], { viewer: 'v', seed: 1 }).length, 2);
});

test('an original that another film has word for word is no second pair, nor one of a file', async () => {
  const users = ['a', 'b', 'c'].map((id) => ({ id, likes: [], ratings: 1, low: [`item-${id}`] }));
  const model = {
    async* steer({ item, seed }) {
      const state = (plot) => ({ item: { id: item, title: item, year: null, ...texts(plot) }, utility: 0.5 });
      yield { type: 'done', trajectory: { anchor: state(item === 'item-c' ? 'Another one.' : 'The same.'), outcome: state(`Edited ${item}.`), kept: false, seed } };
    },
  };
  const made = [];
  await makePairs({ model, users, settings: { count: 3, seed: 5 }, onPair: (one) => made.push(one), onKept() {}, onProgress() {} });
  assert.deepEqual(made.map(({ original }) => original.plot).toSorted(), ['Another one.', 'The same.']);
  const saved = [pair('u'), { ...pair('v'), item: 'rust', original: texts('Rust.') }, { ...pair('w'), item: 'soap' }, { ...pair('x'), original: texts('New.') }];
  assert.deepEqual(withoutRepeats(saved).map(({ user }) => user), ['u', 'v']);
});

test('lists of reasons are equally long on both sides, and what an edit brought stays', () => {
  assert.deepEqual(equallyLong(['a', 'b', 'c'], ['a', 'b', 'c', 'new']), [['a', 'b', 'c'], ['b', 'c', 'new']]);
  assert.deepEqual(equallyLong(['x', 'x', 'y'], ['x', 'y']), [['x', 'y'], ['x', 'y']]);
  assert.deepEqual(equallyLong(['p', 'q', 'r'], ['s']), [['p'], ['s']]);
  assert.deepEqual(equallyLong([], ['s']), [[], []]);
});

test('a few answers that agree are no evidence, and several people who rated a pair are one voice about it', () => {
  const voice = (id, isFor) => ({ id, isEditedFirst: true, answers: [isFor ? 0 : 1, ...noAnswers().slice(1)] });
  const result = (...votes) => ({ pairs: votes.map((isFor, at) => voice(`p${at}`, isFor)) });
  assert.deepEqual(signsOf([result(true, true, false), result(true, false, false)], 'userUtility'), { pairs: 3, more: 1, less: 1 });
  assert.deepEqual(signsOf([result(true, true)], 'ratingGain'), { pairs: 0, more: 0, less: 0 });
  const chance = (more, less) => Number(signTest({ more, less }).toFixed(4));
  assert.deepEqual([chance(5, 0), chance(6, 0), chance(6, 1), chance(1, 6), chance(3, 3), chance(0, 0)], [0.0625, 0.0313, 0.125, 0.125, 1, 1]);
});

test('each side has half of the edited texts, and the order is drawn', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const left = drawSides(7, seed).filter(Boolean).length;
    assert.ok(left === 3 || left === 4);
  }
  assert.ok(new Set(Array.from({ length: 50 }, (_, seed) => drawSides(6, seed).join())).size > 10);
});

test('runs that kept the original are counted and replaced', async () => {
  const users = ['a', 'b', 'c', 'd'].map((id) => ({ id, likes: [], ratings: 1, low: [`salt of ${id}`] }));
  const seen = [];
  const model = {
    async* steer({ user, item, seed }) {
      seen.push(seed);
      const state = (plot) => ({ item: { id: item, title: 'Salt', year: null, ...texts(plot) }, utility: 0.5 });
      yield { type: 'done', trajectory: { anchor: state(`old ${item}`), outcome: state('new'), kept: seen.length === 1, seed } };
    },
  };
  const made = [];
  let kept = 0;
  await makePairs({ model, users, settings: { count: 2, seed: 40 }, onPair: (one) => made.push(one), onKept: () => { kept += 1; }, onProgress() {} });
  assert.deepEqual([made.length, kept, seen], [2, 1, [40, 41, 42]]);
});

test('answers are the ballot of the side that was seen; the other one stays open', () => {
  const rating = started('u', 'v');
  rating.pairs[0].isEditedFirst = true;
  rating.pairs[1].isEditedFirst = false;
  rating.answers = [noAnswers().fill(0), noAnswers().fill(1)];
  assert.deepEqual(opinionsOf(exported(rating)), [
    { originalFirst: noAnswers(), editedFirst: rating.answers[0] },
    { originalFirst: rating.answers[1], editedFirst: noAnswers() },
  ]);
});

test('what is exported can be read again, without the texts; the pairs have them, without answers', () => {
  const rating = started('u', '=v"');
  rating.answers[0][0] = 1;
  const result = exported(rating);
  assert.deepEqual(imported(JSON.stringify(result), 'a.json').pairs, result.pairs);
  assert.ok(!JSON.stringify(result).includes('A weigher counts'));
  const pairs = exportedPairs(rating);
  assert.deepEqual(imported(JSON.stringify(pairs), 'p.json').pairs, [pair('u'), pair('=v"')]);
  assert.ok(!JSON.stringify(pairs).includes('isEditedFirst'));
  const [header, first, second, end] = exportedCsv([result]).split('\r\n');
  assert.equal(header.split(',').length, 25);
  assert.equal(first.split(',')[14], 'B');
  assert.ok(second.includes('"\'=v"""'), 'no formula, and quotes are doubled');
  assert.equal(end, '');
});

test('files that are no results are refused with what is wrong', () => {
  const result = exported(started('u'));
  const broken = (change) => () => imported(JSON.stringify({ ...result, ...change }), 'a.json');
  const brokenPair = (change) => broken({ pairs: [{ ...result.pairs[0], ...change }] });
  assert.throws(() => imported('nonsense', 'a.json'), /a\.json: this is no file of ratings/);
  assert.throws(() => imported('null', 'a.json'), /no file of ratings/);
  assert.throws(broken({ version: 2 }), /another version/);
  assert.throws(broken({ pairs: [] }), /no pairs/);
  assert.throws(broken({ pairs: [null] }), /pair 1: it is no pair/);
  assert.throws(broken({ pairs: [result.pairs[0], result.pairs[0]] }), /twice/);
  assert.throws(brokenPair({ answers: [1] }), /pair 1: it has not 11 answers/);
  for (const bad of [2, -1, 0.5, '1', {}]) assert.throws(brokenPair({ answers: [...noAnswers().slice(1), bad] }), /question 11 is not among its choices/);
  assert.throws(brokenPair({ isEditedFirst: 'yes' }), /which side was which/);
  assert.throws(() => imported(JSON.stringify({ ...exportedPairs(started('u')), pairs: [{ ...pair('u'), edited: { plot: 5 } }] }), 'p.json'), /its texts are missing/);
});

test('a file that somebody tampered with is refused or is sound, whatever was done to it', () => {
  const random = seeded(5);
  const whole = JSON.stringify(exported(started('u', 'v')));
  const letters = '{}[]",:01nulltrue';
  for (let round = 0; round < 2000; round += 1) {
    const at = Math.floor(random() * whole.length);
    const text = whole.slice(0, at) + letters[Math.floor(random() * letters.length)] + whole.slice(at + Math.floor(random() * 3));
    let read = null;
    try {
      read = imported(text, 'a.json');
    } catch (error) {
      assert.equal(error.code, 'file', text);
    }
    for (const { originalFirst, editedFirst } of read ? opinionsOf(read) : []) assert.ok(originalFirst.length === 11 && editedFirst.length === 11);
  }
});

test('agreement is Krippendorff’s α, as in his own example', () => {
  const [one, other] = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]];
  const { pairs, equal, alpha } = agreement(one.map((vote, at) => [vote === 1, other[at] === 1]));
  assert.deepEqual([pairs, equal.toFixed(2), alpha.toFixed(3)], [10, '0.60', '0.095']);
  assert.equal(agreement([[true, true], [false, false, false]]).alpha, 1);
  assert.ok(Number.isNaN(agreement([[true, true]]).alpha));
});

test('two people agree when they prefer the same text, whichever side it was on', () => {
  const result = (isEditedFirst, choice) => ({ pairs: [{ id: 'p', isEditedFirst, answers: noAnswers().fill(choice, 0, 1) }] });
  assert.equal(agreementOf([result(true, 0), result(false, 1)]).user.equal, 1);
  assert.equal(agreementOf([result(true, 0), result(true, 1)]).user.equal, 0);
  assert.equal(agreementOf([result(true, 0)]).user.pairs, 0);
});

test('fingerprints are FNV-1a of 64 bits', () => {
  assert.deepEqual([fingerprint(''), fingerprint('a'), fingerprint('foobar')], ['cbf29ce484222325', 'af63dc4c8601ec8c', '85944171f73967e8']);
});

let page;
let element;
let saved;
let complaints;
let foreign;
let close;

before(async () => { ({ page, element, saved, complaints, foreign, close } = await openRealPage({ panel: 'rate' })); });
after(() => close());

const press = async (keys) => { for (const key of keys) await page.keyboard.press(key); };

test('making pairs can be cancelled, and made anew', { timeout }, async () => {
  await element('rate-run').click();
  await element('rate-status').filter({ hasText: /pair 1 of 6/ }).waitFor({ timeout });
  await element('rate-run').click();
  await element('rate-status').filter({ hasText: 'Cancelled.' }).waitFor({ timeout });
  assert.equal(await element('error').isVisible(), false);
});

test('a pair is shown blind: nothing tells the edited text from the original', { timeout }, async () => {
  await element('rate-count').fill('2');
  await element('rate-horizon').fill('1');
  await element('rate-name').fill('Ada');
  await element('rate-run').click();
  await element('rate-form').waitFor({ timeout });
  const reasons = await Promise.all(['a', 'b'].map((side) => element(`rate-text-${side}`).locator('ul').evaluateAll((lists) => lists.map(({ children }) => children.length))));
  assert.deepEqual(reasons[0], reasons[1], 'as many reasons on either side');
  const looks = await Promise.all(['a', 'b'].map((side) => element(`rate-text-${side}`).evaluate((node) => [node.className, ...[...node.querySelectorAll('*')].map((inner) => inner.tagName + inner.className).filter((name, at, all) => all.indexOf(name) === at)])));
  assert.deepEqual(looks[0], looks[1]);
  const shown = await page.locator('#panel-rate').innerText();
  assert.doesNotMatch(shown, /edited|original/i);
  assert.match(await element('rate-profile').innerText(), /^The viewer: .* ratings?, /);
  assert.equal(await page.locator('#map').isVisible(), false, 'the map would tell too much');
});

test('keys answer, and answers outlive going back and a reload of the page', { timeout }, async () => {
  await press(['2', 'a', '4', '5', '3', 'y', 'n', 'b', '1', '2']);
  await element('rate-progress').filter({ hasText: '10 of 11 answered' }).waitFor();
  await press(['1', 'Enter']);
  await element('rate-progress').filter({ hasText: 'Pair 2 of 2: 0 of 11' }).waitFor();
  await element('answer-1-A').check();
  await element('rate-back').click();
  assert.ok(await element('answer-1-B').isChecked());
  assert.ok(await element('answer-4-5').isChecked());
  await page.reload();
  await element('tab-rate').click({ timeout });
  await element('rate-progress').filter({ hasText: 'Pair 1 of 2: 11 of 11' }).waitFor();
  await element('rate-next').click();
  assert.ok(await element('answer-1-A').isChecked());
});

test('at the end the answers are summed up, the sides revealed, and both can be saved', { timeout }, async () => {
  await element('rate-next').click();
  await element('rate-report').waitFor();
  const result = JSON.parse(await saved('save-ratings'));
  assert.deepEqual([result.rater, result.pairs.length, result.pairs[0].answers], ['Ada', 2, [1, 0, 3, 4, 2, 0, 1, 1, 0, 1, 0]]);
  const favour = result.pairs.filter(({ isEditedFirst, answers }) => answers[0] === (isEditedFirst ? 0 : 1)).length;
  assert.match(await element('rate-report').innerText(), new RegExp(`prefer the edited text\\s+${favour * 50}\u202f%`));
  assert.doesNotMatch(await element('rate-report').innerText(), /leaves out|lies within/, 'two pairs are no evidence of anything');
  assert.match(await element('rate-report').innerText(), /too few to tell/);
  assert.equal(await element('rate-report').locator('svg').count(), 0);
  assert.match(await element('rate-reveal').innerText(), new RegExp(`Pair 1: ${result.pairs[0].isEditedFirst ? 'A' : 'B'} was edited`));
  assert.match(await saved('save-ratings-csv'), /question 11\r\n.*Ada/);
});

test('results of others are pooled, with how far people agree, and broken files are told', { timeout }, async () => {
  const result = JSON.parse(await saved('save-ratings'));
  const file = (name, content) => ({ name, mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(content)) });
  await element('rate-import').setInputFiles([file('bob.json', { ...result, session: 'other', rater: 'Bob' }), file('again.json', result)]);
  await element('rate-report').filter({ hasText: '4 pairs, rated by 2 people' }).waitFor();
  assert.match(await element('rate-agreement').innerText(), /100\u202f% equal answers on 2 pairs/);
  await element('rate-import').setInputFiles([file('bad.json', { ...result, session: 'third', pairs: [{ ...result.pairs[0], answers: [9] }] })]);
  await element('error').filter({ hasText: 'bad.json: pair 1: it has not 11 answers' }).waitFor();
});

test('pairs that somebody saved can be rated by another person', { timeout }, async () => {
  const pairs = await saved('save-pairs');
  await element('rate-over').locator('visible=true').click();
  await element('rate-over').filter({ hasText: 'Press again' }).click();
  await element('rate-open-pairs').setInputFiles({ name: 'pairs.json', mimeType: 'application/json', buffer: Buffer.from(pairs) });
  await element('rate-progress').filter({ hasText: 'Pair 1 of 2: 0 of 11' }).waitFor();
});

test('a phone shows it without scrolling sideways, and nothing was complained about or left the page', { timeout }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await sidewaysScroll(page), 0);
  assert.deepEqual(complaints, []);
  assert.deepEqual(foreign, []);
});
