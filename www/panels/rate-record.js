/** What a person answered: kept in this tab, exported, read again, and summed up with what others answered. */
import { csvText } from '../map-csv.js';
import { wordsFor } from '../words.js';
import { choicesOf, noAnswers, questionsIn, raterPrefers, userPrefers } from './rate-questions.js';
import { drawSides, fingerprint } from './rate-pairs.js';

const place = 'aquiline-rating';
const mostPairs = 500;
const longestText = 20_000;

/** A rating that begins. The sides are drawn for each person anew. */
export function begin({ pairs, kept, settings, catalog, writer, rater }) {
  const sidesSeed = crypto.getRandomValues(new Uint32Array(1))[0];
  const sides = drawSides(pairs.length, sidesSeed);
  return {
    version: 1, session: crypto.getRandomValues(new Uint32Array(2)).join('-'), rater, catalog, writer, settings, kept, sidesSeed,
    pairs: pairs.map((pair, at) => ({ ...pair, isEditedFirst: sides[at] })),
    answers: pairs.map(noAnswers), at: 0, isDone: false,
  };
}

export function keep(rating) {
  try {
    sessionStorage.setItem(place, JSON.stringify(rating));
  } catch {
    // Without storage a reload forgets it; nothing else changes.
  }
}

export function kept() {
  try {
    const rating = JSON.parse(sessionStorage.getItem(place));
    return rating?.version === 1 ? rating : null;
  } catch {
    return null;
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(place);
  } catch {
    // As above.
  }
}

/** A person sees a pair from one side, so the other ballot stays open; open answers count for nothing. */
export function opinionsOf({ pairs }) {
  return pairs.map(({ isEditedFirst, answers }) => ({
    originalFirst: isEditedFirst ? noAnswers() : answers,
    editedFirst: isEditedFirst ? answers : noAnswers(),
  }));
}

/** Ids, seeds, fingerprints and answers, without the texts. */
export function exported({ session, rater, catalog, writer, settings, kept: unchanged, sidesSeed, pairs, answers }) {
  return {
    format: 'aquiline-ratings', version: 1, session, rater, catalog, writer, settings, kept: unchanged, sidesSeed,
    questions: questionsIn(wordsFor(catalog)).map(({ text }) => text),
    pairs: pairs.map(({ id, user, item, seed, original, edited, isEditedFirst, utilities }, at) => ({
      id, user, item, seed, originalText: fingerprint(original.plot), editedText: fingerprint(edited.plot), isEditedFirst, utilities, answers: answers[at],
    })),
  };
}

/** One line a pair; answers in words. */
export function exportedCsv(results) {
  const header = ['session', 'rater', 'catalog', 'writer', 'policy', 'pair', 'user', 'item', 'seed', 'original text', 'edited text',
    'left', 'utility before', 'utility after', ...noAnswers().map((_, at) => `question ${at + 1}`)];
  const rows = results.flatMap((result) => result.pairs.map((pair) => [
    result.session, result.rater, result.catalog, result.writer, result.settings.policy, pair.id, pair.user, pair.item, pair.seed,
    pair.originalText, pair.editedText, pair.isEditedFirst ? 'edited' : 'original', ...pair.utilities, ...pair.answers.map(answerWords),
  ]));
  return csvText([header, ...rows]);
}

export const answerWords = (choice, question) => (choice === null ? '' : choicesOf(question)[choice]);

/** The pairs with their texts, for another person to rate; no answers. */
export function exportedPairs({ catalog, writer, settings, kept: unchanged, pairs }) {
  const plain = pairs.map(({ isEditedFirst, ...pair }) => pair);
  return { format: 'aquiline-pairs', version: 1, catalog, writer, settings, kept: unchanged, pairs: plain };
}

