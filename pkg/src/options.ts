import { AquilineError } from './error.js';
import { isNode, nodeModule } from './node.js';
import { requestOfLlm } from './answering.js';
import type {
  CreateRequest,
  DescribeRequest,
  GapsRequest,
  JudgeRequest,
  PortSource,
  SteerRequest,
  TrainRequest,
} from './protocol.js';
import type { CreateOptions, GapsOptions, Item, JudgeOptions, Source, SteerOptions, TrainOptions } from './types.js';

/** The request for these options: defaults filled in, addresses absolute, nothing that cannot cross a port. */
export async function createRequest(options: CreateOptions): Promise<CreateRequest> {
  const { models, assets = {}, catalog = 'embedded' } = options;
  return {
    type: 'create',
    catalog: withWholeBuffers(catalog),
    models: models === undefined ? undefined : await portModels(models),
    device: options.device ?? 'auto',
    reason: undefined,
    seed: wholeNumber('seed', options.seed, 0),
    cache: options.cache ?? true,
    llm: requestOfLlm(options),
    assets: {
      ...(assets.cpu && { cpu: await portSource(assets.cpu) }),
      ...(assets.webgpu && { webgpu: await portSource(assets.webgpu) }),
      ...(assets.catalog && { catalog: await portSource(assets.catalog) }),
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
  const users = typeof options.user === 'string' ? [options.user] : [...options.user];
  return { type: 'gaps', users, count: wholeNumber('count', options.count, 8) };
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

async function portModels(models: NonNullable<CreateOptions['models']>): Promise<CreateRequest['models']> {
  if (typeof models === 'string' || models instanceof URL) return { folder: await absoluteAddress(models) };
  return { weights: await portSource(models.weights), tokenizer: await portSource(models.tokenizer) };
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

/** A port copies all of the buffer that a view looks into, so a view of a part is copied out of it first. */
export function wholeBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
