// Every call of the package, used as its documentation says. This is compiled and never run.
import { answers, AquilineError, create, forgetAnswers, isKnown } from 'aquiline';
import type {
  Action,
  Aquiline,
  Arm,
  Budget,
  Capabilities,
  CatalogSource,
  CreateOptions,
  DesignReport,
  Device,
  Domain,
  ElmResult,
  EvaluateEvent,
  Factors,
  Gap,
  Info,
  Item,
  KnownAnswer,
  Measured,
  Opinion,
  Passage,
  Progress,
  RaterReport,
  Rating,
  RemoteLlm,
  RunEnd,
  Spent,
  State,
  SteerEvent,
  TrainEvent,
  UserInfo,
  WorkerLike,
} from 'aquiline';

/** A method without a use here does not compile, nor does a use of a method that is gone. */
type Uses = { [Name in Extract<keyof Aquiline, string>]-?: (aquiline: Aquiline) => unknown };

declare const worker: WorkerLike;
declare const domain: Domain;
declare const item: Item;
declare const opinion: Opinion;

const signal: AbortSignal = new AbortController().signal;
const onProgress = ({ type, done, total, unit }: Progress): string => `${type}: ${done} of ${total} ${unit}`;
const call = { signal, onProgress };
const episode = { user: 'viewer-001', item: 'wolf-tax' };
const ratings: readonly Rating[] = [{ user: 'u', item: 'a', value: 4.5 }];
const arms: readonly Arm[] = [
  { policy: 'greedy', temperature: 1, space: 'combined', name: 'episodes' },
  { search: 'tree', foresight: true, caution: 0.5 },
  { oneShot: true },
  { elm: 'pull-back' },
];

export const uses: Uses = {
  info: ({ info }) => [info satisfies Info, info.device satisfies Device, info.users[0]?.low, figure(info.skill.rmseRatio), info.verdict.text],
  capabilities: async (aquiline) => (await aquiline.capabilities()) satisfies Capabilities,
  embed: async (aquiline) => (await aquiline.embed(['a text'], call)) satisfies Float32Array[],
  utilities: async (aquiline) => [
    (await aquiline.utilities({ user: 'u', signal })) satisfies Float32Array,
    await aquiline.utilities({ user: ['u', 'v'] as const }),
  ],
  foldIn: async (aquiline) => (await aquiline.foldIn({ user: 'me', ratings })) satisfies UserInfo,
  factorize: async (aquiline) => [
    (await aquiline.factorize()) satisfies Factors,
    await aquiline.factorize({ factors: 8, ridge: 1, sweeps: 2, heldOut: 0, seed: 1, ...call }),
  ],
  gaps: async (aquiline) => [
    (await aquiline.gaps({ user: 'u' })) satisfies Gap[],
    await aquiline.gaps({ user: ['u', 'v'], count: 3, ...call }),
  ],
  actions: async (aquiline) => (await aquiline.actions({ ...episode, count: 5, space: 'all', seed: 1 })) satisfies Action[],
  design: async (aquiline) => {
    const report: DesignReport = await aquiline.design({ ...episode, candidates: 8, subset: 4, seed: 1, ...call });
    return report.candidates.map(({ action, weight, leverage, state }) => [action.text, weight, leverage, state.utility]);
  },
  search: (aquiline) =>
    steered(aquiline.search({ ...episode, strategy: 'beam', width: 2, depth: 3, candidates: 8, shortlist: 4, budget: 20, caution: 1, foresight: false, seed: 1, ...call })),
  elm: async (aquiline) => {
    const result: ElmResult = await aquiline.elm({ ...episode, manifold: 'ball', seed: 1, ...call });
    return [result.state satisfies State, result.target.place, result.realisabilityGap];
  },
  evaluate: (aquiline) => compared(aquiline.evaluate({ arms, pairs: [episode], count: 2, budget: 8, candidates: 4, horizon: 2, seed: 1, ...call })),
  steer: (aquiline) => [
    steered(aquiline.steer(episode)),
    steered(aquiline.steer({ ...episode, outcome: 'last' })),
    steered(aquiline.steer({ ...episode, policy: 'eagle', horizon: 2, candidates: 6, subset: 3, space: 'generic', temperature: 0, seed: 1, record: true, ...call })),
  ],
  estimate: async (aquiline) => (await aquiline.estimate(episode)) satisfies Spent,
  useModel: async (aquiline) => {
    await aquiline.useModel();
    await aquiline.useModel({ llm: 'simulator' });
    await aquiline.useModel({ llm: remote, llmOptions: { remember: 'always', domain }, budget });
  },
  writeProfile: async (aquiline) => (await aquiline.writeProfile('u', { seed: 1, signal })) satisfies Passage[],
  describe: async (aquiline) => (await aquiline.describe({ title: 'Kites', year: 1999 }, { seed: 1, signal })) satisfies Item,
  judge: async (aquiline) => (await aquiline.judge({ user: 'u', original: item, edited: item, seed: 1, signal })) satisfies Opinion,
  raterReport: async (aquiline) => (await aquiline.raterReport([opinion], { seed: 1 })) satisfies RaterReport,
  replay: (aquiline) => steered(aquiline.replay('the record', call)),
  spent: async (aquiline) => (await aquiline.spent()) satisfies Spent,
  train: (aquiline) => [trained(aquiline.train()), trained(aquiline.train({ updates: 1, episodes: 2, settings: { shaping: true }, ...call }))],
  savePolicy: async (aquiline) => (await aquiline.savePolicy()) satisfies Uint8Array,
  loadPolicy: (aquiline) => aquiline.loadPolicy(new Uint8Array(1)) satisfies Promise<void>,
  save: async (aquiline) => (await aquiline.save()) satisfies Uint8Array,
  load: (aquiline) => aquiline.load(new Uint8Array(1)) satisfies Promise<void>,
  dispose: (aquiline) => aquiline.dispose() satisfies Promise<void>,
};

