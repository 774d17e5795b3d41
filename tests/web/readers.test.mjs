// The page's readers of files, under Node.js: what people's programs write, what is broken, and anything at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { guessGenreSeparator, guessMapping, guessRole, guessScale, itemOf, ratingOf, readItems, readRatings, sampleScale } from '../../www/read-catalog.js';
import { createCsvReader, detectSeparator, longestRecord } from '../../www/read-csv.js';
import { createJsonReader } from '../../www/read-json.js';
import { openTable, readRows, relaid } from '../../www/read-table.js';
import { readText } from '../../www/read-text.js';
import { dimensionColumns, mostDimensions, readVectors, togetherInSpace, vectorOf } from '../../www/read-vectors.js';
import { betterScale } from '../../www/panels/catalog-read.js';
import { seeded } from '../../www/panels/rate-pairs.js';

const file = (content, name = 'data.csv') => new File([content], name);
const csv = (text, separator = ',') => {
  const reader = createCsvReader(separator);
  return [...reader.push(text), ...reader.end()];
};
const cells = (text, separator) => csv(text, separator).map((row) => row.cells ?? row.why);
const json = (text) => {
  const reader = createJsonReader();
  return [...reader.push(text), ...reader.end()];
};

async function read(content, name) {
  const table = await openTable(file(content, name));
  const rows = [];
  const complaints = await readRows(table, { onRow: (row) => { rows.push(row); } });
  return { table, rows, complaints };
}

test('quotes, doubled quotes, separators and line ends inside quotes are read as they were meant', () => {
  assert.deepEqual(cells('a,b\r\n"1,5","say ""hi""\nand go"\r\n,\n'), [['a', 'b'], ['1,5', 'say "hi"\nand go'], ['', '']]);
  assert.deepEqual(cells('5" disk;x"y\n', ';'), [['5" disk', 'x"y']], 'a quote inside a plain cell is a character');
  assert.deepEqual(csv('a\n\n"x\ny"\nz').map(({ line }) => line), [1, 3, 5], 'lines are counted as an editor counts them');
});

test('a quote that is never closed costs one line, and the lines after it are read', () => {
  const rows = csv('id,text\n1,"open\n2,"fine"\n3,also fine\n');
  assert.deepEqual(rows.map(({ line, why }) => [line, why]), [[1, undefined], [2, 'a quote is never closed'], [3, undefined], [4, undefined]]);
  assert.equal(rows[1].text, '1,"open');
  assert.deepEqual(cells('"a"b,c\nd,e'), ['there is text after a closing quote', ['d', 'e']]);
  const endless = csv(`"${'x\n'.repeat(longestRecord)}`);
  assert.equal(endless[0].why, 'a quote is never closed');
  assert.equal(endless.length, longestRecord, 'every line after it');
});

test('text that comes in pieces is read as if it came at once', () => {
  const text = 'a,"b\nc",d\n"e ""f""",g\r\nh,"i\n\nj"\n';
  const lines = text.split(/(?<=\n)/);
  for (let cut = 0; cut <= lines.length; cut += 1) {
    const reader = createCsvReader(',');
    const rows = [...reader.push(lines.slice(0, cut).join('')), ...reader.push(lines.slice(cut).join('')), ...reader.end()];
    assert.deepEqual(rows, csv(text));
  }
});

test('any rows, written as csv, are read back', () => {
  const random = seeded(1);
  const letters = ['a', 'é', '"', ',', ';', '\n', '\t', ' ', '0', '|', '🎬'];
  const any = (values) => values[Math.floor(random() * values.length)];
  for (let round = 0; round < 300; round += 1) {
    const separator = any([',', ';', '\t', '|']);
    const width = 1 + Math.floor(random() * 4);
    const rows = Array.from({ length: 1 + Math.floor(random() * 5) }, () => Array.from({ length: width }, () => `x${Array.from({ length: Math.floor(random() * 6) }, () => any(letters)).join('')}`));
    const text = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator)).join(any(['\n', '\r\n']));
    assert.deepEqual(cells(text, separator), rows);
  }
});

