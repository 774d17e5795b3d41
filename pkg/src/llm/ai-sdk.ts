import { anything, callback } from '../check.js';
import { adapter, checkOptions, finishOf, usageOf } from './adapter.js';
import type { AdapterOptions, Llm } from './types.js';

/** A model of the AI SDK, or its name at a gateway. */
export type AiSdkModel = string | { modelId: string };

export interface AiSdk {
  /** The function of that name in the package `ai`, version 5 or later. */
  generateText(options: any): Promise<any>;
}

export interface AiSdkOptions extends AdapterOptions {
  /** Questions at once; default 4, for a model behind an address. */
  concurrency?: number;
}

/**
 * A model of the AI SDK. Its own structured output rejects what does not parse, where aquiline asks again, so no schema
 * is passed on.
 *
 * ```ts
 * import { generateText } from 'ai';
 * const llm = aiSdk(provider('model-name'), { generateText });
 * ```
 */
export function aiSdk(model: AiSdkModel, sdk: AiSdk, options: AiSdkOptions = {}): Llm {
  const { generateText } = Object(sdk) as AiSdk;
  callback(generateText, 'generateText');
  checkOptions('aiSdk', options, { concurrency: anything });
  const { model: name = typeof model === 'string' ? model : model.modelId, concurrency = 4, extra } = options;
  const capabilities = { seed: true, temperature: true, schema: false };
  return adapter({ model: name, concurrency, capabilities }, async (request, signal) => {
    const { messages, temperature, seed, maxTokens } = request;
    const { text, finishReason, usage } = await generateText({
      ...extra,
      model,
      messages,
      // Version 7 refuses system messages otherwise. These are aquiline's own; a stranger's words are in the user's.
      allowSystemInMessages: true,
      ...(temperature !== undefined && { temperature }),
      ...(seed !== undefined && { seed }),
      maxOutputTokens: maxTokens,
      abortSignal: signal,
    });
    return { text, finish: finishOf(finishReason), ...usageOf(usage?.inputTokens, usage?.outputTokens) };
  });
}
