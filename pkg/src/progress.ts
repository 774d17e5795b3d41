import type { Progress } from './types.js';

/** How far back the speed is measured, in milliseconds: a connection that slows down must show. */
const WINDOW = 10_000;
/** How long a stage is watched before its speed means anything. */
const SETTLING = 500;
/** Closer reports than this are not kept apart. */
const SPACING = 100;

interface Sample {
  at: number;
  done: number;
}

/** What a stage has left in milliseconds, or nothing while that is not known. `now` is in milliseconds too. */
export type Eta = (progress: Progress, now: number) => number | undefined;

/** Estimates from the speed of the last seconds, for each stage by itself: some take turns, as updates and episodes do. */
export function createEta(): Eta {
  const stages = new Map<Progress['type'], Sample[]>();
  return ({ type, done, total, unit }, now) => {
    // A stage is one piece: there is no telling how far it is.
    if (unit === 'stages' || total <= 0) return undefined;
    if (done >= total) {
      stages.delete(type);
      return 0;
    }
    const samples = samplesWith(stages.get(type) ?? [], { at: now, done });
    stages.set(type, samples);
    return timeFor(total - done, samples[0]!, { at: now, done });
  };
}

/** With the new one, and without those that are too old; a stage that went back has begun anew. */
function samplesWith(samples: Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1);
  if (!last || sample.done < last.done) return [sample];
  const kept = sample.at - last.at < SPACING ? samples : [...samples, sample];
  const firstRecent = kept.findIndex(({ at }) => sample.at - at <= WINDOW);
  // One from before the window stays, for stages that report less often.
  return kept.slice(Math.max(0, firstRecent - 1));
}

function timeFor(left: number, first: Sample, last: Sample): number | undefined {
  const elapsed = last.at - first.at;
  const done = last.done - first.done;
  return elapsed < SETTLING || done <= 0 ? undefined : (left * elapsed) / done;
}
