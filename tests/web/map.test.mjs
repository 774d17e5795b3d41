// The map: what is found and drawn where, on a page of its own; then what stands around it, on the whole page.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { densityGrid } from '../../www/density.js';
import { csvText } from '../../www/map-csv.js';
import { placeFilms } from '../../www/map-films.js';
import { heatScale, layHeat } from '../../www/map-heat.js';
import { gridIndex } from '../../www/map-index.js';
import { between, boxAround, clamped, moved, projection, viewOf, zoomedAt } from '../../www/map-view.js';
import { drawn, openBareMap, turnWheel } from './bare-map.mjs';
import { openFakePage } from './fake-model.mjs';
import { openBrowser } from './support.mjs';

const timeout = 60_000;
const size = { width: 700, height: 600 };
let opened;

before(async () => { opened = await openBrowser(); });
after(() => opened.close());

const scattered = (count) => Array.from({ length: count }, (_, number) => ({ id: `f${number}`, place: [(number * 0.618) % 1, (number * 0.755) % 1] }));
/** Four films in a square: at (84, 566), (616, 566), (84, 34) and (616, 34) of a canvas of 700 by 600. */
const square = [['south-west', 0, 0], ['south-east', 1, 0], ['north-west', 0, 1], ['north-east', 1, 1]]
  .map(([id, x, y]) => ({ id, title: `<b>${id}</b> & "co"`, year: 1999, genres: [], place: [x, y] }));
const corner = { 'south-west': [84, 566], 'south-east': [616, 566], 'north-west': [84, 34], 'north-east': [616, 34] };

const chosen = (page) => page.evaluate(() => window.chosen);
const pixel = (page, at) => page.evaluate(([x, y]) => [...document.getElementById('map').getContext('2d').getImageData(x, y, 1, 1).data], at);
const colour = (page, name) => page.evaluate((name) => {
  const value = Number.parseInt(getComputedStyle(document.documentElement).getPropertyValue(`--map-${name}`).trim().slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255, 255];
}, name);

test('the nearest film is the one that a search through all of them finds', () => {
  const films = placeFilms(scattered(500));
  for (const [at, within] of [[[0.5, 0.5], 1], [[0.01, 0.99], 0.2], [[2, 2], 5], [[0.3, 0.3], 0.0001]]) {
    const distances = films.items.map(({ place }) => Math.hypot(place[0] - at[0], place[1] - at[1]));
    const least = Math.min(...distances);
    const found = films.index.nearest(at, within);
    if (least > within) assert.equal(found, null);
    else assert.equal(distances[found.number], least);
  }
});

test('all films inside a box are found, and films in one place are no trouble', () => {
  const films = placeFilms(scattered(500));
  const found = new Set(films.index.within({ low: [0.2, 0.4], high: [0.5, 0.6] }));
  const inside = films.items.flatMap(({ place: [x, y] }, number) => (x >= 0.2 && x <= 0.5 && y >= 0.4 && y <= 0.6 ? [number] : []));
  assert.ok(inside.length > 10 && inside.every((number) => found.has(number)));
  assert.ok(found.size < 500, 'and not simply everything');
  const same = gridIndex([3, 3, 3], [4, 4, 4], boxAround([[3, 4]]));
  assert.equal(same.nearest([3, 4], 1).distance, 0);
  assert.equal(gridIndex([], [], boxAround([])).nearest([0, 0], 1), null);
});

test('zooming keeps the place under the pointer, and moving keeps the map in sight', () => {
  const whole = viewOf(boxAround([[0, 0], [1, 1]]), size);
  const at = [200, 150];
  const place = projection(whole, size).invert(at);
  const closer = zoomedAt(whole, 5, at, size, whole);
  projection(closer, size)(place).forEach((pixels, axis) => assert.ok(Math.abs(pixels - at[axis]) < 1e-9));
  assert.deepEqual(zoomedAt(whole, 0.5, at, size, whole), whole);
  assert.equal(zoomedAt(whole, 1e9, at, size, whole).scale, 64 * whole.scale);
  const far = moved(closer, 1e6, -1e6, size, whole);
  assert.deepEqual(clamped(far, whole, size), far);
  assert.ok(Math.abs(far.centre[0] - (whole.centre[0] - size.width / 2 / whole.scale)) < 1e-9);
  assert.deepEqual(between(whole, closer, 0), whole);
  assert.ok(Math.abs(between(whole, closer, 1).centre[0] - closer.centre[0]) < 1e-12);
});

