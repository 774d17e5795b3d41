/** Everything after loading: choosing for whom and from what to steer, the gaps, and the run. */
import { byId } from './dom.js';
import { costWords } from './environment.js';
import { hideError, showError } from './errors.js';
import { openGaps } from './find-gaps.js';
import { count, isCancelled, itemName, list, userName, whyUnsure } from './format.js';
import { createMap } from './map.js';
import { openMapTools } from './map-tools.js';
import { openOwnRatings } from './own-ratings.js';
import { createPicker } from './picker.js';
import { createRun, createRunProgress } from './run.js';
import { openTabs } from './tabs.js';
import { inTurn } from './turns.js';
import { sayWords } from './words.js';

/** Fills a workbench that nothing is wired to yet. `useCatalog(source, name)` opens another one. */
export function openWorkbench(model, { useCatalog }) {
  const { items, users } = model.info;
  const chosen = { user: null, item: null };
  /** Whom the visitor's own ratings make; null where there are none. */
  let visitor = null;
  /** What is shown of a run, finished or not; null where nothing is. */
  let shown = null;
  /** Whether another workbench took the place of this one, where what still comes must leave no trace. */
  let isClosed = false;
  /** Aborts the run in progress; null when there is none. */
  let running = null;
  const listeners = [];
  /** Settled once there is a trained policy; from then on there always is one. */
  let tellTrained;
  const whenTrained = new Promise((resolve) => { tellTrained = resolve; });

  sayWords(document);
  const map = createMap(byId('map'), { onChooseItem: chooseItem, onPointGap: (index) => gaps.point(index), onPressGap: (index) => gaps.press(index), onView: showView });
  const why = whyUnsure(model.info.skill);
  const gaps = openGaps({ model, map, why, onChooseItem: chooseItem, onTarget: () => shown?.showTarget() });
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
    if (!running) choose({ user: id });
  }

  function chooseItem(id) {
    if (!running && items.some((item) => item.id === id)) choose({ item: id });
  }

  /**
   * The one way to another choice: what was shown for the former one goes, so that the page is always about who and what is
   * chosen. `isAnew` where it is who it was, with other ratings; `isOfRun` where a run that is being shown brings its own choice.
   */
  function choose({ user = chosen.user, item = chosen.item }, { isAnew = false, isOfRun = false } = {}) {
    const [isOtherUser, isOtherItem] = [isAnew || user !== chosen.user, item !== chosen.item];
    if (!isOtherUser && !isOtherItem) return;
    if (!isOfRun) clearRun();
    Object.assign(chosen, { user, item });
    if (isOtherUser) showUser();
    if (isOtherItem) showItem();
    for (const listener of listeners) listener({ ...chosen }, { isAnew });
  }

  function showUser() {
    userPicker.choose(chosen.user);
    byId('user-detail').textContent = userDetail(everybody().find(({ id }) => id === chosen.user));
    gaps.find(chosen.user);
  }

  function showItem() {
    itemPicker.choose(chosen.item);
    byId('item-detail').textContent = list(items.find(({ id }) => id === chosen.item).genres);
    map.show({ selected: chosen.item });
  }

  /** The visitor has rated, for the first time or anew. */
  function takeVisitor(person, { isChosen }) {
    visitor = person;
    userPicker.offer(everybody().map(userOption));
    if (chosen.user === person.id) renewVisitor();
    else if (isChosen) chooseUser(person.id);
  }

  /** What was found for the ratings of before is of no use any more; a run that is under way is still one for them. */
  function renewVisitor() {
    choose({}, { isAnew: true, isOfRun: running !== null });
  }

  function forgetVisitor(id) {
    visitor = null;
    userPicker.offer(users.map(userOption));
    if (chosen.user === id) chooseUser(users[0].id);
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
    shown = createRun({ map, gaps: gaps.list, target: gaps.target, progress, why, onAnchor: showWhose });
    showRunning(true);
    bringRunIntoView();
    let told = null;
    let spent = '';
    let failure = null;
    try {
      await inTurn(model, { name: 'the run in Steer', signal, onWait: progress.wait }, async () => {
        progress.begin();
        for await (const event of await begin({ signal, onProgress: progress.report }, progress)) {
          if (isClosed) return;
          told = shown.take(event) ?? told;
          gaps.measure(shown.state);
        }
        spent = costWords(await model.spent());
      });
    } catch (error) {
      if (!isCancelled(error)) failure = error;
    }
    if (isClosed) return;
    running = null;
    showRunning(false);
    // The library gives a run that was stopped no outcome; what it found on the way is there all the same.
    told ??= shown.cutShort(failure ? 'failed' : 'stopped');
    gaps.measure(shown.state);
    const ending = told ?? (failure ? '' : 'Stopped.');
    progress.end([ending, spent && `${spent} so far.`].filter(Boolean).join(' '), { hasOutcome: told !== null });
    if (failure) showError(failure, { title: 'The run stopped', before: byId('outcome'), onRetry: again });
  }

  /** Of a record that was made for somebody else, or from something else. */
  function showWhose(user, { id }) {
    const isKnown = everybody().some((known) => known.id === user);
    choose({ user: isKnown ? user : chosen.user, item: items.some((item) => item.id === id) ? id : chosen.item }, { isOfRun: true });
  }

  function stop() {
    byId('steer-button').disabled = true;
    byId('steer-button').textContent = 'Stopping…';
    running.abort();
  }

  function clearRun() {
    shown = null;
    for (const id of ['anchor', 'steps', 'outcome', 'run-progress-text']) byId(id).replaceChildren();
    byId('run-empty').hidden = false;
    byId('go-to-outcome').hidden = true;
    if (isOnRoute()) map.look('whole');
    byId('map-zoom').hidden = true;
    map.show({ anchor: null, steps: [], outcomeStep: null });
    gaps.measure(null);
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
  byId('go-to-outcome').addEventListener('click', () => {
    byId('outcome').scrollIntoView({ block: 'start' });
    byId('outcome').focus({ preventScroll: true });
  });
  byId('map-zoom').addEventListener('click', () => map.look(isOnRoute() ? 'whole' : 'route'));

  const ownRatings = openOwnRatings({ model, onPerson: takeVisitor, onForgotten: forgetVisitor });
  map.show({ items });
  choose({ user: users[0].id, item: items[0].id });
  const context = {
    model,
    info: model.info,
    get chosen() { return { ...chosen }; },
    choose: (changes) => { if (!running) choose(changes); },
    onChosen: (listener) => listeners.push(listener),
    everybody,
    map,
    whenTrained,
    tellTrained,
    useCatalog(source, name) {
      isClosed = true;
      running?.abort();
      gaps.close();
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
