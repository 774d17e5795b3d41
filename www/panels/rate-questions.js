/**
 * The paper's eleven questions about a pair (§8 of its evaluation), word for word as a language model is asked them
 * (`src/prompt/question.rs`, in the words of films), so that people and models can be compared.
 */

export const choices = {
  side: ['A', 'B'],
  scale: ['1', '2', '3', '4', '5'],
  yesNo: ['yes', 'no'],
};

export const questions = [
  { kind: 'side', text: 'Which one would this viewer rather watch?' },
  { kind: 'side', text: 'Which one fits the description of the viewer better?' },
  { kind: 'scale', text: 'How would the viewer rate A, from 1 (bad) to 5 (excellent)?' },
  { kind: 'scale', text: 'How would the viewer rate B, from 1 (bad) to 5 (excellent)?' },
  { kind: 'scale', text: '"A and B are different": from 1 (not at all) to 5 (entirely), how far is that true?' },
  { kind: 'yesNo', text: 'Would you watch A yourself?' },
  { kind: 'yesNo', text: 'Would you watch B yourself?' },
  { kind: 'side', text: 'Which one do you prefer yourself?' },
  { kind: 'yesNo', text: 'Do you think that A is a film that exists?' },
  { kind: 'yesNo', text: 'Do you think that B is a film that exists?' },
  { kind: 'side', text: 'Which one would appeal to more people?' },
];

/** Places of the questions that are summed up for several raters. */
export const userPrefers = 0;
export const raterPrefers = 7;

export const choicesOf = (question) => choices[questions[question].kind];

export const noAnswers = () => questions.map(() => null);

/** What a key means for a question: the place of a choice, or −1. Numbers count the choices; A, B, Y and N say them. */
export function choiceOfKey(question, key) {
  const offered = choicesOf(question);
  if (/^[1-9]$/.test(key)) return Number(key) <= offered.length ? Number(key) - 1 : -1;
  return key.length === 1 ? offered.findIndex((choice) => choice[0].toLowerCase() === key.toLowerCase()) : -1;
}
