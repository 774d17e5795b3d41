import { AquilineError, codeOf, messageOf } from './error.js';
import type {
  CoreActionsOptions,
  CoreDesignOptions,
  CoreElmOptions,
  CoreEvaluateOptions,
  CoreFactorizeOptions,
  CoreFactors,
  CoreFoldInOptions,
  CoreJudgeOptions,
  CoreModelOptions,
  CoreSearchOptions,
  CoreSteerOptions,
  CoreTrainOptions,
} from './core.js';
import type { ChatRequest } from './llm/types.js';
import type {
  Action,
  CatalogSource,
  UnratedCatalog,
  DesignReport,
  Device,
  ElmResult,
  EvaluateEvent,
  Factors,
  Gap,
  Info,
  Item,
  Opinion,
  Passage,
  Progress,
  RaterReport,
  Spent,
  SteerEvent,
  TrainEvent,
  UserInfo,
} from './types.js';

/** An absolute address, or the bytes themselves: a `Source` that can cross a port. */
export type PortSource = string | Uint8Array;

/** Likewise of a core, which may be compiled already. */
export type PortCore = PortSource | WebAssembly.Module;

export interface CreateRequest {
  type: 'create';
  catalog: CatalogSource | UnratedCatalog;
  /** The caller's own embedding space. */
  factors: CoreFactors | undefined;
  models: { folder: string } | { weights: PortSource; tokenizer: PortSource } | undefined;
  device: Device | 'auto';
  /** Why this device, where that was decided before the request. */
  reason: string | undefined;
  seed: number;
  cache: boolean;
  llm: EnvironmentRequest;
  assets: { cpu?: PortCore; webgpu?: PortCore; catalog?: PortSource };
}

/** Who edits: a language model, the simulator by name, or whoever does where nobody was named. */
export type EnvironmentRequest = LlmRequest | 'simulator' | undefined;

/** A language model, as far as it is plain data, and what of it stays with the page. */
export interface LlmRequest {
  options: CoreModelOptions;
  asks: Asks;
  /** Whether its answers are kept between visits. */
  keeps: boolean;
}

/** What the worker asks the page for: nothing, a key for each request, or the model's answers. */
export type Asks = 'nothing' | 'token' | 'chat';

export interface GapsRequest {
  type: 'gaps';
  users: string[];
  count: number;
}

export interface SteerRequest {
  type: 'steer';
  options: CoreSteerOptions;
  /** Whether the record is wanted. */
  record: boolean;
}

export interface EstimateRequest {
  type: 'estimate';
  options: CoreSteerOptions;
}

export interface ReplayRequest {
  type: 'replay';
  transcript: string;
}

export interface UseModelRequest {
  type: 'useModel';
  llm: EnvironmentRequest;
}

export interface WriteProfileRequest {
  type: 'writeProfile';
  user: string;
  seed: number;
}

export interface DescribeRequest {
  type: 'describe';
  item: Item;
  seed: number;
}

export interface JudgeRequest {
  type: 'judge';
  options: CoreJudgeOptions;
}

export interface RaterReportRequest {
  type: 'raterReport';
  opinions: readonly Opinion[];
  seed: number;
}

export interface SpentRequest {
  type: 'spent';
}

export interface TrainRequest {
  type: 'train';
  options: CoreTrainOptions;
  resume: boolean;
}

export interface SavePolicyRequest {
  type: 'savePolicy';
}

export interface LoadPolicyRequest {
  type: 'loadPolicy';
  checkpoint: Uint8Array;
}

export interface EmbedRequest {
  type: 'embed';
  texts: string[];
}

export interface UtilitiesRequest {
  type: 'utilities';
  users: string[];
}

export interface FoldInRequest {
  type: 'foldIn';
  options: CoreFoldInOptions;
}

export interface FactorizeRequest {
  type: 'factorize';
  options: CoreFactorizeOptions;
}

export interface ActionsRequest {
  type: 'actions';
  options: CoreActionsOptions;
}

export interface DesignRequest {
  type: 'design';
  options: CoreDesignOptions;
}

export interface SearchRequest {
  type: 'search';
  options: CoreSearchOptions;
}

export interface ElmRequest {
  type: 'elm';
  options: CoreElmOptions;
}

export interface EvaluateRequest {
  type: 'evaluate';
  options: CoreEvaluateOptions;
}

export interface LearnedRequest {
  type: 'learned';
}

export interface SaveRequest {
  type: 'save';
}

export interface LoadRequest {
  type: 'load';
  state: Uint8Array;
}

/** What the core knows of what it can do. */
export interface Learned {
  trained: boolean;
  dimensions: number;
}

