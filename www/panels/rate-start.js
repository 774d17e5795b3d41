/** Which pairs are to be made, and what making them says. */
import { byId, element } from '../dom.js';
import { costWords } from '../environment.js';
import { count } from '../format.js';
import { words } from '../words.js';
import { whomField } from './whom.js';
import { choiceField, numberField, workRow } from './work.js';

/** `make(settings, rater, { signal, report })` makes them; `report(words, share)` says how far it is, `null` where that is not known. */
export function startForm(context, make) {
  const number = (name, title, value, low, high) => numberField(title, `rate-${name}`, { value, low, high });
  const [countField, pairs] = number('count', 'Pairs', 6, 1, 20);
  const [horizonField, horizon] = number('horizon', 'Edits in a row', 5, 1, 10);
  const [seedField, seed] = number('seed', 'Seed', 0, 0, 4294967195);
  const [whomLabel, whom] = whomField(context, 'rate-whom');
  const [policyField, policy] = policyChoice(context);
  const rater = element('input', { id: 'rate-name', testid: 'rate-name', type: 'text', maxlength: 60, autocomplete: 'off' });
  const row = workRow('rate', { start: 'Make the pairs', stop: 'Cancel' });
  const fields = element('fieldset', { class: 'work-fields rate-settings' },
    countField, horizonField, seedField, whomLabel, policyField, element('label', {}, 'Your name, if you like', rater));
  const form = element('form', { class: 'work-form', 'aria-label': 'Which pairs' }, fields, row.node);
  let making = null;

  const settings = () => ({
    count: pairs.valueAsNumber, viewer: whom.value === 'chosen' ? context.chosen.user : null, policy: policy.value,
    horizon: horizon.valueAsNumber, candidates: 20, seed: seed.valueAsNumber,
  });

  function report(words, share) {
    row.say(words);
    row.fill(share);
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (making) {
      row.ending('Stopping…');
      return making.abort();
    }
    making = new AbortController();
    row.show(true);
    fields.disabled = true;
    await make(settings(), rater.value.trim(), { signal: making.signal, report });
    making = null;
    row.show(false);
    fields.disabled = false;
    return undefined;
  });
  return form;
}

/** The same ones as for steering, and open to choice when they are there. */
function policyChoice({ whenTrained }) {
  const steering = byId('policy');
  const [field, input] = choiceField('How edits are chosen', 'rate-policy', [...steering.options].map(({ value, textContent }) => [value, textContent]));
  const follow = () => [...steering.options].forEach(({ disabled }, at) => { input.options[at].disabled = disabled; });
  follow();
  whenTrained.then(follow);
  return [field, input];
}

/** What it will cost where a language model writes. */
export async function costOfPairs(model, users, { policy, horizon, candidates, seed, count: pairs }, signal) {
  const user = users.find(({ low }) => low.length > 0);
  if (!user) return '';
  const { calls, tokens } = await model.estimate({ user: user.id, item: user.low[0], policy, horizon, candidates, seed, signal });
  const words = costWords({ calls: calls * pairs, tokens: tokens * pairs });
  return words ? `About ${words}…` : 'Making the first pair…';
}

export const shareOf = ({ done, total }) => (total > 0 ? Math.min(1, done / total) / 2 : 0);

export function progressWords({ type, done, total }) {
  if (type === 'propose') return 'listing what could be edited';
  return total > 0 ? `text ${Math.min(done + 1, total)} of ${total}` : 'reading the texts';
}

export function noPairWords(unchanged) {
  const { noun, person, people } = words();
  return unchanged > 0
    ? `All ${count(unchanged, 'run')} kept the original, so there is nothing to compare. Try another seed or other ${people}.`
    : `This ${person} rated no ${noun} low, so there is no start. Try random ${people}.`;
}
