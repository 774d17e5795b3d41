import { FEWEST, tooFew } from './ratings.js';
import { AquilineError } from '../error.js';
import type { Aquiline, Gap, Measured, OwnRating, Progress, State, Trajectory } from '../types.js';
import type { Idea, IdeasSettings } from './types.js';

export interface Search {
  user: string;
  ratings: readonly OwnRating[];
  /** Ideas at most. */
  count: number;
  /** The top of the scale. */
  highest: number;
  steering: IdeasSettings['steering'];
  signal: AbortSignal;
  /** `idea` counts from 1, and `share` is how much of everything is done. */
  onProgress: (progress: Progress, idea: number, share: number) => void;
}

/**
 * Folds the visitor in, and steers for them near the best gaps until there are ideas enough. What comes out no better than
 * it was is no idea.
 */
export async function* findIdeas(aquiline: Aquiline, search: Search): AsyncGenerator<Idea> {
  const { user, count, signal } = search;
  const ratings = known(search.ratings, aquiline);
  await aquiline.foldIn({ user, ratings, signal });
  signal.throwIfAborted();
  // Some gaps have no item to start from, or lead nowhere.
  const gaps = await aquiline.gaps({ user, count: 2 * count, signal });
  let found = 0;
  for (const { gap, item } of startsOf(gaps, ratings)) {
    const trajectory = await steered(aquiline, item, search, found);
    // Whatever the run says of itself: nothing is shown that is not better than what there is.
    if (trajectory.kept || !(trajectory.outcome.utility > trajectory.anchor.utility)) continue;
    yield ideaOf(trajectory, gap, search, aquiline.info.skill?.misplacement);
    if (++found === count) return;
  }
}

function known(ratings: readonly OwnRating[], { info }: Aquiline): OwnRating[] {
  const items = new Set(info.items.map(({ id }) => id));
  const here = ratings.filter(({ item }) => items.has(item));
  if (here.length < FEWEST) throw tooFew(here.length);
  return here;
}

/** Of each gap the nearest item that is none of the visitor's favourites: those need no change. Each item once. */
function* startsOf(gaps: readonly Gap[], ratings: readonly OwnRating[]): Generator<{ gap: Gap; item: string }> {
  const best = Math.max(...ratings.map(({ value }) => value));
  const passed = new Set(ratings.filter(({ value }) => value === best).map(({ item }) => item));
  for (const gap of gaps) {
    const start = gap.neighbours.find(({ id }) => !passed.has(id));
    if (!start) continue;
    passed.add(start.id);
    yield { gap, item: start.id };
  }
}

async function steered(aquiline: Aquiline, item: string, search: Search, found: number): Promise<Trajectory> {
  const { user, count, steering, signal } = search;
  const steps = steering?.horizon ?? 5;
  let step = 0;
  const onProgress = (progress: Progress) => {
    const inside = Math.min(1, (step + progress.done / (progress.total || Infinity)) / steps);
    search.onProgress(progress, found + 1, (found + inside) / count);
  };
  for await (const event of aquiline.steer({ ...steering, outcome: 'best', user, item, signal, onProgress })) {
    if (event.type === 'step') step += 1;
    if (event.type === 'done') return event.trajectory;
  }
  throw new AquilineError('worker', 'the run ended without a result');
}

function ideaOf(trajectory: Trajectory, gap: Gap, { highest }: Search, misplacement: Measured | undefined): Idea {
  const { anchor, outcome, outcomeStep, steps } = trajectory;
  return {
    item: outcome.item,
    from: anchor.item,
    // Later ones led to other texts.
    edits: steps.slice(0, outcomeStep).map(({ action }) => action.text),
    rating: outcome.affinity * highest,
    gain: (outcome.affinity - anchor.affinity) * highest,
    uncertainty: uncertaintyOf(outcome, highest, misplacement),
    gap,
    trajectory,
  };
}

/** Nothing predicted is certain, so that 0 is as unknown as nothing. */
function uncertaintyOf({ uncertainty }: State, highest: number, misplacement: Measured | undefined): Measured {
  if (uncertainty !== undefined && uncertainty > 0) return uncertainty * highest;
  return typeof misplacement === 'object' ? misplacement : { unknown: 'it could not be measured here' };
}
