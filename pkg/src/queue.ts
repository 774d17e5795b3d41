type Result<Value> = IteratorResult<Value, undefined>;

interface Waiting<Value> {
  resolve(result: Result<Value>): void;
  reject(error: unknown): void;
}

/**
 * Values that are pushed on one side and iterated on the other. The producer is never held up: a run has few events,
 * and a loop that awaits another call of the same object before it goes on must not wait for itself.
 */
export class Queue<Value> implements AsyncIterator<Value, undefined> {
  private readonly values: Value[] = [];
  private readonly waiting: Waiting<Value>[] = [];
  private finish: (() => Promise<Result<Value>>) | undefined;

  /** `onLeave` is called when the loop is left before the end. */
  constructor(private readonly onLeave: () => void) {}

  push(value: Value): void {
    if (this.finish) return;
    const next = this.waiting.shift();
    if (next) next.resolve({ done: false, value });
    else this.values.push(value);
  }

  /** No more values; those that are here can still be read. */
  end(): void {
    this.close(async () => ({ done: true, value: undefined }));
  }

  /** Fails after the values that are here were read. */
  fail(error: unknown): void {
    let thrown = false;
    this.close(async () => {
      // Once: after that an iterator is at its end.
      if (thrown) return { done: true, value: undefined };
      thrown = true;
      throw error;
    });
  }

  /** Fails at once: whoever cancels wants no more values. */
  abort(error: unknown): void {
    this.values.length = 0;
    this.fail(error);
  }

  next(): Promise<Result<Value>> {
    if (this.values.length > 0) return Promise.resolve({ done: false, value: this.values.shift() as Value });
    if (this.finish) return this.finish();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** What `break` and `return` in a `for await` call. */
  async return(): Promise<Result<Value>> {
    this.values.length = 0;
    if (!this.finish) {
      this.end();
      this.onLeave();
    }
    return { done: true, value: undefined };
  }

  private close(finish: () => Promise<Result<Value>>): void {
    if (this.finish) return;
    this.finish = finish;
    for (const { resolve, reject } of this.waiting.splice(0)) void finish().then(resolve, reject);
  }
}
