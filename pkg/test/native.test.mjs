// The wasm CPU core repeats the episode that the native build recorded.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { create } from '../dist/index.js';

const models = process.env.AQUILINE_MODELS ?? join(homedir(), '.cache/aquiline/models');
const record = JSON.parse(await readFile(new URL('../../tests/fixtures/episode.json', import.meta.url)));

test('the wasm core takes the actions of the native record to the same places', async () => {
  const aquiline = await create({ models: pathToFileURL(`${models}/`), seed: 0, device: 'cpu' });
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
  const aquiline = await create({ models: pathToFileURL(`${models}/`), seed: 0, device: 'cpu' });
  const end = async (events) => {
    let last;
    for await (const event of events) last = event;
    const { milliseconds: _, ...trajectory } = last.trajectory;
    const steps = trajectory.steps.map(({ milliseconds: _, ...step }) => step);
    return { bytes: JSON.stringify({ ...trajectory, steps }), transcript: last.transcript };
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
