import { fields, record, text, type Table } from '../check.js';
import { AquilineError, messageOf } from '../error.js';
import { Turns } from './turns.js';
import type { AdapterOptions, ChatReply, ChatRequest, Llm } from './types.js';

/** What is read of an answer at most; the core has the same limit. */
const MOST_BYTES = 1 << 20;

/** Asks an engine. It passes the signal on, or stops the engine by its own means, and settles when that has stopped. */
export type Ask = (request: ChatRequest, signal: AbortSignal) => Promise<unknown>;

const COMMON: Table<AdapterOptions> = { model: text, extra: record };

/** Refuses options that an adapter of this name does not know; `more` are its own. */
export function checkOptions(name: string, options: unknown, more: Table = {}): void {
  fields({ ...COMMON, ...more }, [], true)(options, name);
}

/** What all adapters do: wait for a turn, leave at once when aborted, and take nothing but a bounded text. */
export function adapter(description: Omit<Llm, 'chat'>, ask: Ask): Llm {
  const turns = new Turns(description.concurrency);
  return {
    ...description,
    async chat(request, { signal }) {
      await turns.take(signal);
      const answered = new Promise((resolve) => {
        signal.throwIfAborted();
        resolve(ask(request, signal));
      });
      // Whoever aborts need not wait until the engine has stopped, but the next question must.
      return replyOf(await orAborted(answered.finally(() => turns.give()), signal));
    },
  };
}

/** Why an answer ended, in our words or those of OpenAI or the AI SDK. */
export function finishOf(reason: unknown): NonNullable<ChatReply['finish']> {
  switch (reason) {
    case 'stop':
    case 'length':
    case 'refused':
      return reason;
    case 'content_filter':
    case 'content-filter':
      return 'refused';
    default:
      return 'unknown';
  }
}

/** A count of tokens, where the engine gave both numbers. */
export function usageOf(promptTokens: unknown, completionTokens: unknown): Pick<ChatReply, 'usage'> {
  if (typeof promptTokens !== 'number' || typeof completionTokens !== 'number') return {};
  return { usage: { promptTokens, completionTokens } };
}

/** What it gives, or the signal's reason as soon as that aborts. */
function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const fail = (error: unknown): void => reject(signal.aborted ? signal.reason : asError(error));
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, fail).finally(() => signal.removeEventListener('abort', abort));
  });
}

function replyOf(answer: unknown): ChatReply {
  const reply = typeof answer === 'string' ? { text: answer } : answer;
  const { text, finish, usage } = (reply ?? {}) as Partial<ChatReply>;
  if (typeof text !== 'string') throw new AquilineError('llm.failed', 'the language model gave no text');
  if (text.length > MOST_BYTES || new TextEncoder().encode(text).length > MOST_BYTES) {
    throw new AquilineError('llm.too_long', `the answer is longer than ${MOST_BYTES} bytes`);
  }
  return { text, finish: finishOf(finish), ...usageOf(usage?.promptTokens, usage?.completionTokens) };
}

function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new AquilineError('llm.failed', `the language model failed: ${messageOf(thrown)}`, { cause: thrown });
}
