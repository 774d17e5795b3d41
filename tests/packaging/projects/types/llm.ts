// Every adapter, used as its documentation says. This is compiled and never run.
import { create } from 'aquiline';
import * as llm from 'aquiline/llm';
import type { AiSdk, ChatFunction, ChatReply, Diagnosis, Llm, TextGenerator, WebLlmEngine, WllamaInstance } from 'aquiline/llm';

declare const engine: WebLlmEngine;
declare const instance: WllamaInstance;
declare const generator: TextGenerator;
declare const sdk: AiSdk;

const reply: ChatReply = { text: 'yes', finish: 'stop', usage: { promptTokens: 1, completionTokens: 1 } };
const chat: ChatFunction = async ({ messages, maxTokens }, { signal }) => {
  signal.throwIfAborted();
  return messages.length < maxTokens ? reply : 'no';
};

/** An export without a use here does not compile. */
export const uses: { [Name in keyof typeof llm]: () => Llm | Promise<Diagnosis> } = {
  aiSdk: () => llm.aiSdk('a/model', sdk, { concurrency: 2 }),
  diagnose: () => llm.diagnose({ baseUrl: 'http://localhost:11434/v1', model: 'qwen3:8b' }),
  fromFunction: () => llm.fromFunction(chat, { model: 'mine', concurrency: 2, capabilities: { seed: true } }),
  promptApi: () => llm.promptApi({ topK: 3 }),
  transformers: () => llm.transformers(generator, { random: { seed: () => undefined } }),
  webllm: () => llm.webllm(engine, { extra: { top_p: 1 } }),
  wllama: () => llm.wllama(instance, { concurrency: 2 }),
};

export const created = [create({ llm: chat }), create({ llm: llm.fromFunction(chat) })];
