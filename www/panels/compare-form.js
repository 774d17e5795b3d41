/** Which arms to compare, and with what. */
import { element } from '../dom.js';
import { count } from '../format.js';
import { choices, obstacle, rewritesOf } from './compare-arms.js';
import { whomField } from './whom.js';
import { checkField, choiceField, numberField, writerWords } from './work.js';

const chosenAtFirst = ['uniform', 'eagle', 'greedy-search', 'tree', 'graph'];
const numbers = [
  { name: 'count', title: 'Pairs', value: 8, low: 1, high: 500 },
  { name: 'budget', title: 'Rewrites for each', value: 25, low: 1, high: 10_000 },
  { name: 'seed', title: 'Seed', value: 0, low: 0, high: 4294967295 },
  { name: 'horizon', title: 'Edits in a row', value: 5, low: 1, high: 10, isMore: true },
  { name: 'candidates', title: 'Edits considered', value: 20, low: 1, high: 100, isMore: true },
];

/** Returns `{ node, settings(), chosen(), first(), whom(), lock(isLocked), showTrained() }`; ids are those of the arms. */
export function compareFields(context) {
  const made = numbers.map(({ name, title, isMore = false, ...range }) => ({ name, isMore, field: numberField(title, `compare-${name}`, range) }));
  const boxes = new Map();
  const whys = new Map();
  const [firstLabel, first] = choiceField('Measured against', 'compare-first', []);
  const [whomLabel, whom] = whomField(context, 'compare-whom');
  for (const label of [whomLabel, firstLabel]) label.classList.add('wide');
  const cost = element('p', { class: 'soft compare-cost', testid: 'compare-cost' });
  const labels = (wanted) => made.filter(({ isMore }) => isMore === wanted).map(({ field: [label] }) => label);
  const groups = [...new Set(choices.map(({ group }) => group))].map((group) => element('fieldset', { class: 'compare-arms' },
    element('legend', {}, group), ...choices.filter((choice) => choice.group === group).map(arm)));
  const node = element('fieldset', { oninput: refresh },
    element('div', { class: 'compare-groups' }, ...groups),
    element('div', { class: 'work-fields' }, ...labels(false), whomLabel, firstLabel),
    element('details', { class: 'options' }, element('summary', {}, 'More settings'), element('div', { class: 'work-fields' }, ...labels(true))),
    cost);
  let isTrained = false;

  function arm({ id, title }) {
    const [label, box] = checkField(title, `arm-${id}`, { checked: chosenAtFirst.includes(id) });
    const why = element('span', { class: 'soft' });
    label.append(why);
    boxes.set(id, box);
    whys.set(id, why);
    return label;
  }

  const settings = () => Object.fromEntries(made.map(({ name, field: [, input] }) => [name, input.valueAsNumber]));
  const chosen = () => choices.map(({ id }) => id).filter((id) => boxes.get(id).checked && !boxes.get(id).disabled);

  /** Arms that cannot be paid for stay ticked, for when they can. */
  function refresh() {
    for (const choice of choices) {
      const why = obstacle(choice, { ...settings(), isTrained });
      boxes.get(choice.id).disabled = why !== '';
      whys.get(choice.id).textContent = why && `(${why})`;
    }
    const before = first.value;
    const ids = chosen();
    first.replaceChildren(...ids.map((id) => element('option', { value: id, selected: id === before }, choices.find((choice) => choice.id === id).title)));
    cost.textContent = costWords(ids, settings());
  }

  refresh();
  return {
    node, settings, chosen,
    first: () => first.value,
    whom: () => whom.value,
    lock: (isLocked) => { node.disabled = isLocked; },
    showTrained() {
      isTrained = true;
      refresh();
    },
  };
}

function costWords(ids, settings) {
  const rewrites = rewritesOf(ids, settings);
  if (ids.length === 0) return 'Tick at least one arm.';
  if (!Number.isFinite(rewrites)) return '';
  const writer = document.body.dataset.writer ?? 'simulator';
  return `At most ${count(rewrites, 'rewrite')} by ${writerWords(writer)}.`;
}
