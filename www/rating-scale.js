/** The values that people can choose from who rate by hand. */
import { starsOf } from '/pkg/ideas/ratings.js';

/** A few values from the lowest to the highest: whole ones where the scale has few, and both ends where it has but one. */
export function ratingSteps(scale) {
  const steps = starsOf(scale);
  return steps.length > 1 ? steps : [...scale];
}

/** A value without more digits than it has. */
export const ratingWords = (value) => String(Number(value.toFixed(2))).replace('-', '\u2212');
