/** The badge that says who writes the edits, its form, and the change from one writer to another. */
import { byId } from './dom.js';
import { count, errorWords } from './format.js';
import { inTurn } from './turns.js';
import { words } from './words.js';
import { isWebLlmServed } from './web-llm.js';
import { wireWriterFields, writers } from './writers.js';

/**
 * Wires the badge. `use(model, { isEmbedded })` says whom it is about from now on: the simulator writes for the embedded films, nobody
 * for a catalog of one's own, until something else was tried. `close()` says that there is no catalog for now.
 */
export function openEnvironment() {
  const form = byId('environment-form');
  const choice = byId('writer');
  /** Aborts what is tried; null while nothing is. */
  let trying = null;
  let model = null;
  /** What the writer in use holds, such as an engine; `close()` lets go of it. */
  let held = {};

  byId('writer-browser').hidden = byId('writer-browser').disabled = !('LanguageModel' in globalThis);

  function showFields() {
    for (const fields of form.querySelectorAll('fieldset')) fields.hidden = fields.disabled = fields.id !== `${choice.value}-fields`;
    byId('questions-field').hidden = ['none', 'simulator'].includes(choice.value);
    say('');
  }

  function say(told, isTrouble = false) {
    const status = byId('environment-status');
    // It is read out when it changes, and only then.
    if (status.textContent !== told) status.textContent = told;
    status.classList.toggle('trouble', isTrouble);
    byId('no-writer-status').textContent = told;
  }

  function showProgress({ stage, share, amount }) {
    say(stage);
    showBar(true);
    byId('writer-progress').value = share;
    byId('writer-amount').textContent = amount;
  }

  /** Does what can be cancelled, one thing at a time; what goes wrong is said in the form. */
  async function attempt(work) {
    const mine = new AbortController();
    const { signal } = mine;
    showTrying(mine);
    say('');
    const onlyMine = (tell) => (...told) => trying === mine && !signal.aborted && tell(...told);
    try {
      await work({ signal, say: onlyMine(say), onProgress: onlyMine(showProgress) });
    } catch (error) {
      // Something else was chosen in between, or another catalog came.
      if (trying !== mine) return;
      const { message, hint } = errorWords(error);
      if (signal.aborted) say('Cancelled.');
      else say(`${message} ${hint}`.trim(), true);
    } finally {
      if (trying === mine) showTrying(null);
    }
  }

  function showTrying(next) {
    trying = next;
    byId('use-writer').textContent = next ? 'Cancel' : 'Use it';
    // What is still to be filled in is no reason not to cancel.
    form.noValidate = Boolean(next);
    showBar(false);
  }

  function stopTrying() {
    trying?.abort();
    showTrying(null);
  }

  /** What a writer needs to know before somebody can choose there, such as which models there are. */
  function fill() {
    stopTrying();
    const { fill: fillFields } = writers[choice.value];
    if (fillFields) attempt(fillFields);
  }

  async function changeTo(writer, calling) {
    // A graphics card seldom has room for two.
    if (writer === 'webllm' && held.close) await changeTo('simulator', calling);
    const { signal, say: tell } = calling;
    const ready = await writers[writer].ready(calling);
    const changed = model;
    try {
      const turn = { name: 'the change of who writes', signal, onWait: (told) => tell(told) };
      const budget = { calls: byId('llm-questions').valueAsNumber };
      // The simulator is asked for by name: for a catalog of one's own it is not what is meant where nobody is named.
      await inTurn(changed, turn, () => changed.useModel(ready.llm ? { llm: ready.llm, budget } : { llm: 'simulator' }));
    } catch (error) {
      ready.close?.();
      throw error;
    }
    if (model === changed) show(writer, ready);
    else ready.close?.();
  }

  function show(writer, ready = {}) {
    if (held !== ready) held.close?.();
    held = ready;
    document.body.dataset.writer = writer;
    byId('environment-name').textContent = ready.llm?.model ?? writers[writer].name;
    byId('no-writer').hidden = writer !== 'none';
    byId('environment-explanation').textContent = writers[writer].explanation;
    byId('leaves').textContent = writers[writer].leaves(words(), ready);
  }

  function change() {
    const writer = choice.value;
    if (writer === 'none') return say('Choose who writes, in the list above.');
    return attempt(async (calling) => {
      await changeTo(writer, calling);
      calling.say(writers[writer].done);
    });
  }

  /** A press elsewhere closes the badge, so it opens when this press is over. */
  byId('choose-writer').addEventListener('click', () => setTimeout(() => {
    byId('environment-badge').open = true;
    choice.focus();
  }));
  byId('use-simulator').addEventListener('click', () => {
    stopTrying();
    choice.value = 'simulator';
    showFields();
    change();
  });
  choice.addEventListener('change', () => {
    stopTrying();
    showFields();
    fill();
  });
  wireWriterFields({ onLook: fill });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (trying) trying.abort();
    else change();
  });
  byId('environment-badge').addEventListener('toggle', offerWebLlm, { once: true });
  showFields();
  show('simulator');
  return {
    use(another, { isEmbedded }) {
      stopTrying();
      model = another;
      const writer = isEmbedded ? 'simulator' : 'none';
      byId('writer-none').hidden = byId('writer-none').disabled = isEmbedded;
      byId('writer-simulator').textContent = isEmbedded ? 'The simulator' : 'The simulator, a toy that writes film sentences';
      byId('environment-badge').hidden = false;
      choice.value = writer;
      form.hidden = false;
      showFields();
      show(writer);
    },
    close() {
      stopTrying();
      show('simulator');
      form.hidden = true;
      byId('environment-badge').hidden = true;
      byId('environment-badge').open = false;
    },
  };
}

function showBar(isShown) {
  for (const id of ['writer-progress', 'writer-amount']) byId(id).hidden = !isShown;
}

/** Only where somebody looks for it: most visitors' page has no such library, and the question for it would be for nothing. */
async function offerWebLlm() {
  if (!navigator.gpu) return;
  const isServed = await isWebLlmServed();
  byId('writer-webllm').hidden = false;
  byId('writer-webllm').disabled = !isServed;
  byId('webllm-missing').hidden = isServed;
}

/** "about 115 questions, 42,000 tokens"; nothing for the simulator, which asks nobody. */
export function costWords({ calls, tokens }) {
  return calls === 0 ? '' : `${count(calls, 'question')}, ${count(tokens, 'token')}`;
}
