import { readBytes } from './bytes.js';
import { chooseDevice, cpu, type Choice } from './device.js';
import { AquilineError, codeOf, messageOf } from './error.js';
import { catalogAddress, type Host } from './host.js';
import { loadModel } from './models.js';
import { nowhere } from './store.js';
import { createTick, pause, throwIfCancelled, type Call } from './tick.js';
import type { Core, RawEncoder, RawSession } from './core.js';
import type { CreateRequest } from './protocol.js';
import type { Device, Info, Progress } from './types.js';

/** A session that is ready, and what it tells about itself. */
export interface Opened {
  session: RawSession;
  info: Info;
}

interface OpenEncoder {
  core: Core;
  encoder: RawEncoder;
  choice: Choice;
}

/** How a device is announced before it is touched. */
export type Announce = (device: Device) => void;

/** From a request to a session: device, core, model, self-test, catalog, sentence vectors, fit. */
export async function open(request: CreateRequest, host: Host, call: Call, announce: Announce): Promise<Opened> {
  const { core, encoder, choice } = await openEncoder(request, host, call, announce);
  // The core has its own copy now; this may be the last reference to 90 MB.
  request.models = undefined;
  const session = await openSession(core, encoder, request, call);
  try {
    await prepare(session, choice.device, request.cache ? host : { ...host, vectors: nowhere }, call);
    const reason = request.reason ?? choice.reason;
    return { session, info: { ...session.info(), device: choice.device, reason } };
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
  try {
    return await openEncoderOn(choice, request, host, call, announce);
  } catch (error) {
    throwIfCancelled(call);
    if (!(error instanceof DeviceFailure)) throw error;
    if (choice.device === 'cpu') throw error.typed();
    const fallback = cpu(`WebGPU did not work (${error.message})`);
    return openEncoderOn(fallback, request, host, call, announce).catch((last: unknown) => {
      throw last instanceof DeviceFailure ? last.typed() : last;
    });
  }
}

async function openEncoderOn(
  choice: Choice,
  request: CreateRequest,
  host: Host,
  call: Call,
  announce: Announce,
): Promise<OpenEncoder> {
  const { device } = choice;
  announce(device);
  const core = await stage('compile', call, () => host.loadCore(device, request.assets[device]));
  const encoder = await loadEncoder(core, request, host, call);
  try {
    await stage('self-test', call, () => encoder.selfTest());
  } catch (error) {
    encoder.free();
    throw error;
  }
  return { core, encoder, choice };
}

/** A function of its own: when it returns, nothing here refers to the weights any more. */
async function loadEncoder(core: Core, request: CreateRequest, host: Host, call: Call): Promise<RawEncoder> {
  const model = await loadModel(core, request.models, request.cache ? host.models : nowhere, call);
  let encoder: RawEncoder | undefined;
  try {
    return await stage('load', call, async () => (encoder = await core.RawEncoder.load(model.weights, model.tokenizer)));
  } catch (error) {
    // Loaded, but cancelled meanwhile.
    encoder?.free();
    throw error;
  }
}

async function openSession(core: Core, encoder: RawEncoder, request: CreateRequest, call: Call): Promise<RawSession> {
  const { catalog, seed } = request;
  if (catalog === 'embedded') {
    const bytes = await embeddedCatalog(request, call).catch((error: unknown) => {
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

/** Encodes and fits. New vectors are saved also when that was cut short, so that a second try goes on from there. */
async function prepare(session: RawSession, device: Device, { vectors }: Host, call: Call): Promise<void> {
  // Per device: the last bits of a vector differ, and a run on the CPU is to be the same everywhere.
  const key = `${device}-${session.fingerprint}`;
  const known = await vectors.load(key);
  throwIfCancelled(call);
  try {
    await session.prepare(known, createTick(call));
  } finally {
    const bytes = newVectors(session);
    if (bytes) await vectors.save(key, bytes);
  }
}

/** After a failure the session may be unable to tell; then there is nothing to save. */
function newVectors(session: RawSession): Uint8Array | undefined {
  try {
    return session.cacheBytes();
  } catch {
    return undefined;
  }
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
