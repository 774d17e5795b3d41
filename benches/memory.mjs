// Memory of the page's process over many objects, each created and disposed: does it come back? In a real Chromium, CPU core.
import { readFile } from 'node:fs/promises';

import { openBrowser } from '../tests/web/support.mjs';

const TIMES = Number(process.argv[2] ?? 50);

const opened = await openBrowser();
const page = await opened.browser.newPage();
await page.goto(`${opened.address}/icon.svg`);
const system = await opened.browser.newBrowserCDPSession();
const session = await page.context().newCDPSession(page);

// The first object also loads the modules, which stay.
await createAndDispose();
const start = await megabytes();
console.log(`after the first object: ${start} MB`);
for (let time = 2; time <= TIMES; time += 1) {
  await createAndDispose();
  if (time % 10 === 0) console.log(`after ${time} objects: ${await megabytes()} MB`);
}
const end = await megabytes();
console.log(`change: ${(100 * (end / start - 1)).toFixed(1)} %`);
process.exit(0);

function createAndDispose() {
  return page.evaluate(async () => {
    const { create } = await import('/pkg/index.js');
    const aquiline = await create({ device: 'cpu', models: '/models/' });
    await aquiline.gaps({ user: aquiline.info.users[0].id });
    await aquiline.dispose();
  });
}

/** Resident memory of all renderers, once garbage was collected and ended workers had a moment to go. */
async function megabytes() {
  await session.send('HeapProfiler.collectGarbage');
  await page.waitForTimeout(1500);
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => resident(id));
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function resident(id) {
  const status = await readFile(`/proc/${id}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024);
}
