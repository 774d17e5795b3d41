import { AquilineError, messageOf } from './error.js';
import type { Host } from './host.js';
import type { Message, Reply } from './protocol.js';
import type { CreateOptions, WorkerLike } from './types.js';

/** The way to a running service. */
export interface Connection {
  post(message: Message): void;
  /** Called with each reply, in order. */
  onReply: (reply: Reply) => void;
  /** Whether another service can take the place of this one: on this thread a stopped core stays. */
  isReplaceable: boolean;
  /** Called once when no reply can come any more. */
  onDeath: (error: AquilineError) => void;
  /** Whether an answer is awaited: an idle connection must not keep Node.js running. */
  keepAlive(busy: boolean): void;
  /** Ends the service and gives its memory back. */
  close(): Promise<void>;
}

type Assets = NonNullable<CreateOptions['assets']>;

/** Starts the service: in a worker where there are workers, on this thread under Node.js. */
export async function connect(worker: Assets['worker'], trustedTypes?: Assets['trustedTypes']): Promise<Connection> {
  if (typeof worker === 'function') return workerConnection(startWorker(worker));
  if (isRunning(worker)) return workerConnection(takeWorker(worker));
  if (typeof Worker === 'function') return workerConnection(startWorker(() => openWorker(worker, trustedTypes)));
  if (typeof MessageChannel === 'function') return inProcessConnection();
  throw new AquilineError('environment', 'there are neither workers nor message channels here');
}

/** Runs the service on this thread, behind a port all the same, so that there is one way to talk to it. */
export async function inProcessConnection(host?: Host): Promise<Connection> {
  const { serve } = await import('./serve.js');
  const { port1, port2 } = new MessageChannel();
  const connection = silentConnection();
  let disposed = (): void => undefined;
  port1.addEventListener('message', ({ data }) => {
    const reply = data as Reply;
    if (reply.type === 'disposed') disposed();
    else connection.onReply(reply);
  });
  port1.start();
  serve(port2, host);
  setAlive(port2, false);
  return Object.assign(connection, {
    post: (message: Message) => port1.postMessage(message),
    keepAlive: (busy: boolean) => setAlive(port1, busy),
    close: async () => {
      setAlive(port1, true);
      await new Promise<void>((resolve) => {
        disposed = resolve;
        port1.postMessage({ type: 'dispose' } satisfies Message);
      });
      port1.close();
    },
  });
}

function openWorker(script: string | URL | undefined, trustedTypes: Assets['trustedTypes']): WorkerLike {
  if (trustedTypes) {
    // Bundlers leave this address alone: they would copy the file without what it imports.
    const address = script ?? new URL(/* webpackIgnore: true */ /* @vite-ignore */ './worker.js', import.meta.url);
    return new Worker(trustedTypes.createScriptURL(String(address)) as string, { type: 'module' });
  }
  if (script !== undefined) return new Worker(script, { type: 'module' });
  // Written out in full: that is the form in which bundlers find the file.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

/** Workers that came running and serve, or have served: one core, one `create`. */
const taken = new WeakSet<WorkerLike>();

function takeWorker(worker: WorkerLike): WorkerLike {
  if (taken.has(worker)) {
    const hint = 'Pass a function that starts a worker, or its address.';
    throw new AquilineError('worker', 'the worker in assets.worker was used already and cannot start again', { hint });
  }
  taken.add(worker);
  return worker;
}

function isRunning(worker: Assets['worker']): worker is WorkerLike {
  return typeof worker === 'object' && 'postMessage' in worker;
}

function startWorker(start: () => WorkerLike): WorkerLike {
  try {
    return start();
  } catch (error) {
    throw new AquilineError('worker', `the worker could not be started: ${messageOf(error)}`, { cause: error });
  }
}

function workerConnection(worker: WorkerLike): Connection {
  const connection = silentConnection();
  const die = (why: string) => connection.onDeath(new AquilineError('worker', `the worker stopped: ${why}`));
  worker.addEventListener('message', ({ data }: MessageEvent) => connection.onReply(data as Reply));
  worker.addEventListener('messageerror', () => die('a message could not be read'));
  worker.addEventListener('error', (event: ErrorEvent) => {
    event.preventDefault();
    // A script that does not load has no message.
    die(event.message || 'its script could not be loaded');
  });
  return Object.assign(connection, {
    isReplaceable: true,
    post: (message: Message) => worker.postMessage(message),
    close: async () => void worker.terminate(),
  });
}

function silentConnection(): Connection {
  const nothing = (): void => undefined;
  return { post: nothing, onReply: nothing, onDeath: nothing, isReplaceable: false, keepAlive: nothing, close: async () => undefined };
}

function setAlive(port: MessagePort, alive: boolean): void {
  const counted = port as { ref?: () => void; unref?: () => void };
  if (alive) counted.ref?.();
  else counted.unref?.();
}