test('anything at all is read to its end, and every line is told of once at most', () => {
  const random = seeded(2);
  const letters = ['"', '"', ',', '\n', '\r', 'a', '{', '}', '[', ']', ':', '\\', '1', ' ', '\ufeff'];
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: Math.floor(random() * 60) }, () => letters[Math.floor(random() * letters.length)]).join('');
    for (const rows of [csv(text), json(text), json(`[${text}`)]) {
      const lines = rows.map(({ line }) => line);
      assert.ok(rows.every((row) => row.cells || row.value || (row.why && typeof row.text === 'string')), text);
      assert.ok(lines.every((line, at) => line >= 1 && line <= text.split('\n').length && (at === 0 || line >= lines[at - 1])), JSON.stringify(text));
    }
  }
});

test('the separator and the header are found, and can be changed', async () => {
  assert.equal(detectSeparator('id;title\n1;a, b, c\n2;d, e, f'), ';');
  assert.equal(detectSeparator('movieId,title,genres\n1,Kites,Drama|Comedy\n2,Salt,Crime|Drama'), ',');
  assert.equal(detectSeparator('a\tb\n1\t2'), '\t');
  const bare = await openTable(file('196\t242\t3\t881250949\n186\t302\t3\t891717742\n', 'u.data'));
  assert.deepEqual([bare.layout.hasHeader, bare.columns[0], bare.rows.length], [false, 'column 1', 2]);
  assert.deepEqual(guessMapping(bare, 'ratings'), { user: 0, item: 1, value: 2 });
  const relaidTable = relaid(bare, { ...bare.layout, hasHeader: true });
  assert.deepEqual([relaidTable.columns[0], relaidTable.rows.length], ['196', 1]);
});

test('a byte-order mark, line ends of old Macs and gzip are no trouble', async () => {
  for (const content of ['\ufeffid,plot\n1,a\n2,b\n', 'id,plot\r1,a\r2,b\r', gzipSync('id,plot\n1,a\n2,b\n')]) {
    const { table, rows, complaints } = await read(content);
    assert.deepEqual(table.columns, ['id', 'plot']);
    assert.deepEqual(rows.map((row) => row.cells), [['1', 'a'], ['2', 'b']]);
    assert.equal(complaints.count, 0);
  }
});

test('lines that are not UTF-8 are told with their numbers, also where the record spans lines', async () => {
  const content = new Uint8Array([...Buffer.from('id,plot\n1,fine\n2,"caf'), 0xe9, ...Buffer.from('\nand more"\n3,fine\n'), 0xff, 0x2c, 0x61]);
  const { rows, complaints } = await read(content);
  assert.deepEqual(complaints.first.map(({ line, why }) => [line, why]), [[3, 'this is not UTF-8; save the file as UTF-8'], [6, 'this is not UTF-8; save the file as UTF-8']]);
  assert.deepEqual(rows.map((row) => row.cells[0]), ['1', '3']);
  await assert.rejects(read(new Uint8Array(3000).map((_, at) => (at % 2 ? 10 : 0xff))), /is not UTF-8/);
});

test('what is no table is refused with what it is', async () => {
  const bytes = (...values) => new Uint8Array(values);
  await assert.rejects(read(''), /is empty/);
  await assert.rejects(read('  \n\n'), /is empty/);
  await assert.rejects(read(bytes(0x50, 0x4b, 3, 4, 0), 'ml.zip'), /zip archive/);
  await assert.rejects(read(bytes(0xff, 0xfe, 0x61, 0)), /UTF-16/);
  await assert.rejects(read(bytes(0x61, 0, 0x62)), /not a text file/);
  await assert.rejects(read('x'.repeat(8_100_000)), /a line of more than/);
  await assert.rejects(read(gzipSync(Buffer.from('id,plot\n1,a\n'.repeat(9999))).subarray(0, 60), 'cut.csv.gz'), /cannot be read to its end/);
});

test('ragged rows and too many cells are complaints, of which the first twenty are kept', async () => {
  const { rows, complaints } = await read(`id,plot\n1,a\n${'2\n'.repeat(25)}3,b,c\n${','.repeat(2500)}\n4,d\n`);
  assert.deepEqual(rows.map((row) => row.cells[0]), ['1', '4']);
  assert.equal(complaints.count, 27);
  assert.equal(complaints.first.length, 20);
  assert.deepEqual(complaints.first[0], { line: 3, why: '1 cell, and the first line has 2', text: '2' });
});

