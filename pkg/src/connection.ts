import { AquilineError, messageOf } from './error.js';
import type { Host } from './host.js';
import type { Message, Reply } from './protocol.js';
import type { CreateOptions, WorkerLike } from './types.js';

/** The way to a running service. */
export interface Connection {
  post(message: Message): void;
  /** Called with each reply, in order. */
  onReply: (reply: Reply) => void;
  /** Called once when no reply can come any more. */
  onDeath: (error: AquilineError) => void;
  /** Whether an answer is awaited: an idle connection must not keep Node.js running. */
  keepAlive(busy: boolean): void;
  /** Ends the service and gives its memory back. */
  close(): Promise<void>;
}

/** Starts the service: in a worker where there are workers, on this thread under Node.js. */
export async function connect(worker: NonNullable<CreateOptions['assets']>['worker']): Promise<Connection> {
  if (typeof worker === 'function') return workerConnection(startWorker(worker));
  if (typeof Worker === 'function') {
    return workerConnection(startWorker(() => (worker ? new Worker(worker, { type: 'module' }) : defaultWorker())));
  }
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

/** Written out in full: that is the form in which bundlers find the file. */
function defaultWorker(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
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
    post: (message: Message) => worker.postMessage(message),
    close: async () => void worker.terminate(),
  });
}

function silentConnection(): Connection {
  const nothing = (): void => undefined;
  return { post: nothing, onReply: nothing, onDeath: nothing, keepAlive: nothing, close: async () => undefined };
}

function setAlive(port: MessagePort, alive: boolean): void {
  const counted = port as { ref?: () => void; unref?: () => void };
  if (alive) counted.ref?.();
  else counted.unref?.();
}
