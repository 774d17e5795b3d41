// The package over a fake core, in this process.
import { inProcessConnection } from '../../dist/connection.js';
import { createOver } from '../../dist/create.js';
import { fakeCore, TOKENIZER, WEIGHTS } from './fake-core.mjs';

/** A store in memory. */
export function memoryStore(entries = {}) {
  const saved = new Map(Object.entries(entries));
  return {
    saved,
    load: async (key) => saved.get(key),
    save: async (key, bytes) => void saved.set(key, bytes.slice()),
    drop: async (key) => void saved.delete(key),
  };
}

/** Kept answers in memory. */
export function memoryAnswers(kept = []) {
  return {
    kept,
    load: async (model) => kept.filter((line) => JSON.parse(line).model === model),
    add: async (_model, lines) => void kept.push(...lines),
    drop: async () => void kept.splice(0),
  };
}

/** A host with a fake core for every device. */
export function fakeHost({ core = fakeCore(), ...rest } = {}) {
  const stores = { vectors: memoryStore(), models: memoryStore(), answers: memoryAnswers() };
  return { loadCore: async () => core, gpu: undefined, embedded: async () => undefined, ...stores, ...rest };
}

/** `create` over that host, with models and catalog given as bytes. */
export function createFake(host, options = {}) {
  return createOver(() => inProcessConnection(host), {
    models: { weights: WEIGHTS, tokenizer: TOKENIZER },
    assets: { catalog: new TextEncoder().encode('the catalog') },
    ...options,
  });
}

/** Resolves when `condition` holds. */
export async function until(condition, milliseconds = 2000) {
  const end = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`still not: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export async function collect(iterable) {
  const values = [];
  for await (const value of iterable) values.push(value);
  return values;
}
