/** What a comparison came to: the plot, the table, and what may be concluded from them. */
import { element } from '../dom.js';
import { count, decimal, percent, signed } from '../format.js';
import { words } from '../words.js';
import { forestPlot, intervalWords, orderOf } from './compare-plot.js';
import { choiceField, wideTable } from './work.js';

const headings = ['Arm', 'Gain', 'Over the first', 'Identity', 'Distance', 'Kept', 'Rewrites', 'Pairs'];
/** With fewer pairs a bootstrap's interval is too narrow, and still wide. */
const fewPairs = 20;
/** With fewer, arms of no difference agree on a sign too often by chance, whatever a bootstrap says. */
const fewestPairs = 6;

/** Returns `{ node, show(report) }`; what is plotted and in which order stays as it was chosen. */
export function comparisonReport() {
  const [whichLabel, which] = choiceField('Plot', 'compare-which', [['gain', 'Gain over the original'], ['overFirst', 'Gain over the first arm']]);
  const [sortingLabel, sorting] = choiceField('Order', 'compare-order', [['chosen', 'As chosen'], ['best', 'Best first']]);
  const table = wideTable('Means over pairs, with 95 % intervals by bootstrap', headings, 'compare-table');
  const plot = element('div', { class: 'compare-plot' });
  const words = element('div', { class: 'compare-words' });
  let shown = [];

  function show(report) {
    shown = report;
    const order = orderOf(report, sorting.value, which.value);
    plot.replaceChildren(forestPlot(report, which.value, order));
    table.show(order.map((arm) => row(report[arm], arm)));
    words.replaceChildren(...readingWords(report).map((sentence) => element('p', {}, sentence)));
  }

  for (const choice of [which, sorting]) choice.addEventListener('change', () => show(shown));
  return {
    show,
    node: element('section', { class: 'compare-report', 'aria-label': 'Comparison' },
      element('div', { class: 'work-fields' }, whichLabel, sortingLabel), plot, words,
      table.node, element('p', { class: 'soft' }, 'Means over pairs, with 95 % intervals by bootstrap.'),
      element('details', { class: 'more' }, element('summary', {}, 'What the columns are'), element('dl', { class: 'work-meanings' }, ...Object.entries(meanings).flatMap(([title, told]) => [element('dt', {}, title), element('dd', {}, told)])))),
  };
}

const meanings = {
  Gain: 'utility of the text that was found, less that of the text it began with, whether or not that is better; 1.0 would be the top rating',
  'Over the first': 'its gain less that of the first arm, pair by pair',
  Identity: 'cosine of the sentence vectors before and after: 1 is the same text',
  Distance: 'how far the text moved on the map, in all its dimensions',
  Kept: 'share of pairs where nothing better was found, so that steering would keep the original',
  Rewrites: 'how many a pair took',
};

function row(arm, number) {
  const { name, pairs, gain, overFirst, identity, distance, kept, environmentCalls } = arm;
  const cells = pairs === 0 ? Array(6).fill('–') : [
    intervalWords(gain, signed), number === 0 ? 'the first' : intervalWords(overFirst, signed),
    intervalWords(identity, decimal, 2), intervalWords(distance, decimal, 2), percent(kept), decimal(environmentCalls, environmentCalls % 1 ? 1 : 0),
  ];
  return [name, ...cells, String(pairs)];
}

/** How to read it, and what speaks against believing it. */
export function readingWords(report) {
  const { plural, people } = words();
  const pairs = Math.min(...report.map((arm) => arm.pairs));
  const others = report.slice(1).filter(({ overFirst }) => Number.isFinite(overFirst.mean));
  return [
    pairs < fewPairs ? `Few pairs give wide intervals, and with fewer than about ${fewPairs} they should be a little wider still. There are ${pairs}: a first look.` : '',
    'An interval that crosses 0 is no evidence. Differences to the first arm are taken pair by pair, so they tell more than two intervals side by side.',
    pairs >= fewestPairs ? verdict(report[0].name, others) : `From fewer than ${fewestPairs} pairs nothing can be concluded.`,
    `Pairs begin with ${plural} that ${people} are predicted to like least. Almost any edit gains there, even a random one: look at the differences.`,
  ].filter(Boolean);
}

function verdict(first, others) {
  const named = (arms) => arms.map(({ name }) => name).join(', ');
  const better = others.filter(({ overFirst }) => overFirst.low > 0);
  const worse = others.filter(({ overFirst }) => overFirst.high < 0);
  const unsure = others.filter((arm) => !better.includes(arm) && !worse.includes(arm));
  return [
    better.length > 0 ? `Better than “${first}” here: ${named(better)}.` : '',
    worse.length > 0 ? `Worse: ${named(worse)}.` : '',
    unsure.length > 0 ? `No evidence either way: ${named(unsure)}.` : '',
  ].filter(Boolean).join(' ');
}
