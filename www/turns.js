/**
 * The core does one thing at a time. Whoever has long work for it gets in line here, hears what goes first, and begins when
 * that is over: the core itself does not say what a call waits for.
 */

/** Who is in line for each model, in the order in which they came; the first one is at work. */
const lines = new WeakMap();

/**
 * Runs `work()` when its turn comes, and gives what that gives. Others hear that they wait for `name`, such as "the training".
 * `onWait(words)` is told as long as there is somebody in front, and a `signal` that is aborted leaves the line.
 */
export async function inTurn(model, { name, signal, onWait = () => {} }, work) {
  const line = lineOf(model);
  const place = { name, onWait, begin: () => {} };
  line.push(place);
  try {
    if (line.length > 1) await turnOf(place, line, signal);
    return await work();
  } finally {
    line.splice(line.indexOf(place), 1);
    moveUp(line);
  }
}

function lineOf(model) {
  if (!lines.has(model)) lines.set(model, []);
  return lines.get(model);
}

function turnOf(place, line, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    place.begin = resolve;
    place.onWait(waitWords(line.slice(0, -1)));
  });
}

function moveUp(line) {
  line[0]?.begin();
  for (const [ahead, { onWait }] of line.entries()) if (ahead > 0) onWait(waitWords(line.slice(0, ahead)));
}

function waitWords(ahead) {
  const names = new Intl.ListFormat('en').format(new Set(ahead.map(({ name }) => name)));
  return `Waiting for ${names}: one thing is computed at a time. This begins when that is done or stopped.`;
}
