/** What answers come to: each measure with its interval, how far people agree, and which text was which. */
import { drawing, element } from '../dom.js';
import { count, decimal, itemName, percent, signed, userName } from '../format.js';
import { answerWords } from './rate-record.js';
import { raterPrefers, userPrefers } from './rate-questions.js';
import { fewestPairs, level, signTest, signsOf } from './rate-signs.js';

/** With fewer, a bootstrap's interval is too narrow. */
const fewPairs = 10;

const stars = (value) => `${signed(value, 1)} stars`;
/** In the words for a catalog; `chance` is what no difference would give. */
const measuresIn = ({ person }) => [
  { key: 'userUtility', title: `The ${person} would prefer the edited text`, told: 'Question 1, as a share of pairs. The paper calls it user utility.', words: percent, range: [0, 1], chance: 0.5 },
  { key: 'raterUtility', title: 'Who rated prefers it', told: 'Question 8, likewise: rater utility.', words: percent, range: [0, 1], chance: 0.5 },
  { key: 'ratingGain', title: `Stars that the ${person} would give more`, told: 'Questions 3 and 4: the edited text less the original.', words: stars, range: [-4, 4], chance: 0 },
  { key: 'appeal', title: 'It would appeal to more people', told: 'Question 11, as a share of pairs.', words: percent, range: [0, 1], chance: 0.5 },
  { key: 'distance', title: 'How different the two are', told: 'Question 5, from 0 for not at all to 1 for entirely.', words: (value) => decimal(value, 2), range: [0, 1] },
  { key: 'consistency', title: 'Answers that agree with themselves', told: 'Stars (questions 3 and 4) that do not contradict question 1.', words: percent, range: [0, 1] },
  { key: 'positionBias', title: 'Taking the left one too often', told: 'Share of A in question 1, less a half: far from 0, the answers say more about the side than about the text.', words: (value) => signed(value, 2), range: [-0.5, 0.5], chance: 0 },
];

/** `results` are the answers that `report` sums up, one entry for each person. */
export function reportCard(report, results, said) {
  const raters = results.length;
  return element('section', { class: 'rate-report', testid: 'rate-report', 'aria-label': 'Result' },
    element('p', {}, `${count(report.pairs, 'pair')}, rated by ${count(raters, 'person', 'people')}. Behind each figure stands its 95 % interval, by bootstrap over pairs, where there are enough for one.`),
    report.pairs < fewPairs ? element('p', { class: 'notice' }, fewWords(report.pairs)) : null,
    raters > 1 ? element('p', { class: 'soft' }, 'A pair that several people rated counts once for each of them, so the intervals are a little too narrow.') : null,
    element('ul', { class: 'rate-measures' }, ...measuresIn(said).map((measure) => measureLine(measure, report[measure.key], signsOf(results, measure.key)))));
}

function fewWords(pairs) {
  if (pairs < fewestPairs) return `From fewer than ${fewestPairs} pairs nothing can be concluded, whatever they say.`;
  return `With fewer than about ${fewPairs} pairs the intervals are too narrow: take the figures as a first look.`;
}

/** What reads as more than chance has to be so by an exact test, too: a bootstrap over a few pairs that agree is far too sure. */
function measureLine({ title, told, words, range, chance }, interval, signs) {
  const isKnown = Number.isFinite(interval.mean);
  const doubt = isKnown ? doubtWords(interval, chance, signs) : '';
  const between = doubt ? 'too few to tell' : `${words(interval.low)} to ${words(interval.high)}`;
  return element('li', { class: doubt ? 'rate-unsure' : null },
    element('p', { class: 'rate-measure' }, element('span', {}, title), ' ',
      element('b', {}, isKnown ? words(interval.mean) : 'nothing said'), ' ', element('span', { class: 'soft' }, isKnown ? between : '')),
    isKnown && !doubt ? track(interval, range, chance) : null,
    element('p', { class: 'soft' }, told, isKnown ? ` ${doubt || verdict(interval, chance, words)}` : ''));
}

