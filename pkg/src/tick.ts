import { cancelled } from './error.js';
import type { Tick } from './core.js';
import type { CallEvent } from './protocol.js';

/** How long the core may work before the event loop gets its turn: half a frame. */
const SLICE_MILLISECONDS = 8;

/** One call as the worker sees it. */
export interface Call {
  /** Aborts when the call is cancelled. */
  signal: AbortSignal;
  /** Sends progress or a step to the caller. */
  report(event: CallEvent): void;
}

/**
 * What the core awaits between pieces of work: reports the event, lets waiting messages in, and rejects once the call
 * is cancelled.
 */
export function createTick(call: Call): Tick {
  let lastPause = performance.now();
  return async (event) => {
    if (event !== undefined && event !== null) call.report(event as CallEvent);
    if (performance.now() - lastPause >= SLICE_MILLISECONDS) {
      await nextTask();
      lastPause = performance.now();
    }
    throwIfCancelled(call);
  };
}

/** Lets waiting messages in, then throws if one of them cancelled the call. */
export async function pause(call: Call): Promise<void> {
  await nextTask();
  throwIfCancelled(call);
}

/** Throws the worker's `cancelled` error, not the signal's reason, which stays with the caller. */
export function throwIfCancelled(call: Call): void {
  if (call.signal.aborted) throw cancelled();
}

/**
 * Resolves in a later task, so that messages which have arrived are delivered first. A resolved promise would not let
 * them in, and a timer waits 4 ms once nested.
 */
function nextTask(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
  if (setImmediate) return new Promise((resolve) => void setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
