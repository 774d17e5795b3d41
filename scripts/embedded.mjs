// Computes what comes with the package for the embedded catalog, so that nobody's first visit has to: its sentence vectors
// and its fit, for weights at half and at single precision.
//
// node scripts/embedded.mjs FOLDER: FOLDER/f16.vectors, f16.fit, f32.vectors, f32.fit. Needs the built CPU core, the compiled
// package and the model files.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { inProcessConnection } from '../pkg/dist/connection.js';
import { createOver } from '../pkg/dist/create.js';
import { FINGERPRINTS } from '../pkg/dist/embedded.js';
import { defaultHost } from '../pkg/dist/host.js';

const WEIGHTS = { f16: 'model.f16.safetensors', f32: 'model.safetensors' };

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node scripts/embedded.mjs FOLDER');
const models = pathToFileURL(`${process.env.AQUILINE_MODELS}/`);
await mkdir(folder, { recursive: true });
for (const [precision, name] of Object.entries(WEIGHTS)) await compute(precision, name);

async function compute(precision, name) {
  const saved = new Map();
  const vectors = { load: async () => undefined, save: async (key, bytes) => void saved.set(key, bytes), drop: async () => undefined };
  const host = { ...defaultHost(), vectors, embedded: async () => undefined };
  const aquiline = await createOver(() => inProcessConnection(host), {
    device: 'cpu',
    models: { weights: new URL(name, models), tokenizer: new URL('tokenizer.json', models) },
  });
  const { encoder } = aquiline.info;
  if (FINGERPRINTS[precision] !== encoder) {
    throw new Error(`the fingerprint of ${precision} weights is ${encoder} now: write it into pkg/src/embedded.ts`);
  }
  for (const [key, bytes] of saved) await writeFile(join(folder, `${precision}.${key.startsWith('fit-') ? 'fit' : 'vectors'}`), bytes);
  await aquiline.dispose();
}
