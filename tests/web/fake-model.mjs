// The page over a package that follows the contract of the real one with made-up films, so that a test decides what is slow,
// what fails and what the numbers are.
import { openBrowser, openPage } from './support.mjs';

/**
 * Opens it, as `openPage` does; `close()` ends it. Items are called after `noun`, and what the function `also` returns in the page
 * is added to the model.
 */
export async function openFakePage({ noun = 'Film', also = () => ({}), ...options } = {}) {
  const opened = await openBrowser();
  const shown = await openPage(opened, options);
  const script = (body) => (route) => route.fulfill({ contentType: 'text/javascript', body });
  const body = `const open = ${create}, also = ${also}; export const create = async (source) => Object.assign(await open('${noun}', source), also());`;
  await shown.page.route('**/pkg/index.js', script(body));
  await shown.page.route('**/pkg/llm/index.js', script('export const diagnose = null, promptApi = null, webllm = null;'));
  // The form of writers would ask the server for WebLLM, and a browser complains where that is not installed.
  await shown.page.addInitScript(() => delete Navigator.prototype.gpu);
  await shown.page.goto(opened.address);
  await shown.element('steer-button').waitFor();
  return { ...shown, close: opened.close };
}

/** Opens two files of recipes, rated from 1 to 10, in place of what is open; nobody writes for them until somebody is chosen. */
export async function openRecipes({ page, element }) {
  const file = (name, lines) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) });
  await element('tab-catalog').click();
  await element('catalog-files').setInputFiles([
    file('recipes.csv', ['id,title,plot', 'a,Soup,Boil it.', 'b,Stew,Let it simmer.']),
    file('votes.csv', ['user,item,rating', 'ann,a,1', 'ann,b,10', 'ben,a,7']),
  ]);
  await element('catalog-run').click();
  await element('use-catalog').click();
  await page.waitForFunction(() => document.body.dataset.view === 'ready' && document.body.dataset.catalog === 'recipes');
}

/**
 * Runs in the page. `window.calls` records what was asked; while `window.held` is true, an answer waits until it is calls
 * `window.release()`; `window.failure` is thrown instead of the next answer.
 */
