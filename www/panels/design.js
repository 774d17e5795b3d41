/* The panel of designs: every candidate edit of a text tried once, and the weights that would tell most. */
import { byId, element } from '../dom.js';
import { hideError, showError } from '../errors.js';
import { isCancelled, itemName, plusMinus, decimal, userName } from '../format.js';
import { csvText } from '../map-csv.js';
import { inTurn } from '../turns.js';
import { words } from '../words.js';
import { candidateTable } from './design-table.js';
import { certificateWords, reportRows } from './design-report.js';

const explanation = 'Which edits are worth trying, if each try should teach the most about where edits can lead? '
  + 'A G-optimal design gives every candidate a weight, so that the direction known least is known as well as it can be.';

export function open(root, context) {
  const { model, map, info } = context;
  const parts = form();
  let chosen = context.chosen;
  let running = null;
  let shown = null;
  const say = (told) => { parts.status.textContent = told; };

  function sayWhose() {
    const item = info.items.find(({ id }) => id === chosen.item);
    parts.whose.replaceChildren('For ', element('b', {}, userName(chosen.user)), ', from ', element('b', {}, item ? itemName(item) : chosen.item), '. ',
      element('button', { type: 'button', class: 'link', onclick: () => byId('tab-steer').click() }, 'Change them'),
      `, or press another ${words().noun} on the map.`);
  }

  async function run() {
    running = new AbortController();
    const { signal } = running;
    const candidates = parts.candidates.valueAsNumber;
    const options = { ...chosen, candidates, subset: Math.min(parts.subset.valueAsNumber, candidates), seed: parts.seed.valueAsNumber };
    hideError();
    clear();
    showRunning(true);
    try {
      const report = await inTurn(model, { name: 'the design', signal, onWait: say }, () => {
        say('Reading the text…');
        return model.design({ ...options, signal, onProgress: showProgress });
      });
      if (!signal.aborted) show(report);
      say(signal.aborted ? 'Stopped.' : '');
    } catch (error) {
      say(isCancelled(error) ? 'Stopped.' : '');
      if (!isCancelled(error)) showError(error, { title: 'The design could not be made', before: parts.result, onRetry: run });
    } finally {
      running = null;
      showRunning(false);
    }
  }

  function showProgress({ type, done, total, unit }) {
    const trying = total > 0 ? `Trying the candidates: ${Math.min(done, total)} of ${total} ${unit}` : 'Trying the candidates…';
    say(type === 'propose' ? 'Listing edits…' : trying);
    if (total > 0) parts.bar.value = done / total;
    else parts.bar.removeAttribute('value');
  }

  function showRunning(isRunning) {
    parts.button.textContent = isRunning ? 'Stop' : 'Run';
    parts.button.disabled = false;
    parts.button.classList.toggle('stop', isRunning);
    parts.fields.disabled = isRunning;
    parts.bar.hidden = !isRunning;
    parts.bar.removeAttribute('value');
    parts.result.setAttribute('aria-busy', String(isRunning));
  }

  function show(report) {
    const table = candidateTable(report, {
      onPoint: (number) => map.show({ pointedCandidate: number }),
      onFind: (number) => map.centreOn(report.candidates[number].state.place),
    });
    shown = {
      start: report.anchor.place,
      ends: report.candidates.map(({ action, weight, state }) => ({
        place: state.place, text: `${action.text} Utility ${decimal(state.utility)}`, affinity: state.affinity, utility: state.utility, filled: weight > 0,
      })),
      onPoint: table.point,
    };
    parts.result.replaceChildren(
      element('p', { class: 'design-certificate', testid: 'design-certificate', role: 'status' }, certificateWords(report)),
      element('p', { class: 'soft' }, `The ${words().noun} itself has utility ${decimal(report.anchor.utility)} ${plusMinus(report.anchor.uncertainty)} for this ${words().person}. `
        + 'Utility and distance in the table are those of the text that an edit led to. On the map, every diamond is one of these; filled ones have a weight.'),
      table.node, copying(report));
    map.show({ candidates: shown });
  }

  function clear() {
    shown = null;
    parts.result.replaceChildren();
    map.show({ candidates: null, pointedCandidate: null });
  }

  parts.form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!running) return run();
    parts.button.disabled = true;
    parts.button.textContent = 'Stopping…';
    running.abort();
  });
  context.onChosen((next, { isAnew }) => {
    if (!isAnew && next.user === chosen.user && next.item === chosen.item) return;
    chosen = next;
    sayWhose();
    running?.abort();
    if (shown) say('That design was for another choice: run it again.');
    clear();
  });
  // Other panels have their own things on the map.
  new MutationObserver(() => map.show({ candidates: root.hidden ? null : shown, pointedCandidate: null })).observe(root, { attributeFilter: ['hidden'] });
  sayWhose();
  root.replaceChildren(...parts.nodes);
}

function form() {
  const number = (name, value, low, high) => element('input', { type: 'number', testid: `design-${name}`, min: low, max: high, step: 1, value, required: true });
  const candidates = number('candidates', 20, 1, 100);
  const subset = number('subset', 10, 1, 100);
  const seed = number('seed', 0, 0, 4294967295);
  const whose = element('p', { class: 'design-whose' });
  const fields = element('fieldset', { class: 'design-fields' },
    element('label', {}, 'Candidates', candidates), element('label', {}, 'Subset', subset), element('label', {}, 'Seed', seed));
  const button = element('button', { type: 'submit', class: 'button primary', testid: 'design-run' }, 'Run');
  const status = element('span', { id: 'design-status', testid: 'design-status', role: 'status' });
  const bar = element('progress', { max: 1, 'aria-labelledby': 'design-status', hidden: true });
  const node = element('form', { class: 'design-form', 'aria-label': 'Design' }, fields,
    element('div', { class: 'design-bar-row' }, button, element('div', { class: 'progress' }, status, bar)));
  const result = element('div', { class: 'design-result', testid: 'design-result' });
  return {
    form: node, fields, candidates, subset, seed, whose, button, status, bar, result,
    nodes: [
      element('h2', {}, 'Design'), element('p', { class: 'soft' }, explanation), whose, node, result,
    ],
  };
}

function copying(report) {
  const told = element('span', { class: 'soft', role: 'status' });
  async function copy() {
    try {
      await navigator.clipboard.writeText(csvText(reportRows(report)));
      told.textContent = 'Copied.';
    } catch {
      told.textContent = 'The browser did not allow it.';
    }
  }
  return element('p', { class: 'design-copy' }, element('button', { type: 'button', class: 'button small', testid: 'design-copy', onclick: copy }, 'Copy as CSV'), told);
}
