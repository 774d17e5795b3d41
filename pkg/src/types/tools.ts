/** What can be done with a loaded catalog beside steering: look, design, search, compare, keep. */
import type { Abortable, Action, ActionSpace, CallOptions, Device, Interval, Policy, State } from '../types.js';

/** A rating of the caller's own. */
export interface OwnRating {
  item: string;
  value: number;
}

/** A person who is new, with their ratings. */
export interface FoldInOptions extends Abortable {
  /** A new id; one that is known already gets these ratings in place of its own. */
  user: string;
  /** Of items of the catalog, on its scale. */
  ratings: readonly OwnRating[];
}

/** A user as `info.users` has them. */
export interface UserInfo {
  id: string;
  /** How many; of a user with a vector and no ratings, how many predictions stand in for them. */
  ratings: number;
  /** Genres they like most. */
  likes: string[];
  /** Ids of the items they rated lowest, lowest first. */
  low: string[];
}

/** Whose edits of what. */
export interface ActionsOptions extends CallOptions {
  user: string;
  item: string;
  /** Default 20. */
  count?: number;
  /** Default: `'all'`. */
  space?: ActionSpace;
  seed?: number;
}

/** An item whose candidate edits are tried. */
export interface DesignOptions extends CallOptions {
  user: string;
  item: string;
  /** Candidate actions, each of which is tried; default 20. */
  candidates?: number;
  /** Size of the D-optimal subset; default 10, or all candidates. */
  subset?: number;
  seed?: number;
}

/** One candidate of a design, tried once. */
export interface DesignCandidate {
  action: Action;
  /** Its share in the G-optimal design; 0 for most. */
  weight: number;
  /** x'M⁻¹x: how little the others tell about where it leads. `null` where no candidate moves the item. */
  leverage: number | null;
  /** Whether it belongs to the D-optimal subset, the one that greedy steering looks at. */
  inSubset: boolean;
  /** Where it led. */
  state: State;
}

/** The candidates of one item and the design over where they lead. */
export interface DesignReport {
  user: string;
  anchor: State;
  candidates: DesignCandidate[];
  /** That no design would be better; `null` where no candidate moves the item. */
  certificate: {
    /** Dimension of what the candidates span. */
    effectiveRank: number;
    /** Largest leverage less the dimension: 0 at the optimum. */
    optimalityGap: number;
    largestLeverage: number;
    /** Candidates with a weight above zero. */
    support: number;
  } | null;
}

/** A search for the best text: where it begins, how it looks, and what it may cost. */
export interface SearchOptions extends CallOptions {
  user: string;
  item: string;
  /** Default: `'tree'`, the best text not expanded yet; `'best-of-n'` draws random paths of full depth. */
  strategy?: 'greedy' | 'beam' | 'tree' | 'best-of-n';
  /** Of a beam; default 2. */
  width?: number;
  /** Edits in a row at most; default 5. */
  depth?: number;
  /** Candidate actions of each expansion; default 20. */
  candidates?: number;
  /** How many of these are rewritten; default 10, or all. */
  shortlist?: number;
  /** Rewrites in all, at most; default 100. A search ends earlier where a round of it finds nothing better. */
  budget?: number;
  /** Go for U less so many standard deviations; default 0. */
  caution?: number;
  /** Pick shortlists by what the trained policy's transition model predicts; default false. */
  foresight?: boolean;
  seed?: number;
}

/** What keeps the ELM baseline near the data. */
export type Manifold = 'ball' | 'graph' | 'pull-back';

/** A jump of the ELM baseline: for whom, from where, and what keeps it near the data. */
export interface ElmOptions extends CallOptions {
  user: string;
  item: string;
  /** Default: `'graph'`, the edges between items and their neighbours. */
  manifold?: Manifold;
  seed?: number;
}

/** What the ELM baseline found: a point of the latent space, and a text that was written for it. */
export interface ElmResult {
  user: string;
  anchor: State;
  /** The best point near the data, and its place on the map. */
  target: { latent: number[]; place: [x: number, y: number]; utility: number };
  /** Existing items nearest to it, nearest first. */
  nearest: { id: string; title: string; distance: number }[];
  /** Where the text that was written for it really lies. */
  state: State;
  /** Distance between the two. */
  realisabilityGap: number;
  environmentCalls: number;
}

