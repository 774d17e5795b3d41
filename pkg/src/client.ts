import { AquilineError } from './error.js';
import { requestOfLlm } from './answering.js';
import { describeRequest, gapsRequest, judgeRequest, steerRequest, trainRequest, wholeBuffer, wholeNumber } from './options.js';
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
  CreateOptions,
  Gap,
  GapsOptions,
  Info,
  Item,
  JudgeOptions,
  Opinion,
  Passage,
  Progress,
  RaterReport,
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

  async useModel(options: Pick<CreateOptions, 'llm' | 'llmOptions' | 'budget'> = {}): Promise<void> {
    await this.calls.start({ type: 'useModel', llm: requestOfLlm(options) }, {}).result;
    // The worker asks the page for nothing between its answer to this and the next call.
    if (this.calls.llm) this.calls.llm.llm = options.llm;
  }

  async writeProfile(user: string, { seed, signal }: { seed?: number; signal?: AbortSignal } = {}): Promise<Passage[]> {
    const request = { type: 'writeProfile', user, seed: wholeNumber('seed', seed, this.seed) } as const;
    return this.calls.start(request, { signal }).result;
  }

  async describe(
    item: Partial<Item> & { title: string },
    { seed, signal }: { seed?: number; signal?: AbortSignal } = {},
  ): Promise<Item> {
    const request = describeRequest(item, wholeNumber('seed', seed, this.seed));
    return this.calls.start(request, { signal }).result;
  }

  async judge(options: JudgeOptions): Promise<Opinion> {
    return this.calls.start(judgeRequest(options, this.seed), { signal: options.signal }).result;
  }

  async raterReport(opinions: readonly Opinion[], { seed }: { seed?: number } = {}): Promise<RaterReport> {
    const request = { type: 'raterReport', opinions, seed: wholeNumber('seed', seed, 0) } as const;
    return this.calls.start(request, {}).result;
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
