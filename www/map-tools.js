/** What stands around the map: looking for a film, colouring by predicted ratings, zooming by buttons, saving. */
import { byId, element } from './dom.js';
import { hideError, showError } from './errors.js';
import { count, isCancelled, itemName, list, userName } from './format.js';
import { formats, saveFile } from './map-export.js';
import { createPicker } from './picker.js';
import { inTurn } from './turns.js';
import { words } from './words.js';

/** More people than that change a mean little, and take their time. */
const largestGroup = 200;
const zoomStep = 1.8;

/** `context` is what panels get. */
export function openMapTools(context) {
  openSearch(context);
  openHeat(context);
  openSaving(context);
  byId('map-in').addEventListener('click', () => context.map.zoomBy(zoomStep));
  byId('map-out').addEventListener('click', () => context.map.zoomBy(1 / zoomStep));
  byId('map-all').addEventListener('click', () => context.map.look('whole'));
}

/** While one types, all that matches stands out; what one chooses comes to the middle, with its name. */
function openSearch({ map, info }) {
  const numbers = new Map(info.items.map(({ id }, number) => [id, number]));
  const picker = createPicker({
    input: byId('map-search'), list: byId('map-search-list'),
    options: info.items.map((item) => ({ id: item.id, label: itemName(item), detail: list(item.genres) })),
    onMatch: (ids) => map.show({ matches: ids && ids.length < info.items.length ? Uint32Array.from(ids, (id) => numbers.get(id)) : null }),
    onChoose(id) {
      map.show({ found: numbers.get(id) });
      map.centreOn(info.items[numbers.get(id)].place);
    },
  });
  // An emptied field is how one says that nothing is looked for any more.
  byId('map-search').addEventListener('input', ({ target }) => {
    if (target.value !== '') return;
    picker.choose(null);
    map.show({ found: null });
  });
}

function openHeat({ map, model, info, chosen, onChosen }) {
  const choice = byId('map-heat');
  const { person, people } = words();
  const say = (told) => { byId('map-heat-words').textContent = told; };
  let request = new AbortController();
  let viewer = chosen.user;

  function whose() {
    if (choice.value === 'viewer') return { user: viewer, title: `Predicted rating for ${userName(viewer)}` };
    const group = sampled(info.users.map(({ id }) => id));
    return { user: group, title: `Mean predicted rating of ${group.length === info.users.length ? `all ${people}` : `${group.length} ${people}`}` };
  }

  async function colour() {
    request.abort();
    request = new AbortController();
    const { signal } = request;
    map.show({ heat: null });
    byId('map-heat-note').hidden = true;
    if (choice.value === 'none') return;
    const { user, title } = whose();
    byId('map-heat-note').hidden = false;
    try {
      const values = await inTurn(model, { name: 'the predicted ratings on the map', signal, onWait: say }, () => {
        say('Computing predicted ratings…');
        return model.utilities({ user, signal });
      });
      if (!signal.aborted) map.show({ heat: { values, title } });
    } catch (error) {
      if (signal.aborted || isCancelled(error)) return;
      choice.value = 'none';
      showError(error, { title: 'The predicted ratings could not be computed', before: byId('map'), onRetry: () => { hideError(); colour(); } });
    } finally {
      if (request.signal === signal) byId('map-heat-note').hidden = true;
    }
  }

  choice.querySelector('[value="viewer"]').textContent = `Predicted rating for this ${person}`;
  choice.querySelector('[value="all"]').textContent = info.users.length > largestGroup
    ? `Mean predicted rating of ${largestGroup} of ${count(info.users.length, person, people)}` : `Mean predicted rating of all ${people}`;
  choice.addEventListener('change', colour);
  byId('map-heat-stop').addEventListener('click', () => {
    choice.value = 'none';
    colour();
  });
  onChosen(({ user }, { isAnew }) => {
    if (user === viewer && !isAnew) return;
    viewer = user;
    if (choice.value === 'viewer') colour();
  });
}

/** Evenly over all, so that it is the same group each time. */
function sampled(ids) {
  const size = Math.min(largestGroup, ids.length);
  return Array.from({ length: size }, (_, index) => ids[Math.floor((index * ids.length) / size)]);
}

function openSaving(context) {
  const menu = byId('map-save');
  const close = () => { menu.open = false; };
  byId('map-save-list').replaceChildren(...formats.map(({ name, title, make }) => element('button', {
    type: 'button', class: 'button small', testid: `map-save-${name}`,
    async onclick() {
      close();
      saveFile(await make(context.map), `aquiline-map-${context.chosen.user}.${name}`.replace(/[^\w.-]/g, '_'));
    },
  }, title)));
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    close();
    menu.querySelector('summary').focus();
  });
  menu.addEventListener('focusout', ({ relatedTarget }) => relatedTarget && !menu.contains(relatedTarget) && close());
  // Only while it is open, so that a page that gets another catalog keeps nothing of this one.
  menu.addEventListener('toggle', () => menu.open && document.addEventListener('click', close, { once: true }));
}
