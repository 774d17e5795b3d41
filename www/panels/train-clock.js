/** How far a training is, and how long it still takes, from the times of what it has done so far. */
import { duration } from '../format.js';

/** How much the newest time counts: the first ones are longer, because every request is read once. */
const newest = 0.3;

/**
 * `plan` is `{ referenceEpisodes, referenceTexts, epochs, updates, episodes, horizon }`; without a reference to fit, its three
 * numbers are 0. `referenceTexts` is how many texts one of its episodes rewrites. Returns `{ report(progress), left(), share(), words() }`.
 */
export function createTrainClock(plan, now = () => performance.now()) {
  const startedAt = now();
  const times = {};
  const done = { targets: 0, 'reference-fit': 0, episodes: 0, train: 0 };
  let last = startedAt;

  function report({ type, done: reached }) {
    if (!(type in done)) return;
    const time = now() - last;
    times[type] = type in times ? newest * time + (1 - newest) * times[type] : time;
    done[type] = reached;
    last = now();
    if (type === 'train') done.episodes = 0;
  }

  /** Milliseconds; `null` before anything was measured. */
  function left() {
    const episode = times.episodes ?? fromReference();
    if (episode === undefined) return null;
    const episodes = (plan.updates - done.train) * plan.episodes - done.episodes;
    const all = (plan.referenceEpisodes - done.targets) * (times.targets ?? 0)
      + (plan.epochs - done['reference-fit']) * (times['reference-fit'] ?? 0)
      + episodes * episode + (plan.updates - done.train) * (times.train ?? 0);
    return Math.max(0, all - (now() - last));
  }

  /** Episodes of the reference are measured first; what takes time in both are the texts. */
  function fromReference() {
    return times.targets === undefined ? undefined : (times.targets * plan.horizon) / Math.max(1, plan.referenceTexts);
  }

  /** Of all the time that it takes. */
  function share() {
    const rest = left();
    if (rest === null) return null;
    const passed = now() - startedAt;
    return passed / Math.max(1, passed + rest);
  }

  function words() {
    if (plan.referenceEpisodes > done.targets) return `Reference: episode ${done.targets + 1} of ${plan.referenceEpisodes}`;
    if (plan.epochs > done['reference-fit']) return `Fitting the reference: pass ${done['reference-fit'] + 1} of ${plan.epochs}`;
    const update = Math.min(done.train + 1, plan.updates);
    const episode = done.episodes < plan.episodes ? `episode ${done.episodes + 1} of ${plan.episodes}` : 'learning from the episodes';
    return `Update ${update} of ${plan.updates}: ${episode}`;
  }

  return { report, left, share, words: () => [words(), leftWords(left())].filter(Boolean).join(' · ') };
}

export const leftWords = (milliseconds) => (milliseconds === null ? '' : `about ${duration(roundTime(milliseconds))} left`);

/** Nobody knows it to the second. */
function roundTime(milliseconds) {
  const seconds = milliseconds / 1000;
  const step = seconds < 20 ? 1 : seconds < 90 ? 5 : 60;
  return Math.max(1, Math.round(seconds / step)) * step * 1000;
}
