import { AquilineError } from './error.js';
import { gapsRequest, steerRequest, trainRequest, wholeBuffer } from './options.js';
import {
  isYielded,
  type CallEvent,
  type ReplayRequest,
  type SteerRequest,
  type TrainRequest,
  type YieldedEvent,
} from './protocol.js';
import { Queue } from './queue.js';
import type { Calls } from './calls.js';
import type {
  Aquiline,
  CallOptions,
  Gap,
  GapsOptions,
  Info,
  Progress,
  Spent,
  SteerEvent,
  SteerOptions,
  TrainEvent,
  TrainOptions,
} from './types.js';

/** The object behind {@link Aquiline}: turns calls into messages, and nothing else. */
export class Client implements Aquiline {
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  private disposing: Promise<void> | undefined;

  constructor(
    readonly info: Info,
    private readonly calls: Calls,
    private readonly seed: number,
  ) {
    // A class member of this name would be called `undefined` where the symbol is missing.
    if (Symbol.asyncDispose) Object.assign(this, { [Symbol.asyncDispose]: () => this.dispose() });
  }

  async gaps(options: GapsOptions): Promise<Gap[]> {
    const { signal, onProgress } = options;
    return this.calls.start(gapsRequest(options), { signal, onEvent: progressOnly(onProgress) }).result;
  }

  /** Each loop over what this returns is a run of its own, and starts with the loop. */
  steer(options: SteerOptions): AsyncIterable<SteerEvent> {
    return { [Symbol.asyncIterator]: () => this.run(() => steerRequest(options, this.seed), options) };
  }

  async estimate(options: SteerOptions): Promise<Spent> {
    const { options: core } = steerRequest(options, this.seed);
    return this.calls.start({ type: 'estimate', options: core }, { signal: options.signal }).result;
  }

  replay(transcript: string, options: CallOptions = {}): AsyncIterable<SteerEvent> {
    return { [Symbol.asyncIterator]: () => this.run(() => ({ type: 'replay', transcript }), options) };
  }

  async spent(): Promise<Spent> {
    return this.calls.start({ type: 'spent' }, {}).result;
  }

  train(options: TrainOptions = {}): AsyncIterable<TrainEvent> {
    return { [Symbol.asyncIterator]: () => this.run(() => trainRequest(options, this.seed), options) };
  }

  async savePolicy(): Promise<Uint8Array> {
    return this.calls.start({ type: 'savePolicy' }, {}).result;
  }

  async loadPolicy(checkpoint: Uint8Array): Promise<void> {
    await this.calls.start({ type: 'loadPolicy', checkpoint: wholeBuffer(checkpoint) }, {}).result;
  }

  dispose(): Promise<void> {
    return (this.disposing ??= this.end());
  }

  /** What the request yields, as the caller asks for it. */
  private run<Event extends YieldedEvent>(
    request: () => SteerRequest | ReplayRequest | TrainRequest,
    options: CallOptions,
  ): AsyncIterator<Event, undefined> {
    let leave = (): void => undefined;
    const queue = new Queue<Event>(() => leave());
    try {
      const report = progressOnly(options.onProgress);
      const running = this.calls.start(request(), {
        signal: options.signal,
        onEvent: (event) => {
          report(event);
          if (isYielded(event)) queue.push(event as Event);
        },
      });
      leave = () => running.cancel(undefined);
      running.result.then(
        () => queue.end(),
        (error: unknown) => (options.signal?.aborted ? queue.abort(error) : queue.fail(error)),
      );
    } catch (error) {
      queue.fail(error);
    }
    return queue;
  }

  private async end(): Promise<void> {
    this.calls.end(new AquilineError('disposed', 'this object was disposed'));
    await this.calls.close();
  }
}

/** Passes on progress that goes forward; a step or another stage starts anew. */
export function progressOnly(report: ((progress: Progress) => void) | undefined): (event: CallEvent) => void {
  let last: Progress | undefined;
  return (event) => {
    if (isYielded(event)) {
      last = undefined;
      return;
    }
    if (last?.type === event.type && event.done < last.done) return;
    last = event;
    report?.(event);
  };
}
