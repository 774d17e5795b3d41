/** What training logs, as curves, as a table and as a file. */
import { element } from '../dom.js';
import { lineChart } from '../curve.js';
import { decimal } from '../format.js';
import { wideTable } from './work.js';

const wholeNumber = (value) => (Number.isFinite(value) ? value.toLocaleString('en') : 'unknown');

/** The columns, under TRL's names where it has one. `value` reads a log; `told` is for people who do not train every day. */
const columns = [
  { name: 'reward', value: (log) => log.rewardMean, told: 'mean utility of the last texts; the band is one standard deviation' },
  { name: 'reward_std', value: (log) => log.rewardStd, told: 'their standard deviation' },
  { name: 'gain', value: (log) => log.gainMean, told: 'how much that is above the texts they started from' },
  { name: 'kl', value: (log) => log.kl, told: 'how far the policy went from its reference, in nats a decision' },
  { name: 'entropy', value: (log) => log.entropy, told: 'how undecided it is, in nats; 0 takes the same edit each time' },
  { name: 'policy_loss', value: (log) => log.policyLoss, told: 'what the gradient lowers' },
  { name: 'value_loss', value: (log) => log.valueLoss, told: 'squared error of the value network' },
  { name: 'explained_variance', value: (log) => log.explainedVariance, told: 'how much of the returns the value network explains; below 0 it is worse than a constant' },
  { name: 'zero_variance_share', value: (log) => log.zeroVarianceShare, told: 'share of the groups whose rewards are all equal, which teach nothing' },
  { name: 'grad_norm', value: (log) => log.gradientNorm, told: 'length of the gradient before it is shortened' },
  { name: 'env_calls', value: (log) => log.environmentCalls, format: wholeNumber, told: 'rewrites asked for so far' },
];
const headings = ['update', 'episodes', ...columns.map(({ name }) => name), 'clipped'];
const column = (name) => columns.find((candidate) => candidate.name === name);

const charts = [
  [{ ...column('reward'), spread: (log) => log.rewardStd }],
  [column('gain')],
  [column('kl'), column('entropy')],
  [column('value_loss')],
  [column('explained_variance')],
  [column('zero_variance_share')],
  [column('grad_norm')],
  [column('env_calls')],
];

/** Returns `{ node, show(logs) }`. Pointing at one chart reads all of them at the same update. */
export function trainCurves() {
  const lines = charts.map((series) => lineChart({ series, at: (log) => log.update, onPoint: point, testid: `curve-${series[0].name}` }));
  const slider = element('input', { type: 'range', min: 0, max: 0, value: 0, step: 1, id: 'train-at', testid: 'train-at', oninput: () => point(slider.valueAsNumber) });
  const told = element('output', { class: 'soft', for: 'train-at' });
  const reading = element('div', { class: 'train-reading', hidden: true }, element('label', { for: 'train-at' }, 'Read the curves at update'), slider, told);
  const table = wideTable('Log of the updates', headings, 'train-table');
  let logs = [];

  function point(index) {
    for (const line of lines) line.point(index);
    const at = index ?? logs.length - 1;
    slider.value = at;
    slider.setAttribute('aria-valuetext', logs[at] ? readingWords(logs[at]) : '');
    told.textContent = logs[at] ? String(logs[at].update) : '';
  }

  function show(next) {
    logs = next;
    for (const line of lines) line.show(logs);
    slider.max = Math.max(0, logs.length - 1);
    reading.hidden = logs.length < 2;
    table.show(logs.map(row));
    point(null);
  }

  return {
    show,
    node: element('div', { class: 'train-curves' },
      element('div', { class: 'curves', role: 'group', 'aria-label': 'Curves; their numbers are in the table below' }, ...lines.map(({ node }) => node)), reading,
      element('details', { class: 'more' }, element('summary', {}, 'What these are'), element('dl', { class: 'work-meanings' },
        ...columns.flatMap(({ name, told: meaning }) => [element('dt', {}, name), element('dd', {}, meaning)]))),
      element('details', { class: 'more' }, element('summary', { testid: 'train-as-table' }, 'As a table'),
        table.node)),
  };
}

const readingWords = (log) => `Update ${log.update}: ${charts.flat().map(({ name, value, format = decimal }) => `${name} ${format(value(log))}`).join(', ')}`;

const row = (log) => [String(log.update), String(log.episodes), ...columns.map(({ value, format = decimal }) => format(value(log))), log.clipped ? 'yes' : 'no'];

/** All digits, for a file. */
export function logRows(logs) {
  return [
    headings,
    ...logs.map((log) => [log.update, log.episodes, ...columns.map(({ value }) => value(log)), log.clipped ? 'yes' : 'no']),
  ];
}
