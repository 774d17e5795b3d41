// The wasm CPU core repeats the episode that the native build recorded, and each replays the other's records.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { create } from '../dist/index.js';

const modelFolder = process.env.AQUILINE_MODELS ?? join(homedir(), '.cache/aquiline/models');
// The native program reads weights in single precision; of the folder alone the package would take those at half.
const models = { weights: join(modelFolder, 'model.safetensors'), tokenizer: join(modelFolder, 'tokenizer.json') };
const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../target', import.meta.url));
const record = JSON.parse(await readFile(new URL('../../tests/fixtures/episode.json', import.meta.url)));

test('the wasm core takes the actions of the native record to the same places', async () => {
  const aquiline = await create({ models, seed: 0, device: 'cpu' });
  try {
    const steps = [];
    for await (const event of aquiline.steer(record.options)) if (event.type === 'step') steps.push(event.step);
    assert.deepEqual(steps.map((step) => step.action.text), record.steps.map((step) => step.action));
    steps.forEach((step, index) => {
      const recorded = record.steps[index].latent;
      const farthest = Math.max(...step.state.latent.map((value, axis) => Math.abs(value - recorded[axis])));
      assert.ok(farthest <= 1e-4, `step ${index}: a coordinate differs by ${farthest}`);
    });
  } finally {
    await aquiline.dispose();
  }
});

test('a record is replayed to the same bytes', async () => {
  const aquiline = await create({ models, seed: 0, device: 'cpu' });
  const end = async (events) => {
    const { trajectory, transcript } = await last(events);
    const steps = trajectory.steps.map(({ milliseconds: _, ...step }) => step);
    return { bytes: JSON.stringify({ ...trajectory, steps }), transcript };
  };
  try {
    const recorded = await end(aquiline.steer({ ...record.options, record: true }));
    const replayed = await end(aquiline.replay(recorded.transcript));
    assert.equal(replayed.bytes, recorded.bytes);
    await assert.rejects(end(aquiline.replay('nonsense')), { code: 'data.malformed' });
    const cut = recorded.transcript.split('\n').slice(0, 4).join('\n');
    await assert.rejects(end(aquiline.replay(cut)), { code: 'rollout.diverged' });
  } finally {
    await aquiline.dispose();
  }
});

test('a record of the wasm core is replayed to the same numbers by the native program, and the other way round', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aquiline-'));
  const aquiline = await create({ models, seed: 0, device: 'cpu' });
  try {
    const { user, item } = record.options;
    const sizes = { policy: 'greedy', horizon: 2, candidates: 4, subset: 2 };
    const ours = await last(aquiline.steer({ user, item, ...sizes, record: true }));
    await writeFile(join(folder, 'ours.jsonl'), ours.transcript);
    assert.deepEqual(trace(await native('steer', '--json', '--replay', join(folder, 'ours.jsonl'))), trace(ours.trajectory));

    const file = join(folder, 'theirs.jsonl');
    const options = Object.entries({ user, item, ...sizes }).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const theirs = await native('steer', '--json', ...options, '--transcript', file);
    assert.deepEqual(trace((await last(aquiline.replay(await readFile(file, 'utf8')))).trajectory), trace(theirs));
    // Computed anew, the last bits are others: what is compared above is the record's.
    assert.notDeepEqual(trace(theirs), trace(ours.trajectory));
  } finally {
    await aquiline.dispose();
    await rm(folder, { recursive: true });
  }

  async function native(...words) {
    const { stdout } = await promisify(execFile)(join(target, 'debug/aquiline'), words, { maxBuffer: 1 << 24 });
    return JSON.parse(stdout);
  }
});

async function last(events) {
  let end;
  for await (const event of events) end = event;
  return end;
}

/** What is in the record: texts, places and what they are worth. The map is drawn from the fit, time from the clock. */
function trace({ steps, anchor, outcome }) {
  const state = ({ item, utility, uncertainty, latent }) => ({ item, utility, uncertainty, latent });
  const step = ({ action, candidates, candidateUtilities, state: reached }) => ({ action, candidates, candidateUtilities, state: state(reached) });
  const all = { anchor: state(anchor), steps: steps.map(step), outcome: state(outcome) };
  // The program prints the shortest decimals that are these numbers of 32 bits, the core hands over all of their digits.
  return JSON.parse(JSON.stringify(all), (_, value) => (typeof value === 'number' ? Math.fround(value) : value));
}
