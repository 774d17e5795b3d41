import { requestOfLlm } from './answering.js';
import {
  actionsRequest,
  describeRequest,
  designRequest,
  elmRequest,
  embedRequest,
  estimateRequest,
  evaluateRequest,
  factorizeRequest,
  foldInRequest,
  gapsRequest,
  judgeRequest,
  keptBytes,
  raterReportRequest,
  replayRequest,
  searchRequest,
  steerRequest,
  trainRequest,
  utilitiesRequest,
  writeProfileRequest,
} from './options.js';
import {
  isYielded,
  type CallEvent,
  type EvaluateRequest,
  type ReplayRequest,
  type Request,
  type Results,
  type SearchRequest,
  type SteerRequest,
  type TrainRequest,
  type YieldedEvent,
} from './protocol.js';
import { createEta } from './progress.js';
import { check } from './table.js';
import { Queue } from './queue.js';
import { disposed, type Lifeline } from './recovery.js';
import type { ModelInUse } from './account.js';
import type { Calls } from './calls.js';
import { capabilitiesHere } from './capabilities.js';
import type {
  Abortable,
  Action,
  ActionsOptions,
  Aquiline,
  CallOptions,
  Capabilities,
  CreateOptions,
  DesignOptions,
  DesignReport,
  ElmOptions,
  ElmResult,
  EvaluateEvent,
  EvaluateOptions,
  FactorizeOptions,
  Factors,
  FoldInOptions,
  Gap,
  GapsOptions,
  Info,
  Item,
  JudgeOptions,
  Opinion,
  Passage,
  Progress,
  RaterReport,
  SearchOptions,
  Spent,
  SteerEvent,
  SteerOptions,
  TrainEvent,
  TrainOptions,
  UserInfo,
} from './types.js';

/** Calls for which a language model, where there is one, is asked. */
const ASKS_A_MODEL: ReadonlySet<Request['type']> = new Set(['actions', 'design', 'elm', 'writeProfile', 'describe', 'judge']);

/** The object behind {@link Aquiline}: turns calls into messages, and nothing else. */
export class Client implements Aquiline {
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  private disposing: Promise<void> | undefined;

  constructor(
    private readonly line: Lifeline,
    private readonly model: ModelInUse,
    private readonly seed: number,
  ) {
    // A class member of this name would be called `undefined` where the symbol is missing.
    if (Symbol.asyncDispose) Object.assign(this, { [Symbol.asyncDispose]: () => this.dispose() });
  }

  get info(): Info {
    return this.line.info;
  }

  async capabilities(options: Abortable = {}): Promise<Capabilities> {
    check('capabilities', options);
    const learned = await this.ask({ type: 'learned' }, options);
    return { ...capabilitiesHere(this.info), ...learned };
  }

  async embed(texts: readonly string[], options: CallOptions = {}): Promise<Float32Array[]> {
    const rows = await this.ask(embedRequest(texts, options), options);
    const width = rows.length / Math.max(1, texts.length);
    return texts.map((_, index) => rows.slice(index * width, (index + 1) * width));
  }

  async utilities(options: { user: string | readonly string[] } & Abortable): Promise<Float32Array> {
    return this.ask(utilitiesRequest(options), options);
  }

  async foldIn(options: FoldInOptions): Promise<UserInfo> {
    const user = await this.ask(foldInRequest(options), options);
    await this.line.keep();
    return user;
  }

  async factorize(options: FactorizeOptions = {}): Promise<Factors> {
    return this.ask(factorizeRequest(options, this.seed), options);
  }

  async gaps(options: GapsOptions): Promise<Gap[]> {
    return this.ask(gapsRequest(options), options);
  }

  async actions(options: ActionsOptions): Promise<Action[]> {
    return this.ask(actionsRequest(options, this.seed), options);
  }

  async design(options: DesignOptions): Promise<DesignReport> {
    return this.ask(designRequest(options, this.seed), options);
  }

  search(options: SearchOptions): AsyncIterable<SteerEvent> {
    return { [Symbol.asyncIterator]: () => this.run(() => searchRequest(options, this.seed), options) };
  }

  async elm(options: ElmOptions): Promise<ElmResult> {
    return this.ask(elmRequest(options, this.seed), options);
  }

  evaluate(options: EvaluateOptions): AsyncIterable<EvaluateEvent> {
    return { [Symbol.asyncIterator]: () => this.run(() => evaluateRequest(options, this.seed), options) };
  }

  /** Each loop over what this returns is a run of its own, and starts with the loop. */
  steer(options: SteerOptions): AsyncIterable<SteerEvent> {
    return { [Symbol.asyncIterator]: () => this.run(() => steerRequest(options, this.seed), options) };
  }

  async estimate(options: SteerOptions): Promise<Spent> {
    return this.ask(estimateRequest(options, this.seed), options);
  }

  replay(transcript: string, options: CallOptions = {}): AsyncIterable<SteerEvent> {
    return { [Symbol.asyncIterator]: () => this.run(() => replayRequest(transcript, options), options) };
  }

