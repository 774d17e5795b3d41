/** How a policy is trained, and what training tells. */
import type { ActionSpace, CallOptions } from '../types.js';

/** How well the reference policy fits its distribution, as KL divergence in nats on states held out of the fit. */
export interface ReferenceFit {
  states: number;
  heldOut: number;
  kl: number;
  /** What a policy that knows nothing has there. */
  uniformKl: number;
  /** Rewrites that fitting it took. */
  environmentCalls: number;
}

/** What one update of the policy did; names as in TRL. */
export interface UpdateLog {
  update: number;
  episodes: number;
  /** Utility of the last texts. */
  rewardMean: number;
  rewardStd: number;
  /** How much that is above the anchors'. */
  gainMean: number;
  /** From the reference policy, in nats a decision. */
  kl: number;
  entropy: number;
  policyLoss: number;
  valueLoss: number;
  /** Share of the returns' variance that the value network explains; below 0 it is worse than a constant. */
  explainedVariance: number;
  /** Share of the groups whose rewards are all equal. */
  zeroVarianceShare: number;
  gradientNorm: number;
  /** Whether the gradient was shortened. */
  clipped: boolean;
  /** Rewrites that its episodes took. */
  environmentCalls: number;
}

/** What training yields: the reference once, then every update. */
export type TrainEvent = { type: 'reference'; fit: ReferenceFit } | { type: 'update'; log: UpdateLog };

/** The learner's settings; each has the paper's value or a good one of its own. */
export interface TrainSettings {
  /** Weight of the KL divergence from the reference; default 0.1. */
  klWeight?: number;
  /** Divides the scores of candidates; default 0.5. */
  temperature?: number;
  /** Default 1. */
  discount?: number;
  /** λ of generalised advantage estimation; default 0.95. */
  trace?: number;
  /** Reward every step by its gain instead of the last text by its utility; default false. */
  shaping?: boolean;
  /** Default `'value'`; `'group'` needs a `group` of at least 2 episodes with the same start. */
  baseline?: 'value' | 'group';
  whitening?: boolean;
  optimizer?: { policyRate?: number; valueRate?: number; mostGradient?: number };
  /** Updates without progress after which training stops; default 0, never. */
  patience?: number;
  seed?: number;
}

/** How a policy is trained. */
export interface TrainOptions extends CallOptions {
  /** Go on with the policy there is, trained here or loaded, instead of beginning with a new reference. */
  resume?: boolean;
  /** What the reference is fitted to; default `'g-optimal'`. */
  reference?: 'uniform' | 'optimistic' | 'g-optimal' | { 'd-optimal': { subset: number } };
  /** Episodes whose states it is fitted to, and their length; defaults 32 and 2. */
  referenceEpisodes?: number;
  referenceHorizon?: number;
  referenceEpochs?: number;
  /** Updates, and episodes of each; defaults 50 and 32. */
  updates?: number;
  episodes?: number;
  /** Episodes of an update that begin with the same user and item; default 1. */
  group?: number;
  horizon?: number;
  candidates?: number;
  /** Default: `'all'`. */
  space?: ActionSpace;
  /** Train for these users only. */
  users?: string[];
  /**
   * Rewrites that the updates may ask for; they end before there would be more. A new reference is not counted: it takes
   * up to `referenceEpisodes` × `referenceHorizon` × `candidates`, and as many fewer as there are candidates where it is
   * `'uniform'`. What a language model may cost in all is `budget` of `create` and `useModel`.
   */
  budget?: number;
  settings?: TrainSettings;
}