test('density is one where films are densest and nothing far from all of them', () => {
  const films = placeFilms([...scattered(20).map(({ id }) => ({ id, place: [0, 0] })), { id: 'alone', place: [10, 0] }]);
  const { low, cell, columns, values } = films.density;
  const at = (x, y) => values[Math.round((y - low[1]) / cell) * columns + Math.round((x - low[0]) / cell)];
  assert.ok(Math.abs(at(0, 0) - 1) < 0.05, `${at(0, 0)}`);
  assert.ok(Math.abs(at(10, 0) - 1 / 20) < 0.01, `${at(10, 0)}`);
  assert.ok(at(5, 0) < 1e-6);
  assert.ok(values.every((value) => value >= 0 && value < 1.05));
  assert.ok(densityGrid([], [], boxAround([])).values.every((value) => value === 0));
});

test('the field between films is the mean of the values around', () => {
  const films = placeFilms([{ id: 'a', place: [0, 0] }, { id: 'b', place: [10, 0] }, { id: 'c', place: [10, 0] }]);
  const heat = layHeat(films, [1, 2, 4]);
  assert.deepEqual([heat.low, heat.high, heat.shadeOf(0), heat.shadeOf(1), heat.shadeOf(2)], [1, 4, 0, 85, 255]);
  const { low, cell, columns } = films.density;
  const at = (x) => heat.field[Math.round(-low[1] / cell) * columns + Math.round((x - low[0]) / cell)];
  assert.ok(at(0) < 1e-3);
  assert.ok(Math.abs(at(10) - (85 + 255) / 2) < 1e-3);
  assert.ok(layHeat(films, [3, 3, 3]).field.every(Number.isFinite));
  assert.equal(heatScale(['#000000', '#ffffff']).at(-1), 0xffffff);
});

test('a table cannot be taken for formulas by a spreadsheet, and numbers stay numbers', () => {
  assert.equal(csvText([['=1+1', '@a', '+b', '-c', 'd, "e"', -1.5, null, NaN], ['two\nlines', '\tx', 'plain', 'a=b', '', 0, undefined, 1]]),
    '\'=1+1,\'@a,\'+b,\'-c,"d, ""e""",-1.5,,\r\n"two\nlines",\'\tx,plain,a=b,,0,,1\r\n');
});

test('a click chooses the film under it, and after zooming in the film that stayed there', { timeout }, async () => {
  const page = await openBareMap(opened, { films: square });
  await page.mouse.click(...corner['south-west']);
  await turnWheel(page, -600);
  await page.mouse.click(...corner['south-west']);
  assert.deepEqual(await chosen(page), ['south-west', 'south-west']);
  await page.mouse.click(...corner['north-east']);
  assert.equal((await chosen(page)).length, 2, 'the other corner is out of sight');
  assert.deepEqual(await page.evaluate(() => window.kinds), ['free']);
  await page.mouse.move(300, 300);
  await turnWheel(page, 3000);
  await turnWheel(page, 3000);
  assert.deepEqual(await page.evaluate(() => window.kinds), ['free', 'whole']);
  await page.mouse.click(...corner['north-east']);
  assert.equal((await chosen(page)).at(-1), 'north-east');
  await page.context().close();
});

test('dragging moves the map and is no click', { timeout }, async () => {
  const page = await openBareMap(opened, { films: square });
  await page.mouse.move(...corner['south-west']);
  await turnWheel(page, -600);
  await page.mouse.down();
  await page.mouse.move(184, 466, { steps: 4 });
  await page.mouse.up();
  assert.deepEqual(await chosen(page), []);
  await page.mouse.click(184, 466);
  assert.deepEqual(await chosen(page), ['south-west']);
  await page.context().close();
});

test('keys move and zoom the map while it has the focus, and 0 shows all of it', { timeout }, async () => {
  const page = await openBareMap(opened, { films: [...square, { ...square[0], id: 'middle', place: [0.5, 0.5] }], reducedMotion: 'reduce' });
  await page.locator('#map').focus();
  for (const key of ['+', '+', 'ArrowRight', 'ArrowUp']) await page.keyboard.press(key);
  await page.mouse.click(350 - 70, 300 + 70);
  assert.deepEqual(await chosen(page), ['middle']);
  await page.keyboard.press('0');
  await page.mouse.click(350, 300);
  assert.deepEqual(await chosen(page), ['middle', 'middle']);
  assert.deepEqual(await page.evaluate(() => window.kinds), ['free', 'whole']);
  await page.context().close();
});

test('two fingers zoom, and the film between them stays', { timeout }, async () => {
  const page = await openBareMap(opened, { films: square, hasTouch: true });
  const client = await page.context().newCDPSession(page);
  const touch = (type, ...points) => client.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await touch('touchStart', [64, 566], [104, 566]);
  for (const apart of [40, 70, 80]) await touch('touchMove', [84 - apart, 566], [84 + apart, 566]);
  await touch('touchEnd');
  await drawn(page);
  assert.deepEqual(await page.evaluate(() => window.kinds), ['free']);
  await page.mouse.click(...corner['south-west']);
  assert.deepEqual(await chosen(page), ['south-west']);
  await page.context().close();
});

