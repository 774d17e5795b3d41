// What the page uses of the library WebLLM 0.2, with the same calls, messages and sentences. The "models" behind it are a server
// of the tests, at SERVER, and what their names say: one waits while it loads, one fails to, one ends its worker when asked.
const record = (name, megabytes, more) => ({
  model: `https://hub.example/${name}`, model_lib: `https://programs.example/${name}.wasm`, model_id: `${name}-MLC`,
  vram_required_MB: megabytes, overrides: { context_window_size: 4096 }, ...more,
});

export const prebuiltAppConfig = {
  model_list: [
    record('Huge-70B-Instruct-q3f16_1', 31_000),
    record('Steady-3B-Instruct-q4f16_1', 2300),
    record('Waiting-1B-Instruct-q4f16_1', 900),
    record('Tiny-0.3B-Instruct-q4f16_1', 380),
    record('Failing-2B-Instruct-q4f16_1', 1700),
    record('Dying-2B-Instruct-q4f16_1', 1800),
    record('Coder-2B-Instruct-q4f16_1', 1600),
    record('Short-1B-Instruct-q4f16_1-1k', 600, { overrides: { context_window_size: 1024 } }),
    record('Half-1B-Instruct-q0f16', 500, { required_features: ['shader-f16'] }),
    record('embed-q0f32', 200, { model_type: 1 }),
  ],
};

export const hasModelInCache = async (id) => id.startsWith('Tiny');

export class WebWorkerMLCEngine {
  #worker;
  #waiting = new Map();
  #tell;

  constructor(worker, { initProgressCallback } = {}) {
    this.#worker = worker;
    this.#tell = initProgressCallback;
    worker.onmessage = ({ data: { kind, uuid, content } }) => {
      if (kind === 'initProgressCallback') return this.#tell(content);
      const { resolve, reject } = this.#waiting.get(uuid);
      if (kind === 'return') resolve(content);
      else reject(content);
    };
    this.chat = { completions: { create: (request) => this.#send('chatCompletionNonStreaming', { request }) } };
  }

  reload(modelId) {
    return this.#send('reload', { modelId: [modelId] });
  }

  interruptGenerate() {
    this.#worker.postMessage({ kind: 'interruptGenerate', uuid: crypto.randomUUID(), content: null });
  }

  #send(kind, content) {
    const uuid = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      this.#waiting.set(uuid, { resolve, reject });
      this.#worker.postMessage({ kind, uuid, content });
    });
  }
}

export class WebWorkerMLCEngineHandler {
  #model;
  #interrupt = new AbortController();

  async onmessage({ data: { kind, uuid, content } }) {
    if (kind === 'interruptGenerate') return this.#interrupt.abort();
    try {
      const result = kind === 'reload' ? await this.#reload(content.modelId[0]) : await this.#complete(content.request);
      postMessage({ kind: 'return', uuid, content: result });
    } catch (error) {
      // The real one sends no more than this, either.
      postMessage({ kind: 'throw', uuid, content: error.toString() });
    }
  }

  async #reload(id) {
    const tell = (progress, text) => postMessage({ kind: 'initProgressCallback', uuid: '', content: { progress, timeElapsed: 1, text } });
    tell(0.2, 'Fetching param cache[1/5]: 123MB fetched. 20% completed, 1 secs elapsed. It can take a while when we first visit this page.');
    if (id.startsWith('Waiting')) await new Promise(() => {});
    if (id.startsWith('Failing')) throw new Error('Device was lost <b>here</b>. This can happen due to insufficient memory');
    tell(1, 'Finish loading on WebGPU');
    this.#model = id;
    return null;
  }

  async #complete({ messages, temperature, seed, max_tokens }) {
    if (this.#model.startsWith('Dying')) await new Promise(() => setTimeout(() => { throw new Error('the GPU is gone'); }));
    this.#interrupt = new AbortController();
    const { signal } = this.#interrupt;
    const body = JSON.stringify({ model: 'simulator', messages, temperature, seed, max_tokens });
    try {
      return await (await fetch('SERVER/chat/completions', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal })).json();
    } catch (error) {
      if (signal.aborted) return { choices: [{ message: { content: '' }, finish_reason: 'abort' }] };
      throw error;
    }
  }
}
