/// <reference lib="esnext.disposable" preserve="true" />
import type { ChatFunction, Llm } from './llm/types.js';
import type { Budget, JudgeOptions, LlmOptions, Opinion, Passage, RaterReport, RemoteLlm, Spent } from './types/model.js';
import type { Info } from './types/info.js';
import type { Action, Gap, SteerEvent } from './types/run.js';
import type { TrainEvent, TrainOptions } from './types/training.js';
import type {
  ActionsOptions,
  Capabilities,
  DesignOptions,
  DesignReport,
  ElmOptions,
  ElmResult,
  EvaluateEvent,
  EvaluateOptions,
  FactorizeOptions,
  Factors,
  FoldInOptions,
  GivenFactors,
  Recovery,
  SearchOptions,
  UserInfo,
} from './types/tools.js';

export type * from './types/info.js';
export type * from './types/model.js';
export type * from './types/run.js';
export type * from './types/tools.js';
export type * from './types/training.js';

/** An existing or rewritten item: a thing with a text. */
export interface Item {
  id: string;
  title: string;
  year: number | null;
  genres: string[];
  plot: string;
  likes: string[];
  dislikes: string[];
}

/** One observation, on the scale of the data set. */
export interface Rating {
  user: string;
  item: string;
  value: number;
}

/** The embedded films, a MovieLens-format pair of csv files, or your own items and ratings. */
export type CatalogSource =
  | 'embedded'
  | { movies: Uint8Array; ratings: Uint8Array }
  | { items: Item[]; ratings: Rating[]; scale?: [lowest: number, highest: number] };

/** Your own items; what users like is in `factors`. */
export interface UnratedCatalog {
  items: Item[];
  ratings?: Rating[];
  scale?: [lowest: number, highest: number];
}

/** How the next action is chosen. */
export type Policy =
  | 'uniform'
  | 'optimistic'
  | 'g-optimal'
  | 'greedy'
  | 'best-of-n'
  /** The trained policy, and the reference it was trained from. */
  | 'eagle'
  | 'eagle-reference'
  /** What the trained policy's model of transitions predicts to gain most: EAGLE without its policy. */
  | 'foresight';

/** Which of the proposed actions may be chosen: all, those written without the profile, or some of them at once. */
export type ActionSpace = 'all' | 'generic' | 'combined';

/** What a core runs on. */
export type Device = 'cpu' | 'webgpu';

/** What a long call reports. `total` is 0 where it is not known. */
export type Progress = {
  type:
    | ('download' | 'verify' | 'compile' | 'upload' | 'warm-up' | 'self-test' | 'measure' | 'encode' | 'fit' | 'propose' | 'candidates')
    | ('factorize' | 'pairs' | 'rewrite' | 'targets' | 'reference-fit' | 'episode' | 'episodes' | 'train');
  done: number;
  total: number;
  unit: 'bytes' | 'texts' | 'sweeps' | 'actions' | 'questions' | 'stages' | 'episodes' | 'epochs' | 'updates' | 'runs';
  /** Milliseconds that are left of this stage, by its speed so far; missing while that is not known. */
  eta?: number;
};

/** What every call takes. */
export interface Abortable {
  /** When it is aborted the call rejects at once, and what it does is stopped. */
  signal?: AbortSignal;
}

/** What calls take that may last. */
export interface CallOptions extends Abortable {
  /** Told how far a long call is. */
  onProgress?: (progress: Progress) => void;
}

/** Where a file comes from: an address to fetch, or the bytes themselves. */
export type Source = string | URL | Uint8Array;

/**
 * Where a core comes from. A `Response` is compiled on the page while it arrives; a compiled `WebAssembly.Module` is used
 * as it is. That type has no members, and projects for Node.js alone do not declare it: hence `object`.
 */
export type CoreSource = Source | object;

/** What is used of a `Worker`: projects for Node.js alone do not declare that type. */
export interface WorkerLike {
  /** Sends a message. */
  postMessage(message: unknown): void;
  /** Each kind of event has a type of its own. */
  addEventListener(type: 'message' | 'messageerror' | 'error', listener: (event: any) => void): void;
  /** Ends it at once. */
  terminate(): unknown;
}

