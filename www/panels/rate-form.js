/** One pair with its eleven questions. Nothing here says which text was edited. */
import { element } from '../dom.js';
import { count, list, userName } from '../format.js';
import { wordsFor } from '../words.js';
import { equallyLong } from './rate-pairs.js';
import { choiceOfKey, choicesOf, questionsIn } from './rate-questions.js';

/** `onAnswer(question, choice)` is told at once; `onBack` and `onNext` leave the pair. */
export function pairForm({ catalog, pairs, answers, at }, { onAnswer, onBack, onNext }) {
  const pair = pairs[at];
  const given = answers[at];
  const isLast = at === pairs.length - 1;
  const progress = element('p', { class: 'rate-progress', testid: 'rate-progress', role: 'status' });
  const bar = element('progress', { max: pairs.length, value: at, 'aria-label': 'Pairs that are done' });
  const said = wordsFor(catalog);
  const questions = questionsIn(said);
  const sets = questions.map(({ text }, question) => questionSet(question, text, given[question], (choice) => {
    onAnswer(question, choice);
    showProgress();
  }));
  const form = element('form', { class: 'rate-form', testid: 'rate-form', 'aria-label': 'What you think of this pair' },
    element('div', {}, progress, bar),
    profile(pair, said),
    element('div', { class: 'rate-texts' }, textCard('A', pair), textCard('B', pair)),
    element('p', { class: 'soft' }, 'Number keys answer a question and go on to the next. What you leave open counts for nothing.'),
    element('div', { class: 'rate-questions' }, ...sets),
    element('p', { class: 'rate-bar' },
      at > 0 ? element('button', { type: 'button', class: 'button', testid: 'rate-back', onclick: onBack }, 'Back') : null,
      element('button', { type: 'submit', class: 'button primary', testid: 'rate-next' }, isLast ? 'Finish and see the result' : 'Next pair')));

  function showProgress() {
    const answered = given.filter((choice) => choice !== null).length;
    progress.textContent = `Pair ${at + 1} of ${pairs.length}: ${answered} of ${questions.length} answered`;
    bar.value = at + answered / questions.length;
  }

  form.addEventListener('keydown', (event) => pressKey(event, sets));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    onNext();
  });
  showProgress();
  return form;
}

function profile({ user, ratings, likes }, said) {
  const liked = likes.length > 0 ? `likes ${list(likes)}` : 'no genre stands out in what they like';
  return element('p', { class: 'rate-profile', testid: 'rate-profile' },
    element('b', {}, `The ${said.person}: ${userName(user, said)}`), `, ${count(ratings, 'rating')}, ${liked}.`);
}

/** The texts that a language model is shown when it judges: no title, no genres, and lists of reasons that are equally long. */
function textCard(side, { original, edited, isEditedFirst }) {
  const isEdited = (side === 'A') === isEditedFirst;
  const shown = isEdited ? edited : original;
  const listOf = (kind) => equallyLong(original[kind], edited[kind])[isEdited ? 1 : 0];
  const [likes, dislikes] = [listOf('likes'), listOf('dislikes')];
  return element('article', { class: 'card', testid: `rate-text-${side.toLowerCase()}`, 'aria-label': `Text ${side}` },
    element('h3', { class: 'rate-side' }, side),
    element('p', { class: 'plot' }, shown.plot),
    likes.length > 0 ? reasons('To like', likes) : null,
    dislikes.length > 0 ? reasons('To dislike', dislikes) : null);
}

const reasons = (title, entries) => element('div', { class: 'reasons' },
  element('h4', {}, title), element('ul', {}, ...entries.map((entry) => element('li', {}, entry))));

function questionSet(question, text, given, onAnswer) {
  const radios = choicesOf(question).map((choice, at) => element('label', { class: 'rate-choice' },
    element('input', {
      type: 'radio', name: `question-${question}`, value: at, checked: given === at, testid: `answer-${question + 1}-${choice}`,
      onchange: () => onAnswer(at),
    }),
    element('span', {}, choice)));
  return element('fieldset', { class: 'rate-question', 'data-question': question },
    element('legend', {}, `${question + 1}. ${text}`),
    element('div', { class: 'rate-choices' }, ...radios));
}

/** A key answers the question that has the focus, or else the first open one, and goes on to the next. */
function pressKey(event, sets) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const focused = sets.findIndex((set) => set.contains(document.activeElement));
  const question = focused >= 0 ? focused : sets.findIndex((set) => !set.querySelector(':checked'));
  const choice = question < 0 ? -1 : choiceOfKey(question, event.key);
  if (choice < 0) return;
  event.preventDefault();
  const radio = sets[question].querySelectorAll('input')[choice];
  radio.checked = true;
  radio.dispatchEvent(new Event('change'));
  focusNext(sets, question);
}

function focusNext(sets, question) {
  const next = sets[question + 1];
  const target = next ? next.querySelector(':checked') ?? next.querySelector('input') : document.querySelector('[data-testid="rate-next"]');
  target.focus();
}
