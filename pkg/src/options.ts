import { AquilineError, messageOf } from './error.js';
import { compileResponse } from './bytes.js';
import { coreFactors } from './factors.js';
import { isNode, nodeModule } from './node.js';
import { requestOfLlm } from './answering.js';
import type {
  ActionsRequest,
  CreateRequest,
  DescribeRequest,
  DesignRequest,
  ElmRequest,
  EmbedRequest,
  EvaluateRequest,
  FactorizeRequest,
  FoldInRequest,
  GapsRequest,
  JudgeRequest,
  PortCore,
  PortSource,
  SearchRequest,
  SteerRequest,
  TrainRequest,
  UtilitiesRequest,
} from './protocol.js';
import type {
  ActionsOptions,
  CoreSource,
  CreateOptions,
  DesignOptions,
  Device,
  ElmOptions,
  EvaluateOptions,
  FactorizeOptions,
  FoldInOptions,
  GapsOptions,
  Item,
  JudgeOptions,
  SearchOptions,
  Source,
  SteerOptions,
  TrainOptions,
} from './types.js';

/** The request for these options: defaults filled in, addresses absolute, nothing that cannot cross a port. */
export async function createRequest(options: CreateOptions): Promise<CreateRequest> {
  const { models, assets = {}, catalog = 'embedded' } = options;
  const factors = options.factors && coreFactors(options.factors);
  if (catalog !== 'embedded' && !catalog.ratings && !factors) throw nothingToFit();
  // All at once: a promise among them that fails must not do so while another one is awaited.
  const [cpu, webgpu, catalogFile, modelFiles] = await Promise.all([
    assets.cpu && portCore('cpu', assets.cpu),
    assets.webgpu && portCore('webgpu', assets.webgpu),
    assets.catalog && portSource(assets.catalog),
    models === undefined ? undefined : portModels(models),
  ]);
  return {
    type: 'create',
    catalog: factors ? withoutEmptyRatings(withWholeBuffers(catalog)) : withWholeBuffers(catalog),
    factors,
    models: modelFiles,
    device: options.device ?? 'auto',
    reason: undefined,
    seed: wholeNumber('seed', options.seed, 0),
    cache: options.cache ?? true,
    llm: requestOfLlm(options),
    assets: {
      ...(cpu && { cpu }),
      ...(webgpu && { webgpu }),
      ...(catalogFile && { catalog: catalogFile }),
    },
  };
}

/** The request for these options; `seed` is the session's, used where none is given. */
export function steerRequest(options: SteerOptions, seed: number): SteerRequest {
  const candidates = wholeNumber('candidates', options.candidates, 20);
  return {
    type: 'steer',
    record: options.record ?? false,
    options: {
      user: options.user,
      item: options.item,
      policy: options.policy ?? 'greedy',
      horizon: wholeNumber('horizon', options.horizon, 5),
      candidates,
      subset: wholeNumber('subset', options.subset, Math.min(10, candidates)),
      space: options.space ?? 'all',
      ...(options.temperature !== undefined && { temperature: options.temperature }),
      seed: wholeNumber('seed', options.seed, seed),
    },
  };
}

export function gapsRequest(options: GapsOptions): GapsRequest {
  return { type: 'gaps', users: usersOf(options.user), count: wholeNumber('count', options.count, 8) };
}

export function utilitiesRequest(options: { user: string | readonly string[] }): UtilitiesRequest {
  return { type: 'utilities', users: usersOf(options.user) };
}

export function embedRequest(texts: readonly string[]): EmbedRequest {
  return { type: 'embed', texts: [...texts] };
}

export function foldInRequest({ user, ratings }: FoldInOptions): FoldInRequest {
  return { type: 'foldIn', options: { user, ratings: ratings.map(({ item, value }) => ({ item, value })) } };
}

export function factorizeRequest({ signal, onProgress, ...options }: FactorizeOptions, seed: number): FactorizeRequest {
  return { type: 'factorize', options: { ...options, seed: wholeNumber('seed', options.seed, seed) } };
}

export function actionsRequest({ user, item, count, space, seed }: ActionsOptions, fallback: number): ActionsRequest {
  const options = {
    user,
    item,
    count: wholeNumber('count', count, 20),
    space: space ?? 'all',
    seed: wholeNumber('seed', seed, fallback),
  };
  return { type: 'actions', options };
}

export function designRequest(options: DesignOptions, seed: number): DesignRequest {
  const { user, item } = options;
  const candidates = wholeNumber('candidates', options.candidates, 20);
  const subset = wholeNumber('subset', options.subset, Math.min(10, candidates));
  return { type: 'design', options: { user, item, candidates, subset, seed: wholeNumber('seed', options.seed, seed) } };
}

