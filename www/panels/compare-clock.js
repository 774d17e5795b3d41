/** How long a comparison still takes: every arm takes its own time, and about the same for each pair. */

/** `finish(arm)` follows every run; `left(pairs)` is in milliseconds for so many pairs in all, or `null` before anything was measured. */
export function createCompareClock(arms, now = () => performance.now()) {
  const runs = Array.from({ length: arms }, () => ({ count: 0, time: 0 }));
  let last = now();

  const meanOf = (measured) => {
    const count = measured.reduce((sum, run) => sum + run.count, 0);
    return count > 0 ? measured.reduce((sum, run) => sum + run.time, 0) / count : null;
  };

  return {
    finish(arm) {
      runs[arm].count += 1;
      runs[arm].time += now() - last;
      last = now();
    },
    left(pairs) {
      const overall = meanOf(runs);
      if (overall === null) return null;
      const rest = runs.reduce((sum, run) => sum + (pairs - run.count) * (meanOf([run]) ?? overall), 0);
      return Math.max(0, rest - (now() - last));
    },
  };
}