/** Results that somebody exported, or pairs that somebody saved. Throws what is wrong with the text. */
export function imported(text, name) {
  const refuse = (why) => { throw Object.assign(new Error(`${name}: ${why}`), { code: 'file', hint: 'Choose a file that this panel has saved.' }); };
  const file = parsedObject(text);
  if (!file || !['aquiline-ratings', 'aquiline-pairs'].includes(file.format)) refuse('this is no file of ratings');
  if (file.version !== 1) refuse('it is of another version of this page');
  if (!Array.isArray(file.pairs) || file.pairs.length === 0 || file.pairs.length > mostPairs) refuse('it has no pairs, or too many');
  const isResult = file.format === 'aquiline-ratings';
  for (const [at, pair] of file.pairs.entries()) {
    const why = pair === null || typeof pair !== 'object' ? 'it is no pair' : isResult ? whatIsWrong(pair) : whatIsWrongWithTexts(pair);
    if (why) refuse(`pair ${at + 1}: ${why}`);
  }
  if (new Set(file.pairs.map(({ id }) => id)).size < file.pairs.length) refuse('a pair is in it twice');
  const named = ['rater', 'catalog', 'writer', 'session'].map((key) => [key, shortText(file[key]) ? file[key] : '']);
  const unchanged = Number.isSafeInteger(file.kept) ? file.kept : 0;
  return { format: file.format, ...Object.fromEntries(named), settings: plainSettings(file.settings), kept: unchanged, pairs: file.pairs };
}

function plainSettings(settings) {
  const known = ['count', 'viewer', 'policy', 'horizon', 'candidates', 'seed'];
  const isPlain = (value) => shortText(value) || Number.isSafeInteger(value);
  return Object.fromEntries(known.map((key) => [key, isPlain(settings?.[key]) ? settings[key] : null]));
}

function parsedObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

const shortText = (value) => typeof value === 'string' && value.length <= 500;
const isNumberPair = (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

function whatIsWrong({ id, user, item, answers, isEditedFirst, utilities, seed, originalText, editedText }) {
  if (![id, user, item, originalText, editedText].every(shortText) || !Number.isSafeInteger(seed)) return 'its names are missing';
  if (typeof isEditedFirst !== 'boolean') return 'it does not say which side was which';
  if (!isNumberPair(utilities)) return 'its utilities are missing';
  if (!Array.isArray(answers) || answers.length !== noAnswers().length) return `it has not ${noAnswers().length} answers`;
  const wrong = answers.findIndex((answer, at) => answer !== null && !(Number.isInteger(answer) && answer >= 0 && answer < choicesOf(at).length));
  return wrong < 0 ? null : `the answer to question ${wrong + 1} is not among its choices`;
}

function whatIsWrongWithTexts({ id, user, item, title, year, seed, likes, ratings, original, edited, utilities }) {
  if (![id, user, item, title].every(shortText) || !Number.isSafeInteger(seed) || !Number.isSafeInteger(ratings)) return 'its names are missing';
  if (year !== null && !Number.isSafeInteger(year)) return 'its year is no year';
  if (!isNumberPair(utilities) || !isTextList(likes)) return 'a part of it is missing';
  return [original, edited].every(isTexts) ? null : 'its texts are missing or too long';
}

const isTextList = (value) => Array.isArray(value) && value.length <= 50 && value.every((entry) => typeof entry === 'string' && entry.length <= 2_000);
const isTexts = (side) => typeof side?.plot === 'string' && side.plot.length <= longestText && isTextList(side.likes) && isTextList(side.dislikes);

/**
 * How far people agree who rated the same pairs: for questions 1 and 8 the share of equal answers and Krippendorff's α.
 * `pairs` is how many were rated by more than one.
 */
export function agreementOf(results) {
  const ofQuestion = (question) => agreement(unitsOf(results, question));
  return { user: ofQuestion(userPrefers), rater: ofQuestion(raterPrefers) };
}

/** For each pair, whether each person took the edited text. */
function unitsOf(results, question) {
  const units = new Map();
  for (const { pairs } of results) {
    for (const { id, answers, isEditedFirst } of pairs) {
      if (answers[question] === null) continue;
      units.set(id, [...(units.get(id) ?? []), answers[question] === (isEditedFirst ? 0 : 1)]);
    }
  }
  return [...units.values()].filter((votes) => votes.length > 1);
}

/** Nominal α (Krippendorff 2011) of yes and no; NaN where all say the same, so that chance cannot be told. */
export function agreement(units) {
  let values = 0;
  let yes = 0;
  let disagreements = 0;
  let equalShares = 0;
  for (const votes of units) {
    const inFavour = votes.filter(Boolean).length;
    const differing = 2 * inFavour * (votes.length - inFavour);
    values += votes.length;
    yes += inFavour;
    disagreements += differing / (votes.length - 1);
    equalShares += 1 - differing / (votes.length * (votes.length - 1));
  }
  const expected = (2 * yes * (values - yes)) / (values - 1);
  return { pairs: units.length, equal: equalShares / units.length, alpha: expected > 0 ? 1 - disagreements / expected : NaN };
}
