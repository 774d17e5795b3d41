import { AquilineError, messageOf } from './error.js';
import { compileResponse } from './bytes.js';
import { isBytes, isSource, isUrl, malformed } from './check.js';
import { coreFactors } from './factors.js';
import { isNode, nodeModule } from './node.js';
import { requestOfLlm } from './answering.js';
import { check, given } from './table.js';
import type {
  ActionsRequest,
  CreateRequest,
  DescribeRequest,
  DesignRequest,
  ElmRequest,
  EmbedRequest,
  EvaluateRequest,
  EstimateRequest,
  FactorizeRequest,
  FoldInRequest,
  GapsRequest,
  JudgeRequest,
  PortCore,
  PortSource,
  RaterReportRequest,
  ReplayRequest,
  SearchRequest,
  SteerRequest,
  TrainRequest,
  UtilitiesRequest,
  WriteProfileRequest,
} from './protocol.js';
import type {
  Abortable,
  ActionsOptions,
  CallOptions,
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
  Opinion,
  SearchOptions,
  Source,
  SteerOptions,
  TrainOptions,
} from './types.js';

type Seeded = { seed?: number } & Abortable;

/** The request for options that were checked: defaults filled in, addresses absolute, nothing that cannot cross a port. */
export async function createRequest(options: CreateOptions): Promise<CreateRequest> {
  const { models, assets = {}, catalog = 'embedded' } = options;
  const factors = options.factors && coreFactors(options.factors);
  if (catalog !== 'embedded' && !catalog.ratings && !factors) throw nothingToFit();
  // All at once: a promise among them that fails must not do so while another one is awaited.
  const [cpu, webgpu, catalogFile, modelFiles] = await Promise.all([
    assets.cpu === undefined ? undefined : portCore('cpu', assets.cpu),
    assets.webgpu === undefined ? undefined : portCore('webgpu', assets.webgpu),
    assets.catalog === undefined ? undefined : portSource(assets.catalog, 'assets.catalog'),
    models === undefined ? undefined : portModels(models),
  ]);
  return {
    type: 'create',
    catalog: factors ? withoutEmptyRatings(withWholeBuffers(catalog)) : withWholeBuffers(catalog),
    factors,
    models: modelFiles,
    device: options.device ?? 'auto',
    reason: undefined,
    seed: options.seed ?? 0,
    cache: options.cache ?? true,
    llm: requestOfLlm(options),
    assets: {
      ...(cpu && { cpu }),
      ...(webgpu && { webgpu }),
      ...(catalogFile && { catalog: catalogFile }),
    },
  };
}

/** The request for these options, once they are checked; `fallback` is the session's seed, used where none is given(). */
export function steerRequest(options: SteerOptions, fallback: number): SteerRequest {
  check('steer', options);
  const { user, item, policy = 'greedy', horizon = 5, candidates = 20, space = 'all', seed = fallback } = options;
  const { subset = Math.min(10, candidates), temperature, outcome, record = false } = options;
  const core = { user, item, policy, horizon, candidates, subset, space, seed };
  return {
    type: 'steer',
    record,
    options: { ...core, ...(temperature !== undefined && { temperature }), ...(outcome && { outcome }) },
  };
}

/** What the same options of `steer` may cost. */
export function estimateRequest(options: SteerOptions, seed: number): EstimateRequest {
  check('estimate', options);
  return { type: 'estimate', options: steerRequest(options, seed).options };
}

export function gapsRequest(options: GapsOptions): GapsRequest {
  check('gaps', options);
  const { user, count = 8 } = options;
  return { type: 'gaps', users: usersOf(user), count };
}

export function utilitiesRequest(options: { user: string | readonly string[] }): UtilitiesRequest {
  check('utilities', options);
  return { type: 'utilities', users: usersOf(options.user) };
}

export function embedRequest(texts: readonly string[], options: CallOptions): EmbedRequest {
  given().texts(texts, 'texts');
  check('embed', options);
  return { type: 'embed', texts: [...texts] };
}

export function foldInRequest(options: FoldInOptions): FoldInRequest {
  check('foldIn', options);
  const { user, ratings } = options;
  return { type: 'foldIn', options: { user, ratings: ratings.map(({ item, value }) => ({ item, value })) } };
}

export function factorizeRequest(given: FactorizeOptions, seed: number): FactorizeRequest {
  check('factorize', given);
  const { signal, onProgress, ...options } = given;
  return { type: 'factorize', options: { ...options, seed: options.seed ?? seed } };
}

export function actionsRequest(options: ActionsOptions, fallback: number): ActionsRequest {
  check('actions', options);
  const { user, item, count = 20, space = 'all', seed = fallback } = options;
  return { type: 'actions', options: { user, item, count, space, seed } };
}

export function designRequest(options: DesignOptions, fallback: number): DesignRequest {
  check('design', options);
  const { user, item, candidates = 20, subset = Math.min(10, candidates), seed = fallback } = options;
  return { type: 'design', options: { user, item, candidates, subset, seed } };
}

