/**
 * Which options every call takes, and what each must be: names and kinds are checked here, before anything is downloaded.
 * Ranges and defaults are the core's.
 */
import { amount, anything, bytes, call, callback, columns, data, fields, flag, isBytes, isObject, isSource, kind, list, malformed, numeral, oneOf, record, source, text, whole, wrong, type Check, type Table } from './check.js';
import type { Llm } from './llm/types.js';
import type * as Options from './types.js';

const signal = kind('an AbortSignal', (value) => {
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
});
const CALL: Table<Options.CallOptions> = { signal, onProgress: callback };
const SEEDED: Table<Options.CallOptions & { seed?: number }> = { ...CALL, seed: whole };

const policy = oneOf('uniform', 'optimistic', 'g-optimal', 'greedy', 'best-of-n', 'eagle', 'eagle-reference', 'foresight');
const space = oneOf('all', 'generic', 'combined');
const strategy = oneOf('greedy', 'beam', 'tree', 'best-of-n');
const manifold = oneOf('ball', 'graph', 'pull-back');

/** A user, or a group of them. */
const users: Check = (value, place) => {
  if (Array.isArray(value)) return list(text)(value, place);
  if (typeof value !== 'string') throw wrong(place, 'the id of a user, or a list of ids', value);
};

const ITEM: Table<Options.Item> = {
  ...{ id: text, title: text, plot: text, genres: list(text), likes: list(text), dislikes: list(text) },
  year: (value, place) => void (value === null || whole(value, place)),
};
const item = columns(ITEM, ['id']);
const RATING: Table<Options.Rating> = { user: text, item: text, value: numeral };
const finite = kind('a number', Number.isFinite);
const scale: Check = (value, place) => {
  list(finite)(value, place);
  if ((value as unknown[]).length !== 2) throw wrong(place, 'two numbers, the lowest and the highest rating', value);
};

const ITEMS: Table<Options.UnratedCatalog> = { items: data(list(item)), ratings: data(list(columns(RATING, Object.keys(RATING)))), scale };
const FILES = { movies: bytes, ratings: bytes };
const catalog: Check = (value, place) => {
  if (value === 'embedded') return;
  if (!isObject(value)) throw wrong(place, '"embedded", { items, ratings, scale } or { movies, ratings }', value);
  if ('movies' in value) fields(FILES, Object.keys(FILES))(value, place);
  else fields(ITEMS, ['items'])(value, place);
};

/** What stands in the lists is checked where they are read. `factorize` gives `rmse` beside them. */
const FACTORS: Table<Options.GivenFactors & Pick<Options.Factors, 'rmse'>> = { items: anything, users: anything, mean: anything, rmse: anything };

const MODEL_FILES = fields({ weights: source, tokenizer: source }, ['weights', 'tokenizer']);
const models: Check = (value, place) => {
  if (isObject(value)) return MODEL_FILES(value, place);
  if (isBytes(value) || !isSource(value)) throw wrong(place, 'the address of a folder, or { weights, tokenizer }', value);
};

const REMOTE: Table<Options.RemoteLlm> = {
  ...{ baseUrl: text, model: text, getToken: callback, apiKey: text, allowKeyInPage: flag },
  ...{ streaming: flag, seeds: flag, temperature: flag, schemas: flag, limit: oneOf('max_tokens', 'max_completion_tokens') },
};
const HELD: Table<Llm> = { model: text, concurrency: whole, capabilities: record, chat: callback };

/** A model behind an address. */
export const remote = fields(REMOTE, ['baseUrl', 'model']);

const llm: Check = (value, place) => {
  if (value === 'simulator' || typeof value === 'function') return;
  if (typeof value === 'string') {
    const hint = 'An address belongs into { baseUrl, model }; the only text that can stand here is "simulator".';
    throw malformed(`${place} must be a model, a function that answers or "simulator", not a text`, hint);
  }
  if (typeof value !== 'object' || value === null) throw wrong(place, 'a model, a function that answers or "simulator"', value);
  // An object that answers may have more of its own.
  if ('chat' in value) columns(HELD, Object.keys(HELD))(value, place);
  else remote(value, place);
};

