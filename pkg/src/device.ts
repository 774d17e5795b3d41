import { messageOf } from './error.js';
import type { Store } from './store.js';
import type { Capabilities, Device } from './types.js';

/** Of this package: another one may be faster on another device. A test holds it to package.json. */
export const VERSION = '0.1.0';
const BATCH = 16;

/** A device with the reason it was chosen for, as a clause that a person can read. */
export interface Choice {
  device: Device;
  reason: string;
  /** The WebGPU adapter's name, where there is one that works. */
  adapter?: string;
}

/** How fast a device encodes: milliseconds for a few words, and for sixteen sentences. */
export type Measured = Capabilities['measured'][number];

/** What of an encoder is timed. */
export interface TimedEncoder {
  encode(texts: string[], tick: () => Promise<void> | void): Promise<unknown>;
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
  const name = nameOf(adapter);
  return { device: 'webgpu', reason: `WebGPU has an adapter (${name}) and passed its self-test`, adapter: name };
}

/** Times an encoder; `tick` is awaited between batches, and cancels by throwing. */
export async function measure(
  encoder: TimedEncoder,
  now: () => number,
  tick: () => Promise<void> | void,
): Promise<Omit<Measured, 'device'>> {
  const time = async (texts: string[]) => {
    const start = now();
    await encoder.encode(texts, tick);
    return now() - start;
  };
  // The first texts of each size pay for what is made only once: pipelines on a GPU, optimised code on a CPU.
  await time(sampleTexts(1));
  await time(sampleTexts(BATCH));
  return { one: await time(sampleTexts(1)), batch: await time(sampleTexts(BATCH)) };
}

/** The device that reads a batch faster: catalogs and candidates come in batches. The CPU where they are equal. */
export function decide(measured: readonly Measured[]): Choice {
  const [onCpu, onGpu] = [timeOf('cpu', measured), timeOf('webgpu', measured)];
  const why = `${BATCH} texts take ${duration(onGpu)} on WebGPU and ${duration(onCpu)} on the CPU`;
  return onGpu < onCpu ? { device: 'webgpu', reason: `${why}, so WebGPU is used` } : cpu(why);
}

/** What was measured on this adapter before, by this version. */
export async function recall(store: Store, adapter: string): Promise<Measured[] | undefined> {
  const bytes = await store.load(keyFor(adapter));
  return bytes && parseMeasured(new TextDecoder().decode(bytes));
}

export async function remember(store: Store, adapter: string, measured: readonly Measured[]): Promise<void> {
  await store.save(keyFor(adapter), new TextEncoder().encode(JSON.stringify(measured)));
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

/** Texts of which no two are equal: a few words, or sentences. Longer ones would make a first visit wait. */
function sampleTexts(count: number): string[] {
  if (count === 1) return ['a quiet film about two old friends'];
  const story = 'a clockmaker leaves the city for the coast, where an old friend keeps a lighthouse and a secret';
  return Array.from({ length: count }, (_, index) => `In the year ${1900 + index} ${story} that nobody wants to hear.`);
}

function timeOf(device: Device, measured: readonly Measured[]): number {
  return measured.find((one) => one.device === device)?.batch ?? Infinity;
}

function duration(milliseconds: number): string {
  if (milliseconds < 100) return `${Math.max(1, Math.round(milliseconds))} ms`;
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function keyFor(adapter: string): string {
  return `speed-${VERSION}-${adapter}`;
}

/** Nothing unless both devices are there with times: a store can hold anything. */
function parseMeasured(json: string): Measured[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const measured = value.filter(isMeasured);
  const both = (['cpu', 'webgpu'] as const).every((device) => measured.some((one) => one.device === device));
  return both ? measured : undefined;
}

function isMeasured(value: unknown): value is Measured {
  const { one, batch } = (value ?? {}) as Partial<Measured>;
  return Number.isFinite(one) && Number.isFinite(batch);
}
