/** What can be compared, and what of it the settings pay for. */

/** `arm` is as the library takes it. What `looksAhead` has every candidate edit rewritten before it takes one. */
export const choices = [
  { id: 'uniform', group: 'Policies', title: 'Random edits', arm: { policy: 'uniform' } },
  { id: 'greedy', group: 'Policies', title: 'Greedy', arm: { policy: 'greedy' }, looksAhead: true },
  { id: 'optimistic', group: 'Policies', title: 'Optimistic', arm: { policy: 'optimistic' }, looksAhead: true },
  { id: 'g-optimal', group: 'Policies', title: 'G-optimal', arm: { policy: 'g-optimal' }, looksAhead: true },
  { id: 'eagle', group: 'Trained', title: 'EAGLE', arm: { policy: 'eagle' }, needsTraining: true },
  { id: 'eagle-reference', group: 'Trained', title: 'Its reference', arm: { policy: 'eagle-reference' }, needsTraining: true },
  { id: 'foresight', group: 'Trained', title: 'Its model of edits alone', arm: { policy: 'foresight' }, needsTraining: true },
  { id: 'greedy-search', group: 'Search', title: 'Greedy search', arm: { search: 'greedy' } },
  { id: 'beam', group: 'Search', title: 'Beam search', arm: { search: 'beam' } },
  { id: 'tree', group: 'Search', title: 'Tree search', arm: { search: 'tree' } },
  { id: 'best-of-n', group: 'Search', title: 'Best of N paths', arm: { search: 'best-of-n' } },
  { id: 'one-shot', group: 'Baselines', title: 'One shot, several edits at once', arm: { oneShot: true } },
  { id: 'graph', group: 'Baselines', title: 'ELM on a graph', arm: { elm: 'graph' } },
  { id: 'ball', group: 'Baselines', title: 'ELM in balls', arm: { elm: 'ball' } },
  { id: 'pull-back', group: 'Baselines', title: 'ELM, pull-back metric', arm: { elm: 'pull-back' } },
];

export const choiceOf = (id) => choices.find((choice) => choice.id === id);

/** Why an arm cannot be had with these settings; nothing where it can. */
export function obstacle({ arm, looksAhead, needsTraining }, { budget, horizon, candidates, isTrained }) {
  if (needsTraining && !isTrained) return 'train a policy first';
  if (!arm.policy) return '';
  const episode = horizon * (looksAhead ? candidates : 1);
  return budget < episode ? `needs ${episode.toLocaleString('en')} rewrites` : '';
}

/** The arms of these ids as the library takes them, with the one that the others are measured against in front. */
export function armsOf(ids, first) {
  const ordered = [first, ...ids.filter((id) => id !== first)];
  return ordered.map((id) => ({ ...choiceOf(id).arm, name: choiceOf(id).title }));
}

/** What one person rated lowest, of which the library names a few, as the pairs to compare on; nobody is drawn then. */
export const pairsOf = ({ id, low }, count) => low.slice(0, count).map((item) => ({ user: id, item }));

/** Rewrites that it comes to: ELM makes one jump, whatever it may spend. */
export function rewritesOf(ids, { count, budget }) {
  return count * ids.reduce((sum, id) => sum + (choiceOf(id).arm.elm ? 1 : budget), 0);
}
