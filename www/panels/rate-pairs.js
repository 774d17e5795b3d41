/** Pairs for people to judge: what somebody rated low, and what steering made of it. */

import { inTurn } from '../turns.js';

/** A small seeded generator (mulberry32): the same seed draws the same pairs everywhere. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled(values, random) {
  const copy = [...values];
  for (let at = copy.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [copy[at], copy[other]] = [copy[other], copy[at]];
  }
  return copy;
}

/** What others wait for while pairs are made. */
export const pairsName = 'the pairs in Rate';

/**
 * Whom to steer for, and from what: random people, each with something they rated low, or several things of one person. Nothing is
 * drawn twice: whoever saw an item in two pairs would know which text of it was the original.
 */
export function drawStarts(users, { viewer, seed }) {
  const random = seeded(seed);
  if (viewer) {
    const user = users.find(({ id }) => id === viewer);
    return [...new Set(shuffled(user?.low ?? [], random))].map((item) => ({ user, item }));
  }
  const drawn = new Set();
  const starts = [];
  for (const user of shuffled(users, random)) {
    const free = user.low.filter((item) => !drawn.has(item));
    if (free.length === 0) continue;
    const item = free[Math.floor(random() * free.length)];
    drawn.add(item);
    starts.push({ user, item });
  }
  return starts;
}

/** Pairs of which no item, and no original under another name, is in two; the first of each stays. */
export function withoutRepeats(pairs) {
  const seen = new Set();
  return pairs.filter(({ item, original }) => {
    const names = [`item ${item}`, `text ${original.plot}`];
    const isNew = names.every((name) => !seen.has(name));
    for (const name of names) seen.add(name);
    return isNew;
  });
}

/**
 * As many reasons on either side, or the longer list would tell which text was edited. Of the longer one those go first that the
 * other has, too: what an edit brought stays.
 */
export function equallyLong(one, other) {
  const length = Math.min(one.length, other.length);
  const shortened = (list, beside) => {
    const places = list.map((_, at) => at);
    const order = new Set([...places.filter((at) => beside.includes(list[at])), ...places.toReversed()]);
    const surplus = new Set([...order].slice(0, list.length - length));
    return list.filter((_, at) => !surplus.has(at));
  };
  return [shortened(one, other), shortened(other, one)];
}

/** Half of the pairs with the edited text on the left, in random order: no side is the better one by design. */
export function drawSides(count, seed) {
  const random = seeded(seed);
  const extra = random() < 0.5 ? 0 : 1;
  return shuffled(Array.from({ length: count }, (_, at) => (at + extra) % 2 === 0), random);
}

/**
 * Steers until there are `count` pairs. `onPair` gets each as it is made, and `onKept` is told of every run that kept the
 * original: there is nothing to compare, so another start takes its place. `onWait` is told what goes first.
 */
export async function makePairs({ model, users, settings, signal, onPair, onKept, onProgress, onWait }) {
  const { count, policy, horizon, candidates, seed } = settings;
  const pairs = [];
  for (const [run, { user, item }] of drawStarts(users, settings).entries()) {
    if (pairs.length === count) break;
    const options = { user: user.id, item, policy, horizon, candidates, seed: seed + run };
    const steered = () => lastOf(model.steer({ ...options, signal, onProgress: (progress) => onProgress(pairs.length, progress) }));
    const trajectory = await inTurn(model, { name: pairsName, signal, onWait }, steered);
    // A run that is stopped ends without an error, and without a trajectory.
    if (signal?.aborted) return;
    if (isUnchanged(trajectory)) {
      onKept();
      continue;
    }
    const pair = pairOf(user, trajectory);
    // The same text under another id.
    if (withoutRepeats([...pairs, pair]).length === pairs.length) continue;
    pairs.push(pair);
    onPair(pair);
  }
}

async function lastOf(events) {
  let trajectory = null;
  for await (const event of events) if (event.type === 'done') ({ trajectory } = event);
  return trajectory;
}

const isUnchanged = ({ kept, anchor, outcome }) => kept || anchor.item.plot === outcome.item.plot;

function pairOf(user, { anchor, outcome, seed }) {
  const [original, edited] = [anchor.item, outcome.item].map(({ plot, likes, dislikes }) => ({ plot, likes, dislikes }));
  const { id: item, title, year } = anchor.item;
  return {
    id: fingerprint([user.id, item, original.plot, edited.plot].join('\n')),
    user: user.id, likes: user.likes, ratings: user.ratings, item, title, year, seed, original, edited,
    utilities: [anchor.utility, outcome.utility],
  };
}

/** FNV-1a of 64 bits over UTF-8, in hexadecimal: tells texts apart, and hides nothing. */
export function fingerprint(text) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
