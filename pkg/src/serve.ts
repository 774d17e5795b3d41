import { linesOf } from './answers.js';
import { Asking } from './asking.js';
import { cancelled, codeOf, noEnvironment } from './error.js';
import { defaultHost, type Host } from './host.js';
import { open } from './open.js';
import {
  LOST_DEVICE,
  toWire,
  type CallEvent,
  type EnvironmentRequest,
  type LlmRequest,
  type Message,
  type Port,
  type Reply,
  type Request,
  type Results,
  type SteerRequest,
  type TrainRequest,
} from './protocol.js';
import { createTick, pause, throwIfCancelled, type Call } from './tick.js';
import type { RawModel, RawSession } from './core.js';
import type { SteerEvent } from './types.js';

/** Runs the core behind a message port, for one `create` and the calls after it. */
export function serve(port: Port, host: Host = defaultHost()): void {
  const service = new Service(host, (reply) => port.postMessage(reply));
  port.addEventListener('message', ({ data }) => service.receive(data as Message));
  port.start?.();
}

class Service {
  private readonly running = new Map<number, AbortController>();
  /** The call before: the core does one thing at a time, and refuses to be entered twice. */
  private previous: Promise<void> = Promise.resolve();
  private session: RawSession | undefined;
  private model: RawModel | undefined;
  /** What a language model calls the items, unless it is told otherwise. */
  private usualDomain: 'films' | 'items' = 'films';
  /** Whether the simulator may edit here: the embedded films, or any items where it was asked for by name. */
  private maySimulate = false;
  /** Name of the model whose answers are kept. */
  private kept: string | undefined;
  /** Answers that wait for the write that is under way. */
  private readonly unstored: string[] = [];
  private storing: Promise<void> | undefined;
  /** Calls that the page was told were spent. */
  private told = 0;
  /** Stores what runs have encoded: the same run is quick in the next visit. */
  private keepVectors = async (): Promise<void> => undefined;
  /** The call that the core is at. */
  private current = 0;
  private readonly asking: Asking;

  constructor(
    private readonly host: Host,
    private readonly post: (reply: Reply) => void,
  ) {
    this.asking = new Asking(post);
  }

  receive(message: Message): void {
    switch (message.type) {
      case 'call':
        return this.start(message.id, message.request);
      case 'cancel':
        this.running.get(message.id)?.abort();
        // Whoever cancels does not wait for answers: the connections are closed at once.
        if (message.id === this.current) this.model?.stop();
        return;
      case 'answer':
        return this.asking.answer(message.id, message.value);
      case 'refuse':
        return this.asking.refuse(message.id, message.error);
      case 'are-you-there':
        return this.post({ type: 'here' });
      case 'dispose':
        return this.dispose();
    }
  }

  private start(id: number, request: Request): void {
    const controller = new AbortController();
    this.running.set(id, controller);
    const report = (event: CallEvent) => {
      this.post({ type: 'event', id, event });
      // An answer has been paid for, and whatever happens to this run, it is kept.
      this.keepAnswers().catch(() => undefined);
    };
    this.previous = this.previous.then(() => this.answer(id, request, { signal: controller.signal, report }));
  }

  /** Never rejects: the next call waits for this one. */
  private async answer(id: number, request: Request, call: Call): Promise<void> {
    this.current = id;
    try {
      throwIfCancelled(call);
      const value = await this.perform(request, call);
      await this.keepAnswers();
      this.post({ type: 'result', id, value });
    } catch (error) {
      await this.keepAnswers();
      if (this.isEnd(error)) this.post({ type: 'fatal', error: toWire(error) });
      else this.post({ type: 'error', id, error: toWire(call.signal.aborted ? cancelled() : error) });
    } finally {
      this.running.delete(id);
    }
  }

  /** Neither a trapped core nor the device of an open session comes back. */
  private isEnd(error: unknown): boolean {
    return isTrap(error) || (this.session !== undefined && codeOf(error) === LOST_DEVICE);
  }

