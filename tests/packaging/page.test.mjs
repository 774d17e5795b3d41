// The packed package in a page without a bundler, under policies that allow as little as can be.
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { pageProject } from './support/project.mjs';
import { assertStarted, HAS_STEERED, outcomeOf, serveFolder, shorten, TRUSTED } from './support/site.mjs';

let root;
before(async () => {
  root = await pageProject('plain');
  await cp(join(root, 'node_modules/aquiline/dist'), join(root, 'aquiline'), { recursive: true });
  await shorten(join(root, 'aquiline/catalog.jsonl'));
});

test('a page of two files steers under a policy that allows its own origin only', async () => {
  assert.deepEqual(await outcomeOf(await serveFolder(root)), HAS_STEERED);
});

test('where scripts must be trusted, the core starts with a policy of the page', async () => {
  assertStarted(await outcomeOf(`${await serveFolder(root, TRUSTED)}trusted.html`));
});

test('where scripts must be trusted and no policy is given, the error is typed', async () => {
  const { outcome } = await outcomeOf(await serveFolder(root, TRUSTED));
  assert.equal(outcome.code, 'worker');
  assert.match(outcome.message, /could not be started.*TrustedScriptURL/);
});
