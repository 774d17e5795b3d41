// Times in the wasm CPU core: the G-optimal design, 100 actions in 32 dimensions, median of 31; loading the encoder with
// its checks, median of 3; encoding plots of the embedded catalog.
import { readFile } from 'node:fs/promises';

import init, { RawEncoder, gOptimal, verify } from '../pkg/dist/cpu/core.js';

await init({ module_or_path: await readFile(new URL('../pkg/dist/cpu/core_bg.wasm', import.meta.url)) });

const [actions, dimensions, repeats] = [100, 32, 31];
const displacements = Float32Array.from({ length: actions * dimensions }, nearlyGaussian(1));
const design = await timed(repeats, () => gOptimal(displacements, dimensions));
console.log(
  `design/wasm/${actions}x${dimensions}  ${design.ms.toFixed(3)} ms (at most 8), ` +
    `optimality gap ${design.last.optimalityGap.toFixed(4)} (at most ${(1e-3 * dimensions).toFixed(4)})`,
);

const modelFile = async (name) => new Uint8Array(await readFile(`${process.env.AQUILINE_MODELS}/${name}`));
const files = { weights: await modelFile('model.safetensors'), tokenizer: await modelFile('tokenizer.json') };
const loading = await timed(3, async () => {
  for (const [role, bytes] of Object.entries(files)) verify(role, bytes);
  return RawEncoder.load(files.weights, files.tokenizer);
});
console.log(`encoder/wasm/load  ${loading.ms.toFixed(0)} ms, checked`);

const lines = (await readFile(new URL('../data/catalog.jsonl', import.meta.url), 'utf8')).trim().split('\n');
const plots = lines.slice(0, 60).map((line) => JSON.parse(line).plot);
const encoding = await timed(3, () => loading.last.encode(plots, () => {}));
const words = plots.join(' ').split(/\s+/).length / plots.length;
console.log(`encoder/wasm/plot  ${(encoding.ms / plots.length).toFixed(1)} ms for ${words.toFixed(0)} words`);

/** The median time of a few runs, and what the last returned. */
async function timed(runs, work) {
  const times = [];
  let last;
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    last = await work();
    times.push(performance.now() - started);
  }
  return { ms: times.sort((a, b) => a - b)[runs >> 1], last };
}

/** Sums of four uniforms from a small generator (mulberry32). */
function nearlyGaussian(seed) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
  return () => uniform() + uniform() + uniform() + uniform();
}