test('json is read as lines or as a list, with the line of what is broken', () => {
  const told = (text) => json(text).map(({ line, value, why }) => [line, value ?? why]);
  assert.deepEqual(told('{"a":1}\n\n{"a":2,}\n[1]\n{"a":3}'), [[1, { a: 1 }], [3, 'this is not JSON'], [4, 'this is not an object, such as {"id": "a"}'], [5, { a: 3 }]]);
  assert.deepEqual(told('[\n {"a": "]},{"},\n {"a":\n  2},\n {"a" 3},\n {"a":[{"b":4}]}\n]\n'), [[2, { a: ']},{' }], [3, { a: 2 }], [5, 'this is not JSON'], [6, { a: [{ b: 4 }] }]]);
  assert.match(told('[{"a":1},\n{"a":"never\n')[1][1], /never closed/);
  assert.deepEqual(told('[{"a":1}]\n[{"a":2}]')[1], [2, 'there is text after the end of the list']);
});

test('columns are recognised by their names, and files by their columns', async () => {
  const movies = await openTable(file('movieId,title,genres,overview\n1,A (1999),Drama|Comedy,Text\n'));
  const ratings = await openTable(file('userId,movieId,rating,timestamp\n1,1,4.0,9\n'));
  const tags = await openTable(file('userId,movieId,tag,timestamp\n1,1,funny,9\n'));
  const books = await openTable(file('ISBN;"Book-Title";"Description"\n1;"B";"Text"\n'));
  const reviews = await openTable(file('{"reviewerID":"a","asin":"b","overall":5,"reviewText":"c"}\n', 'reviews.jsonl'));
  assert.deepEqual([movies, ratings, tags, books, reviews].map(guessRole), ['items', 'ratings', null, 'items', 'ratings']);
  assert.deepEqual(guessMapping(movies, 'items'), { id: 0, title: 1, year: -1, genres: 2, plot: 3, likes: -1, dislikes: -1 });
  assert.equal(guessGenreSeparator(movies.rows, 2), '|');
  assert.deepEqual(sampleScale(ratings, guessMapping(ratings, 'ratings')), [0.5, 5]);
});

test('a scale is the smallest usual one that has room for what is there', () => {
  assert.deepEqual([guessScale(1, 5), guessScale(0.5, 5, true), guessScale(0, 1), guessScale(2, 9), guessScale(0, 10), guessScale(-3, 3)],
    [[1, 5], [0.5, 5], [0, 1], [1, 10], [0, 10], [-3, 3]]);
});

test('items and ratings are what their cells say', () => {
  const mapping = { id: 0, title: 1, year: 2, genres: 3, plot: 4, likes: -1, dislikes: -1 };
  const item = (...row) => itemOf({ cells: row }, mapping, '|');
  assert.deepEqual(item(' 7 ', 'Babe (2)', '', 'Drama| Comedy |', 'Text'), { id: '7', title: 'Babe (2)', year: null, genres: ['Drama', 'Comedy'], plot: 'Text', likes: [], dislikes: [] });
  assert.deepEqual([item('7', 'Kites (1999)', '', '(no genres listed)', '').title, item('7', 'Kites (1999)', '2001-03-04', '', '').year, item('7', '', '99', '', '').title], ['Kites', 2001, '7']);
  assert.deepEqual(item(7, 'A', 1999, ['Drama', 3, null], 'Text').genres, ['Drama', '3']);
  assert.equal(item('', 'A', '', '', 'x').why, 'it has no id');
  const rating = (...row) => ratingOf({ cells: row }, { user: 0, item: 1, value: 2 }, [0.5, 5]);
  assert.deepEqual(rating('u', 1, '4,5'), { user: 'u', item: '1', value: 4.5 });
  assert.deepEqual([rating('u', '1', '7').why, rating('u', '1', 0).why, rating('u', '1', 'good').why, rating('u', '1', '').why, rating('', '1', '3').why, rating('u', null, '3').why, rating('u', '1', '0x3').why],
    ['the rating 7 is above 5', 'the rating 0 is below 0.5', 'the rating “good” is no number', 'the rating is missing', 'it does not say who rated', 'it does not say which item', 'the rating “0x3” is no number']);
});