export function searchRequest(options: SearchOptions, fallback: number): SearchRequest {
  check('search', options);
  const { user, item, strategy = 'tree', width = 2, depth = 5, candidates = 20, seed = fallback } = options;
  const { shortlist = Math.min(10, candidates), budget = 100, caution = 0, foresight = false } = options;
  const core = { user, item, strategy, width, depth, candidates, shortlist, budget, caution, foresight, seed };
  return { type: 'search', options: core };
}

export function elmRequest(options: ElmOptions, fallback: number): ElmRequest {
  check('elm', options);
  const { user, item, manifold = 'graph', seed = fallback } = options;
  return { type: 'elm', options: { user, item, manifold, seed } };
}

export function evaluateRequest(given: EvaluateOptions, seed: number): EvaluateRequest {
  check('evaluate', given);
  const { signal, onProgress, ...options } = given;
  return { type: 'evaluate', options: { ...options, seed: options.seed ?? seed } };
}

function usersOf(user: string | readonly string[]): string[] {
  return typeof user === 'string' ? [user] : [...user];
}

export function writeProfileRequest(user: string, options: Seeded, seed: number): WriteProfileRequest {
  given().text(user, 'user');
  check('writeProfile', options);
  return { type: 'writeProfile', user, seed: options.seed ?? seed };
}

/** An item of which a title is known, and perhaps more. */
export function describeRequest(item: Partial<Item> & { title: string }, options: Seeded, seed: number): DescribeRequest {
  given().item(item, 'item');
  check('describe', options);
  const { title, id = title, year = null, genres = [], plot = '', likes = [], dislikes = [] } = item;
  return { type: 'describe', seed: options.seed ?? seed, item: { ...item, id, title, year, genres, plot, likes, dislikes } };
}

export function judgeRequest(options: JudgeOptions, fallback: number): JudgeRequest {
  check('judge', options);
  const { user, original, edited, seed = fallback } = options;
  return { type: 'judge', options: { user, original, edited, seed } };
}

export function raterReportRequest(opinions: readonly Opinion[], options: Seeded): RaterReportRequest {
  given().opinions(opinions, 'opinions');
  check('raterReport', options);
  return { type: 'raterReport', opinions, seed: options.seed ?? 0 };
}

export function replayRequest(transcript: string, options: CallOptions): ReplayRequest {
  given().text(transcript, 'transcript');
  check('replay', options);
  return { type: 'replay', transcript };
}

export function trainRequest(given: TrainOptions, fallback: number): TrainRequest {
  check('train', given);
  const { signal, onProgress, resume = false, settings, ...options } = given;
  return { type: 'train', resume, options: { ...options, settings: { ...settings, seed: settings?.seed ?? fallback } } };
}

/** Bytes that an earlier visit kept, for a port: a view of a part of a buffer is copied out of it. */
export function keptBytes(bytes: Uint8Array, name: string): Uint8Array {
  given().bytes(bytes, name);
  return wholeBuffer(bytes);
}

function nothingToFit(): AquilineError {
  const hint = 'Give ratings in the catalog, or factors: vectors of items and of users.';
  return new AquilineError('data.empty', 'there are neither ratings nor factors', { hint });
}

async function portModels(models: NonNullable<CreateOptions['models']>): Promise<CreateRequest['models']> {
  if (typeof models === 'string' || isUrl(models)) return { folder: await absoluteAddress(models, 'models') };
  const [weights, tokenizer] = [portSource(models.weights, 'models.weights'), portSource(models.tokenizer, 'models.tokenizer')];
  return { weights: await weights, tokenizer: await tokenizer };
}

async function portCore(device: Device, given: CoreSource | Promise<CoreSource>): Promise<PortCore> {
  const source = await Promise.resolve(given).catch((error: unknown) => {
    throw new AquilineError('network', `assets.${device} did not arrive: ${messageOf(error)}`, {
      retryable: true,
      cause: error,
    });
  });
  if (isSource(source)) return portSource(source, `assets.${device}`);
  if (typeof Response !== 'undefined' && source instanceof Response) return compileResponse(device, source);
  if (typeof WebAssembly !== 'undefined' && source instanceof WebAssembly.Module) return source;
  const message = `assets.${device} is no address, bytes, WebAssembly.Module or Response`;
  throw new AquilineError('data.malformed', message);
}

async function portSource(source: Source, place: string): Promise<PortSource> {
  return isBytes(source) ? wholeBuffer(source) : absoluteAddress(source, place);
}

/** Relative to the page, as everywhere on the web: the worker would read it relative to itself. */
async function absoluteAddress(address: string | URL, place: string): Promise<string> {
  if (isUrl(address)) return address.href;
  // One letter before the colon is a drive, not a scheme.
  if (/^[a-z][a-z0-9+.-]+:/i.test(address)) return address;
  if (isNode()) return (await nodeModule('url')).pathToFileURL(address).href;
  const base = typeof document === 'undefined' ? globalThis.location?.href : document.baseURI;
  try {
    return new URL(address, base).href;
  } catch {
    throw malformed(`${place} is no address: ${JSON.stringify(address.slice(0, 60))}`);
  }
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
