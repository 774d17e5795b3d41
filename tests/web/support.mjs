// A server with the page's strict policy, and a real Chromium with a WebGPU adapter (emulated).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from '../../www/serve.mjs';

const { chromium } = createRequire(new URL('../../pkg/package.json', import.meta.url))('playwright-core');
const quiet = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const emulatedGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

export const models = process.env.AQUILINE_MODELS ?? join(homedir(), '.cache/aquiline/models');

const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../target', import.meta.url));
const program = join(target, 'debug/examples/llm_server');
const servers = [];
after(() => servers.forEach((server) => server.kill()));

/** Starts both; `close()` ends both. */
export async function openBrowser({ gpu = false } = {}) {
  const server = serve({ port: 0, models });
  await once(server, 'listening');
  const browser = await chromium.launch({
    executablePath: process.env.CHROME ?? '/usr/bin/chromium',
    args: gpu ? [...quiet, ...emulatedGpu] : quiet,
  });
  return {
    browser,
    address: `http://localhost:${server.address().port}`,
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}

/** A server that pretends to be a model: its address, and what it has seen, one entry for each request that is over. */
export async function llmServer(...words) {
  const server = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  const lines = createInterface({ input: server.stdout });
  const seen = [];
  const baseUrl = await new Promise((resolve, reject) => {
    server.on('error', () => reject(new Error(`${program} is missing: cargo build --example llm_server`)));
    lines.once('line', resolve);
  });
  lines.on('line', (line) => seen.push({ ...JSON.parse(line), at: Date.now() }));
  return { baseUrl, seen };
}

/** Safetensors bytes with every f32 tensor at half precision. */
export function halve(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  const parts = [];
  let offset = 0;
  for (const [name, tensor] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = tensor.data_offsets;
    const raw = bytes.subarray(8 + length + from, 8 + length + to);
    const data = tensor.dtype === 'F32' ? halfPrecision(raw) : raw;
    parts.push(data);
    header[name] = { ...tensor, dtype: tensor.dtype === 'F32' ? 'F16' : tensor.dtype, data_offsets: [offset, offset + data.length] };
    offset += data.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([size, padded, ...parts]);
}

function halfPrecision(raw) {
  const half = Buffer.alloc(raw.length / 2);
  for (let at = 0; at < half.length; at += 2) half.writeUInt16LE(halfBits(raw.readUInt32LE(2 * at)), at);
  return half;
}

/** Rounds half up; too small becomes 0, too large infinity. Weights are neither. */
function halfBits(bits) {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent <= 0) return subnormal(sign, exponent, bits);
  return sign | (((exponent << 10) | ((bits >>> 13) & 0x3ff)) + ((bits >>> 12) & 1));
}

function subnormal(sign, exponent, bits) {
  if (exponent < -10) return sign;
  const mantissa = (bits & 0x7fffff) | 0x800000;
  return sign | ((mantissa >>> (14 - exponent)) + ((mantissa >>> (13 - exponent)) & 1));
}
