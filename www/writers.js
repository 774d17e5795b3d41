/**
 * Who can write the edits. Of each: what the page says about it, `fill` for what its fields have to know first, and `ready`,
 * which gives the model that the library is to ask, or throws with what stands in the way.
 */
import { diagnose, promptApi } from '/pkg/llm/index.js';
import { byId, element } from './dom.js';
import { bytes, percent } from './format.js';
import { ollamaModels } from './ollama.js';
import { isKept, loadWebLlm, webLlmModels } from './web-llm.js';

const staysHere = 'Ratings stay in this tab; a key is kept until the tab is closed, and nowhere else.';
const sentTo = (server) => ({ noun, person }) => `the text of the ${noun} that is steered, genres and words that the ${person} likes, and every edit, to ${server}. ${staysHere}`;
const answers = 'It answers, and writes from now on.';

const nothingLeaves = ({ plural }) => `nothing. The one thing it fetches is the model. Ratings, ${plural} and texts stay in this tab; sentence vectors are kept in this browser to make the next visit faster.`;

export const writers = {
  none: {
    name: 'nobody yet',
    explanation: 'Nobody writes edits for this catalog yet: choose a language model, or the simulator, a toy that writes film sentences whatever the catalog holds.',
    leaves: nothingLeaves,
  },
  simulator: {
    name: 'simulator',
    explanation: 'The edits are made by a simulator, not by a language model: a seeded stand-in that needs no key and no network. '
      + 'Its prose is put together from prepared sentences about films. Where each text lands on the map is measured for real, by a sentence encoder running in this page.',
    leaves: nothingLeaves,
    done: 'The simulator writes.',
    ready: async () => ({}),
  },
  server: {
    explanation: 'The edits are proposed and written by the language model at this address. Where each text lands on the map is measured by the sentence encoder running in this page.',
    leaves: sentTo('the server that you named'),
    done: answers,
    ready: (calling) => answering({ baseUrl: field('llm-address'), model: field('llm-model') }, field('llm-key'), calling),
  },
  ollama: {
    explanation: 'The edits are proposed and written by a language model in Ollama. Where each text lands on the map is measured by the sentence encoder running in this page.',
    leaves: sentTo('Ollama at the address that you named'),
    done: answers,
    fill: listOllamaModels,
    ready: (calling) => answering({ baseUrl: field('ollama-address'), model: field('ollama-model') }, '', calling),
  },
  webllm: {
    explanation: 'The edits are proposed and written by a language model that runs in this tab, on its graphics card. Where each text lands on the map is measured by the sentence encoder running in this page.',
    leaves: ({ plural }, loaded) => `nothing: the language model runs in this tab. Its files come from ${hostNames(loaded)}, which can see that they are asked for. Ratings, ${plural} and texts stay in this tab.`,
    done: 'It is loaded, and writes from now on.',
    fill: listWebLlmModels,
    ready: loadChosen,
  },
  browser: {
    explanation: 'The edits are proposed and written by the language model that is built into this browser.',
    leaves: ({ plural }) => `nothing: the language model is this browser’s own. Ratings, ${plural} and texts stay in this tab.`,
    done: 'It is there, and writes from now on.',
    ready: builtIn,
  },
};

/** What WebLLM offers, by name, once it was asked. */
const offered = new Map();

/** Wires the fields that depend on others. `onLook()` fills them again. */
export function wireWriterFields({ onLook }) {
  byId('ollama-address').addEventListener('change', onLook);
  byId('ollama-look').addEventListener('click', onLook);
  byId('webllm-model').addEventListener('change', tellDownload);
}

const field = (id) => byId(id).value.trim();

async function answering(llm, key, { signal, say }) {
  say('Asking it a short question…');
  const asked = { ...llm, ...(key && { getToken: async () => key }) };
  const { trouble, seen, fix } = await diagnose(asked, { signal });
  signal.throwIfAborted();
  if (trouble) throw notYet(seen, fix);
  return { llm: asked };
}

const notYet = (seen, fix) => Object.assign(new Error(`That does not work yet: ${seen}.`), { hint: fix });

async function listOllamaModels({ signal, say }) {
  const select = byId('ollama-model');
  select.replaceChildren();
  say('Asking Ollama which models it has…');
  const names = await namesOrDiagnosis(field('ollama-address'), signal);
  signal.throwIfAborted();
  if (names.length === 0) throw notYet('Ollama runs, and has no model', 'Get one in a terminal, such as “ollama pull qwen3:8b”, then list its models again.');
  select.append(...names.map((name) => element('option', { value: name }, name)));
  say('');
}

/** A browser does not say why a list cannot be had: what stands in the way of a question stands in its way, too. */
async function namesOrDiagnosis(baseUrl, signal) {
  try {
    return await ollamaModels(baseUrl, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const { trouble, seen, fix } = await diagnose({ baseUrl, model: 'any' }, { signal });
    signal.throwIfAborted();
    if (trouble && trouble !== 'model') throw notYet(seen, fix);
    throw notYet(error.message, 'If this is another server, choose “A language model behind an address”.');
  }
}

async function listWebLlmModels({ signal, say }) {
  say('Reading which models WebLLM has…');
  const { small, others, usual } = await webLlmModels();
  signal.throwIfAborted();
  offered.clear();
  for (const model of [...small, ...others]) offered.set(model.id, model);
  const group = (label, models) => element('optgroup', { label }, ...models.map(({ id, label: name, size }) => element('option', { value: id }, `${name}, ${bytes(size)}`)));
  byId('webllm-model').replaceChildren(group('Small, made to follow instructions', small), group('All others', others));
  byId('webllm-model').value = usual;
  await tellDownload();
  say('');
}

/** Before anything is downloaded: how much, from where, and where it stays. */
async function tellDownload() {
  const model = offered.get(byId('webllm-model').value);
  if (!model) return;
  const isHere = await isKept(model.id);
  if (byId('webllm-model').value !== model.id) return;
  const download = isHere
    ? 'It is in this browser already: nothing large is downloaded.'
    : `The download, which is less than that, comes from ${hostNames(model)} when you press the button, not before. `
      + 'It is kept in this browser’s storage for this site until you clear that.';
  byId('webllm-note').textContent = `It takes about ${bytes(model.size)} of the graphics card’s memory. ${download}`;
}

const hostNames = ({ hosts }) => new Intl.ListFormat('en').format(hosts);

/** A model that has to be downloaded first is downloaded now: browsers allow that right after a click, and it lasts. */
async function builtIn({ signal, say, onProgress }) {
  const { LanguageModel } = globalThis;
  const availability = await LanguageModel.availability();
  signal.throwIfAborted();
  if (availability === 'unavailable') throw notYet('this browser has no language model for this device', 'Choose another one above.');
  const stage = availability === 'available' ? 'Starting the browser’s model…' : 'The browser downloads its model…';
  say(stage);
  const monitor = (download) => download.addEventListener('downloadprogress', ({ loaded, total }) => {
    // Shares of 1, or bytes in older browsers.
    const share = total > 1 ? loaded / total : loaded;
    onProgress({ stage, share, amount: percent(share) });
  });
  const session = await LanguageModel.create({ signal, monitor });
  session.destroy();
  return { llm: promptApi() };
}

async function loadChosen({ signal, say, onProgress }) {
  const { id, hosts } = offered.get(byId('webllm-model').value);
  say('Starting WebLLM…');
  const loaded = await loadWebLlm(id, { signal, onProgress });
  return { ...loaded, hosts };
}