test('a catalog is read with its lines out of order told, and ratings of nothing counted', async () => {
  const items = await openTable(file('id,title,plot\na,A,Text\nb,B,\na,Again,Text\nc,C,Text\n'));
  const ratings = await openTable(file('user,item,rating\nu,a,4\nu,b,3\nv,c,9\nv,zzz,1\nv,c,2\n'));
  const read = await readItems(items, { mapping: guessMapping(items, 'items'), separator: '' });
  assert.deepEqual([read.items.map(({ id }) => id), read.withoutText, read.complaints.count], [['a', 'b', 'c'], 1, 1]);
  assert.deepEqual(read.complaints.first[0], { line: 4, why: 'the id “a” was on line 2 already', text: 'a | Again | Text' });
  const rated = await readRatings(ratings, { mapping: guessMapping(ratings, 'ratings'), scale: [1, 5] }, read.items);
  assert.deepEqual(rated.ratings, [{ user: 'u', item: 'a', value: 4 }, { user: 'v', item: 'c', value: 2 }]);
  assert.deepEqual([rated.users, rated.ofUnknown, rated.highest, rated.complaints.first[0].line], [2, 2, 9, 4]);
});

test('a catalog that cannot be used says what to change', async () => {
  const items = await openTable(file('id,plot\ntt01,Text\n'));
  const untold = await openTable(file('id,plot\n1,\n'));
  const ratings = await openTable(file('user,item,rating\nu,1,4\n'));
  const settings = { mapping: guessMapping(items, 'items'), separator: '' };
  await assert.rejects(readItems(untold, settings), /has a text/);
  const read = await readItems(items, settings);
  const failure = await readRatings(ratings, { mapping: guessMapping(ratings, 'ratings'), scale: [1, 5] }, read.items).catch((error) => error);
  assert.match(failure.message, /is of an item with a text/);
  assert.match(failure.hint, /“1”.*“tt01”/);
});

test('vectors are recognised as columns of numbers or as lists, and whose they are by a name', async () => {
  const table = (content, name) => openTable(file(content, name));
  const tables = await Promise.all([
    table('itemId,v0,v1,v2,bias\na,0.5,-1,2,0.1\n'), table('userId,embedding\nu,"[0.5, -1, 2e-1]"\n'),
    table('{"id":"u","vector":[1,2],"bias":0}\n', 'users.jsonl'), table('{"id":"a","genres":["x"],"vector":[1,2]}\n', 'films.jsonl'),
    table('7\t0.5\t-1\t2\n8\t1.5\t1\t0\n', 'item_factors.tsv'), table('movieId,imdbId,tmdbId\n1,114709,862\n', 'links.csv'),
    table('id,title\n1,A\n'),
  ]);
  assert.deepEqual(tables.map(guessRole), ['itemVectors', 'userVectors', 'userVectors', 'itemVectors', 'itemVectors', null, null]);
  const mappings = tables.slice(0, 5).map((one, at) => guessMapping(one, at === 1 || at === 2 ? 'userVectors' : 'itemVectors'));
  assert.deepEqual(mappings, [{ id: 0, bias: 4, vector: -1 }, { id: 0, bias: -1, vector: 1 }, { id: 0, bias: 2, vector: 1 }, { id: 0, bias: -1, vector: 2 }, { id: 0, bias: -1, vector: -1 }]);
  assert.deepEqual([dimensionColumns(tables[0], mappings[0]), dimensionColumns(tables[4], mappings[4])], [[1, 2, 3], [1, 2, 3]]);
});

test('a vector is what its cells say, or what is wrong with them', () => {
  const columns = (...cells) => vectorOf({ cells }, { id: 0, bias: 1, vector: -1 }, [2, 3]);
  assert.deepEqual(columns(' a ', '0.5', '1', '-2,5'), { id: 'a', bias: 0.5, vector: Float32Array.of(1, -2.5) });
  assert.deepEqual([columns('', '0', '1', '2').why, columns('a', 'x', '1', '2').why, columns('a', '0', '1', '').why, columns('a', '0', 'NaN', '2').why, columns('a', '0', '1e9', '2').why],
    ['it has no id', 'the bias is “x”, which is no number', 'number 2 of the vector is missing', 'number 1 of the vector is “NaN”, which is no number', 'number 1 of the vector is above a million']);
  const list = (cell) => vectorOf({ cells: ['a', cell] }, { id: 0, bias: -1, vector: 1 }, []);
  assert.deepEqual([list('[1, 2]').vector, list([3, 4]).vector], [Float32Array.of(1, 2), Float32Array.of(3, 4)]);
  for (const cell of ['1, 2', '[1, 2', '[]', '{}', '', 7, null]) assert.equal(list(cell).why, 'the vector is no list of numbers, such as [0.5, -1]', String(cell));
  assert.deepEqual([list('[1, null]').why, list([1, '2']).why, list([[1], 2]).why], ['number 2 of the vector is missing', 'number 2 of the vector is “2”, which is no number', 'number 1 of the vector is missing']);
});