/** What is used of a Trusted Types policy. */
export interface TrustedTypePolicyLike {
  /** Blesses the address of a script. */
  createScriptURL(url: string): unknown;
}

/** What is steered in: a catalog (default `'embedded'`) with ratings, or with vectors of one's own. */
export type Space =
  | {
      catalog?: CatalogSource;
      /**
       * Your own embedding space, or what `factorize` gave: texts are mapped into it, users are its users. Ratings of the
       * catalog then only measure the map.
       */
      factors?: GivenFactors;
    }
  | { catalog: UnratedCatalog; factors: GivenFactors };

/** What `create` can be told. */
export type CreateOptions = Space & CommonOptions;

/** What `create` can be told beside the catalog. */
export interface CommonOptions extends CallOptions {
  /** Told when a lost worker or device was replaced; what was learned is there again. */
  onRecovery?: (recovery: Recovery) => void;
  /** Where the model files are: a folder's address, or each file. Default: the hub, at the pinned revision. */
  models?: string | URL | { weights: Source; tokenizer: Source };
  /** Default: `'auto'`, WebGPU where it works and the CPU elsewhere. */
  device?: Device | 'auto';
  /** Seeds the embedded ratings and every fit. Default: 0. */
  seed?: number;
  /** Remember sentence vectors between visits (default true): on disk under Node, in the Cache API in a browser. */
  cache?: boolean;
  /**
   * Who proposes and rewrites: a model behind an OpenAI-compatible address, one that the page holds (see
   * `aquiline/llm`), any function that answers, or `'simulator'`, hand-written sentences about films that need no network.
   * Default: the simulator for the embedded films; for any other catalog nobody, so that `steer` and whatever else needs a
   * text edited reject with `rollout.no_environment`.
   */
  llm?: RemoteLlm | Llm | ChatFunction | 'simulator';
  /** How that is asked. */
  llmOptions?: LlmOptions;
  /** Hard limits of all questions to it together. */
  budget?: Budget;
  /** Use these instead of the files beside the module. */
  assets?: {
    /**
     * The worker script's address, or what starts a worker. A worker that runs already can serve once only; a function
     * can start another one where the first was lost.
     */
    worker?: URL | string | WorkerLike | (() => WorkerLike);
    cpu?: CoreSource | Promise<CoreSource>;
    webgpu?: CoreSource | Promise<CoreSource>;
    catalog?: Source;
    /** The page's Trusted Types policy, which blesses the address of the worker's script. */
    trustedTypes?: TrustedTypePolicyLike;
  };
}

/** An episode: whom it is for, where it begins, and how it goes on. */
export interface SteerOptions extends CallOptions {
  user: string;
  item: string;
  /** Default: `'greedy'`. */
  policy?: Policy;
  /** Edits in a row; default 5. */
  horizon?: number;
  /** Candidate actions a step; default 20. */
  candidates?: number;
  /** Size of the design's subset a greedy policy looks at; default 10, or all candidates. */
  subset?: number;
  /** Default: `'all'`. */
  space?: ActionSpace;
  /** Of `'eagle'`: 0 takes the most probable action, higher ones draw more freely. Default: that of the training. */
  temperature?: number;
  seed?: number;
  /** Give the record with the last event; default false. */
  record?: boolean;
  /**
   * Which text is the outcome: `'best'` (the default), the one with the highest utility on the way, and the run ends where
   * nothing gains; or `'last'`, as in the paper: all `horizon` edits, and the last text. Neither gives a text that is worse
   * than the original.
   */
  outcome?: 'best' | 'last';
}

/** Whose gaps to find, and how many. */
export interface GapsOptions extends CallOptions {
  /** One user, or a group whose mean counts. */
  user: string | readonly string[];
  /** Default 8. */
  count?: number;
}

