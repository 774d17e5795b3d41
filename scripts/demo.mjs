// One steering episode in the terminal, through the npm package; then the page on localhost.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

import { create } from '../pkg/dist/index.js';
import { serve } from '../www/serve.mjs';

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    data: { type: 'string' },
    user: { type: 'string' },
    item: { type: 'string' },
    policy: { type: 'string', default: 'greedy' },
    seed: { type: 'string', default: '0' },
    port: { type: 'string', default: '8080' },
  },
});
/** Milliseconds between two lines of progress where there is no terminal. */
const BETWEEN_LINES = 10_000;
const models = process.env.AQUILINE_MODELS;
const seed = Number(options.seed);
if (!Number.isSafeInteger(seed) || seed < 0) fail(`--seed must be a whole number from 0, not ${options.seed}`);

showProgress.last = Date.now();
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
try {
  await episode();
} catch (error) {
  if (stop.signal.aborted) process.exit(130);
  fail(error.hint ? `${error.message}\n${error.hint}` : error.message);
}
if (!options.once) await servePage();

async function episode() {
  const catalog = options.data ? await movielens(options.data) : 'embedded';
  const aquiline = await create({
    catalog,
    seed,
    models: pathToFileURL(`${models}/`),
    signal: stop.signal,
    onProgress: showProgress,
  });
  clearLine();
  try {
    const { user, item } = choose(aquiline.info);
    const events = [];
    for await (const event of aquiline.steer({ user, item, policy: options.policy, seed, signal: stop.signal, onProgress: showProgress })) {
      clearLine();
      if (options.json) events.push(event);
      else show(event, aquiline.info);
    }
    if (options.json) console.log(JSON.stringify({ info: summary(aquiline.info), trajectory: events.at(-1).trajectory }));
  } finally {
    await aquiline.dispose();
  }
}

/** Without a wish: the first user with an item they rated low, so that there is something to do. */
function choose(info) {
  const user = options.user ?? info.users[0].id;
  const found = info.users.find(({ id }) => id === user);
  return { user, item: options.item ?? found?.low?.[0] ?? info.items[0].id };
}

async function movielens(folder) {
  const read = async (name) => {
    const plain = join(folder, name);
    if (existsSync(plain)) return new Uint8Array(await readFile(plain));
    if (existsSync(`${plain}.gz`)) return new Uint8Array(gunzipSync(await readFile(`${plain}.gz`)));
    fail(`${folder} has neither ${name} nor ${name}.gz`);
  };
  return { movies: await read('movies.csv'), ratings: await read('ratings.csv') };
}

function show(event, info) {
  if (event.type === 'anchor') {
    const { skill } = info;
    console.log(`\n${info.items.length} items, ${info.users.length} users; encoder ${info.encoder} on the ${info.device} (${info.reason})`);
    console.log(
      `Text predicts held-out items: error ${skill.rmseRatio.toFixed(3)} × that of user means, rank correlation ` +
        `${skill.rankCorrelation.toFixed(2)}, ${Math.round(100 * skill.coverage)} % of ratings within one predicted deviation.`,
    );
    if (info.itemsTruncated) console.log(`${info.itemsTruncated} texts are longer than the encoder reads; their ends do not count.`);
    console.log('The environment is a simulator: hand-written phrases, no language model.\n');
    console.log(`Steering for ${event.user}, from ${heading(event.state.item)}`);
    console.log(`U = ${worth(event.state)}\n${wrap(event.state.item.plot)}\n`);
  }
  if (event.type === 'step') {
    const { step } = event;
    const before = show.utility;
    console.log(`Step ${step.index + 1}  [${step.action.category}, ${step.action.origin}]  ${step.action.text}`);
    console.log(wrap(step.state.item.plot));
    console.log(
      `U ${before.toFixed(3)} → ${worth(step.state)}   distance ${step.state.distance.toFixed(2)}   ${Math.round(step.milliseconds)} ms\n`,
    );
  }
  if (event.type === 'done') {
    const { anchor, outcome, kept, environmentCalls } = event.trajectory;
    const gain = outcome.utility - anchor.utility;
    const verdict = kept ? 'No text was better than the original, so the original is returned.' : `U rose by ${gain.toFixed(3)}.`;
    console.log(`${verdict}  ${environmentCalls} rewrites by the simulator.`);
  }
  if (event.type !== 'done') show.utility = (event.state ?? event.step.state).utility;
}

function heading({ title, year, genres }) {
  return `${title}${year ? ` (${year})` : ''} — ${genres.join(', ')}`;
}

function worth({ utility, uncertainty, truncated }) {
  const unread = truncated ? '   (the text is longer than the encoder reads; its end does not count)' : '';
  return `${utility.toFixed(3)} ± ${uncertainty.toFixed(3)}${unread}`;
}

function wrap(text, width = 96) {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1).length + word.length > width) lines.push('');
    lines[lines.length - 1] += `${lines.at(-1) ? ' ' : ''}${word}`;
  }
  return lines.map((line) => `    ${line}`).join('\n');
}

function summary({ items, users, ...rest }) {
  return { ...rest, items: items.length, users: users.length };
}

function showProgress({ type, done, total, unit }) {
  const line = `${type} ${done}${total ? ` of ${total}` : ''} ${unit}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (Date.now() - showProgress.last >= BETWEEN_LINES) {
    // A log cannot be written over: a line now and then.
    process.stderr.write(`${line}\n`);
    showProgress.last = Date.now();
  }
}

function clearLine() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

async function servePage() {
  const here = (path) => new URL(path, import.meta.url).pathname;
  const server = serve({ port: Number(options.port), models, pkg: here('../pkg/dist'), www: here('../www') });
  await once(server, 'listening');
  console.log(`\nThe page: http://localhost:${server.address().port}/   (Ctrl-C ends)`);
  process.once('SIGINT', () => server.close(() => process.exit(0)));
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
