/** What a run yields: states, steps, and the trajectory that they make up. */
import type { Item, Policy } from '../types.js';

/** A point of the latent space with what it is worth to the user. */
export interface State {
  item: Item;
  /** Predicted utility; 1.0 is the top rating plus no novelty. */
  utility: number;
  /**
   * One standard deviation of the predicted utility, never 0. Missing where it could not be measured; `info.skill.misplacement`
   * then says why.
   */
  uncertainty?: number;
  /** The user's predicted rating, as a share of the top rating. */
  affinity: number;
  /** Weighted distance to the nearest existing items. */
  novelty: number;
  /** Euclidean distance in latent space from the anchor. */
  distance: number;
  /** Position on the two-dimensional map. */
  place: [x: number, y: number];
  /** The point of the latent space; its last coordinate is the item's bias, in rating units. */
  latent: number[];
  /** Whether the text is longer than the encoder reads (256 tokens), so that its end does not count. */
  truncated: boolean;
}

/** What an edit is about. */
export type Category = 'plot' | 'character' | 'visual' | 'theme' | 'audience';

/** One edit prompt. */
export interface Action {
  text: string;
  category: Category;
  origin: 'generic' | 'personalised' | 'free';
}

/** The optimal design over one step's candidates. */
export interface DesignSummary {
  /** Largest leverage minus dimension: 0 at the optimum. */
  optimalityGap: number;
  effectiveRank: number;
  /** Candidates with a weight above zero. */
  support: number;
  /** Weight of each candidate. */
  weights: number[];
  /** Leverage of each candidate: how little the others tell about where it leads. */
  leverages: number[];
}

/** One edit and where it led. */
export interface Step {
  /** From 0. */
  index: number;
  action: Action;
  /** Log-probability the policy gave to this action. */
  logProbability: number;
  /** All actions that were considered. */
  candidates: Action[];
  /** Utility after each candidate, where the policy looked ahead. */
  candidateUtilities: number[];
  design: DesignSummary | null;
  state: State;
  /** Wall time of the step. */
  milliseconds: number;
}

/** A finished episode. */
export interface Trajectory {
  user: string;
  policy: Policy | 'greedy-search' | 'beam-search' | 'tree-search';
  seed: number;
  anchor: State;
  steps: Step[];
  /**
   * The text with the highest utility on the way, or with `outcome: 'last'` the last one; the original where that is not
   * better than it.
   */
  outcome: State;
  /** Edits that led to the outcome: 0 is the original, n the text after the n-th step. */
  outcomeStep: number;
  /** Whether the outcome is the original, because no text that could be returned is better. */
  kept: boolean;
  /** Rewrites asked of the environment. */
  environmentCalls: number;
  /** How many of these came to nothing, because the environment failed or refused. */
  failedRewrites: number;
  /** Why there is no further step. */
  ended: RunEnd;
}

/**
 * Why a run has no further step: all edits in a row are made (`horizon`), no candidate gains (`no-gain`), the safeguards
 * left no edit to try (`no-edit`), all rewrites of the last turn failed (`no-rewrite`), or the language model's budget is
 * spent (`budget`).
 */
export type RunEnd = 'horizon' | 'no-gain' | 'no-edit' | 'no-rewrite' | 'budget';

/** A region of high utility with no item. */
export interface Gap {
  place: [x: number, y: number];
  utility: number;
  /** One standard deviation of the predicted utility, never 0. Missing where it could not be measured, as in {@link State}. */
  uncertainty?: number;
  affinity: number;
  /** Distance to the nearest existing item. */
  distance: number;
  /** The nearest existing items, nearest first. */
  neighbours: { id: string; title: string; distance: number }[];
}

/** What a steering run yields. */
export type SteerEvent =
  | { type: 'anchor'; state: State; user: string }
  | { type: 'step'; step: Step }
  /** `transcript` where it was asked for: one JSON object a line, for `replay`. Holds texts and vectors, never keys. */
  | { type: 'done'; trajectory: Trajectory; transcript?: string };
