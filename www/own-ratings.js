/** Ratings of the visitor's own, and the person they make: everybody's panels are then about that person, too. */
import { FEWEST } from '/pkg/ideas/ratings.js';
import { byId } from './dom.js';
import { hideError, showError } from './errors.js';
import { count, isCancelled, itemName, list } from './format.js';
import { ownRatingRow } from './own-rating-row.js';
import { createPicker } from './picker.js';
import { ratingSteps, ratingWords } from './rating-scale.js';
import { inTurn } from './turns.js';
import { words } from './words.js';

/** What the visitor is called. */
const name = 'You';

/**
 * Wires “Rate some yourself”. `onPerson(user, { isChosen })` is told of the person whenever the ratings were taken in, and
 * whether the visitor asked to be chosen; `onForgotten(id)` that there is no such person any more. Returns `{ close() }`, for
 * when another catalog takes the place of this one.
 */
export function openOwnRatings({ model, onPerson, onForgotten }) {
  const { items, users, scale } = model.info;
  const user = freeId(users);
  const steps = ratingSteps(scale);
  /** By item: its row, and a value once it is rated. */
  const rows = new Map();
  /** Whether the library was given ratings that are not forgotten. */
  let isGiven = false;
  /** Whether the visitor is among the people one can choose. */
  let isListed = false;
  /** Aborts what waits for its turn; null when nothing does. */
  let waiting = null;

  const picker = createPicker({
    input: byId('own-input'), list: byId('own-list'), onChoose: add,
    options: items.map((item) => ({ id: item.id, label: itemName(item), detail: list(item.genres) })),
  });

  function add(id) {
    picker.choose(null);
    if (!rows.has(id)) rows.set(id, newRow(items.find((item) => item.id === id)));
    rows.get(id).focus();
    showState();
  }

  function newRow(item) {
    const row = ownRatingRow(itemName(item), steps, { onRate: change, onRemove: () => remove(item.id) });
    byId('own-rows').prepend(row.node);
    return row;
  }

  function remove(id) {
    const { value } = rows.get(id);
    rows.get(id).node.remove();
    rows.delete(id);
    byId('own-input').focus();
    if (value !== null) change();
    else showState();
  }

  const rated = () => [...rows].filter(([, { value }]) => value !== null).map(([item, { value }]) => ({ item, value }));

  /** Who is known already is described by what was changed at once. */
  function change() {
    showState();
    if (isListed && rated().length >= FEWEST) takeIn({ isChosen: false });
  }

  function takeIn(asked) {
    return whenFree(async () => {
      isGiven = true;
      return model.foldIn({ user, ratings: rated() });
    }, {
      then: (person) => {
        isListed = true;
        showState();
        onPerson(person, asked);
      },
      title: 'Your ratings could not be taken in', onRetry: () => takeIn(asked),
    });
  }

  /** The library cannot lose a person, so a rating that is nobody's takes the place of the visitor's. */
  function forget() {
    close();
    isListed = false;
    for (const { node } of rows.values()) node.remove();
    rows.clear();
    onForgotten(user);
    showState();
    byId('own-input').focus();
    if (isGiven) overwrite();
  }

  function overwrite() {
    return whenFree(() => model.foldIn({ user, ratings: [{ item: items[0].id, value: steps.at(-1) }] }), {
      then: () => {
        isGiven = false;
        say('Forgotten.');
      },
      title: 'Your ratings are still in the memory of this tab', onRetry: overwrite,
    });
  }

  /** Takes the place of what still waits: that would say less than this. */
  async function whenFree(work, { then, title, onRetry }) {
    close();
    const mine = new AbortController();
    waiting = mine;
    hideError();
    try {
      const done = await inTurn(model, { name: 'your ratings', signal: mine.signal, onWait: showWaiting }, work);
      if (waiting !== mine) return;
      leave();
      then(done);
    } catch (error) {
      // Something else came in between.
      if (waiting !== mine) return;
      leave();
      if (isCancelled(error)) say('Cancelled.');
      else showError(error, { title, before: byId('own-actions'), onRetry });
    }
  }

  function showWaiting(told) {
    say(told);
    byId('own-cancel').hidden = false;
  }

  function leave() {
    waiting = null;
    showState();
  }

  function close() {
    waiting?.abort();
    waiting = null;
  }

  function showState() {
    const number = rated().length;
    byId('own-cancel').hidden = true;
    byId('own-choose').disabled = number < FEWEST;
    byId('own-forget').disabled = rows.size === 0;
    say(stateWords(user, number, isListed));
  }

  byId('own-scale').textContent = scaleWords(steps);
  byId('own-choose').addEventListener('click', () => takeIn({ isChosen: true }));
  byId('own-forget').addEventListener('click', forget);
  byId('own-cancel').addEventListener('click', () => waiting?.abort());
  showState();
  return { close };
}

/** Nobody of the catalog may be replaced. */
function freeId(users) {
  const taken = new Set(users.map(({ id }) => id));
  let id = name;
  for (let number = 2; taken.has(id); number += 1) id = `${name} (${number})`;
  return id;
}

function scaleWords(steps) {
  return `${ratingWords(steps[0])} is the lowest, ${ratingWords(steps.at(-1))} the highest.`;
}

function stateWords(user, number, isListed) {
  const { noun, plural, people } = words();
  const missing = FEWEST - number;
  if (missing > 0 && isListed) return `Rate ${count(missing, `more ${noun}`, `more ${plural}`)}: until then “${user}” stays as it was.`;
  if (missing > 0) return `Rate ${count(missing, `more ${noun}`, `more ${plural}`)}: at least ${FEWEST} are needed.`;
  const told = `${count(number, noun, plural)} rated: the more there are, the more they tell.`;
  return isListed ? `${told} “${user}” is among the ${people}, and follows every change.` : told;
}

const say = (told) => { byId('own-status').textContent = told; };