/** A loaded catalog, ready to steer. */
export interface Aquiline extends AsyncDisposable {
  readonly info: Info;
  /** What this object can do, and on what it runs. */
  capabilities(options?: Abortable): Promise<Capabilities>;
  /** Sentence vectors of texts, of unit length, in their order. */
  embed(texts: readonly string[], options?: CallOptions): Promise<Float32Array[]>;
  /** U of every item, novelty aside, for a user or for the mean of a group, in the order of `info.items`. */
  utilities(options: { user: string | readonly string[] } & Abortable): Promise<Float32Array>;
  /**
   * Takes in a person by their own ratings, without fitting anything anew: every call takes their id from then on.
   * Their ratings stay in this object.
   */
  foldIn(options: FoldInOptions): Promise<UserInfo>;
  /** Alternating least squares over the catalog's ratings. */
  factorize(options?: FactorizeOptions): Promise<Factors>;
  /** Finds places that would be worth much to the user and where no item is, best first. */
  gaps(options: GapsOptions): Promise<Gap[]>;
  /** Candidate edits, as an episode would be offered them. */
  actions(options: ActionsOptions): Promise<Action[]>;
  /** Tries every candidate once and designs over where they led. */
  design(options: DesignOptions): Promise<DesignReport>;
  /** The best text within a budget of rewrites, without training. Events as of `steer`; steps come at the end. */
  search(options: SearchOptions): AsyncIterable<SteerEvent>;
  /** The ELM baseline: the best point near the data, and a text that is written for it. */
  elm(options: ElmOptions): Promise<ElmResult>;
  /** Compares ways to a better text, each within the same budget of rewrites; the report says how many were used. */
  evaluate(options: EvaluateOptions): AsyncIterable<EvaluateEvent>;
  /**
   * Edits the text of an item towards what the user would like, one request at a time. A run starts with the loop over it.
   * Where the budget of a language model is spent the run ends with `done`, and the steps it has yielded stay.
   */
  steer(options: SteerOptions): AsyncIterable<SteerEvent>;
  /** What a run usually costs with the language model, before anything is asked. */
  estimate(options: SteerOptions): Promise<Spent>;
  /**
   * Asks another language model from the next call on, or the simulator with `llm: 'simulator'`. Its budget begins anew.
   * Without `llm` it is what `create` takes where that is left out: the simulator for the embedded films; for any other
   * catalog it rejects with `rollout.no_environment`, unless `create` was given the simulator by name.
   */
  useModel(options?: Pick<CreateOptions, 'llm' | 'llmOptions' | 'budget' | 'signal'>): Promise<void>;
  /**
   * Has the language model describe a user in five sections, and shows it that from then on instead of genres and words.
   * It is sent genres and texts of what they rated, parted into liked and not.
   */
  writeProfile(user: string, options?: { seed?: number } & Abortable): Promise<Passage[]>;
  /** Has the language model write the text of an item, from its title and year. */
  describe(item: Partial<Item> & { title: string }, options?: { seed?: number } & Abortable): Promise<Item>;
  /** Has the language model judge a pair for a user: eleven questions, blind, once from each side. */
  judge(options: JudgeOptions): Promise<Opinion>;
  /** What many opinions come to. */
  raterReport(opinions: readonly Opinion[], options?: { seed?: number } & Abortable): Promise<RaterReport>;
  /** Runs a recorded episode again, without a language model: same catalog, seed and encoder. */
  replay(transcript: string, options?: CallOptions): AsyncIterable<SteerEvent>;
  /** What the language model has cost so far. */
  spent(options?: Abortable): Promise<Spent>;
  /** Trains a policy for `steer({ policy: 'eagle' })`. What a run has learned is kept when it is cancelled. */
  train(options?: TrainOptions): AsyncIterable<TrainEvent>;
  /** The trained policy as a checkpoint: safetensors that `loadPolicy` reads, for the same catalog and encoder. */
  savePolicy(options?: Abortable): Promise<Uint8Array>;
  /** Takes up a policy that `savePolicy` gave. */
  loadPolicy(checkpoint: Uint8Array, options?: Abortable): Promise<void>;
  /** All that was learned since `create`: people folded in, written profiles, the policy. For `load`, in another visit. */
  save(options?: Abortable): Promise<Uint8Array>;
  /** Takes up what `save` gave, for the same catalog and encoder; what is not in it stays. */
  load(state: Uint8Array, options?: Abortable): Promise<void>;
  /** Ends what runs, and gives the memory back. Calls that come later reject with `disposed`. */
  dispose(): Promise<void>;
}