  async useModel(options: Pick<CreateOptions, 'llm' | 'llmOptions' | 'budget' | 'signal'> = {}): Promise<void> {
    check('useModel', options);
    const llm = requestOfLlm(options);
    await this.ask({ type: 'useModel', llm }, { signal: options.signal });
    this.model.change(options.llm, llm);
  }

  async writeProfile(user: string, options: { seed?: number } & Abortable = {}): Promise<Passage[]> {
    const passages = await this.ask(writeProfileRequest(user, options, this.seed), options);
    await this.line.keep();
    return passages;
  }

  async describe(item: Partial<Item> & { title: string }, options: { seed?: number } & Abortable = {}): Promise<Item> {
    return this.ask(describeRequest(item, options, this.seed), options);
  }

  async judge(options: JudgeOptions): Promise<Opinion> {
    return this.ask(judgeRequest(options, this.seed), options);
  }

  async raterReport(opinions: readonly Opinion[], options: { seed?: number } & Abortable = {}): Promise<RaterReport> {
    return this.ask(raterReportRequest(opinions, options), options);
  }

  async spent(options: Abortable = {}): Promise<Spent> {
    check('spent', options);
    return this.model.spent(await this.ask({ type: 'spent' }, options));
  }

  train(options: TrainOptions = {}): AsyncIterable<TrainEvent> {
    return { [Symbol.asyncIterator]: () => this.run(() => trainRequest(options, this.seed), options) };
  }

  async savePolicy(options: Abortable = {}): Promise<Uint8Array> {
    check('savePolicy', options);
    return this.ask({ type: 'savePolicy' }, options);
  }

  async loadPolicy(checkpoint: Uint8Array, options: Abortable = {}): Promise<void> {
    check('loadPolicy', options);
    await this.ask({ type: 'loadPolicy', checkpoint: keptBytes(checkpoint, 'checkpoint') }, options);
    await this.line.keep();
  }

  async save(options: Abortable = {}): Promise<Uint8Array> {
    check('save', options);
    return this.ask({ type: 'save' }, options);
  }

  async load(state: Uint8Array, options: Abortable = {}): Promise<void> {
    check('load', options);
    await this.ask({ type: 'load', state: keptBytes(state, 'state') }, options);
    await this.line.keep();
  }

  dispose(): Promise<void> {
    return (this.disposing ??= this.end());
  }

  private ask<Kind extends Request>(request: Kind, { signal, onProgress }: CallOptions = {}): Promise<Results[Kind['type']]> {
    const watch = () => ({ signal, onEvent: progressOnly(onProgress) });
    const mayRepeat = () => !(this.model.isAsked && ASKS_A_MODEL.has(request.type));
    return this.line.run((calls) => calls.start(request, watch()).result, mayRepeat, signal);
  }

  /** What the request yields, as the caller asks for it. */
  private run<Event extends YieldedEvent>(
    request: () => SteerRequest | ReplayRequest | SearchRequest | EvaluateRequest | TrainRequest,
    options: CallOptions,
  ): AsyncIterator<Event, undefined> {
    let hasLeft = false;
    let cancel = (): void => undefined;
    const queue = new Queue<Event>(() => {
      hasLeft = true;
      cancel();
    });
    try {
      const asked = request();
      const report = progressOnly(options.onProgress);
      let yielded = 0;
      const once = async (calls: Calls) => {
        // Whoever left while what was lost was replaced wants no run any more.
        if (hasLeft) return undefined;
        // What was yielded before the run was lost is not yielded again.
        let known = yielded;
        const onEvent = (event: CallEvent) => {
          report(event);
          if (!isYielded(event) || known-- > 0) return;
          yielded += 1;
          queue.push(event as Event);
        };
        const running = calls.start(asked, { signal: options.signal, onEvent });
        cancel = () => running.cancel(undefined);
        return running.result;
      };
      const mayRepeat = () => asked.type !== 'train' && (asked.type === 'replay' || !this.model.isAsked);
      this.line.run<unknown>(once, mayRepeat, options.signal).then(
        () => queue.end(),
        (error: unknown) => (options.signal?.aborted ? queue.abort(error) : queue.fail(error)),
      );
    } catch (error) {
      queue.fail(error);
    }
    return queue;
  }

  private async end(): Promise<void> {
    this.line.end();
    this.line.calls.end(disposed());
    await this.line.calls.close();
  }
}

/** Passes on progress that goes forward; a step or another stage starts anew. */
export function progressOnly(report: ((progress: Progress) => void) | undefined): (event: CallEvent) => void {
  let last: Progress | undefined;
  const etaOf = createEta();
  return (event) => {
    if (isYielded(event)) {
      last = undefined;
      return;
    }
    if (last?.type === event.type && event.done < last.done) return;
    last = event;
    const eta = etaOf(event, performance.now());
    report?.(eta === undefined ? event : { ...event, eta });
  };
}