/** Why there is no interval; nothing where there is one. */
function doubtWords(interval, chance, signs) {
  if (signs.pairs < fewestPairs) return `${count(signs.pairs, 'pair')} answered: with fewer than ${fewestPairs}, chance alone may give anything.`;
  const probability = signTest(signs);
  if (chance === undefined || !leavesOut(interval, chance) || probability < level) return '';
  return `${count(signs.more + signs.less, 'answer')} that take a side, ${signs.more} to ${signs.less}: chance gives that or more in ${percent(probability)} of all cases.`;
}

const leavesOut = ({ low, high }, chance) => low > chance || high < chance;

function verdict(interval, chance, words) {
  if (chance === undefined) return '';
  const none = chance === 0 ? '0' : words(chance);
  return leavesOut(interval, chance) ? `The interval leaves out ${none}, which would be no difference.` : `No difference (${none}) lies within the interval.`;
}

/** Only for the eye: the numbers beside it say the same. */
function track({ mean, low, high }, range, chance) {
  const at = (value) => Math.min(99, Math.max(1, (100 * (value - range[0])) / (range[1] - range[0])));
  const line = (from, to, name) => drawing('line', { x1: `${at(from)}%`, x2: `${at(to)}%`, y1: '50%', y2: '50%', class: name });
  const tick = chance === undefined ? [] : [drawing('line', { x1: `${at(chance)}%`, x2: `${at(chance)}%`, y1: '0%', y2: '100%', class: 'rate-chance' })];
  return drawing('svg', { class: 'track', 'aria-hidden': 'true' },
    line(range[0], range[1], 'track-base'), line(low, high, 'track-band'), ...tick,
    drawing('circle', { cx: `${at(mean)}%`, cy: '50%', r: 4.5, class: 'track-after' }));
}

/** Of several people; nothing to say of one. */
export function agreementCard({ user, rater }, raters, { person }) {
  if (raters < 2) return null;
  const told = user.pairs + rater.pairs === 0
    ? [element('p', {}, 'No pair was rated by two people. Save these pairs for somebody else, or have them make the same ones: same catalog, same seed, same settings.')]
    : [agreementLine(`What the ${person} would prefer (question 1)`, user), agreementLine('What they prefer themselves (question 8)', rater)];
  return element('section', { class: 'rate-agreement', testid: 'rate-agreement' }, element('h3', {}, 'Do people agree?'), ...told);
}

function agreementLine(title, { pairs, equal, alpha }) {
  if (pairs === 0) return element('p', {}, `${title}: no pair was answered by two people.`);
  const beyond = Number.isFinite(alpha) ? `Krippendorff’s α ${decimal(alpha, 2)}, where 0 is chance and 1 is perfect` : 'everyone said the same, so that chance cannot be told';
  return element('p', {}, `${title}: `, element('b', {}, `${percent(equal)} equal answers`), ` on ${count(pairs, 'pair')}; ${beyond}.`);
}

/** Which was which, now that nothing can be changed any more. */
export function revealCard({ pairs, answers }, said) {
  return element('section', { testid: 'rate-reveal' }, element('h3', {}, 'Which was which'),
    element('ol', { class: 'rate-reveal' }, ...pairs.map((pair, at) => revealLine(pair, answers[at], at, said))));
}

function revealLine({ user, title, year, isEditedFirst, utilities: [before, after], original, edited }, answers, at, said) {
  const side = isEditedFirst ? 'A' : 'B';
  const chosen = (question) => answerWords(answers[question], question) || 'nothing';
  return element('li', {},
    element('p', {}, element('b', {}, `Pair ${at + 1}: ${side} was edited.`), ` ${itemName({ title, year })}, for ${userName(user, said)}.`),
    element('p', { class: 'soft' }, `You said that the ${said.person} prefers ${chosen(userPrefers)}, and that you prefer ${chosen(raterPrefers)}. The page expected ${signed(after - before)} utility of the edits.`),
    element('details', { class: 'more' }, element('summary', {}, 'Both texts'),
      element('h4', {}, 'Original'), element('p', { class: 'plot' }, original.plot),
      element('h4', {}, 'Edited'), element('p', { class: 'plot' }, edited.plot)));
}
