// From opening the page to its first steered step, on the CPU core, in a real Chromium: a first visit, then visits that find
// what the first one kept. Medians over a few profiles.
import { openBrowser } from '../tests/web/support.mjs';

const PROFILES = Number(process.argv[2] ?? 3);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const opened = await openBrowser();
const first = [];
const warm = [];
for (let profile = 0; profile < PROFILES; profile += 1) {
  const context = await opened.browser.newContext();
  first.push(await visit(context));
  warm.push(await visit(context));
  await context.close();
}
await opened.close();
const line = (name, rows) => {
  const [ready, step] = [0, 1].map((column) => (median(rows.map((row) => row[column])) / 1000).toFixed(2));
  console.log(`${name}: ready after ${ready} s, first step after ${step} s`);
};
line('first visit', first);
line('warm visit', warm);
process.exit(0);

/** Milliseconds until one can steer, and until the first step is there. */
async function visit(context) {
  const page = await context.newPage();
  const started = performance.now();
  await page.goto(`${opened.address}/?device=cpu`);
  const button = page.locator('[data-testid=steer-button]');
  await button.waitFor({ state: 'visible', timeout: 120_000 });
  const ready = performance.now() - started;
  await button.click();
  await page.locator('[data-testid=step]').first().waitFor({ timeout: 120_000 });
  const step = performance.now() - started;
  await page.locator('[data-testid=outcome] h3').waitFor({ timeout: 120_000 });
  await page.close();
  return [ready, step];
}
