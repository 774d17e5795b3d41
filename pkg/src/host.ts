import { fetchResponse, isFile, noWebAssembly, readBytes } from './bytes.js';
import { answerStore, type AnswerStore } from './answers.js';
import { AquilineError, messageOf } from './error.js';
import { browserGpu, type Gpu } from './device.js';
import { embedded } from './embedded.js';
import { modelStore, vectorStore, type Store } from './store.js';
import type { Core, CoreModule, LoadCore } from './core.js';
import type { PortCore } from './protocol.js';
import type { Device } from './types.js';

/** What the service needs of the place it runs in; tests bring their own. */
export interface Host {
  loadCore: LoadCore;
  gpu: Gpu | undefined;
  vectors: Store;
  models: Store;
  answers: AnswerStore;
  /** What comes with the package for the embedded catalog, by the encoder's fingerprint. */
  embedded: typeof embedded;
}

/** This browser, or this Node.js. */
export function defaultHost(): Host {
  return { loadCore, gpu: browserGpu(), vectors: vectorStore(), models: modelStore(), answers: answerStore(), embedded };
}

/** The address of the embedded catalog beside this module. */
export function catalogAddress(): string {
  return new URL('./catalog.jsonl', import.meta.url).href;
}

/**
 * One instance of each core per thread: a second initialisation while the first runs would replace the memory that
 * the first one's objects point into.
 */
const loading = new Map<Device, Promise<Core>>();

const loadCore: LoadCore = (device, wasm) => {
  let core = loading.get(device);
  if (!core) {
    core = instantiate(device, wasm);
    loading.set(device, core);
    core.catch(() => loading.delete(device));
  }
  return core;
};

async function instantiate(device: Device, wasm: PortCore | undefined): Promise<Core> {
  if (typeof WebAssembly === 'undefined') throw noWebAssembly();
  const files = coreFiles(device);
  try {
    const core = (await import(/* webpackIgnore: true */ /* @vite-ignore */ files.module.href)) as CoreModule;
    await core.default({ module_or_path: await wasmInput(wasm ?? files.wasm.href) });
    return core;
  } catch (error) {
    if (error instanceof AquilineError) throw error;
    const message = `the ${device} core could not be loaded: ${messageOf(error)}`;
    throw new AquilineError('device.unavailable', message, { cause: error });
  }
}

/** Written out in full for each core: that is the form in which bundlers find the files. */
function coreFiles(device: Device): { module: URL; wasm: URL } {
  return device === 'webgpu'
    ? {
        module: new URL('./webgpu/core.js', import.meta.url),
        wasm: new URL('./webgpu/core_bg.wasm', import.meta.url),
      }
    : { module: new URL('./cpu/core.js', import.meta.url), wasm: new URL('./cpu/core_bg.wasm', import.meta.url) };
}

/** A response compiles while it downloads; files and bytes are compiled at once, and a module is compiled. */
async function wasmInput(source: PortCore): Promise<BufferSource | Response | WebAssembly.Module> {
  if (typeof source !== 'string') return source;
  return isFile(source) ? readBytes(source) : fetchResponse(source);
}
