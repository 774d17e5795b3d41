// Frames a second while the page's map of 62,000 films is zoomed by the wheel, in a real Chromium, plain and coloured by
// utility, at one and two pixels a CSS pixel. Printed: the median frame, the slowest but for one in a hundred, and the
// slowest of all.
import { openBareMap } from '../tests/web/bare-map.mjs';
import { openBrowser } from '../tests/web/support.mjs';

const films = 62_000;
const seconds = 3;
const opened = await openBrowser();
try {
  for (const deviceScaleFactor of [1, 2]) {
    const page = await openBareMap(opened, { films, deviceScaleFactor });
    report('plain', deviceScaleFactor, await zooming(page));
    await page.evaluate(() => window.map.show({ heat: { title: 'Utility', values: Float32Array.from(window.items, ({ place: [x, y] }) => Math.sin(x) + Math.cos(y)) } }));
    report('heat', deviceScaleFactor, await zooming(page));
    console.log(`map/hover/x${deviceScaleFactor}  ${(await hovering(page)).toFixed(2)} ms to find and label a film`);
    await page.context().close();
  }
} finally {
  await opened.close();
}

function report(name, ratio, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const [median, slow, least] = [0.5, 0.99, 1].map((share) => (1000 / sorted[Math.floor(share * (sorted.length - 1))]).toFixed(0));
  console.log(`map/zoom/${name}/x${ratio}  ${median} frames/s median (at least 30), ${slow} at the slowest hundredth, ${least} at least, `
    + `${times.length} frames of ${films.toLocaleString('en')} films`);
}

/** Milliseconds of each frame while the wheel turns in for half of the time and out again. */
async function zooming(page) {
  await page.evaluate(() => window.map.look('whole'));
  return page.evaluate((duration) => new Promise((resolve) => {
    const canvas = document.getElementById('map');
    const started = performance.now();
    const times = [];
    let last = started;
    function frame(now) {
      times.push(now - last);
      last = now;
      if (now - started > duration) return resolve(times.slice(1));
      const deltaY = now - started < duration / 2 ? -40 : 40;
      canvas.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: 300, clientY: 260, bubbles: true, cancelable: true }));
      requestAnimationFrame(frame);
    }
    requestAnimationFrame(frame);
  }), seconds * 1000);
}

/** Mean milliseconds that a pointer's move takes, over a thousand of them. */
async function hovering(page) {
  return page.evaluate(() => {
    const canvas = document.getElementById('map');
    const started = performance.now();
    for (let move = 0; move < 1000; move += 1) {
      canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: 50 + (move % 600), clientY: 60 + ((move * 7) % 480), pointerType: 'mouse' }));
    }
    return (performance.now() - started) / 1000;
  });
}
