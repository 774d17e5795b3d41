/**
 * Language models that the page holds, behind one interface.
 *
 * Each function takes an engine that the page has loaded, or means to reach, and gives an {@link Llm}. None of them
 * imports an engine, and importing this does nothing. Make one adapter of each engine: questions wait for each other
 * within one.
 */
export { aiSdk, type AiSdk, type AiSdkModel, type AiSdkOptions } from './ai-sdk.js';
export { diagnose, type Diagnosis, type Trouble } from './diagnose.js';
export { fromFunction, type FunctionOptions } from './function.js';
export { promptApi, type LanguageModelApi, type LanguageModelSession, type PromptApiOptions } from './prompt-api.js';
export { transformers, type TextGenerator, type TransformersOptions } from './transformers.js';
export { webllm, type WebLlmEngine } from './webllm.js';
export { wllama, type WllamaInstance, type WllamaOptions } from './wllama.js';
export type * from './types.js';