/** A way to a better text, for a comparison. */
export type Arm =
  /** Episodes of a policy, as many as the budget pays for, of which the best by U counts. */
  | { policy: Policy; temperature?: number; space?: ActionSpace; name?: string }
  | { search: 'greedy' | 'beam' | 'tree' | 'best-of-n'; foresight?: boolean; caution?: number; name?: string }
  /** Several personalised edits asked for at once, as often as the budget pays for. */
  | { oneShot: true; name?: string }
  /** One jump; it costs one call whatever the budget is. */
  | { elm: Manifold; name?: string };

/** A comparison: of what, on which episodes, and what each may cost. */
export interface EvaluateOptions extends CallOptions {
  /** What to compare; differences are to the first. */
  arms: readonly Arm[];
  /** User and item of each episode; default: as many random users as `count`, each with a low-rated item. */
  pairs?: readonly { user: string; item: string }[];
  /** Pairs to draw where none are given; default 20. */
  count?: number;
  /** Environment calls of each arm and pair; default 50. */
  budget?: number;
  /** Candidate actions at each step; default 20. */
  candidates?: number;
  /** Edits in a row; default 5. */
  horizon?: number;
  seed?: number;
  /** Which text of an episode is compared: the best on the way, as `steer` returns it (default), or the last, as in the paper. */
  outcome?: 'best' | 'last';
}

/** What one arm led to for one pair. */
export interface PairResult {
  /** Number of the arm, from 0. */
  arm: number;
  user: string;
  item: string;
  /** U of what was found less U of the anchor; below 0 where that is worse. An episode of a policy gives the anchor then, unless the last text is compared. */
  gain: number;
  /** From the anchor in latent space. */
  distance: number;
  /** Cosine of the sentence vectors before and after: how much of the item is left. */
  identity: number;
  environmentCalls: number;
  /** Of ELM only. */
  realisabilityGap: number | null;
}

/** One arm over all pairs; intervals are of 95 %, by bootstrap over pairs. */
export interface ArmReport {
  name: string;
  pairs: number;
  gain: Interval;
  /** Its gain less that of the first arm, pair by pair. */
  overFirst: Interval;
  distance: Interval;
  identity: Interval;
  /** Mean per pair. */
  environmentCalls: number;
  /** Share of pairs where the anchor was no worse, so that steering would keep it. */
  kept: number;
}

/** What a comparison yields: each result as it comes, with the report of all so far, and the last report again. */
export type EvaluateEvent =
  | { type: 'pair'; result: PairResult; report: ArmReport[] }
  | { type: 'report'; report: ArmReport[] };

/** Settings of alternating least squares. */
export interface FactorizeOptions extends CallOptions {
  /** Default 32. */
  factors?: number;
  /** Default 14. */
  ridge?: number;
  /** Default 15. */
  sweeps?: number;
  /** Share of the ratings held out to measure the error; default 0.1. */
  heldOut?: number;
  seed?: number;
}

/** Behavioural embedding by alternating least squares: a rating is mean + biases + ⟨user, item⟩. */
export interface Factors {
  mean: number;
  users: { id: string; bias: number; vector: number[] }[];
  items: { id: string; bias: number; vector: number[] }[];
  /** Error on ratings held out; `null` where none were. */
  rmse: number | null;
}

/** A vector of an item or of a user, and how much above the mean it is rated or they rate. */
export interface GivenVector {
  id: string;
  vector: readonly number[] | Float32Array;
  /** Default 0. */
  bias?: number;
}

/**
 * An embedding space of your own: a rating is mean + biases + ⟨user, item⟩, as {@link Factors} have it. Vectors of two
 * towers have no mean and no biases; then the scale is that of their inner products.
 */
export interface GivenFactors {
  /** Of items of the catalog, by its ids: more than there are dimensions, which are at most 512. Others are left out. */
  items: readonly GivenVector[];
  users: readonly GivenVector[];
  /** Default 0. */
  mean?: number;
}

/** What this object can do, and where. */
export interface Capabilities {
  device: Device;
  /** Why this device. */
  reason: string;
  /** Whether the browser offers WebGPU at all. */
  webgpu: boolean;
  /** Milliseconds for one text and for a batch, where devices were measured. */
  measured: { device: Device; one: number; batch: number }[];
  /** Whether something can be kept between visits. */
  storage: boolean;
  /** Whether the browser has a language model of its own (the Prompt API). */
  languageModel: boolean;
  /** Whether there is a trained policy, so that `policy: 'eagle'` works. */
  trained: boolean;
  encoder: string;
  /** Of the latent space. */
  dimensions: number;
}

/** The object replaced what it runs on, and goes on. */
export interface Recovery {
  /** What had stopped: the worker, the core in it, or the GPU. */
  lost: 'worker' | 'device';
  message: string;
  /** What it runs on now. */
  device: Device;
}
