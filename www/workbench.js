/** Everything after loading: choosing a viewer and a film, the gaps, and the run. */
import { byId } from './dom.js';
import { costWords } from './environment.js';
import { hideError, showError } from './errors.js';
import { count, decimal, isCancelled, itemName, list, signed, userName } from './format.js';
import { highlightGap, showGaps } from './gaps.js';
import { createMap } from './map.js';
import { createPicker } from './picker.js';
import { anchorCard, outcomeCard, stepCard } from './steps.js';
import { utilityRange } from './track.js';

export function openWorkbench(model) {
  const { items, users } = model.info;
  const chosen = { user: null, item: null };
  let gaps = [];
  /** Aborts the run in progress; null when there is none. */
  let running = null;
  let gapRequest = new AbortController();

  const map = createMap(byId('map'), { onChooseItem: chooseItem, onPointGap: pointGap });
  const userPicker = createPicker({
    input: byId('user-input'), list: byId('user-list'), onChoose: chooseUser,
    options: users.map((user) => ({ id: user.id, label: userName(user.id), detail: userDetail(user) })),
  });
  const itemPicker = createPicker({
    input: byId('item-input'), list: byId('item-list'), onChoose: chooseItem,
    options: items.map((item) => ({ id: item.id, label: itemName(item), detail: list(item.genres) })),
  });

  function chooseUser(id) {
    if (running) return;
    chosen.user = id;
    userPicker.choose(id);
    byId('user-detail').textContent = userDetail(users.find((user) => user.id === id));
    clearRun();
    showUserGaps();
  }

  function chooseItem(id) {
    const item = items.find((candidate) => candidate.id === id);
    if (running || !item) return;
    chosen.item = id;
    itemPicker.choose(id);
    byId('item-detail').textContent = list(item.genres);
    map.show({ selected: id });
  }

  function pointGap(index) {
    highlightGap(byId('gaps'), index);
    map.show({ pointedGap: index });
  }

  async function showUserGaps() {
    gapRequest.abort();
    const request = new AbortController();
    gapRequest = request;
    replaceGaps([], 'Looking for gaps…');
    try {
      const found = await model.gaps({ user: chosen.user, signal: request.signal });
      if (!request.signal.aborted) replaceGaps(found, found.length > 0 ? 'Places this viewer would love, where no film is.' : 'No gap found for this viewer.');
    } catch (error) {
      if (request.signal.aborted || isCancelled(error)) return;
      replaceGaps([], '');
      showError(error, { title: 'The gaps could not be found', before: byId('gaps'), onRetry: () => { hideError(); showUserGaps(); } });
    }
  }

  function replaceGaps(found, note) {
    gaps = found;
    byId('gaps-note').textContent = note;
    showGaps(byId('gaps'), gaps, { onPoint: pointGap, onChooseItem: chooseItem });
    map.show({ gaps, pointedGap: null });
  }

  async function steer() {
    running = new AbortController();
    const { signal } = running;
    const horizon = byId('horizon').valueAsNumber;
    const progress = createRunProgress(horizon);
    hideError();
    clearRun();
    showRunning(true);
    bringRunIntoView();
    try {
      const candidates = byId('candidates').valueAsNumber;
      const options = {
        ...chosen, horizon, signal, candidates,
        subset: Math.min(10, candidates),
        policy: byId('policy').value,
        seed: byId('seed').valueAsNumber,
      };
      progress.expect(costWords(await model.estimate(options)));
      await showEvents(model.steer({ ...options, onProgress: progress.report }), { map, gaps, progress });
      const spent = costWords(await model.spent());
      progress.end([signal.aborted && 'Stopped.', spent && `${spent} so far.`].filter(Boolean).join(' '));
    } catch (error) {
      progress.end(isCancelled(error) ? 'Stopped.' : '');
      if (!isCancelled(error)) showError(error, { title: 'The run stopped', before: byId('outcome'), onRetry: steer });
    } finally {
      running = null;
      showRunning(false);
    }
  }

  function stop() {
    byId('steer-button').disabled = true;
    byId('steer-button').textContent = 'Stopping…';
    running.abort();
  }

  function clearRun() {
    for (const id of ['anchor', 'steps', 'outcome']) byId(id).replaceChildren();
    byId('run-empty').hidden = false;
    setZoom(false);
    byId('map-zoom').hidden = true;
    map.show({ anchor: null, steps: [] });
  }

  function setZoom(zoomed) {
    byId('map-zoom').setAttribute('aria-pressed', String(zoomed));
    byId('map-zoom').textContent = zoomed ? 'Show the whole map' : 'Zoom to the route';
    map.show({ zoomed });
  }

  byId('setup').addEventListener('submit', (event) => {
    event.preventDefault();
    if (running) stop();
    else steer();
  });
  byId('map-zoom').addEventListener('click', () => setZoom(byId('map-zoom').getAttribute('aria-pressed') !== 'true'));

  map.show({ items });
  chooseUser(users[0].id);
  chooseItem(items[0].id);
}

