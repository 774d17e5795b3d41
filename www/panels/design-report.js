/** What a design says, in words and as a table. Pure functions. */
import { count, decimal, signed } from '../format.js';
import { words } from '../words.js';

/** A largest leverage that is above the dimension by a smaller share is as good as equal to it; the solver stops at half of that. */
const optimal = 2e-3;

export function certificateWords({ certificate, candidates }) {
  if (!certificate) return `No candidate moves this ${words().noun}, so there is nothing to weigh.`;
  const { largestLeverage, effectiveRank, optimalityGap, support } = certificate;
  const numbers = `the largest leverage is ${decimal(largestLeverage)}, the dimension ${Number.isInteger(effectiveRank) ? effectiveRank : decimal(effectiveRank)}`;
  const claim = optimalityGap <= optimal * effectiveRank
    ? `No other choice of weights would tell more: ${numbers}.`
    : `Another choice of weights could tell a little more: ${numbers}, and at the best weights the two are equal.`;
  return `${claim} Of ${count(candidates.length, 'candidate')}, ${support} ${support === 1 ? 'has' : 'have'} a weight.`;
}

/** The columns of the table: how each is called, sorted by and shown. Numbers are looked for from the largest on. */
export const columns = [
  { name: 'edit', title: 'Edit', value: ({ action }) => action.text },
  { name: 'weight', title: 'Weight', value: ({ weight }) => weight },
  { name: 'leverage', title: 'Leverage', value: ({ leverage }) => leverage ?? -Infinity, text: ({ leverage }) => (leverage === null ? '–' : decimal(leverage, 2)) },
  { name: 'subset', title: 'Subset', value: ({ inSubset }) => Number(inSubset), text: ({ inSubset }) => (inSubset ? 'yes' : 'no') },
  {
    name: 'utility', title: 'Utility', value: ({ state }) => state.utility,
    text: ({ state }) => decimal(state.utility),
    detail: ({ state }, { anchor }) => signed(state.utility - anchor.utility),
  },
  { name: 'distance', title: 'Distance', value: ({ state }) => state.distance, text: ({ state }) => decimal(state.distance, 2) },
];

/** Numbers of the candidates in order of a column; what is equal stays in the order it was in. */
export function order(candidates, name, descending) {
  const { value } = columns.find((column) => column.name === name);
  const compare = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : a - b || 0);
  return candidates.map((_, number) => number).sort((a, b) => (descending ? -1 : 1) * compare(value(candidates[a]), value(candidates[b])));
}

export function reportRows({ candidates }) {
  return [
    ['edit', 'category', 'origin', 'weight', 'leverage', 'in subset', 'utility', 'uncertainty', 'distance', 'x', 'y'],
    ...candidates.map(({ action, weight, leverage, inSubset, state }) => [
      action.text, action.category, action.origin, weight, leverage, inSubset ? 'yes' : 'no', state.utility, state.uncertainty, state.distance, ...state.place,
    ]),
  ];
}
