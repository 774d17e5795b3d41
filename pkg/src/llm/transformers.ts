import { anything } from '../check.js';
import { adapter, checkOptions, usageOf } from './adapter.js';
import type { AdapterOptions, ChatMessage, Llm } from './types.js';

/** What is used of a `text-generation` pipeline of `@huggingface/transformers`. */
export interface TextGenerator {
  (messages: ChatMessage[], options: any): Promise<any>;
}

export interface TransformersOptions extends AdapterOptions {
  /** The library's `random`, from version 4 on: with it seeds are heeded. It is shared by the whole library. */
  random?: {
    /** Makes what is drawn from now on repeatable. */
    seed(seed: number): void;
  };
}

/**
 * A model in Transformers.js. It says neither why an answer ended nor what it cost; both are counted here.
 *
 * ```ts
 * import { pipeline, random } from '@huggingface/transformers';
 * const generator = await pipeline('text-generation', 'onnx-community/Qwen3-0.6B-ONNX', { device: 'webgpu' });
 * const llm = transformers(generator, { random, extra: { tokenizer_encode_kwargs: { enable_thinking: false } } });
 * ```
 */
export function transformers(generator: TextGenerator, options: TransformersOptions = {}): Llm {
  checkOptions('transformers', options, { random: anything });
  const { model = 'transformers.js', random, extra } = options;
  const capabilities = { seed: random !== undefined, temperature: true, schema: false };
  return adapter({ model, concurrency: 1, capabilities }, async (request, signal) => {
    const { messages, temperature, seed, maxTokens } = request;
    let first = 0;
    let last = 0;
    // Called after every token with all tokens so far, those of the question too.
    const stop = (sequences: ArrayLike<unknown>[]): boolean[] => {
      last = sequences[0]?.length ?? 0;
      first ||= last;
      return sequences.map(() => signal.aborted);
    };
    if (seed !== undefined) random?.seed(seed);
    const output = await generator(messages, {
      ...extra,
      max_new_tokens: maxTokens,
      // The library refuses to divide by a temperature of 0.
      ...(temperature === 0 && { do_sample: false }),
      ...(temperature && { do_sample: true, temperature }),
      return_full_text: false,
      stopping_criteria: [stop],
    });
    if (first === 0) return { text: textOf(output) };
    const tokens = last - first + 1;
    return { text: textOf(output), finish: tokens < maxTokens ? 'stop' : 'length', ...usageOf(first - 1, tokens) };
  });
}

/** The answer to a chat is the last message of the whole conversation. */
function textOf(output: { generated_text: string | { content: string }[] }[]): string | undefined {
  const generated = output[0]?.generated_text;
  return typeof generated === 'string' ? generated : generated?.at(-1)?.content;
}