  private async perform(request: Request, call: Call): Promise<Results[keyof Results]> {
    switch (request.type) {
      case 'create': {
        const opened = await open(request, this.host, call, (device) => this.post({ type: 'device', device }));
        this.session = opened.session;
        this.usualDomain = typeof request.catalog === 'object' && 'items' in request.catalog ? 'items' : 'films';
        this.keepVectors = () => opened.keepVectors();
        this.maySimulate = request.catalog === 'embedded';
        // Nobody need edit yet: gaps and the like need no language model.
        if (request.llm || this.maySimulate) await this.useModel(request.llm);
        return opened.info;
      }
      case 'useModel':
        await this.useModel(request.llm);
        return undefined;
      case 'writeProfile':
        return this.opened().writeProfile(request.user, request.seed);
      case 'describe':
        return this.opened().describe(request.item, request.seed);
      case 'judge':
        return this.opened().judge(request.options);
      case 'raterReport':
        return this.opened().raterReport(request.opinions, request.seed);
      case 'embed':
        return this.opened().embed(request.texts, createTick(call));
      case 'utilities':
        return this.opened().utilities({ users: request.users });
      case 'foldIn':
        return this.opened().foldIn(request.options);
      case 'factorize':
        return this.opened().factorize(request.options, createTick(call));
      case 'actions':
        return this.opened().actions(request.options, createTick(call));
      case 'design':
        return this.opened().design(request.options, createTick(call));
      case 'search':
        await this.opened().search(request.options, createTick(call));
        return undefined;
      case 'elm':
        return this.opened().elm(request.options, createTick(call));
      case 'evaluate':
        await this.opened().evaluate(request.options, createTick(call));
        return undefined;
      case 'learned':
        return { trained: this.opened().trained, dimensions: this.opened().dimensions() };
      case 'save':
        return this.opened().save();
      case 'load':
        this.opened().loadState(request.state);
        return undefined;
      case 'gaps':
        await pause(call);
        return this.opened().gaps({ users: request.users, count: request.count });
      case 'steer':
        await steer(this.opened(), request, call);
        await this.keepVectors();
        return undefined;
      case 'estimate':
        return this.opened().estimate(request.options);
      case 'replay':
        await this.opened().replay(request.transcript, createTick(call));
        return undefined;
      case 'spent':
        return this.model?.spent() ?? { calls: 0, tokens: 0, money: 0 };
      case 'train':
        await this.train(request, call);
        return undefined;
      case 'savePolicy':
        return this.opened().policyBytes();
      case 'loadPolicy':
        this.opened().loadPolicy(request.checkpoint);
        return undefined;
    }
  }

  /** The page is given the policy after each update, for whatever may happen to this worker. */
  private async train(request: TrainRequest, { signal, report }: Call): Promise<void> {
    const told = (event: CallEvent | Uint8Array): void => {
      if (event instanceof Uint8Array) this.post({ type: 'policy', policy: event });
      else report(event);
    };
    const call = { signal, report: told as Call['report'] };
    if (!request.resume) await this.opened().fitReference(request.options, createTick(call));
    await this.opened().train(request.options, createTick(call));
  }

  /** The model before stays where this one cannot be used. */
  private async useModel(llm: EnvironmentRequest): Promise<void> {
    const session = this.opened();
    if (llm === 'simulator') this.maySimulate = true;
    if (!llm && !this.maySimulate) throw noEnvironment();
    const model = typeof llm === 'object' ? this.askedFor(session, llm) : void session.useSimulator();
    this.model?.free();
    this.model = model;
    this.told = 0;
    this.kept = typeof llm === 'object' && llm.keeps ? (llm.options.endpoint?.model ?? llm.options.model) : undefined;
    if (this.kept === undefined) return;
    // Storage that does not work costs questions, and no more.
    const known = await this.host.answers.load(this.kept).catch(() => []);
    model?.learn(known.join('\n'));
  }

  private askedFor(session: RawSession, { options, asks }: LlmRequest): RawModel {
    const domain = options.domain ?? this.usualDomain;
    return session.useModel({ ...options, domain }, asks === 'nothing' ? undefined : this.asking.ask);
  }

  /** Tells what was spent, and stores what was answered, since this was called last; resolves when all is stored. */
  private async keepAnswers(): Promise<void> {
    if (!this.model) return;
    const spent = this.model.spent();
    if (spent.calls !== this.told) this.post({ type: 'spent', spent });
    this.told = spent.calls;
    if (this.kept === undefined) return;
    this.unstored.push(...linesOf(this.model.learned()));
    await (this.storing ??= this.store(this.kept).finally(() => (this.storing = undefined)));
  }

  /** One write at a time: what is answered meanwhile is in the next. */
  private async store(model: string): Promise<void> {
    while (this.unstored.length > 0) {
      await this.host.answers.add(model, this.unstored.splice(0)).catch(() => undefined);
    }
  }

  private opened(): RawSession {
    if (!this.session) throw new Error('nothing was created here');
    return this.session;
  }

  /** Stops what runs, and frees the core's memory once it has stopped. */
  private dispose(): void {
    for (const controller of this.running.values()) controller.abort();
    this.model?.stop();
    this.previous = this.previous.then(() => {
      this.model?.free();
      this.session?.free();
      this.session = undefined;
      this.post({ type: 'disposed' });
    });
  }
}

/** The core has no clock, so the time of a step is measured here, between its events. */
async function steer(session: RawSession, { options, record }: SteerRequest, call: Call): Promise<void> {
  const times: number[] = [];
  let last = performance.now();
  let done: (SteerEvent & { type: 'done' }) | undefined;
  const timed = (event: CallEvent): void => {
    if (event.type === 'step') {
      const now = performance.now();
      times.push((event.step.milliseconds = now - last));
      last = now;
    }
    // The last event waits for the record, which the core gives when it has come back.
    if (event.type === 'done') done = event;
    else call.report(event);
  };
  const transcript = await session.steer(options, record, createTick({ signal: call.signal, report: timed }));
  if (!done) return;
  fillTimes(done, times);
  call.report(transcript === undefined ? done : { ...done, transcript });
}

function fillTimes({ trajectory }: SteerEvent & { type: 'done' }, times: number[]): void {
  trajectory.steps.forEach((step, index) => {
    step.milliseconds = times[index] ?? 0;
  });
}

/** After a trap the core's memory is in no defined state. */
function isTrap(error: unknown): boolean {
  return typeof WebAssembly !== 'undefined' && error instanceof WebAssembly.RuntimeError;
}
