/**
 * The paper's eleven questions about a pair (§8 of its evaluation), word for word as a language model is asked them
 * (`src/prompt/question.rs`), so that people and models can be compared.
 */
import { words } from '../words.js';

export const choices = {
  side: ['A', 'B'],
  scale: ['1', '2', '3', '4', '5'],
  yesNo: ['yes', 'no'],
};

/** In the words for a catalog, as `words` gives them. */
export const questionsIn = ({ plural, person, verb }) => [
  { kind: 'side', text: `Which one would this ${person} rather ${verb}?` },
  { kind: 'side', text: `Which one fits the description of the ${person} better?` },
  { kind: 'scale', text: `How would the ${person} rate A, from 1 (bad) to 5 (excellent)?` },
  { kind: 'scale', text: `How would the ${person} rate B, from 1 (bad) to 5 (excellent)?` },
  { kind: 'scale', text: '"A and B are different": from 1 (not at all) to 5 (entirely), how far is that true?' },
  { kind: 'yesNo', text: `Would you ${verb} A yourself?` },
  { kind: 'yesNo', text: `Would you ${verb} B yourself?` },
  { kind: 'side', text: 'Which one do you prefer yourself?' },
  { kind: 'yesNo', text: `Do you think that A is one of the ${plural} that exist?` },
  { kind: 'yesNo', text: `Do you think that B is one of the ${plural} that exist?` },
  { kind: 'side', text: 'Which one would appeal to more people?' },
];

/** Places of the questions that are summed up for several raters. */
export const userPrefers = 0;
export const raterPrefers = 7;

/** How each is answered, whatever the words. */
const kinds = questionsIn(words()).map(({ kind }) => kind);

export const choicesOf = (question) => choices[kinds[question]];

export const noAnswers = () => kinds.map(() => null);

/** What a key means for a question: the place of a choice, or −1. Numbers count the choices; A, B, Y and N say them. */
export function choiceOfKey(question, key) {
  const offered = choicesOf(question);
  if (/^[1-9]$/.test(key)) return Number(key) <= offered.length ? Number(key) - 1 : -1;
  return key.length === 1 ? offered.findIndex((choice) => choice[0].toLowerCase() === key.toLowerCase()) : -1;
}
