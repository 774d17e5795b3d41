// Names on the map: wherever films lie close together, at every zoom, none over another, and the same ones while it is moved.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { drawn, openBareMap, turnWheel } from './bare-map.mjs';
import { openBrowser } from './support.mjs';

const timeout = 60_000;
let opened;

before(async () => { opened = await openBrowser(); });
after(() => opened.close());

/** What is written beside films, as boxes. */
const namesOn = (page) => page.evaluate(() => {
  const context = document.createElement('canvas').getContext('2d');
  const file = new DOMParser().parseFromString(window.map.svg(), 'image/svg+xml');
  return [...file.querySelectorAll('text:not([stroke])')].filter((text) => text.getAttribute('style').startsWith('font: 500 12px') && /^Film/.test(text.textContent)).map((text) => {
    context.font = text.style.font || text.getAttribute('style').slice(6);
    return { text: text.textContent, x: Number(text.getAttribute('x')), y: Number(text.getAttribute('y')), width: context.measureText(text.textContent).width };
  });
});
const filmsInSight = (page) => page.evaluate(() => [...new DOMParser().parseFromString(window.map.svg(), 'image/svg+xml').querySelectorAll('circle')].filter((dot) => {
  const [x, y] = ['cx', 'cy'].map((name) => Number(dot.getAttribute(name)));
  return x > 20 && x < 620 && y > 20 && y < 580;
}).length);
const overlaps = (names) => names.flatMap((one, at) => names.slice(at + 1).filter((other) => Math.abs(one.y - other.y) < 16 && one.x < other.x + other.width && other.x < one.x + one.width));
const texts = (names) => names.map(({ text }) => text).toSorted();

for (const films of [169, 3_849, 60_000]) {
  test(`${films} films show names at rest and however near one looks, none over another`, { timeout }, async () => {
    const page = await openBareMap(opened, { films, reducedMotion: 'reduce' });
    await page.mouse.move(350, 300);
    for (let nearer = 0; nearer < 5; nearer += 1) {
      const names = await namesOn(page);
      // A name needs a place for itself, so that it takes a few films in sight for one.
      const inSight = await filmsInSight(page);
      assert.ok(names.length >= Math.min(5, inSight / 4) && names.length <= 40, `${names.length} of ${inSight} at ${nearer}`);
      assert.deepEqual(overlaps(names), []);
      assert.ok(names.every(({ x, width, y }) => x >= 0 && x + width <= 700 && y >= 8 && y <= 592), 'all in sight');
      await turnWheel(page, -400);
    }
    await page.context().close();
  });
}

test('names stay where they are while the map is moved: only those at the edges come and go', { timeout }, async () => {
  const page = await openBareMap(opened, { films: 3_849, reducedMotion: 'reduce' });
  await page.mouse.move(350, 300);
  await turnWheel(page, -800);
  let before = await namesOn(page);
  await page.locator('#map').focus();
  for (const [key, dx, dy] of [['ArrowRight', -70, 0], ['ArrowDown', 0, -70], ['ArrowLeft', 70, 0], ['ArrowUp', 0, 70]]) {
    await page.keyboard.press(key);
    await drawn(page);
    const now = await namesOn(page);
    const moved = before.map(({ text, x, y, width }) => ({ text, x: x + dx, y: y + dy, width })).filter(({ x, y, width }) => x > 0 && x + width < 700 && y > 8 && y < 592);
    assert.ok(moved.length > 4);
    for (const { text, x, y } of moved) {
      const same = now.find((name) => name.text === text);
      assert.ok(same && Math.abs(same.x - x) < 1 && Math.abs(same.y - y) < 1, `${text} after ${key}`);
    }
    before = now;
  }
  await page.context().close();
});

test('with values the best films have their names first, and the chosen one always', { timeout }, async () => {
  const films = Array.from({ length: 300 }, (_, at) => ({ id: `f${at}`, title: `Film ${at}`, year: null, genres: [], place: [(at % 20) / 20, Math.floor(at / 20) / 20] }));
  const page = await openBareMap(opened, { films, reducedMotion: 'reduce' });
  await page.evaluate(() => window.map.show({ heat: { title: 'Predicted rating for Ann', values: window.items.map((_, at) => (at === 210 ? 9 : at === 211 ? 8 : 1)) }, selected: 'f7' }));
  await drawn(page);
  const names = texts(await namesOn(page));
  assert.ok(names.includes('Film 210') && names.includes('Film 7'), names.join());
  await page.context().close();
});

test('the map still comes back to the same names, and moves without long frames among sixty thousand films', { timeout }, async () => {
  const page = await openBareMap(opened, { films: 60_000, reducedMotion: 'reduce' });
  const first = texts(await namesOn(page));
  await page.mouse.move(350, 300);
  await turnWheel(page, -1_200);
  const times = await page.evaluate(async () => {
    const { createNames } = await import('/map-names.js');
    const { projection, viewOf, seenBox } = await import('/map-view.js');
    const size = { width: 700, height: 600 };
    const context = document.createElement('canvas').getContext('2d');
    const { films } = window.map.scene;
    const whole = viewOf(films.box, size);
    const names = createNames();
    const scene = { ...window.map.scene, selected: null, found: null };
    return Array.from({ length: 20 }, (_, step) => {
      const view = { centre: [whole.centre[0] + step * 0.02, whole.centre[1]], scale: whole.scale };
      const pen = { context, ...size, zoom: 1, isMoving: true, project: projection(view, size), seen: films.index.within(seenBox(view, size, 12)) };
      const begun = performance.now();
      names.place(pen, scene, []);
      return performance.now() - begun;
    });
  });
  // The first ranks all films; every later frame has 16 ms for everything. The machine of a test may be slow: the middle one counts.
  const later = times.slice(1).toSorted((a, b) => a - b);
  assert.ok(later[9] < 12, `${later[9].toFixed(1)} ms`);
  await turnWheel(page, 4_000);
  await turnWheel(page, 4_000);
  assert.deepEqual(texts(await namesOn(page)), first);
  await page.context().close();
});

test('what is looked for by name is framed, and only what is chosen has the ring of a start', { timeout }, async () => {
  const page = await openBareMap(opened, { films: 12 });
  const shapes = (scene) => page.evaluate(async (changes) => {
    window.map.show({ matches: changes.matches ? Uint32Array.from(changes.matches) : null, selected: changes.selected ?? null });
    const file = new DOMParser().parseFromString(window.map.svg(), 'image/svg+xml');
    const route = getComputedStyle(document.documentElement).getPropertyValue('--map-route').trim();
    const colours = [...file.querySelectorAll('path')].map((path) => [path.getAttribute('stroke'), path.getAttribute('d')]);
    return { rings: colours.filter(([stroke, d]) => stroke === route && d.includes('a')).length, all: colours.length };
  }, scene);
  const plain = await shapes({});
  const found = await shapes({ matches: [3, 4] });
  assert.equal(found.rings, plain.rings, 'no rings for what is found');
  assert.ok(found.all > plain.all, 'but something else');
  assert.equal((await shapes({ selected: 'film-2' })).rings, plain.rings + 1);
  await page.context().close();
});
