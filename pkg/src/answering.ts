import { AquilineError } from './error.js';
import { toWire, type EnvironmentRequest, type LlmRequest, type Message } from './protocol.js';
import type { CoreModelOptions } from './core.js';
import type { ChatFunction, ChatRequest, Llm } from './llm/types.js';
import type { CreateOptions, RemoteLlm } from './types.js';

/** What of a language model crosses the port. */
export function requestOfLlm(from: Pick<CreateOptions, 'llm' | 'llmOptions' | 'budget'>): EnvironmentRequest {
  const { llm, llmOptions: { remember, ...rest } = {}, budget: { price, ...limits } = {} } = from;
  if (llm === undefined || llm === 'simulator') return llm;
  const options = { ...rest, ...(remember && { remember: true }), budget: limits, ...(price && { price }) };
  const keeps = remember === 'always';
  if (isRemote(llm)) return { ...remote(llm, options), keeps };
  if (typeof llm === 'function') return { options: { model: 'function', ...options }, asks: 'chat', keeps };
  return { options: { model: llm.model, concurrency: llm.concurrency, ...options }, asks: 'chat', keeps };
}

function remote(llm: RemoteLlm, options: CoreModelOptions): Omit<LlmRequest, 'keeps'> {
  const { getToken, apiKey, allowKeyInPage, ...endpoint } = llm;
  if (apiKey !== undefined && !allowKeyInPage) {
    const message = 'a key in a page can be read by everyone who opens it';
    const hint = 'Give getToken, which fetches a short-lived key from your server, or set allowKeyInPage on a page of your own.';
    throw new AquilineError('llm.key_in_page', message, { hint });
  }
  return { options: { ...options, endpoint }, asks: getToken || apiKey !== undefined ? 'token' : 'nothing' };
}

function isRemote(llm: RemoteLlm | Llm | ChatFunction): llm is RemoteLlm {
  return typeof llm === 'object' && 'baseUrl' in llm;
}

/** Answers what the worker asks: keys and models stay with the page. */
export class PageLlm {
  private readonly asked = new Map<number, AbortController>();

  constructor(
    /** Who answers; changed when the worker asks for another one. */
    public llm: CreateOptions['llm'],
    private readonly post: (message: Message) => void,
  ) {}

  async answer(id: number, request: ChatRequest | undefined): Promise<void> {
    const controller = new AbortController();
    this.asked.set(id, controller);
    try {
      const value = request ? await this.chat(request, controller.signal) : await this.token();
      if (!controller.signal.aborted) this.post({ type: 'answer', id, value });
    } catch (error) {
      if (!controller.signal.aborted) this.post({ type: 'refuse', id, error: toWire(error) });
    } finally {
      this.asked.delete(id);
    }
  }

  stop(id: number): void {
    this.asked.get(id)?.abort();
  }

  stopAll(): void {
    for (const controller of this.asked.values()) controller.abort();
  }

  private async chat(request: ChatRequest, signal: AbortSignal): Promise<unknown> {
    const llm = this.llm as Llm | ChatFunction;
    return typeof llm === 'function' ? llm(request, { signal }) : llm.chat(heeded(request, llm), { signal });
  }

  private async token(): Promise<string | undefined> {
    const { getToken, apiKey } = this.llm as RemoteLlm;
    return getToken ? getToken() : apiKey;
  }
}

/** The request without what the model does not heed. */
function heeded({ seed, temperature, schema, ...request }: ChatRequest, { capabilities }: Llm): ChatRequest {
  return {
    ...request,
    ...(capabilities.seed && seed !== undefined && { seed }),
    ...(capabilities.temperature && temperature !== undefined && { temperature }),
    ...(capabilities.schema && schema !== undefined && { schema }),
  };
}
