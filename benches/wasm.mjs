// Times the G-optimal design in the wasm CPU core: 100 actions in 32 dimensions, median of 31.
import { readFile } from 'node:fs/promises';

import init, { gOptimal } from '../pkg/dist/cpu/core.js';

await init({ module_or_path: await readFile(new URL('../pkg/dist/cpu/core_bg.wasm', import.meta.url)) });

const [actions, dimensions, repeats] = [100, 32, 31];
const displacements = Float32Array.from({ length: actions * dimensions }, nearlyGaussian(1));
const times = [];
let design;
for (let run = 0; run < repeats; run += 1) {
  const started = performance.now();
  design = gOptimal(displacements, dimensions);
  times.push(performance.now() - started);
}
times.sort((a, b) => a - b);
console.log(
  `design/wasm/${actions}x${dimensions}  ${times[repeats >> 1].toFixed(3)} ms (at most 8), ` +
    `optimality gap ${design.optimalityGap.toFixed(4)} (at most ${(1e-3 * dimensions).toFixed(4)})`,
);

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
