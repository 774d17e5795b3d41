/** Everything after loading: choosing for whom and from what to steer, the gaps, and the run. */
import { byId } from './dom.js';
import { costWords } from './environment.js';
import { hideError, showError } from './errors.js';
import { count, isCancelled, itemName, list, userName } from './format.js';
import { highlightGap, showGaps } from './gaps.js';
import { createMap } from './map.js';
import { openMapTools } from './map-tools.js';
import { openOwnRatings } from './own-ratings.js';
import { createPicker } from './picker.js';
import { createRunProgress, showEvents } from './run.js';
import { openTabs } from './tabs.js';
import { inTurn } from './turns.js';
import { sayWords, words } from './words.js';

/** Fills a workbench that nothing is wired to yet. `useCatalog(source, name)` opens another one. */
export function openWorkbench(model, { useCatalog }) {
  const { items, users } = model.info;
  const { noun, person } = words();
  const chosen = { user: null, item: null };
  /** Whom the visitor's own ratings make; null where there are none. */
  let visitor = null;
  let gaps = [];
  /** Aborts the run in progress; null when there is none. */
  let running = null;
  let gapRequest = new AbortController();
  const listeners = [];
  /** Settled once there is a trained policy; from then on there always is one. */
  let tellTrained;
  const whenTrained = new Promise((resolve) => { tellTrained = resolve; });

  sayWords(document);
  const map = createMap(byId('map'), { onChooseItem: chooseItem, onPointGap: pointGap, onView: showView });
  const userPicker = createPicker({
    input: byId('user-input'), list: byId('user-list'), onChoose: chooseUser, options: users.map(userOption),
  });
  const itemPicker = createPicker({
    input: byId('item-input'), list: byId('item-list'), onChoose: chooseItem,
    options: items.map((item) => ({ id: item.id, label: itemName(item), detail: list(item.genres) })),
  });

  /** Those of the catalog, after the visitor. */
  const everybody = () => (visitor ? [visitor, ...users] : users);

  function chooseUser(id) {
    if (running) return;
    showUser(id);
    clearRun();
    tellChosen();
  }

  function showUser(id) {
    chosen.user = id;
    userPicker.choose(id);
    byId('user-detail').textContent = userDetail(everybody().find((user) => user.id === id));
    showUserGaps();
  }

  /** The visitor has rated, for the first time or anew. */
  function takeVisitor(person, { isChosen }) {
    visitor = person;
    userPicker.offer(everybody().map(userOption));
    if (chosen.user === person.id) renewVisitor();
    else if (isChosen) chooseUser(person.id);
  }

  /** What was found for the ratings of before is of no use any more. */
  function renewVisitor() {
    showUser(visitor.id);
    if (!running) clearRun();
    tellChosen({ isAnew: true });
  }

  function forgetVisitor(id) {
    visitor = null;
    userPicker.offer(users.map(userOption));
    if (chosen.user === id) chooseUser(users[0].id);
  }

  function chooseItem(id) {
    if (!running) showItem(id);
  }

  /** `isAnew` where it is who it was, with other ratings. */
  function tellChosen({ isAnew = false } = {}) {
    if (chosen.user !== null && chosen.item !== null) for (const listener of listeners) listener({ ...chosen }, { isAnew });
  }

  function showItem(id) {
    const item = items.find((candidate) => candidate.id === id);
    if (!item) return;
    chosen.item = id;
    itemPicker.choose(id);
    byId('item-detail').textContent = list(item.genres);
    map.show({ selected: id });
    tellChosen();
  }

  function pointGap(index) {
    highlightGap(byId('gaps'), index);
    map.show({ pointedGap: index });
  }

  async function showUserGaps() {
    gapRequest.abort();
    const request = new AbortController();
    gapRequest = request;
    const { signal } = request;
    const { user } = chosen;
    const turn = { name: 'the gaps', signal, onWait: (told) => replaceGaps([], told) };
    try {
      const found = await inTurn(model, turn, () => {
        replaceGaps([], 'Looking for gaps…');
        return model.gaps({ user, signal });
      });
      if (!signal.aborted) replaceGaps(found, found.length > 0 ? `Places this ${person} would love, where no ${noun} is.` : `No gap found for this ${person}.`);
    } catch (error) {
      if (signal.aborted || isCancelled(error)) return;
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

  function steer() {
    const candidates = byId('candidates').valueAsNumber;
    const options = {
      ...chosen, candidates,
      horizon: byId('horizon').valueAsNumber,
      subset: Math.min(10, candidates),
      policy: byId('policy').value,
      seed: byId('seed').valueAsNumber,
      record: true,
    };
    return run(options.horizon, async (calling, progress) => {
      progress.expect(costWords(await model.estimate({ ...options, signal: calling.signal })));
      return model.steer({ ...options, ...calling });
    }, steer);
  }

  /** Shows a record again; it says itself for whom, and from what. */
  function replay(file) {
    return run(0, async (calling) => model.replay(await file.text(), calling), () => replay(file));
  }

  /** `begin` starts the run and gives its events. */
  async function run(horizon, begin, again) {
    running = new AbortController();
    const { signal } = running;
    const progress = createRunProgress(horizon);
    hideError();
    clearRun();
    showRunning(true);
    bringRunIntoView();
    try {
      const spent = await inTurn(model, { name: 'the run in Steer', signal, onWait: progress.wait }, async () => {
        progress.begin();
        const events = await begin({ signal, onProgress: progress.report }, progress);
        await showEvents(events, { map, gaps, progress, onAnchor: showWhose });
        return costWords(await model.spent());
      });
      progress.end([signal.aborted && 'Stopped.', spent && `${spent} so far.`].filter(Boolean).join(' '));
    } catch (error) {
      progress.end(isCancelled(error) ? 'Stopped.' : '');
      if (!isCancelled(error)) showError(error, { title: 'The run stopped', before: byId('outcome'), onRetry: again });
    } finally {
      running = null;
      showRunning(false);
    }
  }

  /** Of a record that was made for somebody else, or from something else. */
  function showWhose(user, { id }) {
    if (user !== chosen.user && everybody().some((known) => known.id === user)) showUser(user);
    if (id !== chosen.item) showItem(id);
  }

  function stop() {
    byId('steer-button').disabled = true;
    byId('steer-button').textContent = 'Stopping…';
    running.abort();
  }

  function clearRun() {
    for (const id of ['anchor', 'steps', 'outcome']) byId(id).replaceChildren();
    byId('run-empty').hidden = false;
    if (isOnRoute()) map.look('whole');
    byId('map-zoom').hidden = true;
    map.show({ anchor: null, steps: [] });
  }

  const isOnRoute = () => byId('map-zoom').getAttribute('aria-pressed') === 'true';

  function showView(kind) {
    byId('map-zoom').setAttribute('aria-pressed', String(kind === 'route'));
    byId('map-zoom').textContent = kind === 'route' ? 'Show the whole map' : 'Zoom to the route';
  }

  byId('setup').addEventListener('submit', (event) => {
    event.preventDefault();
    if (running) stop();
    else steer();
  });
  byId('replay-file').addEventListener('change', ({ target }) => {
    const [file] = target.files;
    if (file && !running) replay(file);
    // The same file can be chosen again.
    target.value = '';
  });
  byId('map-zoom').addEventListener('click', () => map.look(isOnRoute() ? 'whole' : 'route'));

  const ownRatings = openOwnRatings({ model, onPerson: takeVisitor, onForgotten: forgetVisitor });
  map.show({ items });
  chooseUser(users[0].id);
  chooseItem(items[0].id);
  const context = {
    model,
    info: model.info,
    get chosen() { return { ...chosen }; },
    choose({ user = chosen.user, item = chosen.item }) {
      if (user !== chosen.user) chooseUser(user);
      if (item !== chosen.item) chooseItem(item);
    },
    onChosen: (listener) => listeners.push(listener),
    everybody,
    map,
    whenTrained,
    tellTrained,
    useCatalog(source, name) {
      running?.abort();
      gapRequest.abort();
      ownRatings.close();
      return useCatalog(source, name);
    },
  };
  whenTrained.then(offerTrained);
  model.capabilities().then(({ trained }) => trained && tellTrained(), () => {});
  openMapTools(context);
  openTabs(byId('tabs'), context);
}

/** Panels for which edits are chosen in the same ways take these options from here. */
function offerTrained() {
  for (const option of byId('policy').options) if (option.dataset.needs === 'training') option.disabled = false;
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

const userOption = (user) => ({ id: user.id, label: userName(user.id), detail: userDetail(user) });

function userDetail({ ratings, likes }) {
  const liked = likes.length > 0 ? `, likes ${list(likes)}` : '';
  return `${count(ratings, 'rating')}${liked}`;
}
