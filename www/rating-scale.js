/** The scale of the catalog in use, for people who rate by hand. */
import { SCALE, starsOf } from '/pkg/ideas/ratings.js';
import { catalogName } from './words.js';

/** Of the catalogs that were opened in this tab, by name: the library does not tell what it was given. */
const scales = new Map();

/** `source` is what `create` is told. */
export const rememberScale = (name, { catalog }) => scales.set(name, catalog.scale ?? SCALE);

const scaleInUse = () => scales.get(catalogName()) ?? SCALE;

/** A few values from the lowest to the highest: whole ones where the scale has few, and both ends where it has but one. */
export function ratingSteps(scale = scaleInUse()) {
  const steps = starsOf(scale);
  return steps.length > 1 ? steps : [...scale];
}

/** A value without more digits than it has. */
export const ratingWords = (value) => String(Number(value.toFixed(2))).replace('-', '\u2212');
