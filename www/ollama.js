/** Which models an Ollama has. It is asked like any other OpenAI-compatible server. */

const mostBytes = 1_000_000;
const mostModels = 500;

/** Their names, in the server's order; what is no such list is an error. */
export async function ollamaModels(baseUrl, { signal }) {
  const address = `${baseUrl.replace(/\/+$/, '')}/models`;
  const response = await fetch(address, { signal, credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer' });
  const names = response.ok ? namesIn(await text(response)) : null;
  if (!names) throw new Error(`${address} gives no list of models`);
  return names;
}

/** It may be endless. */
async function text({ body }) {
  const reader = body.getReader();
  const pieces = [];
  for (let size = 0; size <= mostBytes;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(pieces).text();
    pieces.push(value);
    size += value.length;
  }
  await reader.cancel();
  return '';
}

function namesIn(said) {
  try {
    const { data } = JSON.parse(said);
    // Ollama without a model says null.
    const names = (data ?? []).map(({ id }) => id);
    return names.filter((name) => typeof name === 'string' && name.length > 0 && name.length < 200).slice(0, mostModels);
  } catch {
    return null;
  }
}
