import { Calls, type Patience } from './calls.js';
import { Client, progressOnly } from './client.js';
import { cpu } from './device.js';
import { AquilineError } from './error.js';
import { ModelInUse } from './account.js';
import { createRequest } from './options.js';
import { Lifeline, type Restart } from './recovery.js';
import { PageLlm } from './answering.js';
import { check } from './table.js';
import type { Connection } from './connection.js';
import type { CreateRequest } from './protocol.js';
import type { Aquiline, CreateOptions } from './types.js';

/** Starts a service; each call starts another one. */
export type Connect = () => Promise<Connection>;

/** `create` over any connection: that is how tests bring a core of their own. */
export async function createOver(connect: Connect, options: CreateOptions, patience?: Patience): Promise<Aquiline> {
  check('create', options);
  options.signal?.throwIfAborted();
  const request = await createRequest(options);
  const start = async () => {
    const connection = await connect();
    return new Calls(connection, new PageLlm(options.llm, (message) => connection.post(message)), patience);
  };
  const calls = await start();
  try {
    return await open(calls, request, options, start);
  } catch (error) {
    const why = causeInWebGpu(error, calls);
    if (why === undefined || options.signal?.aborted) throw error;
    // A crash inside WebGPU takes the worker with it and cannot be caught there.
    return await open(await start(), { ...request, device: 'cpu', reason: cpu(why).reason }, options, start);
  }
}

type Start = () => Promise<Calls>;

async function open(calls: Calls, request: CreateRequest, options: CreateOptions, start: Start): Promise<Aquiline> {
  const { signal, onProgress, onRecovery } = options;
  try {
    const info = await calls.start(request, { signal, onEvent: progressOnly(onProgress) }).result;
    const model = new ModelInUse(options.llm, request.llm, calls);
    const restart: Restart = async (device) => {
      const other = await start();
      const again = { ...request, device, reason: `${info.reason}; the worker before was lost`, llm: model.request() };
      try {
        return model.moveTo(other, await other.start(again, {}).result);
      } catch (error) {
        // The next try starts one of its own.
        void other.close();
        throw error;
      }
    };
    return new Client(new Lifeline({ calls, info }, restart, onRecovery), model, request.seed);
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
