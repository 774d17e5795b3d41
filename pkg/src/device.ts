import { messageOf } from './error.js';
import type { Device } from './types.js';

/** A device with the reason it was chosen for, as a clause that a person can read. */
export interface Choice {
  device: Device;
  reason: string;
}

/** As much of WebGPU as is needed to look at it. */
export interface Gpu {
  requestAdapter(options?: { powerPreference?: 'high-performance' }): Promise<Adapter | null>;
}

export interface Adapter {
  features: { has(feature: string): boolean };
  info?: { vendor?: string; architecture?: string; description?: string; isFallbackAdapter?: boolean };
  /** Where browsers had it before it moved to `info`. */
  isFallbackAdapter?: boolean;
}

/** The browser's WebGPU, if it has one. */
export function browserGpu(): Gpu | undefined {
  return (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;
}

/**
 * Looks before anything is loaded: an adapter without timestamp queries aborts the WebGPU core, which cannot be
 * caught once it runs.
 */
export async function chooseDevice(wanted: Device | 'auto', gpu: Gpu | undefined): Promise<Choice> {
  if (wanted === 'cpu') return { device: 'cpu', reason: 'the CPU was asked for' };
  if (!gpu) return cpu('there is no WebGPU here');
  let adapter: Adapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    return cpu(`WebGPU gave no adapter (${messageOf(error)})`);
  }
  if (!adapter) return cpu('WebGPU has no adapter on this machine');
  if (!adapter.features.has('timestamp-query')) return cpu('the WebGPU adapter has no timestamp-query');
  if (wanted === 'auto' && isSoftware(adapter)) {
    return cpu(`the WebGPU adapter is emulated in software (${nameOf(adapter)})`);
  }
  return { device: 'webgpu', reason: `WebGPU has an adapter (${nameOf(adapter)}) and passed its self-test` };
}

/** The CPU, and why it is not WebGPU. */
export function cpu(why: string): Choice {
  return { device: 'cpu', reason: `${why}, so the CPU is used` };
}

/** An emulated GPU is slower than the CPU core on the same processor. */
function isSoftware(adapter: Adapter): boolean {
  if (adapter.isFallbackAdapter || adapter.info?.isFallbackAdapter) return true;
  return /swiftshader|llvmpipe|lavapipe|basic render/i.test(nameOf(adapter));
}

function nameOf({ info }: Adapter): string {
  const parts = [info?.vendor, info?.architecture, info?.description].filter(Boolean);
  return parts.join(' ') || 'unnamed';
}
