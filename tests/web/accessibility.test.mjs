// Every panel, filled, as axe sees it: light and dark, on a desk and on a phone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { openFilledPage, panelNames, showPanel } from './filled-panels.mjs';
import { openBrowser } from './support.mjs';

const axe = createRequire(new URL('../../pkg/package.json', import.meta.url)).resolve('axe-core/axe.min.js');
const views = [
  { name: 'in daylight', colorScheme: 'light', width: 1280, height: 900 },
  { name: 'in the dark', colorScheme: 'dark', width: 1280, height: 900 },
  { name: 'on a phone', colorScheme: 'light', width: 390, height: 844 },
  { name: 'on a phone in the dark', colorScheme: 'dark', width: 390, height: 844 },
];
let opened;
let page;

before(async () => {
  opened = await openBrowser();
  page = await (await opened.browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1280, height: 900 } })).newPage();
  await openFilledPage(page, opened.address);
  // The page's policy lets no script in; the debugger may evaluate one.
  await page.evaluate(await readFile(axe, 'utf8'));
}, { timeout: 600_000 });
after(() => opened.close());

/** What axe calls serious or critical, with the places. */
async function findings() {
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

test('axe finds what is wrong, so that its silence means something', async () => {
  await page.evaluate(() => document.body.append(Object.assign(document.createElement('button'), { id: 'nameless' })));
  assert.ok((await findings()).some((finding) => finding.startsWith('button-name: #nameless')));
  await page.evaluate(() => document.getElementById('nameless').remove());
});

for (const { name, colorScheme, width, height } of views) {
  for (const panel of panelNames) {
    test(`nothing serious is found on the panel ${panel} ${name}`, { timeout: 120_000 }, async () => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await showPanel(page, panel);
      assert.deepEqual(await findings(), []);
    });
  }
}

test('nothing serious is found behind the badges', { timeout: 120_000 }, async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  for (const badge of ['device-badge', 'skill-badge', 'environment-badge']) {
    await page.locator(`#${badge} summary`).click();
    assert.deepEqual(await findings(), [], badge);
  }
});