test('vectors are read with their lines out of order told', async () => {
  const readAll = async (content, name = 'items.jsonl') => {
    const table = await openTable(file(content, name));
    return readVectors(table, { mapping: guessMapping(table, 'itemVectors') });
  };
  const told = await readAll('{"id":"a","vector":[1,2]}\n{"id":"b","vector":[1]}\n{"id":"a","vector":[3,4]}\n{"id":"c","vector":[5,6]}\nnothing\n');
  assert.deepEqual([told.dimensions, told.vectors.map(({ id }) => id)], [2, ['a', 'c']]);
  assert.deepEqual(told.complaints.first.map(({ line, why }) => [line, why]), [
    [2, 'the vector has length 1, and that of line 1 has 2'], [3, 'the id “a” was on line 1 already'], [5, 'this is not JSON'],
  ]);
  await assert.rejects(readAll('{"id":"","vector":[1,2]}\n'), /No vector could be read/);
  const long = JSON.stringify({ id: 'a', vector: Array(mostDimensions + 1).fill(0.5) });
  await assert.rejects(readAll(`${long}\n`), (error) => /have 513 numbers each/.test(error.message) && /principal components/.test(error.hint));
});

test('vectors of items and of people belong together, or it is said what to change', () => {
  const items = ['a', 'b', 'c', 'd'].map((id) => ({ id, plot: id === 'd' ? '' : 'Text' }));
  const of = (ids, vector = [1, 2]) => ({ dimensions: vector.length, vectors: ids.map((id) => ({ id, bias: 0.5, vector: Float32Array.from(vector) })) });
  const { factors, known, range } = togetherInSpace(items, of(['a', 'b', 'c', 'd', 'elsewhere']), of(['u', 'v'], [0.5, 0]), 3);
  assert.deepEqual([known, factors.mean, factors.items.length, range], [3, 3, 5, { lowest: 4.5, middle: 4.5, highest: 4.5 }]);
  assert.throws(() => togetherInSpace(items, of(['a', 'b', 'c']), of(['u'], [1]), 0), /Vectors of items have 2 numbers, those of people 1/);
  assert.throws(() => togetherInSpace(items, of(['a', 'b']), of(['u']), 0), (error) => /Only 2 of the items with a text have a vector/.test(error.message) && /at least 3/.test(error.hint));
  assert.throws(() => togetherInSpace(items, of(['1', '2', '3']), of(['u']), 0), (error) => /No item with a text has a vector/.test(error.message) && /“1”.*“a”/.test(error.hint));
});

test('a scale that what vectors predict is on is offered where most of it is off, with ends that are read at a glance', () => {
  const better = (lowest, middle, highest, scale = [0.5, 5]) => betterScale({ ratings: null, space: { range: { lowest, middle, highest } } }, scale);
  assert.deepEqual([better(2.1, 3.4, 4.9), better(4.2, 6.7, 9.4), better(-0.17, 0.3, 2.05), better(61, 83, 97)], [null, [1, 10], [-0.5, 2.5], [0, 100]]);
  assert.equal(better(-4, -3, -1), null, 'nothing there is a rating');
});

test('reading tells how far it is, stops when it is told to, and lets other work in', async () => {
  const big = file(`id,plot\n${'1,some text that goes on for a while\n'.repeat(300_000)}`);
  const cancellation = new AbortController();
  let turns = 0;
  const timer = setInterval(() => { turns += 1; }, 1);
  let done = 0;
  let rows = 0;
  await readRows(await openTable(big), { onRow: () => { rows += 1; }, onProgress: (read) => { done = read; } });
  clearInterval(timer);
  assert.deepEqual([done, rows], [big.size, 300_000]);
  assert.ok(turns > 2, `${turns} turns for others`);
  await assert.rejects(async () => {
    for await (const _ of readText(big, { signal: cancellation.signal, onProgress: () => cancellation.abort() }));
  }, { name: 'AbortError' });
});
