import { AquilineError, codeOf } from './error.js';
import { LOST_DEVICE } from './protocol.js';
import type { Calls } from './calls.js';
import type { Device, Info, Recovery } from './types.js';

/** A service that has opened its catalog. */
export interface Started {
  calls: Calls;
  info: Info;
}

/** Opens the same on another service, on this device. */
export type Restart = (device: Device) => Promise<Started>;

/**
 * A service that is replaced when it is lost: its worker was ended, the core in it stopped, or its GPU went away. The
 * worker is the unit of recovery, as neither a stopped core nor a lost device comes back.
 */
export class Lifeline {
  private replacing: Promise<void> | undefined;
  /** What was learned, as `save` gave it last, and the policy where that is newer. */
  private state: Uint8Array | undefined;
  private policy: Uint8Array | undefined;
  private isEnded = false;

  constructor(
    private started: Started,
    private readonly restart: Restart,
    private readonly tell: ((recovery: Recovery) => void) | undefined,
  ) {
    this.watch();
  }

  get calls(): Calls {
    return this.started.calls;
  }

  get info(): Info {
    return this.started.info;
  }

  /**
   * Runs a call. One that was lost is run again once, and where it was lost with a GPU once more on the CPU; where it may
   * not be repeated it fails, but what it needs is there again.
   */
  async run<Value>(work: (calls: Calls) => Promise<Value>, mayRepeat: () => boolean, signal?: AbortSignal): Promise<Value> {
    for (let losses = 1; ; losses += 1) {
      if (this.isEnded) throw disposed();
      const { calls, info } = this.started;
      try {
        return await work(calls);
      } catch (error) {
        if (this.isEnded || !isLoss(error) || losses > (info.device === 'webgpu' ? 2 : 1)) throw error;
        await unlessAborted(this.replace(calls, error, losses > 1 ? 'cpu' : info.device), signal);
        if (!mayRepeat()) throw interrupted(error);
      }
    }
  }

  /** Keeps what was learned, after a call that has changed it. */
  async keep(): Promise<void> {
    this.state = await this.calls.start({ type: 'save' }, {}).result;
    this.policy = undefined;
  }

  /** No more replacements. */
  end(): void {
    this.isEnded = true;
  }

  /** All that were lost at the same time wait for the same replacement. */
  private async replace(lost: Calls, error: AquilineError, device: Device): Promise<void> {
    if (this.calls !== lost) return;
    this.replacing ??= this.open(error, device).finally(() => (this.replacing = undefined));
    await this.replacing;
  }

  private async open(error: AquilineError, device: Device): Promise<void> {
    const lost = codeOf(error.cause) === LOST_DEVICE || device !== this.info.device ? 'device' : 'worker';
    const started = await this.restart(device);
    if (this.isEnded) return void started.calls.close();
    await this.teach(started.calls);
    this.started = started;
    this.watch();
    this.tell?.({ lost, message: error.message, device: started.info.device });
  }

  /** Brings a new service what was learned. */
  private async teach(calls: Calls): Promise<void> {
    try {
      if (this.state) await calls.start({ type: 'load', state: this.state }, {}).result;
      if (this.policy) await calls.start({ type: 'loadPolicy', checkpoint: this.policy }, {}).result;
    } catch (error) {
      void calls.close();
      throw error;
    }
  }

  private watch(): void {
    this.calls.onPolicy = (policy) => (this.policy = policy);
  }
}

export function disposed(): AquilineError {
  return new AquilineError('disposed', 'this object was disposed');
}

/** Others may wait for the same, so that it goes on. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return work;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop));
}

function isLoss(error: unknown): error is AquilineError {
  return error instanceof AquilineError && error.code === 'worker' && error.retryable;
}

function interrupted(error: AquilineError): AquilineError {
  const hint = 'Everything that was learned is there again: run it again, and a training with resume: true.';
  return new AquilineError('worker', `the run was lost: ${error.message}`, { hint, retryable: true, cause: error });
}
