import { AquilineError, cancelled, codeOf, messageOf } from './error.js';
import { isNode, nodeModule } from './node.js';
import type { Device } from './types.js';

/** Bytes between two progress reports. */
const REPORT_EVERY = 1 << 19;

export interface Reading {
  signal: AbortSignal;
  /** Bytes read so far. */
  onBytes?: (done: number) => void;
}

/** What is to be read: its size is known before, so that it is held in memory only once. */
export interface Expected {
  name: string;
  size: number;
}

/** The bytes at an address, fetched, or read from disk under Node.js. */
export async function readBytes(address: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (isFile(address)) {
    const { readFile } = await nodeModule('fs/promises');
    return readFile(new URL(address), { signal }).catch((error: unknown) => failToRead(address, error, signal));
  }
  const response = await fetchResponse(address, signal);
  const buffer = await response.arrayBuffer().catch((error: unknown) => failToRead(address, error, signal));
  return new Uint8Array(buffer);
}

/** The bytes at an address, at most `expected.size` of them, with progress. Fewer are returned as they are. */
export async function readExpected(
  address: string,
  expected: Expected,
  reading: Reading,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(expected.size);
  let done = 0;
  let reported = 0;
  try {
    for await (const chunk of chunksOf(address, reading.signal)) {
      if (done + chunk.length > expected.size) throw tooLong(expected);
      bytes.set(chunk, done);
      done += chunk.length;
      if (done - reported >= REPORT_EVERY || done === expected.size) reading.onBytes?.((reported = done));
    }
  } catch (error) {
    failToRead(address, error, reading.signal);
  }
  return bytes.subarray(0, done);
}

/** A successful response, or an error that says whether it is worth trying again. */
export async function fetchResponse(address: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(address, { signal }).catch((error: unknown) => failToRead(address, error, signal));
  if (response.ok) return response;
  await response.body?.cancel().catch(() => undefined);
  throw new AquilineError('network', `${shown(address)} answered with status ${response.status}`, {
    retryable: [408, 425, 429].includes(response.status) || response.status >= 500,
  });
}

/** Compiles what a server answered, on this thread: a module can cross a port, a response cannot. */
export async function compileResponse(device: Device, response: Response): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === 'undefined') throw noWebAssembly();
  if (!response.ok) {
    throw new AquilineError('network', `assets.${device} is an answer with status ${response.status}`);
  }
  try {
    // Only bytes that are declared as such compile while they arrive.
    const declared = /^application\/wasm\b/i.test(response.headers.get('content-type') ?? '');
    if (declared) return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (error) {
    const message = `the ${device} core could not be compiled: ${messageOf(error)}`;
    throw new AquilineError('device.unavailable', message, { cause: error });
  }
}

export function noWebAssembly(): AquilineError {
  return new AquilineError('environment', 'there is no WebAssembly here');
}

/** Whether an address means a file on disk that can be read here. */
export function isFile(address: string): boolean {
  return address.startsWith('file:') && isNode();
}

async function* chunksOf(address: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (isFile(address)) {
    const { open } = await nodeModule('fs/promises');
    const file = await open(new URL(address));
    // The stream closes the file, also when the loop over it is left.
    yield* file.createReadStream({ signal, highWaterMark: REPORT_EVERY }) as AsyncIterable<Uint8Array>;
    return;
  }
  const { body } = await fetchResponse(address, signal);
  const reader = body?.getReader();
  try {
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) yield read.value;
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

function tooLong(expected: Expected): AquilineError {
  const message = `${expected.name} is not the expected file (more than the ${expected.size} bytes that are right)`;
  return new AquilineError('encoder.integrity', message);
}

/** Rethrows what reading threw: typed errors as they are, an abort as such, all else as `network`. */
function failToRead(address: string, error: unknown, signal: AbortSignal | undefined): never {
  if (signal?.aborted) throw cancelled();
  if (error instanceof AquilineError) throw error;
  // A file that is not there will not come by waiting; a connection may.
  const retryable = !isFile(address);
  const why = codeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error);
  throw new AquilineError('network', `${shown(address)} could not be read: ${why}`, { retryable, cause: error });
}

/** An address for a message: without its query, which may hold a signature or a key. */
function shown(address: string): string {
  if (address.startsWith('data:')) return 'a data: address';
  return address.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//');
}
