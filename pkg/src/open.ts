import { readBytes } from './bytes.js';
import { chooseDevice, cpu, decide, measure, recall, remember, type Choice, type Measured } from './device.js';
import { AquilineError, codeOf, messageOf } from './error.js';
import { catalogAddress, type Host } from './host.js';
import { loadModel, type Model } from './models.js';
import { prepare, saveVectors } from './prepare.js';
import { nowhere, type Store } from './store.js';
import { createTick, pause, throwIfCancelled, type Call } from './tick.js';
import type { Core, RawEncoder, RawSession } from './core.js';
import type { CreateRequest } from './protocol.js';
import type { Device, Info, Progress } from './types.js';

/** A session that is ready, and what it tells about itself. */
export interface Opened {
  session: RawSession;
  info: Info;
  /** Stores the vectors that are new. */
  keepVectors(): Promise<void>;
}

interface OpenEncoder {
  core: Core;
  encoder: RawEncoder;
  choice: Choice;
  /** Where both devices were measured, now or in an earlier visit. */
  measured?: Measured[];
}

/** Reads the model's files, with the help of a core. */
type ReadModel = (core: Core) => Promise<Model>;

/** How a device is announced before it is touched. */
export type Announce = (device: Device) => void;

/** From a request to a session: device, core, model, self-test, catalog, sentence vectors, fit. */
export async function open(request: CreateRequest, host: Host, call: Call, announce: Announce): Promise<Opened> {
  // Read while the model loads. Whether it failed is asked when it is needed.
  const embedded = request.catalog === 'embedded' ? embeddedCatalog(request, call) : undefined;
  embedded?.catch(() => undefined);
  const { core, encoder, choice, measured = [] } = await openEncoder(request, host, call, announce);
  // The core has its own copy now; this may be the last reference to 90 MB.
  request.models = undefined;
  const session = await openSession(core, encoder, request, embedded);
  try {
    if (request.factors) session.useFactors(request.factors);
    const place = request.cache ? host : { ...host, vectors: nowhere };
    const preparation = { device: choice.device, isEmbedded: request.catalog === 'embedded' };
    await prepare(session, preparation, place, call);
    const reason = request.reason ?? choice.reason;
    const keepVectors = () => saveVectors(session, choice.device, place);
    return { session, keepVectors, info: { ...session.info(), device: choice.device, reason, measured } };
  } catch (error) {
    session.free();
    throw error;
  }
}

async function openEncoder(
  request: CreateRequest,
  host: Host,
  call: Call,
  announce: Announce,
): Promise<OpenEncoder> {
  const choice = await chooseDevice(request.device, host.gpu);
  throwIfCancelled(call);
  const read: ReadModel = (core) => loadModel(core, request.models, request.cache ? host.models : nowhere, call);
  const openOn: OpenOn = (on, reader = read) => openEncoderOn(on, reader, request, host, call, announce);
  if (request.device !== 'auto' || choice.adapter === undefined) return openOrFallBack(choice, openOn, call);
  const store = request.cache ? host.vectors : nowhere;
  const known = await recall(store, choice.adapter);
  throwIfCancelled(call);
  if (known) return { ...(await openOrFallBack(decide(known), openOn, call)), measured: known };
  // Both devices take the same bytes: without a store they would be downloaded twice.
  let model: Promise<Model> | undefined;
  const openOnSame: OpenOn = (on) => openOn(on, (core) => (model ??= read(core)));
  const opened = await openFaster(choice, openOnSame, store, call);
  announce(opened.choice.device);
  return opened;
}

type OpenOn = (choice: Choice, read?: ReadModel) => Promise<OpenEncoder>;

async function openOrFallBack(choice: Choice, openOn: OpenOn, call: Call): Promise<OpenEncoder> {
  try {
    return await openOn(choice);
  } catch (error) {
    throwIfCancelled(call);
    if (!(error instanceof DeviceFailure)) throw error;
    if (choice.device === 'cpu') throw error.typed();
    return openOn(cpu(`WebGPU did not work (${error.message})`)).catch((last: unknown) => {
      throw last instanceof DeviceFailure ? last.typed() : last;
    });
  }
}

