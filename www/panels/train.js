/** The panel of training: a policy is fitted to a reference, then improved by its own episodes, in this tab. */
import { byId, element } from '../dom.js';
import { hideError, showError } from '../errors.js';
import { count, decimal, isCancelled } from '../format.js';
import { csvText } from '../map-csv.js';
import { saveFile } from '../map-export.js';
import { inTurn } from '../turns.js';
import { createTrainClock } from './train-clock.js';
import { logRows, trainCurves } from './train-curves.js';
import { budgetLeft, costWords, referenceTexts, trainFields, trainOptions } from './train-form.js';
import { fitWords, policyPart } from './train-policy.js';
import { workRow } from './work.js';

const explanation = 'EAGLE learns from its own episodes which edits lead to texts that people would love. A reference policy says how edits are explored at first. '
  + 'Every update then steers some episodes and moves the policy towards what paid off; α holds it near the reference.';

/** What the first button says. Half a reference is none, so that it cannot be paused. */
const titles = { idle: 'Start', reference: 'Stop', updates: 'Pause', paused: 'Continue', trained: 'Train further' };

export function open(root, context) {
  const { model } = context;
  const fields = trainFields({ onChange: showCost });
  const curves = trainCurves();
  const policy = policyPart({ model, name: fileName, onLoaded: takeUp });
  const parts = frame(fields);
  let phase = 'idle';
  let hasPolicy = false;
  /** Aborts what runs; null when nothing does. */
  let running = null;
  /** What was asked for, how many updates of it are done, and how many rewrites they took, and the reference, and all before. */
  let run = null;
  let logs = [];

  function start({ resumes }) {
    const options = trainOptions(fields.read(), context.chosen.user);
    run = { options, resumes, hasReference: false, done: 0, spent: 0, spentBefore: resumes ? (logs.at(-1)?.environmentCalls ?? 0) : 0 };
    return go();
  }

  /** The updates of the run that are still to do. */
  async function go() {
    running = new AbortController();
    const { signal } = running;
    const asked = { ...run.options, resume: run.resumes || run.hasReference, updates: run.options.updates - run.done, ...budgetLeft(run.options, run.spent) };
    hideError();
    enter(asked.resume ? 'updates' : 'reference', '');
    try {
      await inTurn(model, { name: 'the training', signal, onWait: tell }, () => follow({ ...asked, signal }));
      enter('trained', endWords());
    } catch (error) {
      // A panel that is gone, because another catalog was opened, has nothing to say any more.
      if (root.isConnected) leave(error);
    } finally {
      running = null;
      delete document.body.dataset.training;
    }
  }

  async function follow(asked) {
    const clock = createTrainClock(planOf(asked));
    tell('Beginning…');
    for await (const event of model.train({ ...asked, onProgress: (progress) => showProgress(clock, progress) })) take(event);
  }

  /** Progress is not read out; where a run begins, waits and ends is. */
  function tell(words) {
    parts.row.say(words);
    if (words) byId('announcer').textContent = words;
  }

  function take(event) {
    if (event.type === 'update') {
      run.done += 1;
      run.spent += event.log.environmentCalls;
      return showLogs([...logs, { ...event.log, environmentCalls: run.spentBefore + run.spent }]);
    }
    run.hasReference = true;
    run.spentBefore = event.fit.environmentCalls;
    showLogs([]);
    parts.fit.textContent = fitWords(event.fit);
    enter('updates', 'The reference is fitted.');
    return tellTrained();
  }

  /** The policy is that of the last whole update, or the one before where not even the reference was done. */
  function leave(error) {
    const { done, options: { updates } } = run;
    const so = `after ${done} of ${count(updates, 'update')}`;
    const isFailure = !isCancelled(error);
    if (phase === 'reference') enter(hasPolicy ? 'trained' : 'idle', 'Stopped before the reference was fitted: nothing has changed.');
    else if (isFailure || running.signal.reason.cause === 'pause') enter('paused', `Paused ${so}. An update that was under way begins again.`);
    else enter('trained', `Stopped ${so}.`);
    if (isFailure) showError(error, { title: 'Training stopped', before: parts.form, onRetry: go });
  }

  function endWords() {
    const { done, options: { updates } } = run;
    const change = logs.length > 1 ? `, reward ${decimal(logs[0].rewardMean)} → ${decimal(logs.at(-1).rewardMean)}` : '';
    const early = done < updates ? ` It ended before all ${updates}: the rewrites were used up, or there was no more progress.` : '';
    return `Trained: ${count(done, 'update')}${change}.${early}`;
  }

  function interrupt(why) {
    running?.abort(Object.assign(new DOMException('Training was interrupted', 'AbortError'), { cause: why }));
    if (!running) enter('trained', 'Stopped. The policy stays as it is.');
  }

  function enter(next, words) {
    const focused = document.activeElement;
    phase = next;
    const isBusy = phase === 'reference' || phase === 'updates';
    parts.row.show(isBusy, titles[phase]);
    parts.row.button.textContent = titles[phase];
    tell(words);
    parts.stop.hidden = phase !== 'updates' && phase !== 'paused';
    parts.anew.hidden = phase !== 'trained';
    fields.lock(isBusy || phase === 'paused');
    keepFocus(focused, parts.row.button);
    policy.show({ hasPolicy, isBusy });
    parts.result.setAttribute('aria-busy', String(isBusy));
    if (isBusy) document.body.dataset.training = '';
  }

  function showProgress(clock, progress) {
    clock.report(progress);
    parts.row.say(clock.words());
    parts.row.fill(clock.share());
  }

  function showLogs(next) {
    logs = next;
    curves.show(logs);
    parts.curves.hidden = logs.length === 0;
    parts.empty.hidden = logs.length > 0;
  }

  function showCost() {
    parts.cost.textContent = costWords(trainOptions(fields.read(), context.chosen.user), document.body.dataset.writer ?? 'simulator');
  }

  function tellTrained() {
    hasPolicy = true;
    policy.show({ hasPolicy, isBusy: running !== null });
    context.tellTrained();
  }

  /** A policy from a file goes on where it was saved; its curves are not in the file. */
  function takeUp() {
    run = null;
    showLogs([]);
    parts.fit.textContent = '';
    hasPolicy = true;
    enter('trained', 'A policy is loaded. Training goes on from it, with its own settings of the learner.');
    tellTrained();
  }

  function fileName() {
    const { update } = logs.at(-1) ?? {};
    return `aquiline-policy${update ? `-${update}-updates` : ''}.safetensors`;
  }

  parts.form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (running) return interrupt(phase === 'updates' ? 'pause' : 'stop');
    if (phase === 'paused') return go();
    return start({ resumes: phase === 'trained' && event.submitter !== parts.anew });
  });
  parts.stop.addEventListener('click', () => interrupt('stop'));
  parts.csv.addEventListener('click', () => saveFile(new Blob([csvText(logRows(logs))], { type: 'text/csv;charset=utf-8' }), 'aquiline-training.csv'));
  parts.curves.prepend(curves.node);
  root.replaceChildren(element('h2', {}, 'Train'), element('p', { class: 'soft' }, explanation), parts.form, parts.result, policy.node);
  showLogs([]);
  showCost();
  enter('idle', '');
  context.whenTrained.then(() => {
    if (hasPolicy || phase !== 'idle') return;
    tellTrained();
    enter('trained', 'There is a policy already.');
  });
}

