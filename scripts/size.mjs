// Sizes of what a browser downloads, and their limits.
import { readFileSync, readdirSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../pkg/dist/', import.meta.url);
const read = (name) => readFileSync(new URL(name, dist));
const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  }).length;
const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;

// What a visit may need; the web component and the adapters are files of their own.
const face = Buffer.concat(readdirSync(dist).filter((name) => name.endsWith('.js') && name !== 'ideas.js').map(read));
const ideas = readdirSync(new URL('ideas/', dist)).filter((name) => name.endsWith('.js'));
const adapters = readdirSync(new URL('llm/', dist)).filter((name) => name.endsWith('.js'));
const rows = [
  ['CPU core (brotli)', read('cpu/core_bg.wasm'), brotli, 1_000_000],
  ['WebGPU core (brotli)', read('webgpu/core_bg.wasm'), brotli, 2_600_000],
  ['CPU core glue (gzip)', read('cpu/core.js'), gzip, 15_000],
  ['JS face (gzip)', face, gzip, 25_000],
  ['LLM adapters (gzip)', Buffer.concat(adapters.map((name) => read(`llm/${name}`))), gzip, 12_000],
  ['web component (gzip)', Buffer.concat([read('ideas.js'), ...ideas.map((name) => read(`ideas/${name}`))]), gzip, 14_000],
  ['embedded catalog (brotli)', read('catalog.jsonl'), brotli, 100_000],
  ['its vectors (brotli)', read('embedded/f16.vectors'), brotli, 550_000],
  ['its fit (brotli)', read('embedded/f16.fit'), brotli, 450_000],
];

let tooLarge = 0;
for (const [name, bytes, compress, limit] of rows) {
  const size = compress(bytes);
  if (size > limit) tooLarge += 1;
  const share = `${((100 * size) / limit).toFixed(0)} % of ${(limit / 1000).toFixed(0)} kB`;
  console.log(`${name.padEnd(26)} ${(size / 1000).toFixed(1).padStart(8)} kB   ${share}${size > limit ? '   TOO LARGE' : ''}`);
}
process.exitCode = tooLarge > 0 ? 1 : 0;