/** Opens both devices and keeps the faster one. The CPU comes first: it is what is left when WebGPU fails. */
async function openFaster(onGpu: Choice, openOn: OpenOn, store: Store, call: Call): Promise<OpenEncoder> {
  const first = await openMeasured(cpu('WebGPU was not tried'), openOn, call).catch((error: unknown) => {
    throwIfCancelled(call);
    if (!(error instanceof DeviceFailure)) throw error;
  });
  if (!first) return openOrFallBack(onGpu, openOn, call);
  const second = await openMeasured(onGpu, openOn, call).catch((error: unknown) => {
    if (error instanceof DeviceFailure && !call.signal.aborted) return error;
    first.encoder.free();
    throw error;
  });
  if (second instanceof DeviceFailure) return { ...first, choice: cpu(`WebGPU did not work (${second.message})`) };
  const measured = [...first.measured, ...second.measured];
  const choice = decide(measured);
  const [kept, left] = choice.device === 'cpu' ? [first, second] : [second, first];
  left.encoder.free();
  await remember(store, onGpu.adapter!, measured);
  return { ...kept, choice, measured };
}

async function openMeasured(
  choice: Choice,
  openOn: OpenOn,
  call: Call,
): Promise<OpenEncoder & { measured: Measured[] }> {
  const opened = await openOn(choice);
  // The core's own events are of no interest here.
  const tick = createTick(call);
  const work = () => measure(opened.encoder, () => performance.now(), () => tick(undefined));
  try {
    return { ...opened, measured: [{ device: choice.device, ...(await stage('measure', call, work)) }] };
  } catch (error) {
    opened.encoder.free();
    throw error;
  }
}

async function openEncoderOn(
  choice: Choice,
  read: ReadModel,
  request: CreateRequest,
  host: Host,
  call: Call,
  announce: Announce,
): Promise<OpenEncoder> {
  const { device } = choice;
  announce(device);
  const core = await stage('compile', call, () => host.loadCore(device, request.assets[device]));
  const encoder = await loadEncoder(core, read, call);
  try {
    // The first text takes longer than all others, on a GPU seconds: what computes is compiled for it.
    await stage('warm-up', call, () => encoder.encode(['warm-up'], () => undefined));
    await stage('self-test', call, () => encoder.selfTest());
  } catch (error) {
    encoder.free();
    throw error;
  }
  return { core, encoder, choice };
}

/** A function of its own: when it returns, nothing here refers to the weights any more. */
async function loadEncoder(core: Core, read: ReadModel, call: Call): Promise<RawEncoder> {
  const { weights, tokenizer } = await read(core);
  let encoder: RawEncoder | undefined;
  const load = () => core.RawEncoder.load(weights.bytes, tokenizer.bytes, weights.sha256, tokenizer.sha256);
  try {
    return await stage('upload', call, async () => (encoder = await load()));
  } catch (error) {
    // Loaded, but cancelled meanwhile.
    encoder?.free();
    throw error;
  }
}

async function openSession(
  core: Core,
  encoder: RawEncoder,
  { catalog, seed }: CreateRequest,
  embedded: Promise<Uint8Array> | undefined,
): Promise<RawSession> {
  if (catalog === 'embedded') {
    const bytes = await embedded!.catch((error: unknown) => {
      encoder.free();
      throw error;
    });
    return core.RawSession.embedded(encoder, bytes, seed);
  }
  if ('items' in catalog) return core.RawSession.fromItems(encoder, catalog, seed);
  return core.RawSession.movielens(encoder, catalog.movies, catalog.ratings, seed);
}

async function embeddedCatalog(request: CreateRequest, call: Call): Promise<Uint8Array> {
  const source = request.assets.catalog ?? catalogAddress();
  return typeof source === 'string' ? readBytes(source, call.signal) : source;
}

/** Something that another device might do better. */
class DeviceFailure extends Error {
  constructor(override readonly cause: unknown) {
    super(messageOf(cause));
  }

  /** The same, for the caller. */
  typed(): unknown {
    if (codeOf(this.cause) !== undefined) return this.cause;
    return new AquilineError('device.unavailable', this.message, { cause: this.cause });
  }
}

/** One piece of work that depends on the device, with its progress, and a chance to cancel after it. */
async function stage<Value>(type: Progress['type'], call: Call, work: () => Promise<Value>): Promise<Value> {
  call.report({ type, done: 0, total: 1, unit: 'stages' });
  const value = await work().catch((error: unknown) => {
    throw new DeviceFailure(error);
  });
  call.report({ type, done: 1, total: 1, unit: 'stages' });
  await pause(call);
  return value;
}