function frame(fields) {
  const stop = element('button', { type: 'button', class: 'button', testid: 'train-stop' }, 'Stop');
  const anew = element('button', { type: 'submit', class: 'button train-anew', testid: 'train-anew' }, 'Start anew');
  const row = workRow('train', { start: titles.idle, stop: titles.reference, others: [stop, anew] });
  const cost = element('p', { class: 'soft train-cost', testid: 'train-cost' });
  const fit = element('p', { class: 'train-fit', testid: 'train-fit' });
  const empty = element('p', { class: 'soft' }, 'Curves appear here from the first update on.');
  const csv = element('button', { type: 'button', class: 'button small', testid: 'train-csv' }, 'Save the log as CSV');
  const curves = element('div', {}, csv);
  return {
    row, stop, anew, cost, fit, empty, csv, curves,
    form: element('form', { class: 'work-form', 'aria-label': 'Training' }, fields.node, cost, row.node),
    result: element('div', { class: 'train-result' }, fit, empty, curves),
  };
}

/** What the clock counts; a reference that is there takes no time. */
function planOf(asked) {
  const { resume, referenceEpisodes, referenceEpochs, updates, episodes, horizon } = asked;
  return {
    updates, episodes, horizon, referenceTexts: referenceTexts(asked),
    referenceEpisodes: resume ? 0 : referenceEpisodes, epochs: resume ? 0 : referenceEpochs,
  };
}

/** What cannot be pressed any more loses the focus; the button that takes its place gets it. */
function keepFocus(focused, button) {
  const isGone = focused?.closest('[hidden], fieldset:disabled');
  if (isGone && button.form.contains(focused)) button.focus({ preventScroll: true });
}
