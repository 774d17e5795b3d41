import { fromWire, type Reply, type WireError } from './protocol.js';
import type { CoreCall } from './core.js';
import type { ChatReply, ChatRequest } from './llm/types.js';

interface Waiting {
  resolve(value: string | ChatReply | undefined): void;
  reject(error: unknown): void;
}

/** The worker's questions to the page. */
export class Asking {
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  constructor(private readonly post: (reply: Reply) => void) {}

  /** Asks for a key, or, with a request, for an answer, until the signal aborts. */
  readonly ask: CoreCall = (request?: ChatRequest, signal?: AbortSignal) => {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.post({ type: 'ask', id, request });
      signal?.addEventListener('abort', () => {
        if (!this.waiting.delete(id)) return;
        this.post({ type: 'unask', id });
        reject(signal.reason);
      });
    });
  };

  answer(id: number, value: unknown): void {
    this.take(id)?.resolve(value as string | ChatReply | undefined);
  }

  refuse(id: number, error: WireError): void {
    this.take(id)?.reject(fromWire(error));
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }
}
