// How <aquiline-ideas> words a prediction: never more certain than it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findIdeas } from '../dist/ideas/find.js';
import { predictionOf } from '../dist/ideas/words.js';
import { fakeAquiline, RATINGS, FILMS } from './support/fake-aquiline.mjs';

const said = (rating, gain, uncertainty, highest = 5) => predictionOf({ rating, gain, uncertainty }, highest);

test('a gain beyond its uncertainty is told as one', () => {
  assert.equal(said(3.6, 0.6, 0.3), 'Predicted for you: 3.6 ± 0.3 of 5 stars, 0.6 more than the one that exists.');
  assert.equal(said(72, 12, 6, 100), 'Predicted for you: 72 ± 6 of 100, 12 more than the one that exists.');
});

test('a difference within its uncertainty is no gain', () => {
  for (const gain of [0.3, 0.2, 0.06]) assert.equal(said(3.6, gain, 0.3), 'Predicted for you: 3.6 ± 0.3 of 5 stars. What sets it apart from the one that exists is within its ±.');
  assert.match(said(3.6, -0.2, 0.3), /within its ±\. It is shown for being unlike what there is\.$/);
});

test('an idea that is rated no higher is shown for its novelty', () => {
  assert.match(said(3.6, -0.6, 0.3), /0\.6 less than the one that exists\. It is shown for being unlike/);
  assert.match(said(3.6, 0.01, 0.3), /as much as the one that exists\. It is shown for being unlike/);
});

test('what is not known is said in words, without a number', () => {
  const words = said(3.6, 0.6, { unknown: 'too few ratings could be held out' });
  assert.equal(words, 'Predicted for you: 3.6 of 5 stars, 0.6 more than the one that exists. How far this may be off is unknown: too few ratings could be held out.');
});

test('an uncertainty is never shown as 0', () => {
  for (const [uncertainty, highest] of [[0.0001, 5], [0.004, 5], [0.3, 100]]) {
    assert.match(said(3.6, 2, uncertainty, highest), /± less than [\d.]*1 /, `${uncertainty}`);
  }
});

/** What is found for a visitor by an object with these answers. */
async function found(options) {
  const search = { user: 'visitor', ratings: RATINGS, count: 10, highest: 5, steering: {}, signal: new AbortController().signal, onProgress: () => undefined };
  const ideas = [];
  for await (const idea of findIdeas(fakeAquiline(options), search)) ideas.push(idea);
  return ideas;
}

test('nothing is an idea that is not worth more than the original, whatever a run says of itself', async () => {
  assert.equal((await found({})).length, FILMS.length - 1, 'all but the favourite');
  for (const utility of [0.8, 0.5, NaN, undefined]) {
    const ideas = await found({ change: (run) => ({ ...run, kept: false, outcome: { ...run.outcome, utility } }) });
    assert.deepEqual(ideas, [], `${utility}`);
  }
});

test('an idea carries its uncertainty, or why there is none', async () => {
  const [idea] = await found({});
  assert.ok(Math.abs(idea.uncertainty - 0.3) < 1e-9);
  for (const uncertainty of [undefined, 0, NaN]) {
    const change = (run) => ({ ...run, outcome: { ...run.outcome, uncertainty } });
    const [unsure] = await found({ change, misplacement: { unknown: 'all ratings are equal' } });
    assert.deepEqual(unsure.uncertainty, { unknown: 'all ratings are equal' });
    const [unexplained] = await found({ change });
    assert.match(unexplained.uncertainty.unknown, /\w/);
  }
});
