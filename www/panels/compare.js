/** The panel of comparisons: policies, searches and baselines, all with the same number of rewrites. */
import { byId, element } from '../dom.js';
import { hideError, showError } from '../errors.js';
import { count, isCancelled } from '../format.js';
import { csvText } from '../map-csv.js';
import { saveFile } from '../map-export.js';
import { inTurn } from '../turns.js';
import { catalogName, words } from '../words.js';
import { armsOf, pairsOf } from './compare-arms.js';
import { createCompareClock } from './compare-clock.js';
import { compareFields } from './compare-form.js';
import { comparisonJson, comparisonRows } from './compare-record.js';
import { comparisonReport } from './compare-report.js';
import { leftWords } from './train-clock.js';
import { workRow } from './work.js';

const explanation = ({ person, aNoun }) => 'Which way leads to the better text, if each may ask for the same number of rewrites? '
  + `Every arm is run for the same pairs of a ${person} and ${aNoun}.`;

export function open(root, context) {
  const { model, info, everybody, whenTrained } = context;
  const fields = compareFields(context);
  const report = comparisonReport();
  const parts = frame(fields, report);
  /** Aborts what runs; null when nothing does. */
  let running = null;
  /** What was compared last. */
  let made = null;

  async function run() {
    const ids = fields.chosen();
    if (ids.length === 0) return tell('Tick at least one arm.');
    const settings = fields.whom() === 'chosen' ? withPairs(fields.settings()) : fields.settings();
    if (settings.pairs?.length === 0) return tell(`This ${words().person} rated no ${words().noun}, so there is no start.`);
    running = new AbortController();
    const { signal } = running;
    const arms = armsOf(ids, fields.first());
    made = { ...whereabouts(info), settings, arms, results: [], report: [], isWhole: false };
    hideError();
    showRunning(true);
    try {
      await inTurn(model, { name: 'the comparison', signal, onWait: tell }, () => follow({ ...settings, arms, signal }));
      made.isWhole = true;
      end(`Compared on ${count(made.report[0].pairs, 'pair')}.`);
    } catch (error) {
      // A panel that is gone, because another catalog was opened, has nothing to say any more.
      if (!root.isConnected) return undefined;
      end(stopWords(made, isCancelled(error)));
      if (!isCancelled(error)) showError(error, { title: 'The comparison stopped', before: parts.form, onRetry: run });
    }
    return undefined;
  }

  function withPairs(settings) {
    const user = everybody().find(({ id }) => id === context.chosen.user);
    return { ...settings, pairs: pairsOf(user, settings.count) };
  }

  async function follow(asked) {
    const clock = createCompareClock(asked.arms.length);
    tell('Beginning…');
    for await (const event of model.evaluate({ ...asked, onProgress: (progress) => showProgress(clock, progress) })) take(event, clock);
  }

  function take({ type, result, report: next }, clock) {
    made.report = next;
    if (type === 'pair') {
      made.results.push(result);
      clock.finish(result.arm);
    }
    parts.report.hidden = false;
    report.show(next);
  }

  function showProgress(clock, { type, done, total }) {
    const { arms, results, settings } = made;
    const pairs = type === 'pairs' ? total / arms.length : settings.pairs?.length ?? Math.min(settings.count, everybody().length);
    const all = pairs * arms.length;
    if (results.length >= all) return;
    const arm = arms[results.length % arms.length].name;
    const detail = type !== 'pairs' && total > 1 ? `, ${Math.min(done + 1, total)} of ${total}` : '';
    const words = [`Pair ${Math.floor(results.length / arms.length) + 1} of ${pairs}: ${arm}${detail}`, leftWords(clock.left(pairs))];
    parts.row.say(words.filter(Boolean).join(' · '));
    parts.row.fill(results.length / all);
  }

  function end(words) {
    running = null;
    showRunning(false);
    tell(words);
    parts.saving.hidden = made.results.length === 0;
  }

  /** Progress is not read out; where a comparison begins, waits and ends is. */
  function tell(told) {
    parts.row.say(told);
    byId('announcer').textContent = told;
  }

  function showRunning(isRunning) {
    fields.lock(isRunning);
    parts.row.show(isRunning);
    if (isRunning) parts.row.button.focus({ preventScroll: true });
    parts.report.hidden = made.report.length === 0;
    parts.saving.hidden = true;
  }

  parts.form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (running) running.abort();
    else run();
  });
  const save = (kind, type, text) => saveFile(new Blob([text], { type }), `aquiline-comparison-${made.settings.seed}.${kind}`);
  parts.csv.addEventListener('click', () => save('csv', 'text/csv;charset=utf-8', csvText(comparisonRows(made))));
  parts.json.addEventListener('click', () => save('json', 'application/json', comparisonJson(made)));
  root.replaceChildren(element('h2', {}, 'Compare'), element('p', { class: 'soft' }, explanation(words())), parts.form, parts.report, parts.saving);
  whenTrained.then(fields.showTrained);
}

function frame(fields, report) {
  const row = workRow('compare', { start: 'Run', stop: 'Stop' });
  const csv = element('button', { type: 'button', class: 'button small', testid: 'compare-csv' }, 'Every pair as CSV');
  const json = element('button', { type: 'button', class: 'button small', testid: 'compare-json' }, 'All as JSON');
  report.node.hidden = true;
  return {
    row, csv, json, report: report.node,
    form: element('form', { class: 'work-form', 'aria-label': 'Comparison' }, fields.node, row.node),
    saving: element('p', { class: 'work-actions', hidden: true }, csv, json),
  };
}

const whereabouts = ({ device, encoder }) => ({
  catalog: catalogName(), writer: document.body.dataset.writer ?? 'simulator', device, encoder,
});

function stopWords({ results, arms }, wasAsked) {
  const pairs = Math.floor(results.length / arms.length);
  const uneven = results.length % arms.length > 0 ? ' Some arms have one pair more than others.' : '';
  return `${wasAsked ? 'Stopped' : 'It stopped'} after ${count(pairs, 'whole pair')}.${uneven}`;
}
