/** Who writes the edits: the simulator, a server with a language model, or the browser's own model. */
import { diagnose, promptApi } from '/pkg/llm/index.js';
import { byId } from './dom.js';
import { count, errorWords } from './format.js';
import { inTurn } from './turns.js';
import { words } from './words.js';

const explanations = {
  simulator: 'The edits are made by a simulator, not by a language model: a seeded stand-in that needs no key and no network. '
    + 'Its prose is put together from prepared sentences. Where each text lands on the map is measured for real, by a sentence encoder running in this page.',
  server: 'The edits are proposed and written by the language model at this address. Where each text lands on the map is measured by the sentence encoder running in this page.',
  browser: 'The edits are proposed and written by the language model that is built into this browser.',
};

/** In the words for the catalog in use. */
const leaves = {
  simulator: ({ plural }) => `nothing. The one thing it fetches is the model. Ratings, ${plural} and texts stay in this tab; sentence vectors are kept in this browser to make the next visit faster.`,
  server: ({ noun, person }) => `the text of the ${noun} that is steered, genres and words that the ${person} likes, and every edit, to the server that you named. Ratings stay in this tab; a key is kept until the tab is closed, and nowhere else.`,
  browser: ({ plural }) => `nothing: the language model is this browser’s own. Ratings, ${plural} and texts stay in this tab.`,
};

/** Wires the badge. `use(model)` says whom it is about from now on, with the simulator until something else was tried. */
export function openEnvironment() {
  const form = byId('environment-form');
  const choice = byId('writer');
  /** Aborts what is tried; null while nothing is. */
  let trying = null;
  let model = null;

  byId('writer-browser').hidden = byId('writer-browser').disabled = !('LanguageModel' in globalThis);

  function showFields() {
    byId('server-fields').hidden = byId('server-fields').disabled = choice.value !== 'server';
    byId('questions-field').hidden = choice.value === 'simulator';
    say('');
  }

  function say(told, isTrouble = false) {
    byId('environment-status').textContent = told;
    byId('environment-status').classList.toggle('trouble', isTrouble);
  }

  /** What the library is to ask; nothing for the simulator. */
  function chosen() {
    if (choice.value === 'browser') return promptApi();
    if (choice.value !== 'server') return undefined;
    const key = byId('llm-key').value.trim();
    return { baseUrl: byId('llm-address').value.trim(), model: byId('llm-model').value.trim(), ...(key && { getToken: async () => key }) };
  }

  async function change() {
    const mine = new AbortController();
    showTrying(mine);
    try {
      await changeTo(choice.value, mine.signal);
    } catch (error) {
      // Another catalog came in between, with its own beginning.
      if (trying !== mine) return;
      const { message, hint } = errorWords(error);
      if (mine.signal.aborted) say('Cancelled.');
      else say(`${message} ${hint}`, true);
    } finally {
      if (trying === mine) showTrying(null);
    }
  }

  async function changeTo(writer, signal) {
    const llm = chosen();
    if (writer === 'server') {
      say('Asking it a short question…');
      const { trouble, seen, fix } = await diagnose(llm, { signal });
      signal.throwIfAborted();
      if (trouble) return say(`That does not work yet: ${seen}. ${fix}`, true);
    }
    const turn = { name: 'the change of who writes', signal, onWait: (told) => say(told) };
    await inTurn(model, turn, () => model.useModel(llm && { llm, budget: { calls: byId('llm-questions').valueAsNumber } }));
    show(writer, llm?.model);
    return say(writer === 'simulator' ? 'The simulator writes.' : 'It answers, and writes from now on.');
  }

  function showTrying(next) {
    trying = next;
    byId('use-writer').textContent = next ? 'Cancel' : 'Use it';
  }

  function show(writer, name) {
    document.body.dataset.writer = writer;
    byId('environment-name').textContent = writer === 'simulator' ? 'simulator' : name;
    byId('environment-explanation').textContent = explanations[writer];
    byId('leaves').textContent = leaves[writer](words());
  }

  choice.addEventListener('change', showFields);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (trying) trying.abort();
    else change();
  });
  showFields();
  show('simulator');
  return {
    use(another) {
      trying?.abort();
      showTrying(null);
      model = another;
      choice.value = 'simulator';
      form.hidden = false;
      showFields();
      show('simulator');
    },
  };
}

/** "about 115 questions, 42,000 tokens"; nothing for the simulator, which asks nobody. */
export function costWords({ calls, tokens }) {
  return calls === 0 ? '' : `${count(calls, 'question')}, ${count(tokens, 'token')}`;
}
