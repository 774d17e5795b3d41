// The page over a made-up package that trains and compares as a test lets it.
import { openFakePage } from './fake-model.mjs';

/** Opens it with a panel that has long work, and gives what tests of such panels say, too. */
export async function openTrainingPage(panel, options) {
  const opened = await openFakePage({ also: fakeTraining, ...options });
  const { page, element } = opened;
  await element(`tab-${panel}`).click();
  await element(`${panel}-run`).waitFor();
  return {
    ...opened,
    status: (words) => element(`${panel}-status`).filter({ hasText: words }),
    give: (turns) => page.evaluate((number) => window.give(number ?? Infinity), turns),
    lastAsked: () => page.evaluate(() => window.asked.at(-1)),
  };
}

/**
 * Runs in the page, so it uses nothing around it. `window.asked` records the options of each call. Every event waits for a turn: there are as many as `window.give(number)`
 * has given, and at first no end of them. `window.trainingFailure` is thrown in place of the next update,
 * `window.comparisonFailure` in place of a comparison.
 */
export function fakeTraining() {
  const waiting = [];
  let turns = Infinity;
  let trained = false;
  let updates = 0;
  window.asked = [];
  window.give = (number) => {
    turns = number;
    while (turns > 0 && waiting.length > 0) {
      turns -= 1;
      waiting.shift()();
    }
  };

  function turn(signal) {
    if (turns > 0) {
      turns -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      waiting.push(resolve);
      signal.addEventListener('abort', () => {
        waiting.splice(waiting.indexOf(resolve), 1);
        reject(signal.reason);
      });
    });
  }

  const record = (name, { signal, onProgress, ...options }) => window.asked.push({ name, ...options });

  async function* train(options) {
    const { signal, onProgress, episodes, resume } = options;
    record('train', options);
    if (!resume) {
      onProgress({ type: 'targets', done: 1, total: options.referenceEpisodes, unit: 'episodes' });
      await turn(signal);
      onProgress({ type: 'reference-fit', done: options.referenceEpochs, total: options.referenceEpochs, unit: 'epochs' });
      trained = true;
      updates = 0;
      yield { type: 'reference', fit: { states: 15, heldOut: 1, kl: 0.9, uniformKl: 1.2, environmentCalls: 601 } };
    }
    for (let done = 0; done < options.updates; done += 1) {
      onProgress({ type: 'episodes', done: 1, total: episodes, unit: 'episodes' });
      await turn(signal);
      if (window.trainingFailure) throw Object.assign(new Error(window.trainingFailure), { code: 'training.not_finite', hint: 'Lower the rates.' });
      updates += 1;
      onProgress({ type: 'train', done: done + 1, total: options.updates, unit: 'updates' });
      yield { type: 'update', log: logOf(updates, episodes) };
    }
  }

  const logOf = (update, episodes) => ({
    update, episodes, rewardMean: 0.8 + 0.02 * update, rewardStd: 0.1, gainMean: 0.05 + 0.012 * update, kl: 0.1 * update, entropy: 3.6 - 0.2 * update,
    policyLoss: -0.01 * update, valueLoss: 0.04 / update, explainedVariance: -0.5 + 0.1 * update, zeroVarianceShare: 0, gradientNorm: 3 + Math.sin(update), clipped: update === 1, environmentCalls: 5 * episodes,
  });

  async function* evaluate(options) {
    const { arms, count, signal, onProgress } = options;
    record('evaluate', options);
    if (window.comparisonFailure) throw new Error(window.comparisonFailure);
    const results = [];
    const users = ['ann', 'ben', 'cleo'].slice(0, count);
    for (const [pair, user] of users.entries()) {
      for (const arm of arms.keys()) {
        await turn(signal);
        results.push({ arm, user, item: 'film-1', gain: 0.05 + 0.1 * arm + 0.03 * pair, distance: 2, identity: 0.9, environmentCalls: arms[arm].elm ? 1 : 25, realisabilityGap: null });
        yield { type: 'pair', result: results.at(-1), report: reportOf(arms, results) };
        onProgress({ type: 'pairs', done: results.length, total: users.length * arms.length, unit: 'runs' });
      }
    }
    yield { type: 'report', report: reportOf(arms, results) };
  }

  function reportOf(arms, results) {
    const around = (values, half) => {
      const mean = values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
      return { mean, low: mean - half, high: mean + half };
    };
    return arms.map(({ name }, arm) => {
      const own = results.filter((result) => result.arm === arm);
      const gains = own.map(({ gain }) => gain);
      return {
        name, pairs: own.length, gain: around(gains, 0.06), overFirst: around(gains.map(() => 0.1 * arm), arm === 0 ? 0 : 0.15),
        distance: around(own.map(({ distance }) => distance), 0.3), identity: around(own.map(({ identity }) => identity), 0.02),
        environmentCalls: own[0]?.environmentCalls ?? NaN, kept: 0.25,
      };
    });
  }

  return {
    train, evaluate,
    capabilities: async () => ({ trained }),
    savePolicy: async () => Uint8Array.from([1, 2, 3]),
    async load(saved) {
      window.asked.push({ name: 'load', text: new TextDecoder().decode(saved) });
      trained ||= saved.at(-1) !== 0x0a;
    },
    async loadPolicy(checkpoint) {
      window.asked.push({ name: 'loadPolicy', size: checkpoint.length });
      if (checkpoint[0] !== 1) throw Object.assign(new Error('the checkpoint cannot be used: it is for another encoder'), { code: 'training.checkpoint', hint: 'Train one here.' });
      trained = true;
    },
  };
}
