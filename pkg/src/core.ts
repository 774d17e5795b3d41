import type { ChatReply, ChatRequest } from './llm/types.js';
import type { PortCore } from './protocol.js';
import type {
  Action,
  ActionSpace,
  Arm,
  Budget,
  DesignReport,
  Device,
  ElmResult,
  Factors,
  Gap,
  Info,
  Item,
  LlmOptions,
  Manifold,
  Opinion,
  OwnRating,
  Passage,
  Policy,
  RaterReport,
  Rating,
  Spent,
  TrainOptions,
  UserInfo,
} from './types.js';

/** What the core calls between pieces of work; when it rejects, the core's call rejects with code `cancelled`. */
export type Tick = (event: unknown) => Promise<void> | void;

/** Everything a catalog tells about itself, except the device, which the core does not choose. */
export type CoreInfo = Omit<Info, 'device' | 'reason' | 'measured'>;

/** One file of the model, as the core's manifest names it. */
export interface ModelFile {
  role: 'weights' | 'weights-f16' | 'tokenizer';
  name: string;
  size: number;
  sha256: string;
}

export interface Manifest {
  name: string;
  hub: string;
  files: ModelFile[];
}

export interface CoreSteerOptions {
  user: string;
  item: string;
  policy: Policy;
  horizon: number;
  candidates: number;
  subset: number;
  space: ActionSpace;
  temperature?: number;
  outcome?: 'best' | 'last';
  seed: number;
}

/** A language model as the core knows it. */
export interface CoreModelOptions {
  /** Where it is; without that the page holds it. */
  endpoint?: CoreEndpoint;
  model?: string;
  domain?: LlmOptions['domain'];
  form?: 'lines' | 'json';
  constraints?: string[];
  concurrency?: number;
  timeout?: number;
  budget?: Omit<Budget, 'price'>;
  price?: { prompt: number; completion: number };
  remember?: boolean;
  proposalTemperature?: number;
  rewriteTemperature?: number;
}

export interface CoreEndpoint {
  baseUrl: string;
  model: string;
  streaming?: boolean;
  seeds?: boolean;
  temperature?: boolean;
  schemas?: boolean;
  limit?: 'max_tokens' | 'max_completion_tokens';
}

/** What the core calls for a key, without arguments, or for an answer. */
export type CoreCall = (request?: ChatRequest, signal?: AbortSignal) => Promise<string | ChatReply | undefined>;

/** A language model that the core asks. */
export interface RawModel {
  /** Ends the questions that are under way. */
  stop(): void;
  spent(): Spent;
  /** Answers known from before, one JSON object a line. */
  learn(jsonl: string): void;
  /** Answers that are remembered since this was asked last, likewise. */
  learned(): string;
  free(): void;
}

/** What of the options is for the core; it knows the defaults. */
export type CoreTrainOptions = Omit<TrainOptions, 'signal' | 'onProgress' | 'resume'>;

export interface CoreFoldInOptions {
  user: string;
  ratings: OwnRating[];
}

export interface CoreFactorizeOptions {
  factors?: number;
  ridge?: number;
  sweeps?: number;
  heldOut?: number;
  seed: number;
}

/** An embedding space, with nothing left out. */
export interface CoreFactors {
  mean: number;
  items: CoreVector[];
  users: CoreVector[];
}

export interface CoreVector {
  id: string;
  bias: number;
  vector: Float32Array;
}

export interface CoreActionsOptions {
  user: string;
  item: string;
  count: number;
  space: ActionSpace;
  seed: number;
}

export interface CoreDesignOptions {
  user: string;
  item: string;
  candidates: number;
  subset: number;
  seed: number;
}

export interface CoreSearchOptions {
  user: string;
  item: string;
  strategy: 'greedy' | 'beam' | 'tree' | 'best-of-n';
  width: number;
  depth: number;
  candidates: number;
  shortlist: number;
  budget: number;
  caution: number;
  foresight: boolean;
  seed: number;
}

export interface CoreElmOptions {
  user: string;
  item: string;
  manifold: Manifold;
  seed: number;
}

export interface CoreEvaluateOptions {
  arms: readonly Arm[];
  pairs?: readonly { user: string; item: string }[];
  count?: number;
  budget?: number;
  candidates?: number;
  horizon?: number;
  seed: number;
}

