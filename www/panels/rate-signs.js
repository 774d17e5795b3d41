/** Whether few answers can say anything: the exact sign test, which no bootstrap over a handful of pairs can stand in for. */

/** With fewer pairs even answers that all agree are no evidence: five heads in a row come once in sixteen times, on one side or the other. */
export const fewestPairs = 6;
/** What is less likely by chance counts as more than chance. */
export const level = 0.05;

const isEditedTaken = (question) => ({ isEditedFirst, answers }) => (answers[question] === null ? null : sign(answers[question] === (isEditedFirst ? 0 : 1)));
const sign = (isFor) => (isFor ? 1 : -1);
const isAnswered = (...questions) => ({ answers }) => (questions.some((question) => answers[question] === null) ? null : 0);

function starsGained({ isEditedFirst, answers: [, , left, right] }) {
  if (left === null || right === null) return null;
  return Math.sign(isEditedFirst ? left - right : right - left);
}

/** For each measure of a report what an answer says: 1 for more than chance, −1 for less, 0 for neither, null where it was left open. */
const says = {
  userUtility: isEditedTaken(0),
  raterUtility: isEditedTaken(7),
  appeal: isEditedTaken(10),
  ratingGain: starsGained,
  positionBias: ({ answers: [side] }) => (side === null ? null : sign(side === 0)),
  distance: isAnswered(4),
  consistency: isAnswered(0, 2, 3),
};

/** `{ pairs, more, less }` over the pairs of all results; what several people say of one pair is one voice, that of most of them. */
export function signsOf(results, key) {
  const sums = new Map();
  for (const pair of results.flatMap(({ pairs }) => pairs)) {
    const said = says[key](pair);
    if (said !== null) sums.set(pair.id, (sums.get(pair.id) ?? 0) + said);
  }
  const all = [...sums.values()];
  return { pairs: all.length, more: all.filter((sum) => sum > 0).length, less: all.filter((sum) => sum < 0).length };
}

/** How likely chance is to give what is at least as one-sided, on either side. */
export function signTest({ more, less }) {
  const all = more + less;
  let ways = 1;
  let sum = 0;
  for (let few = 0; few <= Math.min(more, less); few += 1) {
    sum += ways;
    ways *= (all - few) / (few + 1);
  }
  return Math.min(1, 2 * sum * 0.5 ** all);
}