test('a film and a gap are told when the pointer is over them', { timeout }, async () => {
  const page = await openBareMap(opened, { films: square });
  await page.evaluate(() => window.map.show({ gaps: [{ place: [0.5, 0.5], utility: 1, neighbours: [{ id: 'north-east' }, { id: 'unknown' }] }] }));
  await page.mouse.move(350, 300);
  assert.equal((await page.evaluate(() => window.gaps)).at(-1), 0);
  await page.evaluate(() => window.map.show({ pointedGap: 0 }));
  await page.mouse.move(...corner['north-east']);
  assert.equal((await page.evaluate(() => window.gaps)).at(-1), null);
  assert.equal(await page.locator('#map.over-film').count(), 1);
  await page.mouse.move(200, 200);
  assert.equal(await page.locator('#map.over-film').count(), 0);
  await page.context().close();
});

test('films have their colour, on the scale once there are utilities, in light and dark', { timeout }, async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await openBareMap(opened, { films: square, colorScheme });
    assert.deepEqual(await pixel(page, corner['south-west']), await colour(page, 'film'));
    await page.evaluate(() => window.map.show({ heat: { title: 'Utility for Ann', values: [0.25, 0.5, 0.75, 1] } }));
    await drawn(page);
    assert.deepEqual(await pixel(page, corner['south-west']), await colour(page, 'heat-1'));
    assert.deepEqual(await pixel(page, corner['north-east']), await colour(page, 'heat-5'));
    assert.match(await page.locator('#map').getAttribute('aria-label'), /Map of 4 films .* utility for ann, from 0\.250 to 1\.000/);
    await page.evaluate(() => window.map.show({ heat: null }));
    await drawn(page);
    assert.deepEqual(await pixel(page, corner['north-east']), await colour(page, 'film'));
    await page.context().close();
  }
});

test('what is looked for stands out, and comes to the middle', { timeout }, async () => {
  const page = await openBareMap(opened, { films: square, reducedMotion: 'reduce' });
  await page.evaluate(() => window.map.show({ matches: Uint32Array.of(3) }));
  await drawn(page);
  assert.deepEqual(await pixel(page, corner['north-east']), await colour(page, 'route'));
  assert.deepEqual(await pixel(page, corner['north-west']), await colour(page, 'film'));
  await page.evaluate(() => window.map.centreOn(window.items[1].place));
  await page.mouse.click(350, 300);
  assert.deepEqual(await chosen(page), ['south-east']);
  await page.context().close();
});

test('sixty thousand films are drawn and found', { timeout }, async () => {
  const page = await openBareMap(opened, { films: 60_000 });
  await page.mouse.move(350, 300);
  await turnWheel(page, -2000);
  await page.mouse.click(350, 300);
  const { picked, nearest } = await page.evaluate(() => {
    const scene = window.map.scene;
    return { picked: window.chosen[0], nearest: scene.films.items.length };
  });
  assert.match(picked, /^film-\d+$/);
  assert.equal(nearest, 60_000);
  await page.context().close();
});

test('an empty catalog, a film alone and places that are no numbers leave the map standing', { timeout }, async () => {
  for (const films of [[], [square[0]], [...square, { ...square[0], id: 'nowhere', place: [NaN, NaN] }]]) {
    const page = await openBareMap(opened, { films });
    const troubles = [];
    page.on('pageerror', (error) => troubles.push(String(error)));
    await page.mouse.move(350, 300);
    await turnWheel(page, -500);
    assert.deepEqual(troubles, []);
    assert.match(await page.evaluate(() => window.map.svg()), /<svg /);
    await page.context().close();
  }
});

test('the drawing is an SVG file with every film’s name, and the picture a PNG of what is seen', { timeout }, async () => {
  const page = await openBareMap(opened, { films: square });
  await page.evaluate(() => window.map.show({
    gaps: [{ place: [0.5, 0.5], utility: 1, neighbours: [] }], heat: { title: 'Utility for <Ann>', values: [1, 2, 3, 4] },
    candidates: { start: [0, 0], ends: [{ place: [0.2, 0.3], text: 'An edit', filled: true }] },
  }));
  const seen = await page.evaluate(async () => {
    const file = new DOMParser().parseFromString(window.map.svg(), 'image/svg+xml');
    const picture = await createImageBitmap(await window.map.png());
    return {
      broken: file.querySelectorAll('parsererror').length,
      names: [...file.querySelectorAll('circle title')].map((title) => title.textContent),
      words: [...file.querySelectorAll('text')].map((text) => text.textContent),
      ground: file.querySelector('image').getAttribute('href').slice(0, 22),
      size: [picture.width, picture.height],
    };
  });
  assert.equal(seen.broken, 0);
  assert.deepEqual(seen.names.toSorted(), square.map(({ title }) => title).toSorted());
  for (const words of ['A', 'Utility for <Ann>', '1.000', '4.000']) assert.ok(seen.words.includes(words), words);
  assert.equal(seen.ground, 'data:image/png;base64,');
  assert.deepEqual(seen.size, [700, 600]);
  await page.context().close();
});

