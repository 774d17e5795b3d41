/** What to do about the failures that this package itself finds; most messages of the core already say it. */
const HINTS: Readonly<Record<string, string>> = {
  network:
    'Check the address and the connection and, in a browser, that the server allows this origin (CORS), then try again.',
  disposed: 'Call create() again: a disposed object cannot be used.',
  worker:
    'Try again, or call create() anew; if that fails at once, check that the worker file is served from your own origin and that worker-src allows it.',
  'device.unavailable':
    "Check that the package's dist folder is served whole and that script-src allows 'wasm-unsafe-eval'.",
  'rollout.no_environment': "Give create or useModel an llm: a model, or 'simulator'.",
  environment: 'Use a browser with WebAssembly and module workers, or Node.js 20 or later.',
};

/** Details of an {@link AquilineError}. */
export interface AquilineErrorOptions {
  hint?: string;
  retryable?: boolean;
  cause?: unknown;
}

/**
 * Everything that fails rejects with this, except cancellation: an aborted call rejects with its signal's reason.
 *
 * Codes of this package: `network`, `disposed`, `worker`, `device.unavailable`, `environment`, `request.malformed`,
 * `llm.key_in_page`. The families `data.*`, `numeric.*`, `design.*`, `encoder.*`, `rollout.*`, `training.*` and `llm.*`
 * are the core's; of some this package finds cases itself. `docs/errors.md` of the project has every code, with what
 * causes it and what to do.
 */
export class AquilineError extends Error {
  /** A stable, machine-readable name of the failure, the same in Rust and in JavaScript. */
  readonly code: string;
  /** One sentence on what to do; empty where the message says it. */
  readonly hint: string;
  /** Whether the same call may succeed later without any change by the caller. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: AquilineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AquilineError';
    this.code = code;
    this.hint = options.hint ?? HINTS[code] ?? '';
    this.retryable = options.retryable ?? false;
  }
}

/** Nobody edits texts of this catalog; the core says the same. `hint` is for whoever can name somebody. */
export function noEnvironment(hint?: string): AquilineError {
  const message =
    'there is no language model to edit these texts: name one, or ask for the simulator by name, whose sentences are about films';
  return new AquilineError('rollout.no_environment', message, hint === undefined ? {} : { hint });
}

/** The code of a typed error, of this package or of the core. */
export function codeOf(error: unknown): string | undefined {
  // A DOMException has a `code` too, but a numeric one.
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a cancelled piece of work throws on the worker's side; callers never see it. */
export function cancelled(): AquilineError {
  return new AquilineError('cancelled', 'cancelled');
}
