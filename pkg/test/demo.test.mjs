// The demo's story in a terminal: what it prints of other people's texts, and what it says of what happened.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { lesson, opening, stepOf } from '../../scripts/story.mjs';
import { changes, painter, plain, wrap } from '../../scripts/terminal.mjs';

const bare = painter({ isTTY: false }, {});
const item = (plot, title = 'Kites') => ({ id: 'kites', title, year: 1999, genres: ['Drama'], plot, likes: [], dislikes: [] });
const state = (plot, utility, uncertainty) => ({ item: item(plot), utility, ...(uncertainty && { uncertainty }), truncated: false });
const INFO = {
  items: [], users: [{ id: 'ann', likes: ['Drama'] }], encoder: 'e', device: 'cpu', itemsTruncated: 0,
  verdict: { level: 'some', text: 'Texts tell something here.' }, skill: { misplacement: { unknown: 'all ratings are equal' } },
};
const RUN = {
  anchor: state('One. Two.', 0.8, 0.07), outcome: state('One. Three.', 1.1, 0.07), outcomeStep: 1, kept: false,
  steps: [{}], ended: 'horizon', environmentCalls: 20, failedRewrites: 0,
};
const told = (change = {}, info = INFO) => lesson({ ...RUN, ...change }, info, { isOwn: false, once: true }, bare).join('\n').replace(/\n\s+/g, ' ');

