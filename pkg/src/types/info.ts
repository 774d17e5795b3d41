/** What a loaded catalog tells about itself, and how well it predicts. */
import type { Device, UserInfo } from '../types.js';

/** A figure, or why there is none. `unknown` is part of a sentence, such as "all ratings are equal". */
export type Measured = number | { unknown: string };

/**
 * How well text predicts ratings of items nobody has rated, measured on items that are held out; with `factors` and no
 * ratings, how well it predicts what the space does. What could not be measured says why: see {@link Measured}.
 */
export interface Skill {
  /** Error relative to predicting each user's mean: below 1 is better. */
  rmseRatio: Measured;
  /** Mean rank correlation, from -1 to 1, between predicted and actual ratings of held-out items. */
  rankCorrelation: Measured;
  /** Share of held-out ratings within one predicted standard deviation; 0.68 is right. */
  coverage: Measured;
  /**
   * Standard deviation of an item's true rating level around the predicted one, in rating units: what the uncertainty of
   * every state is made of.
   */
  misplacement: Measured;
  /** Standard deviation of single ratings around their item's level, in rating units. */
  noise: Measured;
  heldOutRatings: number;
  heldOutItems: number;
  /** Standard deviation of all ratings, in rating units; 0 where all are equal. */
  spread: number;
}

/** What may be expected of steering here. */
export interface Verdict {
  level: 'unknown' | 'none' | 'little' | 'some' | 'much';
  /** One or two plain sentences, to be shown as they are. */
  text: string;
}

/** What a loaded catalog tells about itself. */
export interface Info {
  device: Device;
  /** Why this device. */
  reason: string;
  /** Milliseconds for one text and for a batch of 16, where devices were measured. */
  measured: { device: Device; one: number; batch: number }[];
  encoder: string;
  skill: Skill;
  /** What these figures mean for steering, in words. */
  verdict: Verdict;
  items: { id: string; title: string; year: number | null; genres: string[]; place: [number, number] }[];
  /** `likes`: genres they like most; `low`: ids of the items they rated lowest, lowest first. */
  users: UserInfo[];
  /** Lowest and highest rating there can be. */
  scale: [lowest: number, highest: number];
  /** Items left out because they have no text. */
  itemsWithoutText: number;
  /** Items whose text is longer than the encoder reads, so that its end does not count. */
  itemsTruncated: number;
}
