/**
 * Pictures of every panel of the page, filled by small runs over the real package: light and dark, on a desk and on a phone.
 *
 * `node scripts/shots.mjs [folder]`; the folder is `shots` by default. `CHROME` names the browser, and `AQUILINE_MODELS` the
 * folder of the encoder's files.
 */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { openFilledPage, panelNames, showPanel } from '../tests/web/filled-panels.mjs';
import { serve } from '../www/serve.mjs';

const { chromium } = createRequire(new URL('../pkg/package.json', import.meta.url))('playwright-core');
const folder = process.argv[2] ?? fileURLToPath(new URL('../shots', import.meta.url));
const screens = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

await mkdir(folder, { recursive: true });
const server = serve({ port: 0, models: process.env.AQUILINE_MODELS ?? join(homedir(), '.cache/aquiline/models') });
await once(server, 'listening');
const browser = await chromium.launch({ executablePath: process.env.CHROME ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  // Motion would be caught half-way.
  const page = await (await browser.newContext({ reducedMotion: 'reduce', viewport: screens.desk })).newPage();
  console.log('Filling the panels, which takes a minute or two…');
  await openFilledPage(page, `http://localhost:${server.address().port}`);
  for (const [screen, size] of Object.entries(screens)) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const panel of panelNames) await take(page, panel, join(folder, `${panel}-${colorScheme}-${screen}.png`));
    }
  }
} finally {
  await browser.close();
  server.close();
}

async function take(page, panel, path) {
  await showPanel(page, panel);
  await page.evaluate(() => window.scrollTo(0, 0));
  const isPhone = page.viewportSize().width < 600;
  await page.screenshot({ path, fullPage: isPhone });
  console.log(path);
  // On a desk the map stays in sight while a panel goes by, so that the panel needs a picture of its own to be seen whole.
  if (!isPhone) await page.locator(`#panel-${panel}`).screenshot({ path: path.replace('.png', '-whole.png') });
}