const TASKS = ['actions', 'personalised-actions', 'edit', 'macro-actions', 'rewrite', 'profile', 'describe', 'decode', 'judge'];
const instructions = fields(Object.fromEntries(TASKS.map((task) => [task, text])));
const WORDING = list(fields({ name: text, means: text }, ['name', 'means']));
const DOMAIN: Table<Options.Domain> = {
  ...{ noun: text, plural: text, person: text, verb: text, role: text, text, tells: text },
  ...{ categories: WORDING, sections: WORDING, instructions },
};
const domain: Check = (value, place) => {
  if (isObject(value)) fields(DOMAIN)(value, place);
  else oneOf('films', 'products', 'items')(value, place);
};

const MODEL: Table<Pick<Options.CommonOptions, 'llm' | 'llmOptions' | 'budget'>> = {
  llm,
  llmOptions: fields({
    ...{ domain, form: oneOf('lines', 'json'), constraints: list(text), concurrency: whole, timeout: amount },
    ...{ remember: oneOf(true, false, 'always'), proposalTemperature: amount, rewriteTemperature: amount },
  } satisfies Table<Options.LlmOptions>),
  budget: fields({
    ...{ calls: whole, tokens: whole, money: amount, time: amount },
    price: fields({ prompt: amount, completion: amount }, ['prompt', 'completion']),
  } satisfies Table<Options.Budget>),
};

const worker: Check = (value, place) => {
  const isRunning = typeof (Object(value) as { postMessage?: unknown }).postMessage === 'function';
  if (isRunning || typeof value === 'function' || (isSource(value) && !isBytes(value))) return;
  throw wrong(place, 'an address, a worker, or a function that starts one', value);
};
const trusted = kind('a Trusted Types policy', (value) => typeof (Object(value) as { createScriptURL?: unknown }).createScriptURL === 'function');

const CREATE: Table<Options.CreateOptions> = {
  ...MODEL,
  ...SEEDED,
  ...{ catalog, factors: fields(FACTORS), models, device: oneOf('auto', 'cpu', 'webgpu'), cache: flag, onRecovery: callback },
  // What a core may come from is told where that is opened: it may be a promise.
  assets: fields({ worker, cpu: anything, webgpu: anything, catalog: source, trustedTypes: trusted } satisfies Table<Options.CommonOptions['assets'] & object>),
};

const PAIR = { user: text, item: text };
const pair = Object.keys(PAIR);
const STEER: Table<Options.SteerOptions> = {
  ...{ ...PAIR, ...SEEDED, policy, space, horizon: whole, candidates: whole, subset: whole, temperature: amount },
  ...{ record: flag, outcome: oneOf('best', 'last') },
};
const SEARCH: Table<Options.SearchOptions> = {
  ...{ ...PAIR, ...SEEDED, strategy, width: whole, depth: whole, candidates: whole, shortlist: whole },
  ...{ budget: whole, caution: amount, foresight: flag },
};

/** An arm has the options of each way that it names; that there is one way, the core sees. */
const WAYS: Record<string, Table> = {
  policy: { policy, temperature: amount, space },
  search: { search: strategy, foresight: flag, caution: amount },
  oneShot: { oneShot: oneOf(true) },
  elm: { elm: manifold },
};
const arm: Check = (value, place) => {
  record(value, place);
  const named = Object.keys(WAYS).filter((way) => (value as Record<string, unknown>)[way] !== undefined);
  const tables = (named.length > 0 ? named : Object.keys(WAYS)).map((way) => WAYS[way]);
  fields(Object.assign({ name: text }, ...tables) as Table)(value, place);
  if (named.length === 0) throw malformed(`${place} names no way to a better text: give ${Object.keys(WAYS).join(', ')}`);
};
const EVALUATE: Table<Options.EvaluateOptions> = {
  ...{ ...SEEDED, arms: list(arm), pairs: list(fields(PAIR, pair)), count: whole },
  ...{ budget: whole, candidates: whole, horizon: whole },
};

