// What the blocks of the documents find around them when `snippets.mjs` runs them: the real package over fewer films, with
// smaller runs, model files from this machine, and a language model that answers what every form asks for.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import * as real from '../pkg/dist/index.js';

const MODELS = process.env.AQUILINE_MODELS ?? join(homedir(), '.cache/aquiline/models');
const FILMS = 12;
const lines = (await readFile(new URL('../pkg/dist/catalog.jsonl', import.meta.url), 'utf8')).split('\n').slice(0, FILMS);
const items = lines.map((line) => JSON.parse(line));
const ratings = items.flatMap(({ id }, at) =>
  [0, 1, 2].map((user) => ({ user: `u${user}`, item: id, value: 1 + ((3 * user + at) % 9) / 2 })),
);

/** Most of what a block asks for that is given to it; the block itself may ask for hours. */
const MOST = {
  steer: { horizon: 1, candidates: 4, subset: 2 },
  design: { candidates: 4, subset: 2 },
  search: { depth: 1, candidates: 4, shortlist: 2, budget: 4 },
  evaluate: { horizon: 1, candidates: 4, count: 2, budget: 6 },
  train: { horizon: 1, candidates: 4, updates: 1, episodes: 2, referenceEpisodes: 2, referenceHorizon: 1, referenceEpochs: 2 },
};

const created = [];
let shared;

export async function create(options = {}) {
  const assets = { catalog: new TextEncoder().encode(lines.join('\n')), ...options.assets };
  const aquiline = await real.create({ models: MODELS, ...options, assets });
  created.push(aquiline);
  return shortened(aquiline);
}

/** Sets the names that a block uses without saying where they come from. */
export async function prepare(code) {
  if (/\baquiline\b/.test(code) && !shared) {
    shared = await create();
    created.pop();
  }
  await shared?.useModel();
  Object.assign(globalThis, {
    create,
    aquiline: shared,
    user: 'viewer-001',
    item: items[0].id,
    items,
    ratings,
    original: items[0],
    edited: { ...items[0], plot: items[1].plot },
    baseUrl: 'http://localhost:11434/v1',
    model: 'qwen3:8b',
    askMyModel: async (messages) => answerTo(messages),
    fetch: answerInPlaceOfTheNetwork,
  });
}

/** Ends what a block left open. */
export async function tidyUp() {
  for (const aquiline of created.splice(0)) await aquiline.dispose();
}

function shortened(aquiline) {
  return new Proxy(aquiline, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== 'function') return value;
      const most = MOST[name];
      return (...words) => value.apply(target, most ? [atMost(words[0], most), ...words.slice(1)] : words);
    },
  });
}

function atMost(options = {}, most) {
  const sizes = Object.entries(most).map(([name, limit]) => [name, Math.min(options[name] ?? limit, limit)]);
  return { ...options, ...Object.fromEntries(sizes) };
}

async function answerInPlaceOfTheNetwork(address, options) {
  const request = new Request(address, options);
  if (!request.url.endsWith('/chat/completions')) throw new TypeError(`${request.url}: there is no network here`);
  const { messages, stream } = await request.json();
  const content = answerTo(messages);
  const end = { finish_reason: 'stop', index: 0 };
  if (!stream) return Response.json({ choices: [{ ...end, message: { role: 'assistant', content } }] });
  const piece = JSON.stringify({ choices: [{ ...end, delta: { content } }] });
  return new Response(`data: ${piece}\n\ndata: [DONE]\n\n`, { headers: { 'Content-Type': 'text/event-stream' } });
}

/** In the form that the question ends with. */
function answerTo(messages) {
  const asked = messages.at(-1).content;
  if (/^11\. Which one/m.test(asked)) return `${'BB443yesyesBnoyesB'.match(/yes|no|./g).map((answer, at) => `${at + 1}: ${answer}`).join('\n')}\nEND`;
  if (/^Overall:/m.test(asked)) return `${asked.match(/^(Overall|Genre|Direction|Aesthetic|Other): .*$/gm).join('\n')}\nEND`;
  if (/^PLOT:/m.test(asked)) return 'PLOT: A lighthouse keeper repairs kites.\nLIKES:\n- the kites\nDISLIKES:\n- it is slow\nEND';
  return `${['Plot', 'Character', 'Visual', 'Theme', 'Audience'].map((kind, at) => `${kind}:\n${at + 1}. Let a storm take ${at + 2} kites.`).join('\n')}\nEND`;
}
