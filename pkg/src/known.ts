import type { Measured } from './types.js';

/**
 * Tells a figure from the reason why there is none.
 *
 * ```ts
 * const { rmseRatio } = aquiline.info.skill;
 * console.log(isKnown(rmseRatio) ? rmseRatio.toFixed(2) : `unknown: ${rmseRatio.unknown}`);
 * ```
 */
export function isKnown(measured: Measured): measured is number {
  return typeof measured === 'number';
}
