/** The trained policy as a thing of its own: to steer with, to keep as a file, and to take from one. */
import { byId, element } from '../dom.js';
import { hideError, showError } from '../errors.js';
import { bytes, count, decimal, percent } from '../format.js';
import { saveFile } from '../map-export.js';

/** A policy has a few megabytes; what is much larger is some other file. */
const largestFile = 64e6;

/** Lets the panel for steering offer what needs a trained policy, and tells the other panels. */
export function offerPolicy() {
  for (const option of byId('policy').options) if (option.dataset.needs === 'training') option.disabled = false;
  byId('workbench').dispatchEvent(new CustomEvent('trained'));
}

/** `name()` is for a file that is kept, and `onLoaded()` follows one that was taken up. Returns `{ node, show({ hasPolicy, isBusy }) }`. */
export function policyPart({ model, name, onLoaded }) {
  const steer = element('button', { type: 'button', class: 'button small', testid: 'train-steer', onclick: steerWithIt }, 'Steer with this policy');
  const keep = element('button', { type: 'button', class: 'button small', testid: 'train-save', onclick: save }, 'Save the policy');
  const file = element('input', { type: 'file', id: 'train-file', testid: 'train-file', accept: '.safetensors' });
  const status = element('p', { class: 'soft', role: 'status', testid: 'train-file-status' });
  const node = element('section', { class: 'train-policy', 'aria-labelledby': 'train-policy-title' },
    element('h3', { id: 'train-policy-title' }, 'The policy'),
    element('p', { class: 'work-actions' }, steer, keep),
    element('label', {}, 'Take up a saved one', file), status);

  function steerWithIt() {
    byId('policy').value = 'eagle';
    byId('tab-steer').click();
    byId('steer-button').focus();
  }

  async function save() {
    hideError();
    try {
      const checkpoint = await model.savePolicy();
      saveFile(new Blob([checkpoint], { type: 'application/octet-stream' }), name());
      status.textContent = `Saved: ${bytes(checkpoint.length)}. It is for this catalog and encoder.`;
    } catch (error) {
      showError(error, { title: 'The policy could not be saved', before: node, onRetry: save });
    }
  }

  async function load(chosen) {
    hideError();
    status.textContent = 'Reading the file…';
    try {
      if (chosen.size > largestFile) throw new Error(`${chosen.name} has ${bytes(chosen.size)}: too large to be a policy.`);
      await model.loadPolicy(new Uint8Array(await chosen.arrayBuffer()));
      status.textContent = `${chosen.name} is in use.`;
      onLoaded();
    } catch (error) {
      status.textContent = '';
      showError(error, { title: 'The policy could not be taken up', before: node });
    }
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
