/** Language models in this tab: the library WebLLM, which the page's own server has where somebody installed it. */
import { webllm } from '/pkg/llm/index.js';
import { percent } from './format.js';

const address = '/web-llm/index.js';
const library = () => import(address);

export async function isWebLlmServed() {
  try {
    return (await fetch(address, { method: 'HEAD' })).ok;
  } catch {
    return false;
  }
}

/** A question has up to some two thousand tokens and an answer as many: models made shorter than this break off. */
const leastContext = 4096;
const mostSmall = 4e9;
const followsInstructions = /instruct|chat|zephyr|-it-|^qwen3/i;
const madeForOthers = /coder|math|reason|base|-r1-|jpn/i;

/**
 * The models that this graphics card can have, those that need least memory first: `small` ones and `others`, each with
 * `id`, `label`, `size` (bytes of graphics memory) and `hosts`, and the id of the `usual` choice.
 */
export async function webLlmModels() {
  const [{ prebuiltAppConfig }, adapter] = await Promise.all([library(), navigator.gpu.requestAdapter()]);
  if (!adapter) throw Object.assign(new Error('This browser finds no graphics card to run a model on.'), { hint: 'Choose another way to write.' });
  const models = prebuiltAppConfig.model_list.filter((record) => canBeUsed(record, adapter)).map(described);
  models.sort((a, b) => a.size - b.size);
  const isSmall = ({ id, size }) => size < mostSmall && followsInstructions.test(id) && !madeForOthers.test(id);
  const small = models.filter(isSmall);
  const usual = (small.find(({ id }) => billions(id) >= 1) ?? small[0] ?? models[0])?.id;
  return { small, others: models.filter((model) => !isSmall(model)), usual };
}

/** Whether all of its weights are in this browser. */
export async function isKept(id) {
  const { hasModelInCache } = await library();
  return hasModelInCache(id).catch(() => false);
}

function canBeUsed({ model_type: type = 0, vram_required_MB: megabytes, overrides, required_features: features = [] }, adapter) {
  const isLanguageModel = type === 0;
  const isLongEnough = (overrides?.context_window_size ?? leastContext) >= leastContext;
  return isLanguageModel && isLongEnough && megabytes > 0 && features.every((feature) => adapter.features.has(feature));
}

function described({ model_id: id, model, model_lib: program, vram_required_MB: megabytes }) {
  const hosts = [...new Set([model, program].map((url) => new URL(url, location.href).host))];
  return { id, label: id.replace(/-MLC$/, ''), size: megabytes * 1e6, hosts };
}

/** Of parameters, as names say it: 1.5 of "Qwen2.5-1.5B-Instruct". */
const billions = (id) => Number(/-(\d+(?:\.\d+)?)b\b/i.exec(id)?.[1] ?? 0);

/**
 * Loads a model, and gives `{ llm, close }`. `onProgress({ stage, share, amount })` is told how far it is; a `signal` that is
 * aborted ends it at once.
 */
export async function loadWebLlm(id, { signal, onProgress }) {
  const { WebWorkerMLCEngine } = await library();
  signal.throwIfAborted();
  const worker = new Worker(new URL('./web-llm-worker.js', import.meta.url), { type: 'module' });
  const { ended, end } = endOf(worker);
  const leave = () => end(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    const engine = new WebWorkerMLCEngine(worker, { initProgressCallback: (report) => onProgress(progressOf(report)) });
    await Promise.race([engine.reload(id), ended]);
    return { llm: webllm(until(ended, engine), { model: id, extra: extraOf(id) }), close: () => end(new Error('the model was unloaded')) };
  } catch (error) {
    end(error);
    throw signal.aborted ? signal.reason : loadingFailure(error);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** The library waits for ever on a worker that is gone: `ended` rejects then, with what `end(reason)` said or the worker failed of. */
function endOf(worker) {
  let end;
  const ended = new Promise((_, reject) => {
    end = (reason) => {
      worker.terminate();
      reject(reason);
    };
  });
  worker.addEventListener('error', ({ message }) => end(new Error(`WebLLM stopped: ${message || 'its worker cannot start'}`)));
  ended.catch(() => {});
  return { ended, end };
}

function until(ended, engine) {
  const create = (request) => Promise.race([engine.chat.completions.create(request), ended]);
  return { chat: { completions: { create } }, interruptGenerate: () => engine.interruptGenerate() };
}

/** These models think before they answer unless they are told not to, and others do not understand being told. */
const extraOf = (id) => (/^qwen3/i.test(id) ? { extra_body: { enable_thinking: false } } : {});

const stages = [
  ['Fetching param cache', 'Downloading the model…'],
  ['Loading model from cache', 'Taking the model to the graphics card…'],
  ['Loading GPU shader modules', 'Preparing the graphics card…'],
];

/** The library says where it is in a sentence of its own. */
function progressOf({ progress, text }) {
  const said = String(text);
  const stage = stages.find(([start]) => said.startsWith(start))?.[1] ?? 'Loading the model…';
  const share = Number.isFinite(progress) ? Math.min(1, Math.max(0, progress)) : 0;
  const megabytes = /\b(\d{1,6})MB\b/.exec(said)?.[1];
  return { stage, share, amount: [percent(share), megabytes && `${megabytes} MB`].filter(Boolean).join(', ') };
}

function loadingFailure(error) {
  const said = String(error?.message ?? error).slice(0, 300).replace(/\.$/, '');
  return Object.assign(new Error(`The model could not be loaded: ${said}.`), { hint: 'Check the connection, or choose a smaller model. What was downloaded is kept.' });
}
