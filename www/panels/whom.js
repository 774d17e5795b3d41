/** For whom a panel works: people drawn at random, or who is chosen under Steer. */
import { userName } from '../format.js';
import { words } from '../words.js';
import { choiceField } from './work.js';

/** `[label, input]`, of which the value is `'random'` or `'chosen'`. */
export function whomField({ chosen, onChosen }, testid) {
  const name = (user) => `${userName(user)}, who is chosen`;
  const [label, input] = choiceField('For whom', testid, [['random', `Random ${words().people}`], ['chosen', name(chosen.user)]]);
  onChosen(({ user }) => { input.options[1].textContent = name(user); });
  return [label, input];
}
