import { Calls } from './calls.js';
import { Client, progressOnly } from './client.js';
import { cpu } from './device.js';
import { AquilineError } from './error.js';
import { createRequest } from './options.js';
import { PageLlm } from './answering.js';
import type { Connection } from './connection.js';
import type { CreateRequest } from './protocol.js';
import type { Aquiline, CreateOptions } from './types.js';

/** Starts a service; each call starts another one. */
export type Connect = () => Promise<Connection>;

/** `create` over any connection: that is how tests bring a core of their own. */
export async function createOver(connect: Connect, options: CreateOptions): Promise<Aquiline> {
  options.signal?.throwIfAborted();
  const request = await createRequest(options);
  const start = async () => {
    const connection = await connect();
    return new Calls(connection, new PageLlm(options.llm, (message) => connection.post(message)));
  };
  const calls = await start();
  try {
    return await open(calls, request, options);
  } catch (error) {
    const why = causeInWebGpu(error, calls);
    if (why === undefined || options.signal?.aborted) throw error;
    // A crash inside WebGPU takes the worker with it and cannot be caught there.
    return await open(await start(), { ...request, device: 'cpu', reason: cpu(why).reason }, options);
  }
}

async function open(calls: Calls, request: CreateRequest, options: CreateOptions): Promise<Aquiline> {
  const { signal, onProgress } = options;
  try {
    const info = await calls.start(request, { signal, onEvent: progressOnly(onProgress) }).result;
    return new Client(info, calls, request.seed);
  } catch (error) {
    // Not awaited: a caller who aborts is not kept waiting.
    void calls.closeGently();
    throw error;
  }
}

function causeInWebGpu(error: unknown, calls: Calls): string | undefined {
  const crashed = error instanceof AquilineError && error.code === 'worker' && calls.device === 'webgpu';
  return crashed ? `WebGPU stopped the worker (${error.message})` : undefined;
}