async function create(noun, { catalog = 'embedded' }) {
  const items = Array.from({ length: 12 }, (_, number) => ({
    id: `${noun.toLowerCase()}-${number}`, title: `${noun} ${'ABCDEFGHIJKL'[number]}`, year: 1990 + number, genres: ['Drama'], place: [number % 4, Math.floor(number / 4)],
  }));
  const users = ['ann', 'ben', 'cleo'].map((id) => ({ id, ratings: 20, likes: ['Drama'], low: [items[2].id] }));
  window.calls = [];
  const disposals = [];

  async function answer(name, options, result) {
    window.calls.push({ name, user: options.user, item: options.item, ...(options.policy && { policy: options.policy }), candidates: options.candidates, subset: options.subset, seed: options.seed });
    if (window.failure) throw Object.assign(new Error(window.failure), { code: 'invalid', hint: 'Try something else.' });
    if (window.held) {
      await new Promise((_, reject) => {
        options.signal.addEventListener('abort', () => reject(Object.assign(new Error('cancelled'), { code: 'cancelled' })));
        disposals.push(() => reject(Object.assign(new Error('this object was disposed'), { code: 'disposed' })));
      });
    }
    return result();
  }

  const state = (place, utility, plot = 'As it was.') => ({
    item: { ...items[0], plot, likes: [], dislikes: [] }, utility, uncertainty: 0.05, affinity: 0.6, novelty: 0.1,
    distance: Math.hypot(...place), place, latent: [], truncated: false,
  });
  const candidate = (number) => ({
    action: { text: `Edit ${number}`, category: 'plot', origin: 'generic' },
    weight: [0.5, 0, 0.3, 0.2][number % 4], leverage: [2.001, 0.5, 2, 1.999][number % 4], inSubset: number % 2 === 0,
    state: state([1 + 0.3 * number, 1.5], 0.7 + 0.01 * number),
  });

  function report({ user, candidates: count, seed, onProgress }) {
    onProgress({ type: 'candidates', done: 1, total: count, unit: 'texts' });
    const anchor = state([0, 0], 0.7);
    if (seed === 9) return { user, anchor, candidates: [{ ...candidate(0), weight: 0, leverage: null }], certificate: null };
    const candidates = Array.from({ length: count }, (_, number) => candidate(number));
    const support = candidates.filter(({ weight }) => weight > 0).length;
    return { user, anchor, candidates, certificate: { effectiveRank: 2, optimalityGap: 0.001, largestLeverage: 2.001, support } };
  }

  /**
   * Two edits, of which both make it worse where the seed is 1, so that the original stays; `window.run` has other utilities, and
   * what else the trajectory says. Where `window.heldAfter` is a number, the run waits after so many edits until it is stopped.
   */
  async function* steer(options) {
    if (!model.hasWriter) throw Object.assign(new Error('there is no language model to edit these texts'), { code: 'rollout.no-environment', hint: 'Name one.' });
    const { user, seed, policy, signal } = options;
    const { utilities = seed === 1 ? [0.5, 0.5] : [0.8, 0.9], uncertainty = 0.05, ...said } = window.run ?? {};
    const item = items.find(({ id }) => id === options.item) ?? items[0];
    const stateOf = (...about) => {
      const made = state(...about);
      return { ...made, uncertainty, item: { ...made.item, ...item } };
    };
    const anchor = stateOf([0, 0], 0.7);
    const steps = utilities.map((utility, index) => ({
      index, action: { text: `Edit ${index}`, category: 'plot', origin: 'personalised' }, logProbability: 0, candidates: [], candidateUtilities: [], design: null,
      state: stateOf([1 + index, 1], utility, `Edited ${index}.`), milliseconds: 1,
    }));
    yield await answer('steer', options, () => ({ type: 'anchor', user, state: anchor }));
    for (const step of steps) {
      if (step.index === window.heldAfter) await new Promise((_, reject) => { signal.addEventListener('abort', () => reject(Object.assign(new Error('cancelled'), { code: 'cancelled' }))); });
      yield { type: 'step', step };
    }
    const states = [anchor, ...steps.map((step) => step.state)];
    const outcomeStep = states.reduce((best, { utility }, at) => (utility > states[best].utility ? at : best), 0);
    const outcome = { outcome: states[outcomeStep], outcomeStep, kept: outcomeStep === 0, ended: 'horizon', failedRewrites: 0, environmentCalls: 2 };
    yield { type: 'done', trajectory: { user, policy, seed, anchor, steps, ...outcome, ...said }, transcript: '{}' };
  }

  async function raterReport(opinions) {
    const none = { mean: 0.5, low: 0.4, high: 0.6 };
    return { pairs: opinions.length, userUtility: none, raterUtility: none, distance: none, ratingGain: none, appeal: none, agreement: none, positionBias: none, consistency: none };
  }

  // Tests of other panels give it what these ask for.
  const skill = { rmseRatio: 0.8, rankCorrelation: 0.4, coverage: 0.7, misplacement: 0.6, noise: 0.9, heldOutRatings: 10, heldOutItems: 4, spread: 1.1 };
  const model = {
    /** Whether there is anybody to write: a catalog of one's own has nobody until somebody is named. */
    hasWriter: catalog === 'embedded',
    info: {
      device: 'cpu', reason: 'It is made up.', encoder: 'none', skill, verdict: { level: 'some', text: 'Expect small, real gains.' },
      items, users, scale: catalog.scale ?? [0.5, 5], itemsWithoutText: 0, itemsTruncated: 0,
    },
    gaps: async () => [{ place: [1.5, 0.5], utility: 1.1, uncertainty: 0.1, affinity: 0.8, distance: 0.4, neighbours: [{ id: items[1].id, title: items[1].title, distance: 0.4 }] }],
    utilities: (options) => answer('utilities', options, () => Float32Array.from(items, (_, number) => (options.user === 'ben' ? 2 : 1) + number / 100)),
    design: (options) => answer('design', options, () => report(options)),
    steer, raterReport,
    estimate: async () => ({ calls: 0, tokens: 0, money: 0 }),
    spent: async () => ({ calls: 0, tokens: 0, money: 0 }),
    useModel: async (options) => {
      window.calls.push({ name: 'useModel', options });
      model.hasWriter = true;
    },
    capabilities: async () => ({ trained: false }),
    // Who waited hears of it when the page has gone on already.
    dispose: async () => { setTimeout(() => disposals.forEach((reject) => reject())); },
  };
  window.model = model;
  return model;
}
