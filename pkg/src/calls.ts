import { AquilineError, messageOf } from './error.js';
import { LOST_DEVICE, fromWire, type CallEvent, type Reply, type Request, type Results, type WireError } from './protocol.js';
import type { Connection } from './connection.js';
import type { PageLlm } from './answering.js';
import type { Device, Spent } from './types.js';

/** How long a cancelled call may take to stop before the worker is ended under it. */
const GRACE_MILLISECONDS = 5000;

/** While answers are awaited the worker is asked so often whether it is there, and given up after so many questions. */
export interface Patience {
  milliseconds: number;
  questions: number;
}

/** Two minutes: a core that computes lets no message in, and some calls of a large catalog are one long piece of work. */
const PATIENCE: Patience = { milliseconds: 5000, questions: 24 };

export interface Watch {
  signal?: AbortSignal | undefined;
  /** What it throws cancels the call and is what the call rejects with. */
  onEvent?: (event: CallEvent) => void;
}

/** A call under way. */
export interface Running<Value> {
  result: Promise<Value>;
  /** Stops it: the result rejects with the reason, and the core stops at its next turn. */
  cancel(reason: unknown): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onEvent: ((event: CallEvent) => void) | undefined;
}

/** The calls over one connection: each has an id, and is settled by its reply, its signal or the end of it all. */
export class Calls {
  /** The device that was opened last. */
  device: Device | undefined;
  /** Told of the policy after each update of a training. */
  onPolicy: (policy: Uint8Array) => void = () => undefined;
  /** What the language model has cost, as far as it was told. */
  spent: Spent = { calls: 0, tokens: 0, money: 0 };
  private readonly pending = new Map<number, Pending>();
  /** Cancelled, but still running. */
  private readonly stopping = new Set<number>();
  private allStopped: () => void = () => undefined;
  private lastId = 0;
  private ended: AquilineError | undefined;
  private closing: Promise<void> | undefined;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private unanswered = 0;

  constructor(
    private readonly connection: Connection,
    readonly llm?: PageLlm,
    private readonly patience = PATIENCE,
  ) {
    connection.onReply = (reply) => this.receive(reply);
    connection.onDeath = (error) => this.die(error);
    connection.keepAlive(false);
  }

  start<Kind extends Request>(request: Kind, watch: Watch): Running<Results[Kind['type']]> {
    const { signal } = watch;
    const id = ++this.lastId;
    const cancel = (reason: unknown) => this.cancel(id, reason);
    const onAbort = () => cancel(signal?.reason);
    const result = new Promise<unknown>((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.ended) throw this.ended;
      this.pending.set(id, { resolve, reject, onEvent: watch.onEvent });
      this.send(id, request);
      signal?.addEventListener('abort', onAbort);
    }).finally(() => {
      signal?.removeEventListener('abort', onAbort);
      this.keepAlive();
    });
    return { result: result as Promise<Results[Kind['type']]>, cancel };
  }

  /** Rejects what is pending with this error, and everything from now on. Idempotent. */
  end(error: AquilineError): void {
    if (this.ended) return;
    this.ended = error;
    this.rest();
    this.llm?.stopAll();
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  /** Ends the service at once. */
  close(): Promise<void> {
    return (this.closing ??= this.connection.close());
  }

  /** Ends the service once what was cancelled has stopped: until then it may be saving what it has done. */
  async closeGently(): Promise<void> {
    if (this.stopping.size > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.allStopped = resolve;
        timer = setTimeout(resolve, GRACE_MILLISECONDS);
      });
      clearTimeout(timer);
    }
    await this.close();
  }

  private send(id: number, request: Request): void {
    try {
      this.connection.post({ type: 'call', id, request });
      this.keepAlive();
    } catch (error) {
      this.pending.delete(id);
      const message = `the options hold something that cannot be sent to the worker: ${messageOf(error)}`;
      throw new AquilineError('data.malformed', message, { cause: error });
    }
  }

  private cancel(id: number, reason: unknown): void {
    const call = this.pending.get(id);
    if (!call) return;
    this.pending.delete(id);
    this.stopping.add(id);
    this.connection.post({ type: 'cancel', id });
    call.reject(reason);
  }

  private receive(reply: Reply): void {
    this.unanswered = 0;
    switch (reply.type) {
      case 'event':
        return this.deliver(reply.id, reply.event);
      case 'result':
        this.take(reply.id)?.resolve(reply.value);
        return;
      case 'error':
        this.take(reply.id)?.reject(fromWire(reply.error));
        return;
      case 'ask':
        return void this.llm?.answer(reply.id, reply.request);
      case 'unask':
        return this.llm?.stop(reply.id);
      case 'device':
        this.device = reply.device;
        return;
      case 'here':
        return;
      case 'policy':
        return this.onPolicy(reply.policy);
      case 'spent':
        this.spent = reply.spent;
        return;
      case 'fatal':
        return this.die(fromWire({ message: whatEnded(reply.error), cause: reply.error }));
    }
  }

  private deliver(id: number, event: CallEvent): void {
    try {
      this.pending.get(id)?.onEvent?.(event);
    } catch (error) {
      this.cancel(id, error);
    }
  }

  /** The call that a final reply settles; none if it was cancelled. */
  private take(id: number): Pending | undefined {
    const call = this.pending.get(id);
    this.pending.delete(id);
    if (this.stopping.delete(id)) {
      if (this.stopping.size === 0) this.allStopped();
      this.keepAlive();
    }
    return call;
  }

  /** A service that can be replaced is worth another try. */
  private die({ code, message, hint, cause }: AquilineError): void {
    this.end(new AquilineError(code, message, { hint, cause, retryable: this.connection.isReplaceable }));
    this.stopping.clear();
    this.allStopped();
    void this.close();
  }

  private keepAlive(): void {
    const isBusy = this.pending.size + this.stopping.size > 0;
    if (!this.closing) this.connection.keepAlive(isBusy);
    if (isBusy && !this.closing && this.connection.isReplaceable) this.pulse ??= setInterval(() => this.ask(), this.patience.milliseconds);
    else this.rest();
  }

  /** A worker that was ended says nothing, not even that. Questions are counted, not time: a page may have slept. */
  private ask(): void {
    this.unanswered += 1;
    if (this.unanswered <= this.patience.questions) return this.connection.post({ type: 'are-you-there' });
    this.die(new AquilineError('worker', 'the worker does not answer any more'));
  }

  private rest(): void {
    clearInterval(this.pulse);
    this.pulse = undefined;
    this.unanswered = 0;
  }
}

/** The first line says it; drivers add a history of many. */
function whatEnded({ code, message }: WireError): string {
  return `the ${code === LOST_DEVICE ? 'device was lost' : 'core stopped'}: ${message.split('\n', 1)[0]}`;
}