export function searchRequest(options: SearchOptions, seed: number): SearchRequest {
  const candidates = wholeNumber('candidates', options.candidates, 20);
  return {
    type: 'search',
    options: {
      user: options.user,
      item: options.item,
      strategy: options.strategy ?? 'tree',
      width: wholeNumber('width', options.width, 2),
      depth: wholeNumber('depth', options.depth, 5),
      candidates,
      shortlist: wholeNumber('shortlist', options.shortlist, Math.min(10, candidates)),
      budget: wholeNumber('budget', options.budget, 100),
      caution: options.caution ?? 0,
      foresight: options.foresight ?? false,
      seed: wholeNumber('seed', options.seed, seed),
    },
  };
}

export function elmRequest({ user, item, manifold, seed }: ElmOptions, fallback: number): ElmRequest {
  return { type: 'elm', options: { user, item, manifold: manifold ?? 'graph', seed: wholeNumber('seed', seed, fallback) } };
}

export function evaluateRequest({ signal, onProgress, ...options }: EvaluateOptions, seed: number): EvaluateRequest {
  return { type: 'evaluate', options: { ...options, seed: wholeNumber('seed', options.seed, seed) } };
}

function usersOf(user: string | readonly string[]): string[] {
  return typeof user === 'string' ? [user] : [...user];
}

/** An item of which a title is known, and perhaps more. */
export function describeRequest(item: Partial<Item> & { title: string }, seed: number): DescribeRequest {
  const untold = { id: item.title, year: null, genres: [], plot: '', likes: [], dislikes: [] };
  return { type: 'describe', seed, item: { ...untold, ...item } };
}

export function judgeRequest({ user, original, edited, seed }: JudgeOptions, fallback: number): JudgeRequest {
  return { type: 'judge', options: { user, original, edited, seed: wholeNumber('seed', seed, fallback) } };
}

export function trainRequest({ signal, onProgress, resume, ...options }: TrainOptions, seed: number): TrainRequest {
  return { type: 'train', resume: resume ?? false, options: { ...options, settings: { seed, ...options.settings } } };
}

/** Only what the core cannot say: it never sees a number that is no whole number. What is too much, it knows. */
export function wholeNumber(name: string, value: number | undefined, fallback: number): number {
  const number = value ?? fallback;
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new AquilineError('numeric.bad_setting', `${name} is out of range: use a whole number from 0, not ${number}`);
}

function nothingToFit(): AquilineError {
  const hint = 'Give ratings in the catalog, or factors: vectors of items and of users.';
  return new AquilineError('data.empty', 'there are neither ratings nor factors', { hint });
}

async function portModels(models: NonNullable<CreateOptions['models']>): Promise<CreateRequest['models']> {
  if (typeof models === 'string' || models instanceof URL) return { folder: await absoluteAddress(models) };
  return { weights: await portSource(models.weights), tokenizer: await portSource(models.tokenizer) };
}

async function portCore(device: Device, given: CoreSource | Promise<CoreSource>): Promise<PortCore> {
  const source = await Promise.resolve(given).catch((error: unknown) => {
    throw new AquilineError('network', `assets.${device} did not arrive: ${messageOf(error)}`, {
      retryable: true,
      cause: error,
    });
  });
  if (typeof source === 'string' || source instanceof URL || source instanceof Uint8Array) return portSource(source);
  if (typeof Response !== 'undefined' && source instanceof Response) return compileResponse(device, source);
  if (typeof WebAssembly !== 'undefined' && source instanceof WebAssembly.Module) return source;
  const message = `assets.${device} is no address, bytes, WebAssembly.Module or Response`;
  throw new AquilineError('data.malformed', message);
}

async function portSource(source: Source): Promise<PortSource> {
  return source instanceof Uint8Array ? wholeBuffer(source) : absoluteAddress(source);
}

/** Relative to the page, as everywhere on the web: the worker would read it relative to itself. */
async function absoluteAddress(address: string | URL): Promise<string> {
  if (address instanceof URL) return address.href;
  // One letter before the colon is a drive, not a scheme.
  if (/^[a-z][a-z0-9+.-]+:/i.test(address)) return address;
  if (isNode()) return (await nodeModule('url')).pathToFileURL(address).href;
  const base = typeof document === 'undefined' ? globalThis.location?.href : document.baseURI;
  return new URL(address, base).href;
}

function withWholeBuffers(catalog: NonNullable<CreateOptions['catalog']>): CreateRequest['catalog'] {
  if (catalog === 'embedded' || 'items' in catalog) return catalog;
  return { movies: wholeBuffer(catalog.movies), ratings: wholeBuffer(catalog.ratings) };
}

/** Beside factors no ratings are as good as an empty list of them. */
function withoutEmptyRatings(catalog: CreateRequest['catalog']): CreateRequest['catalog'] {
  if (catalog === 'embedded' || !('items' in catalog) || catalog.ratings?.length !== 0) return catalog;
  return { ...catalog, ratings: undefined };
}

/** A port copies all of the buffer that a view looks into, so a view of a part is copied out of it first. */
export function wholeBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
