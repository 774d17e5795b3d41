import { anything } from '../check.js';
import { adapter, checkOptions } from './adapter.js';
import { replyOfCompletion, type Completion } from './completion.js';
import type { AdapterOptions, Llm } from './types.js';

/** What is used of a `Wllama` of `@wllama/wllama`, version 3. */
export interface WllamaInstance {
  /** Answers a conversation. */
  createChatCompletion(request: any): Promise<any>;
}

export interface WllamaOptions extends AdapterOptions {
  /** Questions at once, up to the `n_parallel` that the model was loaded with; default 1. */
  concurrency?: number;
}

/**
 * A model in wllama. A seed that was given to `loadModel` wins over that of the question. Its worker is made from a
 * `blob:`, which the page's policy has to allow.
 *
 * ```ts
 * const instance = new Wllama({ default: '/wllama/wllama.wasm' });
 * await instance.loadModelFromUrl('/models/qwen3-0.6b-q8_0.gguf', { n_ctx: 8192 });
 * const llm = wllama(instance, { extra: { chat_template_kwargs: { enable_thinking: false } } });
 * ```
 */
export function wllama(instance: WllamaInstance, options: WllamaOptions = {}): Llm {
  checkOptions('wllama', options, { concurrency: anything });
  const { model = 'wllama', concurrency = 1, extra } = options;
  const capabilities = { seed: true, temperature: true, schema: true };
  return adapter({ model, concurrency, capabilities }, async (request, signal) => {
    const { messages, temperature, seed, maxTokens, schema } = request;
    const completion: Completion = await instance.createChatCompletion({
      ...extra,
      messages,
      ...(temperature !== undefined && { temperature }),
      ...(seed !== undefined && { seed }),
      max_tokens: maxTokens,
      ...(schema && { response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } } }),
      abortSignal: signal,
      stream: false,
    });
    return replyOfCompletion(completion);
  });
}
