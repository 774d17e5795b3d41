/** The settings of a training: few that matter in a tab, and the rest behind a fold. */
import { element } from '../dom.js';
import { count } from '../format.js';
import { choiceField, numberField, writerWords } from './work.js';

const whole = (low, high) => ({ low, high });
const real = (low, high) => ({ low, high, step: 'any' });

/** `kind` is the range of a number, or the choices of a list, of which the first is taken; without a value a number may be left out. */
const fields = [
  { name: 'updates', title: 'Updates', kind: whole(1, 1000), value: 10 },
  { name: 'episodes', title: 'Episodes an update', kind: whole(1, 1000), value: 16 },
  { name: 'candidates', title: 'Edits considered', kind: whole(1, 100), value: 40 },
  { name: 'horizon', title: 'Edits in a row', kind: whole(1, 10), value: 5 },
  { name: 'klWeight', title: 'KL weight α', kind: real(0, 100), value: 0.03 },
  { name: 'seed', title: 'Seed', kind: whole(0, 4294967295), value: 0 },
  {
    name: 'reference', title: 'Reference policy', isWide: true, value: 'g-optimal', kind: {
      'g-optimal': 'G-optimal: spread out to learn the most',
      'd-optimal': 'D-optimal: any of a varied subset',
      optimistic: 'Optimistic: edits that could do best',
      uniform: 'Uniform: any edit, quick to fit',
    },
  },
  { name: 'space', title: 'Edits allowed', isMore: true, value: 'all', kind: { all: 'All', generic: 'Only general ones', combined: 'Some at once, too' } },
  { name: 'whom', title: 'Train for', isMore: true, value: 'all', kind: { all: 'Everybody', chosen: 'Only who is chosen' } },
  { name: 'budget', title: 'Most rewrites for updates', kind: whole(1, 10_000_000), value: '', isMore: true },
  { name: 'patience', title: 'Updates without progress', kind: whole(0, 1000), value: 0, isMore: true },
  { name: 'referenceEpisodes', title: 'Reference: episodes', kind: whole(1, 1000), value: 8, isMore: true },
  { name: 'referenceHorizon', title: 'Reference: edits in a row', kind: whole(1, 10), value: 2, isMore: true },
  { name: 'referenceEpochs', title: 'Reference: passes', kind: whole(0, 1000), value: 20, isMore: true },
  { name: 'subset', title: 'D-optimal: subset', kind: whole(1, 100), value: 10, isMore: true },
  { name: 'temperature', title: 'Temperature', kind: real(0.01, 100), value: 0.5, isMore: true },
  { name: 'discount', title: 'Discount γ', kind: real(0, 1), value: 1, isMore: true },
  { name: 'trace', title: 'Trace λ', kind: real(0, 1), value: 0.5, isMore: true },
  { name: 'shaping', title: 'Reward', isMore: true, value: 'gains', kind: { gains: 'The gain of every edit', last: 'The utility of the last text' } },
  { name: 'baseline', title: 'Advantages against', isMore: true, value: 'value', kind: { value: 'A value network', group: 'Others of the group' } },
  { name: 'group', title: 'Episodes of a group', kind: whole(1, 1000), value: 1, isMore: true },
  { name: 'whitening', title: 'Advantages', isMore: true, value: 'yes', kind: { yes: 'With mean 0, variance 1', no: 'As they are' } },
  { name: 'policyRate', title: 'Learning rate: policy', kind: real(1e-9, 1), value: 0.001, isMore: true },
  { name: 'valueRate', title: 'Learning rate: value', kind: real(1e-9, 1), value: 0.001, isMore: true },
  { name: 'mostGradient', title: 'Longest gradient', kind: real(1e-6, 1e6), value: 1, isMore: true },
];

/** Returns `{ node, read(), lock(isLocked) }`; `read` gives the values by name, and `onChange` hears that they are others. */
export function trainFields({ onChange }) {
  const made = fields.map((field) => [field, ...control(field)]);
  const inputs = Object.fromEntries(made.map(([{ name }, , input]) => [name, input]));
  const labels = (isMore) => made.filter(([field]) => Boolean(field.isMore) === isMore).map(([, label]) => label);
  const node = element('fieldset', { oninput: onChange },
    element('div', { class: 'work-fields' }, ...labels(false)),
    element('details', { class: 'options' }, element('summary', { testid: 'train-more' }, 'More settings'), element('div', { class: 'work-fields' }, ...labels(true))));
  return {
    node,
    read: () => Object.fromEntries(fields.map(({ name, kind }) => [name, read(inputs[name], kind)])),
    lock: (isLocked) => { node.disabled = isLocked; },
  };
}

function control({ name, title, kind, value, isWide }) {
  const testid = `train-${name}`;
  const [label, input] = 'low' in kind ? numberField(title, testid, { value, ...kind }) : choiceField(title, testid, Object.entries(kind));
  input.required = value !== '';
  label.classList.toggle('wide', Boolean(isWide));
  return [label, input];
}

function read(input, kind) {
  if (!('low' in kind)) return input.value;
  return Number.isNaN(input.valueAsNumber) ? null : input.valueAsNumber;
}

/** What the library is asked for. `user` is who is chosen. */
export function trainOptions(values, user) {
  const { updates, episodes, candidates, horizon, space, group, referenceEpisodes, referenceHorizon, referenceEpochs } = values;
  const { klWeight, temperature, discount, trace, baseline, patience, seed, policyRate, valueRate, mostGradient } = values;
  return {
    reference: values.reference === 'd-optimal' ? { 'd-optimal': { subset: Math.min(values.subset, candidates) } } : values.reference,
    referenceEpisodes, referenceHorizon, referenceEpochs, updates, episodes, group, horizon, candidates, space,
    ...(values.whom === 'chosen' && { users: [user] }),
    ...(values.budget !== null && { budget: values.budget }),
    settings: {
      klWeight, temperature, discount, trace, baseline, patience, seed,
      shaping: values.shaping === 'gains', whitening: values.whitening === 'yes',
      optimizer: { policyRate, valueRate, mostGradient },
    },
  };
}

/** Rewrites that one episode of the reference takes: all but the uniform one try every candidate. */
export const referenceTexts = ({ reference, referenceHorizon, candidates }) => referenceHorizon * (reference === 'uniform' ? 1 : candidates);

/** A limit is for the updates of a whole run, however often that is paused; `spent` are the rewrites they took so far. */
export function budgetLeft({ budget }, spent) {
  return budget === undefined ? {} : { budget: budget - spent };
}

/** What it will cost at most, in words; nothing while a number is missing. */
export function costWords(options, writer) {
  const reference = options.referenceEpisodes * referenceTexts(options);
  const calls = reference + options.updates * options.episodes * options.horizon;
  if (!Number.isFinite(calls)) return '';
  return `${count(calls, 'rewrite')} by ${writerWords(writer)}, ${reference.toLocaleString('en')} of them for the reference.`;
}
