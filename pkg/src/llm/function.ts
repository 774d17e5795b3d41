import { anything, callback, fields, flag } from '../check.js';
import { adapter, checkOptions } from './adapter.js';
import type { Capabilities, ChatFunction, Llm } from './types.js';

/** What `fromFunction` can be told. */
export interface FunctionOptions {
  /** Names the model in transcripts; default `'function'`. */
  model?: string;
  /** Questions at once; default 1. */
  concurrency?: number;
  /** What the function heeds; by default nothing is promised. */
  capabilities?: Partial<Capabilities>;
}

/**
 * Any function that answers. It gets the whole request, whatever it heeds of it, and should stop when the signal
 * aborts: until it has settled, its turn is not over.
 */
export function fromFunction(chat: ChatFunction, options: FunctionOptions = {}): Llm {
  callback(chat, 'chat');
  checkOptions('fromFunction', options, { concurrency: anything, capabilities: fields({ seed: flag, temperature: flag, schema: flag }) });
  const { model = 'function', concurrency = 1 } = options;
  const capabilities = { seed: false, temperature: false, schema: false, ...options.capabilities };
  return adapter({ model, concurrency, capabilities }, (request, signal) => chat(request, { signal }));
}
