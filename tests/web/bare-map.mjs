// The page's map on a page of its own, with items that are made up: no core and no model are loaded.

/**
 * Opens it in a new context: in the page, `map` and `items` are what they are called,
 * `chosen` the ids that were pressed, `gaps` those that were pointed to, `kinds` the views that were told.
 */
export async function openBareMap({ browser, address }, { films, width = 700, height = 600, ...options }) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  await page.route('**/bare-map.html', (route) => route.fulfill({ contentType: 'text/html', body: document }));
  await page.goto(`${address}/bare-map.html`);
  await page.evaluate(openMap, films);
  return page;
}

/** Turns the wheel by so many CSS pixels where the pointer is, and waits until the map has taken it. */
export async function turnWheel(page, by) {
  const before = await page.evaluate(() => window.turns);
  await page.mouse.wheel(0, by);
  await page.waitForFunction((turns) => window.turns > turns, before);
  await drawn(page);
}

/** Until the map has come to rest and is drawn with all care. */
export async function drawn(page) {
  await page.waitForFunction(() => !window.map.isMoving());
  await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
}

const document = '<!doctype html><meta charset="utf-8"><title>Map</title><link rel="stylesheet" href="style.css"><link rel="stylesheet" href="run.css">'
  + '<link rel="stylesheet" href="panels/map.css"><canvas id="map" tabindex="0" data-testid="map"></canvas>';

/** `films` is a list of items, or how many to make up, in a few clusters. */
async function openMap(films) {
  const { createMap } = await import('/map.js');
  const canvas = window.document.getElementById('map');
  Object.assign(canvas.style, { position: 'fixed', inset: 0, width: '100vw', height: '100vh' });
  window.items = typeof films === 'number' ? clustered(films) : films;
  window.chosen = [];
  window.kinds = [];
  window.gaps = [];
  window.turns = 0;
  canvas.addEventListener('wheel', () => { window.turns += 1; });
  window.map = createMap(canvas, {
    onChooseItem: (id) => window.chosen.push(id), onPointGap: (index) => window.gaps.push(index), onView: (kind) => window.kinds.push(kind),
  });
  window.map.show({ items: window.items });
  await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });

  function clustered(count) {
    let state = 1;
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const nearlyGaussian = () => uniform() + uniform() + uniform() + uniform() - 2;
    const centres = Array.from({ length: 9 }, () => [3 * nearlyGaussian(), 2 * nearlyGaussian()]);
    return Array.from({ length: count }, (_, number) => {
      const [x, y] = centres[number % centres.length];
      return { id: `film-${number}`, title: `Film ${number}`, year: 1950 + (number % 70), genres: [], place: [x + 0.6 * nearlyGaussian(), y + 0.6 * nearlyGaussian()] };
    });
  }
}
