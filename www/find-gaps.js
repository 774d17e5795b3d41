/** The gaps of whom is chosen: found, listed, on the map, and one of them marked so that a route is measured against it. */
import { byId } from './dom.js';
import { hideError, showError } from './errors.js';
import { isCancelled } from './format.js';
import { distanceWords, highlightGap, pressGap, showGaps } from './gaps.js';
import { inTurn } from './turns.js';
import { words } from './words.js';

/**
 * `why` is why uncertainties are unknown, nothing where they are known. `onTarget()` follows another gap being marked. Returns
 * `{ find(user), point(index | null), press(index), measure(state), list(), target(), close() }`.
 */
export function openGaps({ model, map, why, onChooseItem, onTarget }) {
  let gaps = [];
  /** Number of the gap that is marked. */
  let target = null;
  /** Where the route is, as the distance is told from there. */
  let route = null;
  let request = new AbortController();

  async function find(user) {
    const { person, noun } = words();
    request.abort();
    request = new AbortController();
    const { signal } = request;
    const turn = { name: 'the gaps', signal, onWait: (told) => replace([], told) };
    try {
      const found = await inTurn(model, turn, () => {
        replace([], 'Looking for gaps…');
        return model.gaps({ user, signal });
      });
      if (signal.aborted) return;
      const unsure = why ? ` How sure that is, is unknown: ${why}.` : '';
      replace(found, found.length > 0 ? `Places this ${person} would love, where no ${noun} is.${unsure}` : `No gap found for this ${person}.`);
    } catch (error) {
      if (signal.aborted || isCancelled(error)) return;
      replace([], '');
      showError(error, { title: 'The gaps could not be found', before: byId('gaps'), onRetry: () => { hideError(); find(user); } });
    }
  }

  /** Whatever was shown of the former gaps goes with them. */
  function replace(found, note) {
    gaps = found;
    byId('gaps-note').textContent = note;
    showGaps(byId('gaps'), gaps, { onPoint: point, onPress: press, onChooseItem });
    map.show({ gaps, pointedGap: null });
    mark(null);
  }

  function point(index) {
    highlightGap(byId('gaps'), index);
    map.show({ pointedGap: index });
  }

  /** Pressed again it is marked no more. */
  function press(index) {
    mark(target === index ? null : index);
  }

  function mark(index) {
    target = index;
    pressGap(byId('gaps'), index);
    map.show({ targetGap: index });
    tell();
    onTarget();
  }

  function tell() {
    const told = target === null ? '' : distanceWords(gaps[target], target, route);
    byId('gap-target').textContent = told;
    byId('gap-target').hidden = told === '';
  }

  return {
    find, point, press,
    /** `state` is where the route is, null where there is none. */
    measure(state) {
      route = state;
      tell();
    },
    list: () => gaps,
    target: () => (target === null ? null : gaps[target]),
    close: () => request.abort(),
  };
}
