// An Aquiline whose catalog is six films and whose runs are told beforehand. It runs in a page, so it imports nothing.

export const FILMS = ['Kites', 'Salt', 'Ferry', 'Ledger', 'Orchard', 'Wager'].map((title, at) => ({
  ...{ id: title.toLowerCase(), title, year: 1990 + at, genres: [at % 2 ? 'Drama' : 'Comedy'] },
  ...{ plot: `${title} is about a village.`, likes: [], dislikes: [] },
}));

/** Three ratings: the first film is the favourite. */
export const RATINGS = [
  { item: 'kites', value: 5 },
  { item: 'salt', value: 2 },
  { item: 'ferry', value: 4 },
];

/**
 * `plot` is what a model made of every film, `kept` the films that nothing improves, `gate` holds every run until it
 * resolves, `fail` fails the next one, `change` alters what runs come to. `log` records the calls.
 */
export function fakeAquiline({ plot = 'A storm comes.', kept = [], gate, fail, change = (run) => run, misplacement = 0.5 } = {}) {
  const fake = {
    log: [],
    fail,
    info: { items: FILMS, users: [], scale: [0.5, 5], skill: { misplacement } },
    async foldIn({ user, ratings }) {
      fake.log.push({ foldIn: user, ratings });
      return { id: user, ratings: ratings.length, likes: [], low: [] };
    },
    async gaps({ user, count }) {
      fake.log.push({ gaps: user, count });
      const neighbours = FILMS.map(({ id, title }) => ({ id, title, distance: 1 }));
      return Array.from({ length: count }, () => ({ utility: 1, neighbours }));
    },
    async *steer({ user, item, signal, onProgress, ...options }) {
      fake.log.push({ steer: item, user, options });
      signal.addEventListener('abort', () => fake.log.push('aborted'));
      if (fake.fail) throw fake.fail;
      onProgress({ type: 'candidates', done: 1, total: 2, unit: 'actions' });
      if (gate) await Promise.race([gate, new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))]);
      yield { type: 'done', trajectory: change(trajectoryOf(FILMS.find(({ id }) => id === item), plot, kept.includes(item))) };
    },
    async dispose() {
      fake.log.push('disposed');
    },
  };
  return fake;
}

export function trajectoryOf(film, plot, kept = false) {
  const anchor = { item: film, utility: 0.8, affinity: 0.6, uncertainty: 0.06 };
  const outcome = kept ? anchor : { item: { ...film, plot }, utility: 1, affinity: 0.72, uncertainty: 0.06 };
  const steps = [{ action: { text: 'Let a storm come.', category: 'plot' }, state: outcome }];
  const ending = { outcomeStep: kept ? 0 : 1, kept, environmentCalls: 1, failedRewrites: 0, ended: kept ? 'no-gain' : 'horizon' };
  return { anchor, outcome, steps, ...ending };
}