const SETTINGS: Table<Options.TrainSettings> = {
  ...{ klWeight: amount, temperature: amount, discount: amount, trace: amount, shaping: flag, baseline: oneOf('value', 'group') },
  ...{ whitening: flag, patience: whole, seed: whole },
  optimizer: fields({ policyRate: amount, valueRate: amount, mostGradient: amount }),
};
const subset = fields({ subset: whole }, ['subset']);
const reference: Check = (value, place) => {
  if (isObject(value)) fields({ 'd-optimal': subset }, ['d-optimal'])(value, place);
  else oneOf('uniform', 'optimistic', 'g-optimal')(value, place);
};
const TRAIN: Table<Options.TrainOptions> = {
  ...{ ...CALL, resume: flag, reference, referenceEpisodes: whole, referenceHorizon: whole, referenceEpochs: whole },
  ...{ updates: whole, episodes: whole, group: whole, horizon: whole, candidates: whole, space, users: list(text) },
  ...{ budget: whole, settings: fields(SETTINGS) },
};

const OPINION: Table<Options.Opinion> = { originalFirst: list(anything), editedFirst: list(anything) };

/** The options of every call, by its name. */
export const checked = {
  create: call('create', CREATE),
  capabilities: call('capabilities', CALL),
  embed: call('embed', CALL),
  utilities: call('utilities', { ...CALL, user: users }, ['user']),
  foldIn: call('foldIn', { ...CALL, user: text, ratings: list(columns({ item: text, value: numeral }, ['item', 'value'])) } satisfies Table<Options.FoldInOptions>, ['user', 'ratings']),
  factorize: call('factorize', { ...SEEDED, factors: whole, ridge: amount, sweeps: whole, heldOut: amount } satisfies Table<Options.FactorizeOptions>),
  gaps: call('gaps', { ...CALL, user: users, count: whole } satisfies Table<Options.GapsOptions>, ['user']),
  actions: call('actions', { ...PAIR, ...SEEDED, count: whole, space } satisfies Table<Options.ActionsOptions>, pair),
  design: call('design', { ...PAIR, ...SEEDED, candidates: whole, subset: whole } satisfies Table<Options.DesignOptions>, pair),
  search: call('search', SEARCH, pair),
  elm: call('elm', { ...PAIR, ...SEEDED, manifold } satisfies Table<Options.ElmOptions>, pair),
  evaluate: call('evaluate', EVALUATE, ['arms']),
  steer: call('steer', STEER, pair),
  estimate: call('estimate', STEER, pair),
  useModel: call('useModel', { ...CALL, ...MODEL }),
  writeProfile: call('writeProfile', SEEDED),
  describe: call('describe', SEEDED),
  judge: call('judge', { ...SEEDED, user: text, original: item, edited: item } satisfies Table<Options.JudgeOptions>, ['user', 'original', 'edited']),
  raterReport: call('raterReport', SEEDED),
  replay: call('replay', CALL),
  spent: call('spent', CALL),
  train: call('train', TRAIN),
  savePolicy: call('savePolicy', CALL),
  loadPolicy: call('loadPolicy', CALL),
  save: call('save', CALL),
  load: call('load', CALL),
} satisfies { [Name in Exclude<Extract<keyof Options.Aquiline, string>, 'info' | 'dispose'> | 'create']: (options: unknown) => void };

/** What calls take beside their options. */
export const given = {
  texts: list(text),
  text,
  bytes,
  item: columns(ITEM, ['title']),
  opinions: list(fields(OPINION, Object.keys(OPINION))),
};
