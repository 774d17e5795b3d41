// One steering episode in the terminal, through the npm package, told for somebody who sees it for the first time; then the
// page on localhost.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

import { create } from '../pkg/dist/index.js';
import { serve } from '../www/serve.mjs';
import { lesson, opening, stepOf } from './story.mjs';
import { painter, plain } from './terminal.mjs';

/**
 * The run that is shown where nobody wishes for another: of the embedded films and their raters, one whose three edits suit
 * each other, read and chosen by hand.
 */
const SHOWN = { user: 'viewer-021', item: 'the-lamp-at-svinoy', seed: 1 };

const options = wishes({
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    data: { type: 'string' },
    user: { type: 'string' },
    item: { type: 'string' },
    policy: { type: 'string', default: 'greedy' },
    horizon: { type: 'string', default: '3' },
    seed: { type: 'string' },
    port: { type: 'string', default: '8080' },
  },
});
/** Milliseconds between two lines of progress where there is no terminal. */
const BETWEEN_LINES = 10_000;
const models = process.env.AQUILINE_MODELS ?? join(homedir(), '.cache/aquiline/models');
/** Of the fit as well, and the package brings a fit for seed 0. */
const seed = options.seed === undefined ? 0 : wholeNumber('seed');
const horizon = wholeNumber('horizon');
const paint = painter(process.stdout);

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
  const aquiline = await create({
    catalog: options.data ? await movielens(options.data) : 'embedded',
    // By name: it edits films, and here everything is one.
    llm: 'simulator',
    seed,
    models: pathToFileURL(`${models}/`),
    signal: stop.signal,
    onProgress: showProgress,
  });
  clearLine();
  try {
    const { info } = aquiline;
    const request = { seed, ...choose(info), policy: options.policy, horizon, signal: stop.signal, onProgress: showProgress };
    let before;
    let last;
    for await (const event of aquiline.steer(request)) {
      clearLine();
      if (event.type === 'done') last = event.trajectory;
      else if (!options.json) tell(event.type === 'anchor' ? opening(event, info, paint) : stepOf(event.step, before, paint));
      before = (event.state ?? event.step?.state) ?? before;
    }
    if (options.json) console.log(JSON.stringify({ info: summary(info), trajectory: last }));
    else tell(lesson(last, info, { isOwn: options.data !== undefined, once: options.once }, paint));
  } finally {
    await aquiline.dispose();
  }
}

function tell(lines) {
  console.log(`${lines.join('\n')}\n`);
}

/** Without a wish: the run to show, or of other people's data the first user with an item they rated low. */
function choose(info) {
  const { user, item, seed } = options;
  if (!options.data && [user, item, seed].every((wish) => wish === undefined)) return SHOWN;
  const whom = user ?? (options.data ? info.users[0].id : SHOWN.user);
  const low = info.users.find(({ id }) => id === whom)?.low?.[0];
  return { user: whom, item: item ?? low ?? info.items[0].id };
}

async function movielens(folder) {
  const read = async (name) => {
    const plain = join(folder, name);
    if (existsSync(plain)) return new Uint8Array(await readFile(plain));
    if (existsSync(`${plain}.gz`)) return new Uint8Array(gunzipSync(await readFile(`${plain}.gz`)));
    return fail(`${folder} has neither ${name} nor ${name}.gz`);
  };
  return { movies: await read('movies.csv'), ratings: await read('ratings.csv') };
}

function summary({ items, users, ...rest }) {
  return { ...rest, items: items.length, users: users.length };
}

/** A wish that there is not is an error like any other. */
function wishes(known) {
  try {
    return parseArgs(known).values;
  } catch (error) {
    return fail(error.message);
  }
}

function wholeNumber(name) {
  const number = Number(options[name]);
  if (options[name].trim() !== '' && Number.isSafeInteger(number) && number >= 0) return number;
  return fail(`--${name} must be a whole number from 0, not ${options[name]}`);
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
  console.log(`The page: http://localhost:${server.address().port}/   (Ctrl-C ends)`);
  process.once('SIGINT', () => server.close(() => process.exit(0)));
}

function fail(message) {
  console.error(`error: ${message.split('\n').map(plain).join('\n')}`);
  process.exit(1);
}
