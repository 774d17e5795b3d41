// A steering episode as lines for a person. Everything that a catalog or a model says passes through `plain`.
import { changes, plain, wrap } from './terminal.mjs';

/** Who is steered for, from where, and how far predictions can be trusted here. */
export function opening({ state, user }, info, paint) {
  const { likes = [] } = info.users.find(({ id }) => id === user) ?? {};
  const whom = `${plain(user)}${likes.length ? `, who likes ${plain(likes.join(', '))}` : ''}`;
  return [
    '',
    paint.soft(`${info.items.length} items, ${info.users.length} people who rated them; computed on the ${info.device}`),
    paint.soft(wrap(info.verdict.text, { prefix: '' })),
    ...(info.itemsTruncated ? [paint.soft(`${info.itemsTruncated} texts are longer than the encoder reads; their ends do not count.`)] : []),
    '',
    `For ${whom}: what would have to change about`,
    paint.bold(heading(state.item)),
    wrap(state.item.plot),
    `    ${paint.bold(`U ${worth(state)}`)}`,
  ];
}

/** An edit, what it changed in the text, and what that is worth. */
export function stepOf({ index, action, state }, before, paint) {
  const { added, removed } = changes(before.item.plot, state.item.plot);
  const line = (mark, sentence) => wrap(sentence, { prefix: '      ', first: `    ${mark} ` });
  const lines = [
    ...removed.map((sentence) => paint.removed(line('-', sentence))),
    ...added.map((sentence) => paint.added(line('+', sentence))),
  ];
  return [
    `${paint.bold(`Edit ${index + 1}`)}  ${plain(action.text)}`,
    ...(lines.length > 0 ? lines : ['    (the text is as it was)']),
    `    U ${before.utility.toFixed(3)} → ${paint.bold(worth(state))}`,
  ];
}

/** How it ended, and what a newcomer should notice. */
export function lesson({ anchor, outcome, outcomeStep, kept, steps, ended, environmentCalls, failedRewrites }, info, { isOwn, once }, paint) {
  const result = kept
    ? [paint.bold('Nothing was better than the original, so that is returned.')]
    : [paint.bold(`The outcome, after edit ${outcomeStep} of ${steps.length}`), wrap(outcome.item.plot), `    ${paint.bold(`U ${worth(outcome)}`)}`];
  const failed = failedRewrites ? `, of which ${failedRewrites} came to nothing` : '';
  const noticed = [
    'U is how much this person is predicted to like a text: 1 stands for their top rating, and being unlike everything there is adds to it.',
    gainOf(anchor, outcome, kept, info),
    outcomeOf(steps, outcomeStep, ended),
    `No language model took part: a simulator wrote, with hand-written sentences about films (${environmentCalls} rewrites${failed}).`,
    nextOf(isOwn, once),
  ];
  return [...result, '', paint.bold('What to notice'), ...noticed.map((sentence) => wrap(sentence, { prefix: '    ', first: '  - ' }))];
}

function gainOf(anchor, outcome, kept, info) {
  const { uncertainty } = outcome;
  if (uncertainty === undefined) {
    const { misplacement } = info.skill;
    return `How far U may be off is unknown here: ${plain(misplacement?.unknown ?? 'it could not be measured')}. Take a gain as a guess.`;
  }
  const meaning = '± is one standard deviation: how far U may well be off.';
  if (kept) return meaning;
  const gain = outcome.utility - anchor.utility;
  const size = gain > uncertainty ? `larger than its ±, ${shown(uncertainty)}` : 'within its ±, so that it may be none';
  return `${meaning} The gain is ${gain.toFixed(3)}, ${size}.`;
}

const ENDS = {
  'no-gain': 'no further edit was found to gain anything',
  'no-edit': 'no edit was left that does not repeat or contradict an earlier one',
  'no-rewrite': 'the last rewrites all failed',
  budget: 'the budget was spent',
};

function outcomeOf(steps, outcomeStep, ended) {
  const early = ENDS[ended] ? ` The run ended early: ${ENDS[ended]}.` : '';
  if (outcomeStep === 0) return `A text that is worse than the original is never returned.${early}`;
  if (outcomeStep === steps.length) return `The best text on the way is returned; here it is the last one.${early}`;
  return `The best text on the way is returned, not the last one: that of edit ${outcomeStep}.${early}`;
}

function nextOf(isOwn, once) {
  const others = isOwn ? '--user and --item take other ids' : '--user viewer-007 and --item take other ids, --data DIR takes MovieLens files';
  const page = once ? 'Without --once the page opens, with a map of all items and their gaps.' : 'The page below has a map of all items and their gaps.';
  return `Next: ${others}. ${page} For a real model: aquiline steer --llm ADDRESS --model NAME.`;
}

function heading({ title, year, genres }) {
  return plain(`${title}${year ? ` (${year})` : ''}${genres.length ? `: ${genres.join(', ')}` : ''}`);
}

function worth({ utility, uncertainty, truncated }) {
  const unread = truncated ? '   (the text is longer than the encoder reads; its end does not count)' : '';
  return `${utility.toFixed(3)} ± ${uncertainty === undefined ? 'unknown' : shown(uncertainty)}${unread}`;
}

/** What is not 0 is not shown as 0. */
function shown(uncertainty) {
  return uncertainty < 0.0005 ? '< 0.001' : uncertainty.toFixed(3);
}
