import { AquilineError } from '../error.js';
import { anything, whole } from '../check.js';
import { adapter, checkOptions } from './adapter.js';
import type { AdapterOptions, Llm } from './types.js';

/** What is used of the `LanguageModel` that a browser has. */
export interface LanguageModelApi {
  /** Whether there is a model, and whether it has to be downloaded first. */
  availability(options?: any): Promise<string>;
  /** Begins a conversation. */
  create(options?: any): Promise<LanguageModelSession>;
}

/** What is used of a conversation with it. */
export interface LanguageModelSession {
  /** Asks, and gives the answer. */
  prompt(text: string, options?: any): Promise<string>;
  /** Ends it. */
  destroy(): unknown;
}

export interface PromptApiOptions extends AdapterOptions {
  /** Default: the browser's. */
  LanguageModel?: LanguageModelApi;
  /** Candidates of each token. Only with it is a temperature passed on: the API wants both, and pages may have none. */
  topK?: number;
}

const HINT = 'Use a recent desktop Chrome with its built-in model, or another adapter.';

/**
 * The model built into the browser. It knows neither a seed nor a most number of tokens. Where it has to be downloaded
 * first, the first question does that, and must follow a click; `extra` may hold a `monitor` for the progress.
 *
 * ```ts
 * const llm = promptApi({ extra: { expectedOutputs: [{ type: 'text', languages: ['en'] }] } });
 * ```
 */
export function promptApi(options: PromptApiOptions = {}): Llm {
  checkOptions('promptApi', options, { LanguageModel: anything, topK: whole });
  const { LanguageModel = browserModel(), model = 'prompt-api', topK, extra } = options;
  if (!LanguageModel) throw new AquilineError('environment', 'this browser has no Prompt API', { hint: HINT });
  const capabilities = { seed: false, temperature: topK !== undefined, schema: true };
  return adapter({ model, concurrency: 1, capabilities }, async ({ messages, temperature, schema }, signal) => {
    const settings = { ...extra, ...(topK !== undefined && temperature !== undefined && { topK, temperature }) };
    if ((await LanguageModel.availability(settings)) === 'unavailable') {
      const message = "this browser's language model is not available on this device or for these options";
      throw new AquilineError('environment', message, { hint: HINT });
    }
    const session = await LanguageModel.create({ ...settings, initialPrompts: messages.slice(0, -1), signal });
    try {
      const text = messages.at(-1)?.content ?? '';
      return await session.prompt(text, { signal, ...(schema && { responseConstraint: schema.schema }) });
    } finally {
      session.destroy();
    }
  });
}

function browserModel(): LanguageModelApi | undefined {
  return (globalThis as { LanguageModel?: LanguageModelApi }).LanguageModel;
}