export type Request =
  | CreateRequest
  | EmbedRequest
  | UtilitiesRequest
  | FoldInRequest
  | FactorizeRequest
  | ActionsRequest
  | DesignRequest
  | SearchRequest
  | ElmRequest
  | EvaluateRequest
  | LearnedRequest
  | SaveRequest
  | LoadRequest
  | GapsRequest
  | SteerRequest
  | EstimateRequest
  | ReplayRequest
  | SpentRequest
  | UseModelRequest
  | WriteProfileRequest
  | DescribeRequest
  | JudgeRequest
  | RaterReportRequest
  | TrainRequest
  | SavePolicyRequest
  | LoadPolicyRequest;

/** What each request is answered with. */
export interface Results {
  create: Info;
  /** Row-major. */
  embed: Float32Array;
  utilities: Float32Array;
  foldIn: UserInfo;
  factorize: Factors;
  actions: Action[];
  design: DesignReport;
  search: undefined;
  elm: ElmResult;
  evaluate: undefined;
  learned: Learned;
  save: Uint8Array;
  load: undefined;
  gaps: Gap[];
  steer: undefined;
  estimate: Spent;
  replay: undefined;
  spent: Spent;
  useModel: undefined;
  writeProfile: Passage[];
  describe: Item;
  judge: Opinion;
  raterReport: RaterReport;
  train: undefined;
  savePolicy: Uint8Array;
  loadPolicy: undefined;
}

/** What the face sends. */
export type Message =
  | { type: 'call'; id: number; request: Request }
  | { type: 'cancel'; id: number }
  /** Settles an `ask` of the worker. */
  | { type: 'answer'; id: number; value: unknown }
  | { type: 'refuse'; id: number; error: WireError }
  | { type: 'are-you-there' }
  | { type: 'dispose' };

/** What a call reports before its result. */
export type CallEvent = Progress | YieldedEvent;

/** What a run yields, as opposed to what it reports on the way. */
export type YieldedEvent = SteerEvent | TrainEvent | EvaluateEvent;

/** What the worker sends. Every call gets exactly one `result` or `error`, also after a cancel. */
export type Reply =
  | { type: 'result'; id: number; value: Results[keyof Results] }
  | { type: 'error'; id: number; error: WireError }
  | { type: 'event'; id: number; event: CallEvent }
  /** The worker asks the page: for a key where there is no request, else for an answer. */
  | { type: 'ask'; id: number; request: ChatRequest | undefined }
  /** Nobody waits for that answer any more. */
  | { type: 'unask'; id: number }
  /** The device that is about to be opened: a worker that dies after this died of it. */
  | { type: 'device'; device: Device }
  /** Answers `are-you-there`. */
  | { type: 'here' }
  /** The policy after an update. */
  | { type: 'policy'; policy: Uint8Array }
  /** What the language model has cost until now. */
  | { type: 'spent'; spent: Spent }
  /** The core is broken for good. */
  | { type: 'fatal'; error: WireError }
  | { type: 'disposed' };

/** One end of a message channel: a worker's scope, a `Worker` or a `MessagePort`. */
export interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  start?(): void;
  close?(): void;
}

/** An error as plain data: structured clone would drop `code`, `hint` and `retryable`. */
export interface WireError {
  message: string;
  /** Absent for an error that is not ours. */
  code?: string;
  hint?: string;
  retryable?: boolean;
  cause?: WireError;
}

/** Causes deeper than this are cut: a chain that contains itself would never end. */
const DEEPEST_CAUSE = 4;

/** What the core's errors are called when its device does not answer any more. */
export const LOST_DEVICE = 'encoder.device';

/** An error as data, with its causes. */
export function toWire(error: unknown, depth = 0): WireError {
  const wire: WireError = { message: messageOf(error) };
  if (!(error instanceof Error)) return wire;
  const { hint, retryable } = error as { hint?: unknown; retryable?: unknown };
  const code = codeOf(error);
  if (code !== undefined) wire.code = code;
  if (typeof hint === 'string') wire.hint = hint;
  if (typeof retryable === 'boolean') wire.retryable = retryable;
  if (error.cause !== undefined && depth < DEEPEST_CAUSE) wire.cause = toWire(error.cause, depth + 1);
  return wire;
}

/** The error that {@link toWire} took apart; one without a code is a fault of the worker. */
export function fromWire(wire: WireError): AquilineError {
  return new AquilineError(wire.code ?? 'worker', wire.message, {
    hint: wire.hint,
    retryable: wire.retryable,
    cause: wire.cause && causeFromWire(wire.cause),
  });
}

function causeFromWire(wire: WireError): Error {
  if (wire.code !== undefined) return fromWire(wire);
  return new Error(wire.message, wire.cause && { cause: causeFromWire(wire.cause) });
}

const YIELDED: ReadonlySet<string> = new Set<YieldedEvent['type']>([
  'anchor',
  'step',
  'done',
  'reference',
  'update',
  'pair',
  'report',
]);

/** Tells what a run yields from what it reports on the way. */
export function isYielded(event: CallEvent): event is YieldedEvent {
  return YIELDED.has(event.type);
}
