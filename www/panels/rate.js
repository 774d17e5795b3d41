/** The panel where people rate: pairs are made, judged blind with the paper's eleven questions, and summed up. */
import { byId, element } from '../dom.js';
import { hideError, showError } from '../errors.js';
import { count, isCancelled } from '../format.js';
import { saveFile } from '../map-export.js';
import { inTurn } from '../turns.js';
import { catalogName, words, wordsFor } from '../words.js';
import { pairForm } from './rate-form.js';
import { makePairs, pairsName, withoutRepeats } from './rate-pairs.js';
import { agreementOf, begin, exported, exportedCsv, exportedPairs, forget, imported, keep, kept, opinionsOf } from './rate-record.js';
import { agreementCard, reportCard, revealCard } from './rate-report.js';
import { costOfPairs, noPairWords, progressWords, shareOf, startForm } from './rate-start.js';

const largestFile = 20e6;

export function open(root, context) {
  /** What is rated; null until there are pairs. */
  let rating = kept();
  /** What other people exported. */
  let others = [];

  const content = element('div', { class: 'rate-content' });

  /** The box of errors may stand in what goes. */
  function fill(...nodes) {
    hideError();
    content.before(byId('error'));
    content.replaceChildren(...nodes);
  }

  function show() {
    if (!rating) showStart();
    else if (rating.isDone) showResult();
    else showPair();
  }

  function showStart() {
    fill(element('h2', {}, 'Rate'),
      element('p', {}, `You see two texts for a ${words().person}, of which one was edited. You are not told which, and answer the paper’s eleven questions. Nothing is sent anywhere: answers stay in this tab until you save them.`),
      startForm(context, make), element('div', { id: 'rate-offer' }), openPairsField());
  }

  async function make(settings, rater, { signal, report }) {
    const pairs = [];
    let unchanged = 0;
    const started = { settings, catalog: catalogName(), writer: document.body.dataset.writer ?? 'simulator', rater };
    const { model, info } = context;
    // The same seed draws the same people, whether or not the visitor is among them.
    const users = settings.viewer === null ? info.users : context.everybody();
    const onWait = (told) => report(told, null);
    hideError();
    byId('rate-offer').replaceChildren();
    try {
      report(await inTurn(model, { name: pairsName, signal, onWait }, () => costOfPairs(model, users, settings, signal)), null);
      await makePairs({
        model, users, settings, signal, onWait,
        onPair: (pair) => pairs.push(pair),
        onKept: () => { unchanged += 1; },
        onProgress: (made, progress) => report(`Making pair ${made + 1} of ${settings.count}: ${progressWords(progress)}`, (made + shareOf(progress)) / settings.count),
      });
    } catch (error) {
      // A panel that is gone, because another catalog was opened, has nothing to say any more.
      if (!root.isConnected) return undefined;
      report('', null);
      if (!isCancelled(error)) return showError(error, { title: 'The pairs could not be made', before: content.firstChild });
    }
    if (signal.aborted) return offer({ ...started, pairs, kept: unchanged }, report);
    if (pairs.length === 0) return report(noPairWords(unchanged), null);
    return start({ ...started, pairs, kept: unchanged });
  }

  /** What was made before it was cancelled need not be lost. */
  function offer(made, report) {
    report('Cancelled.', null);
    if (made.pairs.length === 0) return;
    const words = made.pairs.length === 1 ? 'Rate the pair that is made' : `Rate the ${count(made.pairs.length, 'pair')} that are made`;
    byId('rate-offer').replaceChildren(element('button', { type: 'button', class: 'button', testid: 'rate-offer', onclick: () => start(made, { isPart: true }) }, words));
  }

  /** `leftOut` are pairs that would have shown which text of another was the original; `isPart` where making them was cut short. */
  function start(made, { leftOut = 0, isPart = leftOut > 0 } = {}) {
    rating = { ...begin(made), leftOut, isPart };
    keep(rating);
    show();
    root.querySelector('input[type="radio"]').focus({ preventScroll: true });
    root.scrollIntoView({ block: 'start' });
  }

  function showPair() {
    const form = pairForm(rating, {
      onAnswer: (question, choice) => {
        rating.answers[rating.at][question] = choice;
        keep(rating);
      },
      onBack: () => goTo(rating.at - 1),
      onNext: () => goTo(rating.at + 1),
    });
    const told = rating.leftOut > 0 && rating.at === 0
      ? `${count(rating.leftOut, 'pair')} of the file ${rating.leftOut === 1 ? 'is' : 'are'} left out: who sees a text twice knows that it is the original.` : '';
    fill(element('h2', {}, 'Rate'), ...(told ? [element('p', { class: 'notice', testid: 'rate-left-out' }, told)] : []), form, overButton('Give up and start over', startOver));
  }

  function goTo(at) {
    rating.isDone = at >= rating.pairs.length;
    rating.at = Math.min(Math.max(at, 0), rating.pairs.length - 1);
    keep(rating);
    show();
    if (rating.isDone) return root.scrollIntoView({ block: 'start' });
    const form = root.querySelector('.rate-form');
    form.scrollIntoView({ block: 'start' });
    return form.querySelector('input[type="radio"]').focus({ preventScroll: true });
  }

  async function showResult() {
    const own = exported(rating);
    const results = [own, ...others];
    const said = wordsFor(rating.catalog);
    const place = element('div', { class: 'rate-summary', 'aria-live': 'polite' });
    fill(element('h2', {}, 'Result'), place, savings(own, results), poolField(), revealCard(rating, said), overButton('Rate other pairs', startOver));
    try {
      const turn = { name: 'the result in Rate', onWait: (told) => place.replaceChildren(element('p', {}, told)) };
      const report = await inTurn(context.model, turn, () => context.model.raterReport(results.flatMap(opinionsOf)));
      place.replaceChildren(reportCard(report, results, said), ...[agreementCard(agreementOf(results), results.length, said)].filter(Boolean), keptNote());
    } catch (error) {
      showError(error, { title: 'The answers could not be summed up', before: place, onRetry: showResult });
    }
  }

  function keptNote() {
    const words = rating.kept > 0
      ? `${count(rating.kept, 'more run')} ended with the original, because no edit was worth more. There was nothing to compare, so other starts took their place: the figures above are about edits that the page believed in.`
      : 'Every run that was started led to an edited text.';
    const fewer = rating.pairs.length < rating.settings.count && !rating.isPart
      ? ` There are fewer pairs than were asked for, because no ${wordsFor(rating.catalog).noun} is shown in two.` : '';
    return element('p', { class: 'soft' }, words + fewer);
  }

  function savings(own, results) {
    const name = `aquiline-ratings-${own.rater || own.session}`.replace(/[^\w.-]/g, '_');
    return element('section', {}, element('h3', {}, 'Save'),
      element('p', { class: 'rate-actions' },
        saving('As JSON', `${name}.json`, 'save-ratings', () => `${JSON.stringify(own, null, 1)}\n`),
        saving(results.length > 1 ? 'All as CSV' : 'As CSV', `${name}.csv`, 'save-ratings-csv', () => exportedCsv(results)),
        saving('These pairs, for another person', 'aquiline-pairs.json', 'save-pairs', () => JSON.stringify(exportedPairs(rating)))),
      element('p', { class: 'soft' }, 'Results have ids, seeds, fingerprints of the texts and your answers. The pairs have the texts, too.'));
  }

  function poolField() {
    const field = fileField('rate-import', 'Add results of other people', true, async (files) => {
      const read = await Promise.all(files.map(readImport));
      for (const result of read) addOther(result);
      showResult();
    });
    const added = others.map(({ rater, session, pairs }) => element('li', {}, `${rater || session}: ${count(pairs.length, 'pair')}`));
    return element('section', {}, element('h3', {}, 'Pool'), field, element('ul', { class: 'rate-others' }, ...added));
  }

  function addOther(result) {
    if (result.format !== 'aquiline-ratings') throw new Error('These are pairs without answers. Choose results.');
    const isKnown = [rating, ...others].some(({ session }) => session === result.session);
    if (!isKnown) others = [...others, result];
  }

  function openPairsField() {
    return fileField('rate-open-pairs', 'Or rate pairs that somebody saved', false, async ([file]) => {
      const read = await readImport(file);
      if (read.format !== 'aquiline-pairs') throw new Error('These are results. Choose a file of pairs.');
      const pairs = withoutRepeats(read.pairs);
      start({ ...read, pairs, rater: byId('rate-name').value.trim() }, { leftOut: read.pairs.length - pairs.length });
    });
  }

  function startOver() {
    forget();
    rating = null;
    others = [];
    show();
  }

  root.replaceChildren(content);
  show();
}