test('a terminal obeys nothing in a text, and every letter of it stays', () => {
  const cases = [
    ['\x1b[31mred\x1b[0m', 'red'],
    ['\x1b]0;a title\x07shown', 'shown'],
    ['\x1b]52;c;cGFzdGU=\x1b\\shown', 'shown'],
    ['\x9b2Jgone', 'gone'],
    ['a\x1b]never ended', 'anever ended'],
    ['one\r\ntwo\u2028three\tfour', 'one two three four'],
    ['back\bspace and bell\x07', 'backspace and bell'],
    ['\u202eturned round\u202c', 'turned round'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['क्\u200dष', 'क्\u200dष'],
    ['👩\u200d👧', '👩\u200d👧'],
    ['Amélie — “naïve” 東京', 'Amélie — “naïve” 東京'],
  ];
  for (const [text, shown] of cases) assert.equal(plain(text), shown, JSON.stringify(text));
  for (let code = 0; code < 0xa0; code++) {
    const found = plain(`a${String.fromCharCode(code)}b`);
    assert.doesNotMatch(found, /[\x00-\x1f\x7f-\x9f]/, `${code}`);
  }
});

test('lines are wrapped, cleaned, and no wider than asked', () => {
  const lines = wrap(`\x1b[1m${'word '.repeat(60)}`, { width: 40, prefix: '      ', first: '    + ' }).split('\n');
  assert.ok(lines.length > 5 && lines.every((line) => line.length <= 40));
  assert.match(lines[0], /^ {4}\+ word/);
});

test('colours are used in a terminal that has them, and nowhere else', () => {
  const [tty, pipe] = [{ isTTY: true }, { isTTY: false }];
  assert.equal(painter(tty, {}).bold('x'), '\x1b[1mx\x1b[0m');
  for (const [stream, environment] of [[pipe, {}], [tty, { NO_COLOR: '1' }], [tty, { TERM: 'dumb' }]]) {
    assert.equal(painter(stream, environment).added('x'), 'x');
  }
});

test('an edit is told with the sentences that it brought and took away', () => {
  assert.deepEqual(changes('One. Two. Three.', 'One. Four! Three.'), { added: ['Four!'], removed: ['Two.'] });
  const step = { index: 1, action: { text: 'Let a storm\x1b[2J come.' }, state: state('One. A storm comes.', 1.1, 0.07) };
  const lines = stepOf(step, state('One. Two.', 0.8, 0.07), bare).join('\n');
  assert.equal(lines, 'Edit 2  Let a storm come.\n    - Two.\n    + A storm comes.\n    U 0.800 → 1.100 ± 0.070');
  assert.match(stepOf({ ...step, state: state('One. Two.', 0.8) }, state('One. Two.', 0.8), bare).join('\n'), /the text is as it was/);
});

test('the opening names the person, the item and what may be expected, and obeys neither', () => {
  const anchor = { ...state('One.', 0.8, 0.07), item: item('One.', 'Kites\x1b]0;x\x07') };
  const lines = opening({ state: anchor, user: 'ann' }, INFO, bare).join('\n');
  assert.match(lines, /For ann, who likes Drama/);
  assert.match(lines, /^Kites \(1999\): Drama$/m);
  assert.match(lines, /Texts tell something here\./);
  assert.doesNotMatch(lines, /\x1b/);
});

test('the end says what U and ± mean, which text it is, who wrote it, and what comes next, in at most five lines', () => {
  const lines = lesson(RUN, INFO, { isOwn: false, once: true }, bare);
  assert.equal(lines.filter((line) => line.startsWith('  - ')).length, 5);
  for (const words of [/U is how much/, /one standard deviation/, /best text on the way/, /simulator wrote/, /Next:/]) assert.match(told(), words);
});

test('a gain within its ± is no gain, and a ± that is not known is no number', () => {
  assert.match(told(), /The gain is 0\.300, larger than its ±, 0\.070\./);
  assert.match(told({ outcome: state('One.', 0.85, 0.07) }), /The gain is 0\.050, within its ±/);
  assert.match(told({ outcome: state('One.', 1.1, 0.0001) }), /U 1\.100 ± < 0\.001/);
  const unknown = told({ outcome: state('One.', 1.1) });
  assert.match(unknown, /U 1\.100 ± unknown/);
  assert.match(unknown, /unknown here: all ratings are equal/);
});

test('how a run ended is told as it was', () => {
  assert.match(told({ outcomeStep: 1, steps: [{}, {}] }), /not the last one: that of edit 1/);
  assert.match(told({ kept: true, outcomeStep: 0, outcome: RUN.anchor, ended: 'no-gain' }), /Nothing was better than the original.*ended early: no further edit/);
  assert.match(told({ failedRewrites: 3 }), /20 rewrites, of which 3 came to nothing/);
  for (const ended of ['no-gain', 'no-edit', 'no-rewrite', 'budget']) assert.match(told({ ended }), /ended early: /);
  assert.doesNotMatch(told(), /ended early/);
});

const DEMO = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url));
const demo = (...words) => promisify(execFile)(process.execPath, [DEMO, '--once', ...words], { timeout: 120_000 });

test('the run that is shown has three edits that suit each other: all gain, and all are in the text that is returned', async () => {
  const { trajectory } = JSON.parse((await demo('--json')).stdout);
  const { anchor, steps, outcome, outcomeStep, failedRewrites } = trajectory;
  assert.deepEqual([steps.length, outcomeStep, failedRewrites], [3, 3, 0]);
  const worths = [anchor, ...steps.map(({ state }) => state)].map(({ utility }) => utility);
  for (const [at, worth] of worths.slice(1).entries()) assert.ok(worth > worths[at], `${worths}`);
  assert.ok(outcome.utility - anchor.utility > outcome.uncertainty, 'the gain is larger than its ±');
  assert.equal(changes(anchor.item.plot, outcome.item.plot).added.length, 3, outcome.item.plot);
});

test('it is told without colours where nobody sees them, and wishes that cannot be are refused', async () => {
  const { stdout } = await demo();
  assert.match(stdout, /^Edit 3 /m);
  assert.match(stdout, /^What to notice$/m);
  assert.doesNotMatch(stdout, /\x1b/);
  for (const words of [['--horizon', 'x'], ['--seed=-1'], ['--user', 'nobody'], ['--horizn', '3']]) {
    await assert.rejects(demo(...words), ({ code, stderr }) => code === 1 && /^error: /.test(stderr));
  }
});