export interface RawEncoder {
  /** Sentence vectors, row-major; ticks are `[done, total]`, not events. */
  encode(texts: string[], tick: () => Promise<void> | void): Promise<Float32Array>;
  selfTest(): Promise<void>;
  readonly fingerprint: string;
  free(): void;
}

export interface RawSession {
  readonly fingerprint: string;
  /** Takes up an embedding space before `prepare`. */
  useFactors(factors: CoreFactors): void;
  prepare(cache: Uint8Array | undefined, tick: Tick): Promise<void>;
  cacheBytes(): Uint8Array | undefined;
  /** Names what the fit follows from. */
  readonly fitKey: string;
  /** Takes up a fit before `prepare`; false for bytes that are damaged or of another fit. */
  useFit(bytes: Uint8Array): boolean;
  fitBytes(): Uint8Array;
  info(): CoreInfo;
  embed(texts: string[], tick: Tick): Promise<Float32Array>;
  utilities(options: { users: string[] }): Float32Array;
  foldIn(options: CoreFoldInOptions): UserInfo;
  factorize(options: CoreFactorizeOptions, tick: Tick): Promise<Factors>;
  actions(options: CoreActionsOptions, tick: Tick): Promise<Action[]>;
  design(options: CoreDesignOptions, tick: Tick): Promise<DesignReport>;
  search(options: CoreSearchOptions, tick: Tick): Promise<void>;
  elm(options: CoreElmOptions, tick: Tick): Promise<ElmResult>;
  evaluate(options: CoreEvaluateOptions, tick: Tick): Promise<void>;
  save(): Uint8Array;
  loadState(state: Uint8Array): void;
  readonly trained: boolean;
  dimensions(): number;
  gaps(options: { users: string[]; count: number }): Gap[];
  useModel(options: CoreModelOptions, call: CoreCall | undefined): RawModel;
  useSimulator(): void;
  writeProfile(user: string, seed: number): Promise<Passage[]>;
  describe(item: Item, seed: number): Promise<Item>;
  judge(options: CoreJudgeOptions): Promise<Opinion>;
  raterReport(opinions: readonly Opinion[], seed: number): RaterReport;
  estimate(options: CoreSteerOptions): Spent;
  steer(options: CoreSteerOptions, record: boolean, tick: Tick): Promise<string | undefined>;
  replay(transcript: string, tick: Tick): Promise<void>;
  fitReference(options: CoreTrainOptions, tick: Tick): Promise<void>;
  train(options: CoreTrainOptions, tick: Tick): Promise<void>;
  policyBytes(): Uint8Array;
  loadPolicy(checkpoint: Uint8Array): void;
  free(): void;
}

export interface CoreJudgeOptions {
  user: string;
  original: Item;
  edited: Item;
  seed: number;
}

export interface CatalogData {
  items: Item[];
  ratings?: Rating[];
  scale?: [number, number];
}

/** The exports of a core that is ready to use. The generated module itself has the same and an `init`. */
export interface Core {
  manifest(): Manifest;
  /** Throws `encoder.integrity` for bytes that are not the manifest's. */
  verify(role: string, bytes: Uint8Array): void;
  RawEncoder: {
    /** Copies the weights into the core and opens the device. The sha256 of the files, in hexadecimal, name the encoder. */
    load(weights: Uint8Array, tokenizer: Uint8Array, weightsSha256?: string, tokenizerSha256?: string): Promise<RawEncoder>;
  };
  /** Each constructor moves the encoder in, also when it throws. */
  RawSession: {
    embedded(encoder: RawEncoder, catalogJsonl: Uint8Array, seed: number): RawSession;
    movielens(encoder: RawEncoder, movies: Uint8Array, ratings: Uint8Array, seed: number): RawSession;
    fromItems(encoder: RawEncoder, data: CatalogData, seed: number): RawSession;
  };
}

/** The module that wasm-bindgen writes. */
export interface CoreModule extends Core {
  default(options: { module_or_path: BufferSource | WebAssembly.Module | Response }): Promise<unknown>;
}

/** Opens the core for a device; `wasm` replaces the file beside this module. */
export type LoadCore = (device: Device, wasm: PortCore | undefined) => Promise<Core>;
