// Catalogs and ratings that <aquiline-ideas> fetches: files that nobody vouches for, from a real server.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { readCatalog, readRatings } from '../dist/ideas/catalog.js';
import { loadCatalog } from '../dist/ideas/source.js';

const files = new Map();
let server;
let host;
before(async () => {
  server = createServer((request, response) => {
    const body = files.get(request.url);
    if (body === undefined) return response.writeHead(404).end();
    return typeof body === 'function' ? body(response) : response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

const reading = { signal: new AbortController().signal, onBytes: () => undefined };

/** The address of a file with this content. */
function file(body, name = '/data') {
  files.set(name, body);
  return host + name;
}
const catalog = (body) => readCatalog(file(body), reading);
const ratings = (body) => readRatings(file(body), reading);
const malformed = (message) => ({ name: 'AquilineError', code: 'data.malformed', message });

const KITES = { id: 'kites', title: 'Kites', plot: 'Two sisters build kites.' };
const RATED = { user: 'ann', item: 'kites', value: 4 };
const ITEM = { ...KITES, year: null, genres: [], likes: [], dislikes: [] };

test('items are read from lines, from a list and from an object with ratings', async () => {
  assert.deepEqual(await catalog(`\n${JSON.stringify(KITES)}\r\n\n`), { items: [ITEM], ratings: [] });
  assert.deepEqual(await catalog(JSON.stringify([KITES], undefined, 2)), { items: [ITEM], ratings: [] });
  const whole = { items: [{ ...KITES, id: 7, year: 1999, genres: ['Drama', 3] }], ratings: [{ ...RATED, item: 7 }], scale: [1, 10] };
  assert.deepEqual(await catalog(JSON.stringify(whole, undefined, 2)), {
    items: [{ ...ITEM, id: '7', year: 1999, genres: ['Drama'] }],
    ratings: [{ ...RATED, item: '7' }],
    scale: [1, 10],
  });
});

test('ratings are read from lines and from csv, by the names of the columns', async () => {
  assert.deepEqual(await ratings('user,item,rating\nann,kites,4\n'), [RATED]);
  assert.deepEqual(await ratings('\uFEFFrating, movieId ,userId,timestamp\r\n4,kites,ann,0\r\n'), [RATED]);
  assert.deepEqual(await ratings('user,item,rating\n"ann","ki""tes, part 2",4'), [{ ...RATED, item: 'ki"tes, part 2' }]);
  assert.deepEqual(await ratings(`${JSON.stringify(RATED)}\n`), [RATED]);
});

test('what is wrong is told with its file and line', async () => {
  const good = JSON.stringify(KITES);
  await assert.rejects(catalog(`${good}\n\n{"id": "salt"`), malformed('data, line 3: this is not JSON'));
  await assert.rejects(catalog(`${good}\n{"id": "salt", "title": "Salt"}`), malformed(/^data, line 2: "plot" is not a text/));
  await assert.rejects(catalog(`${good}\nnull`), malformed(/^data, line 2: "id"/));
  await assert.rejects(catalog(JSON.stringify([KITES, { ...KITES, title: 'x'.repeat(20_001) }])), malformed(/^data, entry 2: "title"/));
  await assert.rejects(catalog('[{"id": '), malformed(/^data: /));
  await assert.rejects(catalog('{"items": 3}'), malformed('data: this is not a list'));
  await assert.rejects(ratings('user,item,rating\nann,kites,4\nann,kites'), malformed('data, line 3: 2 cells where the first line has 3'));
  await assert.rejects(ratings('user,item,rating\nann,kites,good'), malformed('data, line 2: "rating" is not a number'));
  await assert.rejects(ratings('user,item,rating\nann,kites,'), malformed('data, line 2: "rating" is not a number'));
  await assert.rejects(ratings('who,what,rating\nann,kites,4'), malformed(/^data, line 2: "user"/));
  await assert.rejects(catalog(Buffer.from([0x7b, 0xff, 0xfe])), malformed(/UTF-8/));
});

test('a file that does not end is left at 64 MB', async () => {
  let closed;
  const end = new Promise((resolve) => (closed = resolve));
  const endless = (response) => {
    const piece = Buffer.alloc(1 << 20, ' ');
    const write = () => response.write(piece, write);
    response.on('close', closed);
    write();
  };
  await assert.rejects(readCatalog(file(endless, '/endless.jsonl'), reading), malformed('endless.jsonl: more than 64 MB'));
  await end;
});

test('a file that is not there, or breaks off, is a failure of the network', async () => {
  await assert.rejects(readCatalog(`${host}/nowhere`, reading), { code: 'network', retryable: false });
  const broken = (response) => response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy());
  await assert.rejects(catalog(broken), { code: 'network', retryable: true });
});

test('reading stops when it is cancelled', async () => {
  const controller = new AbortController();
  const slow = (response) => response.write('{');
  const onBytes = () => controller.abort();
  await assert.rejects(readCatalog(file(slow), { signal: controller.signal, onBytes }), { name: 'AbortError' });
});

test('the scale is that of the element, else of the file or of what is open, else of the library', async () => {
  const address = file(JSON.stringify({ items: [KITES], ratings: [RATED], scale: [1, 10] }));
  const load = (scale, catalog = address) => loadCatalog({ catalog, scale }, reading);
  assert.deepEqual((await load('0, 20')).source.scale, [0, 20]);
  assert.deepEqual((await load(null)).source.scale, [1, 10]);
  assert.deepEqual((await load(null, file(JSON.stringify({ items: [KITES], ratings: [RATED] }), '/plain'))).source.scale, [0.5, 5]);
  assert.deepEqual((await loadCatalog({ aquiline: { info: { items: [], scale: [1, 7] } }, scale: null }, reading)).scale, [1, 7]);
  for (const scale of ['5', '5 1', 'a b', '']) await assert.rejects(load(scale), { code: 'numeric.bad_setting' });
});

test('a catalog without ratings says what is missing', async () => {
  const address = file(JSON.stringify(KITES));
  await assert.rejects(loadCatalog({ catalog: address, scale: null }, reading), { code: 'data.empty', hint: /"ratings"/ });
});