test('around the map: search, utilities for a viewer or all, stopping, errors, saving', { timeout }, async (t) => {
  const { page, element, saved, complaints, close } = await openFakePage({ reducedMotion: 'reduce' });
  t.after(close);
  const label = () => element('map').getAttribute('aria-label');
  const calls = () => page.evaluate(() => window.calls);

  await t.test('the chosen viewer’s utilities colour the map, and another viewer’s follow', async () => {
    await element('map-heat').selectOption('viewer');
    await page.locator('#map[aria-label*="predicted rating for ann, from 1.000 to 1.110"]').waitFor();
    await element('user-select').fill('ben');
    await page.keyboard.press('Enter');
    await page.locator('#map[aria-label*="predicted rating for ben, from 2.000 to 2.110"]').waitFor();
    assert.deepEqual((await calls()).map(({ user }) => user), ['ann', 'ben']);
  });

  await t.test('a group is all viewers', async () => {
    await element('map-heat').selectOption('all');
    await page.locator('#map[aria-label*="mean predicted rating of all viewers"]').waitFor();
    assert.deepEqual((await calls()).at(-1).user, ['ann', 'ben', 'cleo']);
  });

  await t.test('what takes long is told and can be stopped', async () => {
    await page.evaluate(() => { window.held = true; });
    await element('map-heat').selectOption('viewer');
    await element('map-heat-stop').waitFor({ state: 'visible' });
    assert.doesNotMatch(await label(), /predicted rating/, 'the old colours are gone');
    await element('map-heat-stop').click();
    await element('map-heat-stop').waitFor({ state: 'hidden' });
    assert.equal(await element('map-heat').inputValue(), 'none');
    assert.equal(await element('error').isVisible(), false);
    await page.evaluate(() => { window.held = false; });
  });

  await t.test('a failure is told, and the choice goes back', async () => {
    await page.evaluate(() => { window.failure = 'No utilities today'; });
    await element('map-heat').selectOption('viewer');
    await element('error').filter({ hasText: 'No utilities today' }).waitFor();
    assert.equal(await element('map-heat').inputValue(), 'none');
    await page.evaluate(() => { window.failure = undefined; });
  });

  await t.test('a film that is looked for is named in the middle, until the field is emptied', async () => {
    await element('map-search').fill('film k');
    await page.waitForFunction(() => document.querySelectorAll('#map-search-list [role=option]').length === 1);
    await page.keyboard.press('Enter');
    await element('map-save').locator('summary').click();
    const [download] = await Promise.all([page.waitForEvent('download'), element('map-save-svg').click()]);
    const svg = await readFile(await download.path(), 'utf8');
    assert.match(svg, /<text[^>]*>Film K \(2000\)<\/text>/);
    assert.equal(download.suggestedFilename(), 'aquiline-map-ben.svg');
    await element('map-search').fill('');
    await page.keyboard.press('Tab');
    assert.equal(await element('map-search').inputValue(), '');
  });

  await t.test('the table has every film and gap with its place', async () => {
    await element('map-heat').selectOption('viewer');
    await page.locator('#map[aria-label*="predicted rating for ben"]').waitFor();
    await element('map-save').locator('summary').click();
    const lines = (await saved('map-save-csv')).trimEnd().split('\r\n');
    assert.equal(lines[0], 'kind,id,title,x,y,predicted rating,utility,gap,step');
    assert.equal(lines.length, 1 + 12 + 1);
    assert.match(lines[5], /^film,film-4,Film E,0,1,2\.03\d*,,,$/);
    assert.equal(lines.at(-1), 'gap,,,1.5,0.5,0.8,1.1,A,');
  });

  await t.test('the buttons zoom, and the whole map comes back', async () => {
    const isWhole = () => page.locator('#map.is-whole').count();
    await element('map-all').click();
    assert.equal(await isWhole(), 1);
    await element('map-in').click();
    assert.equal(await isWhole(), 0);
    await element('map-out').click();
    assert.equal(await isWhole(), 1);
  });

  assert.deepEqual(complaints, []);
});
