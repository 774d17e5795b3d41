/** The trained policy as a thing of its own: to steer with, to keep as a file, and to take from one. */
import { byId, element } from '../dom.js';
import { hideError, showError } from '../errors.js';
import { bytes, count, decimal, isCancelled, percent } from '../format.js';
import { saveFile } from '../map-export.js';
import { inTurn } from '../turns.js';

/** A policy has a few megabytes; what is much larger is some other file. */
const largestFile = 64e6;

/** What the library's `save` gives begins with a line of JSON, a policy alone with the length of its header. */
const isSavedState = ([first, second]) => first === 0x7b && second === 0x22;

/** `name()` is for a file that is kept, and `onLoaded()` follows one that was taken up. Returns `{ node, show({ hasPolicy, isBusy }) }`. */
export function policyPart({ model, name, onLoaded }) {
  const steer = element('button', { type: 'button', class: 'button small', testid: 'train-steer', onclick: steerWithIt }, 'Steer with this policy');
  const keep = element('button', { type: 'button', class: 'button small', testid: 'train-save', onclick: save }, 'Save the policy');
  const file = element('input', { type: 'file', id: 'train-file', testid: 'train-file' });
  const status = element('span', { class: 'soft', role: 'status', testid: 'train-file-status' });
  const cancel = element('button', { type: 'button', class: 'button small', testid: 'train-file-cancel', hidden: true }, 'Cancel');
  const node = element('section', { class: 'train-policy', 'aria-labelledby': 'train-policy-title' },
    element('h3', { id: 'train-policy-title' }, 'The policy'),
    element('p', { class: 'work-actions' }, steer, keep),
    element('label', {}, 'Take up a saved one', file), element('p', { class: 'work-actions' }, status, cancel));

  function steerWithIt() {
    byId('policy').value = 'eagle';
    byId('tab-steer').click();
    byId('steer-button').focus();
  }

  /** `work` gives what to say then. While something else goes first it can be cancelled. */
  async function whenFree(work, { title, onRetry }) {
    const waiting = new AbortController();
    const onWait = (words) => {
      status.textContent = words;
      cancel.hidden = false;
    };
    hideError();
    cancel.onclick = () => waiting.abort();
    try {
      status.textContent = await inTurn(model, { name: 'the file of the policy', signal: waiting.signal, onWait }, () => {
        cancel.hidden = true;
        return work();
      });
    } catch (error) {
      status.textContent = isCancelled(error) ? 'Cancelled.' : '';
      if (!isCancelled(error)) showError(error, { title, before: node, onRetry });
    }
    cancel.hidden = true;
  }

  function save() {
    return whenFree(async () => {
      const checkpoint = await model.savePolicy();
      saveFile(new Blob([checkpoint], { type: 'application/octet-stream' }), name());
      return `Saved: ${bytes(checkpoint.length)}. It is for this catalog and encoder.`;
    }, { title: 'The policy could not be saved', onRetry: save });
  }

  function load(chosen) {
    return whenFree(async () => {
      status.textContent = 'Reading the file…';
      if (chosen.size > largestFile) throw new Error(`${chosen.name} has ${bytes(chosen.size)}: too large to be a policy.`);
      const hasPolicy = await takeUp(new Uint8Array(await chosen.arrayBuffer()));
      if (hasPolicy) onLoaded();
      return hasPolicy ? `${chosen.name} is in use.` : `${chosen.name} was read, but no policy is in it.`;
    }, { title: 'The policy could not be taken up' });
  }

  /** Whether there was a policy in it: of all that was learned it follows the first line, or is missing. */
  async function takeUp(content) {
    if (!isSavedState(content)) {
      await model.loadPolicy(content);
      return true;
    }
    await model.load(content);
    return content.indexOf(0x0a) < content.length - 1;
  }

  file.addEventListener('change', () => {
    const [chosen] = file.files;
    if (chosen) load(chosen);
    // The same file can be chosen again.
    file.value = '';
  });

  return {
    node,
    show({ hasPolicy, isBusy }) {
      steer.disabled = keep.disabled = !hasPolicy || isBusy;
      file.disabled = isBusy;
    },
  };
}

/** How well the reference fits, against what knowing nothing would have. */
export function fitWords({ states, heldOut, kl, uniformKl }) {
  if (heldOut === 0) return `The reference was fitted to ${count(states, 'state')}. None was held out, so how well it fits is unknown: ten states or more would do.`;
  const where = `${heldOut === 1 ? 'the one state' : `${heldOut} states`} held out of the fit`;
  const few = heldOut < 5 ? ' So few states say little.' : '';
  // Nothing is to be learned where every edit shall be as likely as any other.
  if (uniformKl < 0.005) return `The reference is uniform, ${decimal(kl, 2)} nats from exactly so on ${where}.`;
  const better = 1 - kl / uniformKl;
  const verdict = better > 0 ? `it has learned ${percent(better)} of the way` : 'it does no better';
  return `On ${where}, the reference is ${decimal(kl, 2)} nats from what it shall imitate, where a policy that knows nothing has ${decimal(uniformKl, 2)}: ${verdict}.${few}`;
}
