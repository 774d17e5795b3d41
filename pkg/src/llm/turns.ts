import { AquilineError } from '../error.js';

/** Lets so many in at a time; the others wait in the order in which they came. */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(atOnce: number) {
    if (!Number.isSafeInteger(atOnce) || atOnce < 1) {
      throw new AquilineError('request.malformed', `concurrency is ${atOnce}, not a whole number from 1`);
    }
    this.free = atOnce;
  }

  /** Resolves when it is the caller's turn; whoever waits leaves with the signal's reason when that aborts. */
  take(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (this.free > 0) {
        this.free -= 1;
        return resolve();
      }
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      this.waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Ends a turn. */
  give(): void {
    const enter = this.waiting.shift();
    if (enter) enter();
    else this.free += 1;
  }
}
