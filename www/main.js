/** Loads the library, shows what it says about itself, and hands over to the workbench. */
import { create } from '/pkg/index.js';
import { byId, element } from './dom.js';
import { hideError, showError } from './errors.js';
import { deviceName, isCancelled, skillWords, wholeSeconds } from './format.js';
import { createStages } from './loading.js';
import { textsOf } from './loading-time.js';
import { catalogName, sayWords } from './words.js';

const address = new URLSearchParams(location.search);

/** `?device=cpu` and `?models=hub` are for trying things out; by default the page's own server has the model. */
function createOptions() {
  return {
    device: address.get('device') ?? 'auto',
    models: address.get('models') === 'hub' ? undefined : '/models/',
  };
}

/** The workbench as it was before anything was wired to it: another catalog gets a fresh one. */
const emptyWorkbench = byId('workbench').cloneNode(true);
const errorBox = byId('error');
let model = null;
/** What is needed once the library is ready: it comes while that loads, which takes longer. */
let rest = null;
/** The badge of who writes, once it is there. */
let environment = null;
/** The last catalog that could be opened: the way back where another one cannot. */
let opened = null;

/** Opens another catalog in place of this one: `source` is what `create` is told of it, `name` what the page calls it. */
async function useCatalog(source, name) {
  await model?.dispose();
  // It may stand in the workbench, which goes.
  byId('loading').before(errorBox);
  byId('workbench').replaceWith(emptyWorkbench.cloneNode(true));
  byId('loading').hidden = false;
  document.body.dataset.view = 'loading';
  document.body.dataset.catalog = name;
  clearFormer();
  await load(source);
}

/** What the page says of a catalog that is not open any more. */
function clearFormer() {
  sayWords(document);
  environment?.close();
  for (const id of ['device-badge', 'skill-badge']) Object.assign(byId(id), { hidden: true, open: false });
  byId('announcer').textContent = '';
  window.scrollTo(0, 0);
}

async function load(source = { catalog: 'embedded' }) {
  const cancellation = new AbortController();
  const stages = createStages(byId('stages'), { texts: textsOf(source) });
  const stopClock = showClock(byId('loading-time'));
  const cancel = byId('cancel-loading');
  cancel.hidden = false;
  cancel.onclick = () => cancellation.abort();
  byId('loading-title').textContent = 'Getting ready';
  byId('go-back')?.remove();
  hideError();
  try {
    const watching = { signal: cancellation.signal, onProgress: stages.report, onRecovery: tellRecovery };
    const creating = create({ ...createOptions(), ...source, ...watching });
    rest ??= openRest();
    const [created, opening] = await Promise.all([creating, rest]);
    model = created;
    environment = opening.environment;
    stages.finish();
    byId('about-catalog').hidden = source.catalog !== 'embedded';
    showReady(opening.openWorkbench, { isEmbedded: source.catalog === 'embedded' });
    opened = { source, name: catalogName() };
  } catch (error) {
    stages.stop();
    cancel.hidden = true;
    showLoadingFailure(error, source);
  } finally {
    stopClock();
  }
}

function showReady(openWorkbench, about) {
  showBadges(model.info);
  byId('loading').hidden = true;
  byId('workbench').hidden = false;
  document.body.dataset.view = 'ready';
  environment.use(model, about);
  openWorkbench(model, { useCatalog });
}

async function openRest() {
  const [{ openEnvironment }, { openWorkbench }] = await Promise.all([import('./environment.js'), import('./workbench.js')]);
  return { environment: openEnvironment(), openWorkbench };
}

/** What was lost is there again, so this is no error; where it goes on may be another device. */
function tellRecovery({ message }) {
  showBadges(model.info);
  byId('device-reason').textContent += ` It was started again: ${message}.`;
  byId('announcer').textContent = 'The computing part of this page stopped and was started again. Nothing was lost.';
}

function showLoadingFailure(error, source) {
  const cancelled = isCancelled(error);
  byId('loading-title').textContent = cancelled ? 'Loading cancelled' : 'Loading stopped';
  showError(cancelled ? { message: 'You cancelled the loading.', hint: 'Try again whenever you like.' } : error, {
    title: cancelled ? 'Not loaded' : 'The page could not get ready',
    before: byId('loading'),
    onRetry: () => load(source),
    offersHub: !cancelled && !opened && address.get('models') !== 'hub',
  });
  if (opened && opened.source !== source) offerWayBack();
}

function offerWayBack() {
  const { source, name } = opened;
  byId('cancel-loading').before(element('button', {
    type: 'button', class: 'button', id: 'go-back', testid: 'go-back', onclick: () => useCatalog(source, name),
  }, `Go back to ${name}`));
}

function showBadges(info) {
  byId('device-name').textContent = deviceName(info.device);
  byId('device-reason').textContent = `${info.reason} Encoder: ${info.encoder}.`;
  byId('device-badge').title = info.reason;
  const skill = skillWords(info);
  byId('skill-name').textContent = skill.headline;
  byId('skill-badge').title = skill.verdict;
  byId('skill-explanation').replaceChildren(
    element('p', { testid: 'skill-verdict' }, skill.verdict),
    element('dl', { class: 'skill-figures', testid: 'skill-figures' }, ...skill.figures.map(([title, value]) => element('div', {}, element('dt', {}, title), element('dd', {}, value)))),
    element('p', { class: 'soft' }, skill.basis));
  byId('device-badge').hidden = false;
  byId('skill-badge').hidden = false;
}

/** A popover that stays open hides the page: opening one, pressing elsewhere or Escape closes the others. */
function closeBadgesElsewhere() {
  const badges = [...document.querySelectorAll('details.badge')];
  const closeExcept = (kept) => badges.filter((badge) => badge !== kept).forEach((badge) => { badge.open = false; });
  document.addEventListener('click', (event) => closeExcept(event.target.closest('details.badge')));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closeExcept(null);
  });
}

function showClock(node) {
  const startedAt = performance.now();
  const show = () => { node.textContent = wholeSeconds(performance.now() - startedAt); };
  const timer = setInterval(show, 1000);
  node.textContent = '';
  return () => clearInterval(timer);
}

closeBadgesElsewhere();
load();
