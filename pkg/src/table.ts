/**
 * Which options every call takes, and what each must be: names and kinds are checked here, before anything is downloaded.
 * Ranges and defaults are the core's.
 */
import { amount, anything, bytes, callback, columns, data, either, every, fields, flag, isBytes, isSource, kind, list, numeral, oneOf, record, source, text, whole, type Check, type Table } from './check.js';
import type { Llm } from './llm/types.js';
import type * as Options from './types.js';

/** Names of the calls that take options: all but what needs none. */
type Call = Exclude<Extract<keyof Options.Aquiline, string>, 'info' | 'dispose'> | 'create';

/** Wherever a call takes them, they are needed. */
const NEEDED = ['user', 'item', 'ratings', 'arms', 'original', 'edited'];

let made: ReturnType<typeof make> | undefined;

/** The tables, made when they are first asked for: what a bundler finds of them unused it leaves out. */
const tables = () => (made ??= make());

/** Checks the options of a call. */
export function check(name: Call, options: unknown): void {
  fields(tables().TABLES[name], NEEDED, true)(options, name);
}

/** Checks a model behind an address. */
export const remote: Check = (value, place) => tables().remote(value, place);

/** Checks of what calls take beside their options. */
export const given = () => tables().given;

function make() {
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

  const isText = (value: unknown) => typeof value === 'string';
  const users = kind('the id of a user, or a list of ids', (value) => isText(value) || (Array.isArray(value) && value.every(isText)));

  const ITEM: Table<Options.Item> = {
    ...{ id: text, title: text, plot: text, genres: list(text), likes: list(text), dislikes: list(text) },
    year: (value, place) => void (value === null || whole(value, place)),
  };
  const item = columns(ITEM, ['id']);
  const RATING: Table<Options.Rating> = { user: text, item: text, value: numeral };
  const scale = kind('two numbers, the lowest and the highest rating', (value) => {
    return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
  });

  const ITEMS: Table<Options.UnratedCatalog> = { items: data(list(item)), ratings: data(list(columns(RATING, Object.keys(RATING)))), scale };
  const ofFiles = every({ movies: bytes, ratings: bytes });
  const ofItems = fields(ITEMS, ['items']);
  const catalog = either(
    (value, place) => ('movies' in (value as object) ? ofFiles : ofItems)(value, place),
    kind('"embedded", { items, ratings, scale } or { movies, ratings }', (value) => value === 'embedded'),
  );

  /** What stands in the lists is checked where they are read. `factorize` gives `rmse` beside them. */
  const FACTORS: Table<Options.GivenFactors & Pick<Options.Factors, 'rmse'>> = { items: anything, users: anything, mean: anything, rmse: anything };

  const isAddress = (value: unknown) => isSource(value) && !isBytes(value);
  const models = either(every({ weights: source, tokenizer: source }), kind('the address of a folder, or { weights, tokenizer }', isAddress));

  const REMOTE: Table<Options.RemoteLlm> = {
    ...{ baseUrl: text, model: text, getToken: callback, apiKey: text, allowKeyInPage: flag },
    ...{ streaming: flag, seeds: flag, temperature: flag, schemas: flag, limit: oneOf('max_tokens', 'max_completion_tokens') },
  };
  const HELD: Table<Llm> = { model: text, concurrency: whole, capabilities: record, chat: callback };

  /** A model behind an address. */
  const remote = fields(REMOTE, ['baseUrl', 'model']);

  const held = columns(HELD, Object.keys(HELD));
  const llm = either(
    // An object that answers may have more of its own.
    (value, place) => ('chat' in (value as object) ? held : remote)(value, place),
    kind('{ baseUrl, model }, a model of the page, a function that answers or "simulator"', (value) => value === 'simulator' || typeof value === 'function'),
  );

  const TASKS = ['actions', 'personalised-actions', 'edit', 'macro-actions', 'rewrite', 'profile', 'describe', 'decode', 'judge'];
  const instructions = fields(Object.fromEntries(TASKS.map((task) => [task, text])));
  const WORDING = list(every({ name: text, means: text }));
  const DOMAIN: Table<Options.Domain> = {
    ...{ noun: text, plural: text, person: text, verb: text, role: text, text, tells: text },
    ...{ categories: WORDING, sections: WORDING, instructions },
  };
  const domain = either(fields(DOMAIN), oneOf('films', 'products', 'items'));

  const MODEL: Table<Pick<Options.CommonOptions, 'llm' | 'llmOptions' | 'budget'>> = {
    llm,
    llmOptions: fields({
      ...{ domain, form: oneOf('lines', 'json'), constraints: list(text), concurrency: whole, timeout: amount },
      ...{ remember: oneOf(true, false, 'always'), proposalTemperature: amount, rewriteTemperature: amount },
    } satisfies Table<Options.LlmOptions>),
    budget: fields({
      ...{ calls: whole, tokens: whole, money: amount, time: amount },
      price: every({ prompt: amount, completion: amount }),
    } satisfies Table<Options.Budget>),
  };

  const has = (name: string) => (value: unknown) => typeof (Object(value) as Record<string, unknown>)[name] === 'function';
  const worker = kind('an address, a worker, or a function that starts one', (value) => {
    return typeof value === 'function' || isAddress(value) || has('postMessage')(value);
  });
  const trusted = kind('a Trusted Types policy', has('createScriptURL'));

  const CREATE: Table<Options.CreateOptions> = {
    ...MODEL,
    ...SEEDED,
    ...{ catalog, factors: fields(FACTORS), models, device: oneOf('auto', 'cpu', 'webgpu'), cache: flag, onRecovery: callback },
    // What a core may come from is told where that is opened: it may be a promise.
    assets: fields({ worker, cpu: anything, webgpu: anything, catalog: source, trustedTypes: trusted } satisfies Table<Options.CommonOptions['assets'] & object>),
  };

  const PAIR = { user: text, item: text };
  const OWN: Table<Options.OwnRating> = { item: text, value: numeral };
  const STEER: Table<Options.SteerOptions> = {
    ...{ ...PAIR, ...SEEDED, policy, space, horizon: whole, candidates: whole, subset: whole, temperature: amount },
    ...{ record: flag, outcome: oneOf('best', 'last') },
  };
  const SEARCH: Table<Options.SearchOptions> = {
    ...{ ...PAIR, ...SEEDED, strategy, width: whole, depth: whole, candidates: whole, shortlist: whole },
    ...{ budget: whole, caution: amount, foresight: flag },
  };

  /** An arm has the options of each way that it names; that it names one, the core sees. */
  const WAYS: Record<string, Table> = {
    policy: { policy, temperature: amount, space },
    search: { search: strategy, foresight: flag, caution: amount },
    oneShot: { oneShot: oneOf(true) },
    elm: { elm: manifold },
  };
  const arm: Check = (value, place) => {
    record(value, place);
    const named = Object.keys(WAYS).filter((way) => (value as Record<string, unknown>)[way] !== undefined);
    const tables = Object.entries(WAYS).filter(([way]) => named.length === 0 || named.includes(way));
    fields(Object.assign({ name: text }, ...tables.map(([, table]) => table)) as Table)(value, place);
  };
  const EVALUATE: Table<Options.EvaluateOptions> = {
    ...{ ...SEEDED, arms: list(arm), pairs: list(every(PAIR)), count: whole },
    ...{ budget: whole, candidates: whole, horizon: whole, outcome: oneOf('best', 'last') },
  };

  const SETTINGS: Table<Options.TrainSettings> = {
    ...{ klWeight: amount, temperature: amount, discount: amount, trace: amount, shaping: flag, baseline: oneOf('value', 'group') },
    ...{ whitening: flag, patience: whole, seed: whole },
    optimizer: fields({ policyRate: amount, valueRate: amount, mostGradient: amount }),
  };
  const reference = either(every({ 'd-optimal': every({ subset: whole }) }), oneOf('uniform', 'optimistic', 'g-optimal'));
  const TRAIN: Table<Options.TrainOptions> = {
    ...{ ...CALL, resume: flag, reference, referenceEpisodes: whole, referenceHorizon: whole, referenceEpochs: whole },
    ...{ updates: whole, episodes: whole, group: whole, horizon: whole, candidates: whole, space, users: list(text) },
    ...{ budget: whole, settings: fields(SETTINGS) },
  };

  const OPINION: Table<Options.Opinion> = { originalFirst: list(anything), editedFirst: list(anything) };

  const TABLES = {
    create: CREATE,
    capabilities: CALL,
    embed: CALL,
    utilities: { ...CALL, user: users },
    foldIn: { ...CALL, user: text, ratings: list(columns(OWN, Object.keys(OWN))) } satisfies Table<Options.FoldInOptions>,
    factorize: { ...SEEDED, factors: whole, ridge: amount, sweeps: whole, heldOut: amount } satisfies Table<Options.FactorizeOptions>,
    gaps: { ...CALL, user: users, count: whole } satisfies Table<Options.GapsOptions>,
    actions: { ...PAIR, ...SEEDED, count: whole, space } satisfies Table<Options.ActionsOptions>,
    design: { ...PAIR, ...SEEDED, candidates: whole, subset: whole } satisfies Table<Options.DesignOptions>,
    search: SEARCH,
    elm: { ...PAIR, ...SEEDED, manifold } satisfies Table<Options.ElmOptions>,
    evaluate: EVALUATE,
    steer: STEER,
    estimate: STEER,
    useModel: { ...CALL, ...MODEL },
    writeProfile: SEEDED,
    describe: SEEDED,
    judge: { ...SEEDED, user: text, original: item, edited: item } satisfies Table<Options.JudgeOptions>,
    raterReport: SEEDED,
    replay: CALL,
    spent: CALL,
    train: TRAIN,
    savePolicy: CALL,
    loadPolicy: CALL,
    save: CALL,
    load: CALL,
  } satisfies { [Name in Call]: Table };

  /** What calls take beside their options. */
  const given = { texts: list(text), text, bytes, item: columns(ITEM, ['title']), opinions: list(every(OPINION)) };
  return { TABLES, remote, given };
}