/** Shows the events of one run as they arrive. */
async function showEvents(events, { map, gaps, progress }) {
  const steps = [];
  let anchor = null;
  let before = null;
  let range = null;
  for await (const event of events) {
    if (event.type === 'anchor') {
      anchor = before = event.state;
      range = utilityRange(anchor, gaps);
      byId('run-empty').hidden = true;
      byId('anchor').replaceChildren(anchorCard(anchor));
      announce(`Start: ${itemName(anchor.item)}, utility ${decimal(anchor.utility)}.`);
    } else if (event.type === 'step') {
      const { step } = event;
      steps.push(step);
      byId('steps').append(stepCard(step, before, range));
      byId('map-zoom').hidden = false;
      announce(`Edit ${step.index + 1}: ${step.action.text} Utility ${decimal(before.utility)} to ${decimal(step.state.utility)}.`);
      before = step.state;
      progress.next();
    } else {
      byId('outcome').replaceChildren(outcomeCard(event.trajectory));
      announce(outcomeWords(event.trajectory));
    }
    map.show({ anchor, steps });
  }
}

function createRunProgress(horizon) {
  const text = byId('run-progress-text');
  const bar = byId('run-progress-bar');
  let edit = 1;
  const show = (words) => { text.textContent = `Edit ${Math.min(edit, horizon)} of ${horizon}: ${words}`; };
  bar.hidden = false;
  bar.removeAttribute('value');
  text.textContent = 'Reading the film…';
  return {
    report({ type, done, total }) {
      if (total > 0) bar.value = done / total;
      else bar.removeAttribute('value');
      if (type === 'propose') show('listing what could be edited');
      else if (type === 'rewrite') show(total > 1 ? `text ${Math.min(done + 1, total)} of ${total}` : 'writing the text');
      else if (type === 'candidates') show(total > 0 ? `candidate ${Math.min(done + 1, total)} of ${total}` : 'trying candidates');
      else show('reading the new texts');
    },
    /** What it is likely to cost. */
    expect(words) {
      if (words) text.textContent = `About ${words} for all edits…`;
    },
    next() {
      edit += 1;
    },
    end(words) {
      text.textContent = words;
      bar.hidden = true;
    },
  };
}

function showRunning(isRunning) {
  const button = byId('steer-button');
  button.textContent = isRunning ? 'Stop' : 'Steer';
  button.disabled = false;
  button.classList.toggle('stop', isRunning);
  byId('setup-fields').disabled = isRunning;
  byId('run').setAttribute('aria-busy', String(isRunning));
  document.body.dataset.view = isRunning ? 'steering' : 'ready';
}

/** On a phone the run is below the map and the gaps; elsewhere it is in sight already. */
function bringRunIntoView() {
  const run = byId('run');
  if (run.getBoundingClientRect().top > window.innerHeight * 0.85) run.scrollIntoView();
}

function outcomeWords({ kept, anchor, outcome, steps }) {
  if (kept) return `Finished after ${count(steps.length, 'edit')}. The original is kept: the edited text was not worth more.`;
  return `Finished after ${count(steps.length, 'edit')}. Utility gain ${signed(outcome.utility - anchor.utility)}.`;
}

function announce(words) {
  byId('announcer').textContent = words;
}

function userDetail({ ratings, likes }) {
  const liked = likes.length > 0 ? `, likes ${list(likes)}` : '';
  return `${count(ratings, 'rating')}${liked}`;
}