/** A field for files that others saved; `work(files)` may throw what is wrong with them. */
function fileField(testid, title, multiple, work) {
  const input = element('input', { type: 'file', accept: '.json,application/json', multiple, id: testid, testid });
  input.addEventListener('change', async () => {
    const files = [...input.files];
    // The same file can be chosen again.
    input.value = '';
    if (files.length === 0) return;
    hideError();
    await work(files).catch((error) => showError(error, { title: 'The file could not be used', before: input.parentElement }));
  });
  return element('div', { class: 'rate-file' }, element('label', { for: testid }, title), input);
}

/** Asks for a second press, so that an hour of answers is not lost by one. */
function overButton(words, onOver) {
  const button = element('button', { type: 'button', class: 'button small', testid: 'rate-over' }, words);
  button.addEventListener('click', () => {
    if (button.dataset.asked !== undefined) return onOver();
    button.dataset.asked = '';
    button.textContent = 'Press again: the answers in this tab will be gone';
    return undefined;
  });
  return element('p', { class: 'rate-over' }, button);
}

function saving(title, name, testid, text) {
  return element('button', { type: 'button', class: 'button small', testid, onclick: () => saveFile(new Blob([text()], { type: name.endsWith('.csv') ? 'text/csv;charset=utf-8' : 'application/json' }), name) }, title);
}

async function readImport(file) {
  if (file.size > largestFile) throw new Error(`${file.name} is too large to be a file of ratings.`);
  return imported(await file.text(), file.name);
}
