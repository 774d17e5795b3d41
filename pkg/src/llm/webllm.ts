import { AquilineError } from '../error.js';
import { adapter, checkOptions } from './adapter.js';
import { replyOfCompletion, type Completion } from './completion.js';
import type { AdapterOptions, Llm } from './types.js';

/** What is used of an `MLCEngine` of `@mlc-ai/web-llm`, in the page or behind a worker. */
export interface WebLlmEngine {
  chat: {
    completions: {
      /** Answers a conversation. */
      create(request: any): Promise<any>;
    };
  };
  /** Stops the answer that is under way. */
  interruptGenerate(): unknown;
}

/** The engine forgets an interrupt that comes before it has begun, so it is told again until it stops. */
const AGAIN_MILLISECONDS = 100;

/**
 * A model in WebLLM. Its interrupt stops whatever the engine is at, so there is one question at a time.
 *
 * ```ts
 * const engine = await CreateMLCEngine('Qwen3-1.7B-q4f16_1-MLC');
 * const llm = webllm(engine, { extra: { extra_body: { enable_thinking: false } } });
 * ```
 */
export function webllm(engine: WebLlmEngine, options: AdapterOptions = {}): Llm {
  checkOptions('webllm', options);
  const { model = 'web-llm', extra } = options;
  const capabilities = { seed: true, temperature: true, schema: true };
  return adapter({ model, concurrency: 1, capabilities }, async (request, signal) => {
    const { messages, temperature, seed, maxTokens, schema } = request;
    const completion = await interruptible(engine, signal, () =>
      engine.chat.completions.create({
        ...extra,
        messages,
        ...(temperature !== undefined && { temperature }),
        ...(seed !== undefined && { seed }),
        max_tokens: maxTokens,
        ...(schema && { response_format: { type: 'json_object', schema: JSON.stringify(schema.schema) } }),
        stream: false,
      }),
    );
    if (completion.choices[0]?.finish_reason === 'abort') {
      const message = 'the answer broke off: the engine was interrupted';
      throw new AquilineError('llm.interrupted', message, { retryable: true });
    }
    return replyOfCompletion(completion);
  });
}

/** Until the generation has ended, which an abort hastens. */
async function interruptible(
  engine: WebLlmEngine,
  signal: AbortSignal,
  generate: () => Promise<Completion>,
): Promise<Completion> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const interrupt = (): void => {
    engine.interruptGenerate();
    timer ??= setInterval(() => engine.interruptGenerate(), AGAIN_MILLISECONDS);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await generate();
  } finally {
    signal.removeEventListener('abort', interrupt);
    clearInterval(timer);
  }
}