/** Events are told apart by their type. */
async function steered(events: AsyncIterable<SteerEvent>): Promise<void> {
  for await (const event of events) {
    switch (event.type) {
      case 'anchor':
        event.state.utility satisfies number;
        event.state.uncertainty satisfies number | undefined;
        break;
      case 'step':
        event.step.action.text satisfies string;
        break;
      case 'done':
        [event.trajectory.kept satisfies boolean, event.transcript satisfies string | undefined];
        [event.trajectory.outcomeStep, event.trajectory.failedRewrites, ended(event.trajectory.ended)];
        break;
      default:
        event satisfies never;
    }
  }
}

const figure = (measured: Measured): string => (isKnown(measured) ? measured.toFixed(2) : measured.unknown);

/** Every way to end has a word. */
function ended(how: RunEnd): string {
  const words = { horizon: 'all edits', 'no-gain': 'no gain', 'no-edit': 'no edit', 'no-rewrite': 'no rewrite', budget: 'no budget' };
  return words[how];
}

async function compared(events: AsyncIterable<EvaluateEvent>): Promise<void> {
  for await (const event of events) {
    if (event.type === 'pair') event.result.gain satisfies number;
    for (const { name, gain, overFirst } of event.report) console.log(name, gain.mean, overFirst.low);
  }
}

async function trained(events: AsyncIterable<TrainEvent>): Promise<void> {
  for await (const event of events) {
    if (event.type === 'reference') event.fit.kl satisfies number;
    else event.log.gainMean satisfies number;
  }
}

const remote: RemoteLlm = { baseUrl: 'http://localhost:11434/v1', model: 'qwen3:8b', getToken: async () => 'a key' };
const budget: Budget = { calls: 10, tokens: 1000, money: 1, time: 60_000, price: { prompt: 1, completion: 2 } };
const catalogs: CatalogSource[] = [
  'embedded',
  { movies: new Uint8Array(1), ratings: new Uint8Array(1) },
  { items: [item], ratings: [...ratings], scale: [1, 10] },
];

export const options: CreateOptions[] = [
  {},
  { catalog: catalogs[0]!, models: '/models', device: 'auto', seed: 1, cache: false, signal, onProgress },
  { models: { weights: '/weights', tokenizer: new Uint8Array(1) }, device: 'webgpu' },
  { llm: remote, llmOptions: { form: 'json', concurrency: 2, timeout: 1000 }, budget },
  { llm: async ({ messages }, { signal }) => `${messages.length} ${signal.aborted}` },
  { catalog: catalogs[2]!, llm: 'simulator' },
  { onRecovery: ({ lost, message, device }) => console.log(lost, message, device) },
  { assets: { worker: new URL('https://example.com/worker.js'), cpu: '/core.wasm', catalog: new Uint8Array(1) } },
  { assets: { worker: () => worker, trustedTypes: { createScriptURL: (address: string) => address } } },
];

export async function begin(): Promise<Aquiline> {
  const known: KnownAnswer[] = await answers('a model');
  await forgetAnswers(`a model of ${known.length} answers`);
  return create(options[0]).catch((error: unknown) => {
    if (error instanceof AquilineError) console.log(error.code, error.hint, error.retryable satisfies boolean, error.cause);
    throw error;
  });
}
