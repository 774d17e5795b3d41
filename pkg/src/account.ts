import type { Calls } from './calls.js';
import type { EnvironmentRequest, LlmRequest } from './protocol.js';
import type { Started } from './recovery.js';
import type { Info, CreateOptions, Spent } from './types.js';

/** The language model that is asked, for a service that takes the place of another. */
export class ModelInUse {
  /** What services that were lost had spent of the budget. */
  private spentBefore: Spent = { calls: 0, tokens: 0, money: 0 };
  /** When it was first asked, on the clock of `performance`. */
  private since = performance.now();

  constructor(
    private llm: CreateOptions['llm'],
    private asked: EnvironmentRequest,
    private calls: Calls,
  ) {}

  /** Whether answers come from a model, which a repeated run would ask, and pay, once more. */
  get isAsked(): boolean {
    return typeof this.asked === 'object';
  }

  /** Another model from now on, or the simulator; its budget begins anew. */
  change(llm: CreateOptions['llm'], asked: EnvironmentRequest): void {
    this.llm = llm;
    this.asked = asked ?? 'simulator';
    this.spentBefore = { calls: 0, tokens: 0, money: 0 };
    this.since = performance.now();
    this.calls.spent = { calls: 0, tokens: 0, money: 0 };
    // The worker asks the page for nothing between its answer to this and the next call.
    if (this.calls.llm) this.calls.llm.llm = llm;
  }

  /** The same model for another service, with what is left of its budget. */
  request(): EnvironmentRequest {
    if (typeof this.asked !== 'object') return this.asked;
    const { budget, ...options } = this.asked.options;
    return { ...this.asked, options: { ...options, ...(budget && { budget: left(budget, this.spent(), performance.now() - this.since) }) } };
  }

  /** That service is asked from now on. */
  moveTo(calls: Calls, info: Info): Started {
    this.spentBefore = this.spent();
    this.calls = calls;
    if (calls.llm) calls.llm.llm = this.llm;
    return { calls, info };
  }

  /** With what services that were lost had spent. */
  spent({ calls, tokens, money }: Spent = this.calls.spent): Spent {
    return {
      calls: calls + this.spentBefore.calls,
      tokens: tokens + this.spentBefore.tokens,
      money: money + this.spentBefore.money,
    };
  }
}

type Limits = NonNullable<LlmRequest['options']['budget']>;

function left(limits: Limits, spent: Spent, milliseconds: number): Limits {
  const rest = { ...limits };
  if (limits.time !== undefined) rest.time = Math.max(0, limits.time - milliseconds);
  for (const unit of ['calls', 'tokens', 'money'] as const) {
    const limit = limits[unit];
    if (limit !== undefined) rest[unit] = Math.max(0, limit - spent[unit]);
  }
  return rest;
}
