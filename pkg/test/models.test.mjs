import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fakeCore, TOKENIZER, WEIGHTS } from './support/fake-core.mjs';
import { createFake, fakeHost } from './support/face.mjs';

const requests = [];
/** Bytes, several pieces of bytes, a status, or 'hang', by path. */
let answers;
let folder;
let server;
let hub;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aquiline-models-'));
  await writeFile(join(folder, 'model.bin'), WEIGHTS);
  await writeFile(join(folder, 'tok.bin'), TOKENIZER);
  server = createServer((request, response) => {
    requests.push(request.url);
    const answer = answers[new URL(request.url, hub).pathname] ?? 404;
    if (typeof answer === 'number') return response.writeHead(answer).end();
    if (answer === 'hang') return response.writeHead(200).write(WEIGHTS.subarray(0, 100));
    if (!Array.isArray(answer)) return response.end(answer);
    response.write(answer[0]);
    return setTimeout(() => response.end(answer[1]), 50);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  hub = `http://127.0.0.1:${server.address().port}/hub/`;
});

after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

function offer(changed = {}) {
  answers = { '/hub/model.bin': WEIGHTS, '/hub/tok.bin': TOKENIZER, ...changed };
  requests.length = 0;
}

test('models come from the hub that the core names, and are kept', async () => {
  offer();
  const host = fakeHost({ core: fakeCore({ hub }) });
  await (await createFake(host, { models: undefined })).dispose();
  assert.deepEqual([...host.models.saved.keys()].sort(), ['sha-t', 'sha-w']);
  await (await createFake(host, { models: undefined })).dispose();
  assert.deepEqual(requests, ['/hub/tok.bin', '/hub/model.bin'], 'the second create downloads nothing');
});

test('a folder may lack its slash, and a signed one keeps its signature', async () => {
  offer();
  await (await createFake(fakeHost(), { models: `${hub.slice(0, -1)}?signed=1` })).dispose();
  assert.deepEqual(requests, ['/hub/tok.bin?signed=1', '/hub/model.bin?signed=1']);
});

test('progress of the download counts bytes up to the whole', async () => {
  offer();
  const seen = [];
  const onProgress = (progress) => progress.type === 'download' && seen.push(progress);
  await (await createFake(fakeHost(), { models: hub, onProgress })).dispose();
  assert.ok(seen.length >= 2);
  const { type, done, total, unit } = seen.at(-1);
  assert.deepEqual({ type, done, total, unit }, { type: 'download', done: 3200, total: 3200, unit: 'bytes' });
});

test('a stored file that was damaged is dropped and downloaded again', async () => {
  offer();
  const host = fakeHost();
  await host.models.save('sha-w', new Uint8Array(3000));
  await (await createFake(host, { models: hub })).dispose();
  assert.deepEqual(requests, ['/hub/tok.bin', '/hub/model.bin']);
  assert.deepEqual(host.models.saved.get('sha-w'), WEIGHTS);
});

test('a file that was altered, cut or lengthened is refused and not kept', async () => {
  const lengthened = [WEIGHTS, new Uint8Array(1)];
  for (const wrong of [new Uint8Array(3000), WEIGHTS.subarray(1), lengthened]) {
    offer({ '/hub/model.bin': wrong });
    const host = fakeHost();
    await assert.rejects(createFake(host, { models: hub }), { code: 'encoder.integrity' });
    assert.ok(!host.models.saved.has('sha-w'));
  }
});

test('with cache false nothing is kept', async () => {
  offer();
  const host = fakeHost();
  await (await createFake(host, { models: hub, cache: false })).dispose();
  assert.equal(host.models.saved.size + host.vectors.saved.size, 0);
});

test('a server that fails is a network error that says whether to try again, without the query', async () => {
  offer({ '/hub/tok.bin': 503 });
  const refused = { code: 'network', retryable: true, message: /^http[^?]* answered with status 503$/ };
  await assert.rejects(createFake(fakeHost(), { models: `${hub}?key=secret` }), refused);
  offer({ '/hub/tok.bin': 403 });
  await assert.rejects(createFake(fakeHost(), { models: hub }), { code: 'network', retryable: false });
  await assert.rejects(createFake(fakeHost(), { models: 'http://127.0.0.1:1/' }), { code: 'network', retryable: true });
});

test('a download can be cancelled while it hangs', { timeout: 5000 }, async () => {
  offer({ '/hub/model.bin': 'hang' });
  const promise = createFake(fakeHost(), { models: hub, signal: AbortSignal.timeout(100) });
  await assert.rejects(promise, { name: 'TimeoutError' });
});

test('models can be a folder on disk, as a file: address or as a path, and are not copied', async () => {
  const host = fakeHost();
  for (const models of [pathToFileURL(folder), folder, relative('.', folder)]) {
    await (await createFake(host, { models })).dispose();
  }
  assert.equal(host.models.saved.size, 0);
  await (await createFake(host, { models: { weights: join(folder, 'model.bin'), tokenizer: TOKENIZER } })).dispose();
});

test('a file that is not there says so', async () => {
  const refused = { code: 'network', retryable: false, message: /tok\.bin could not be read: no such file$/ };
  await assert.rejects(createFake(fakeHost(), { models: join(folder, 'nowhere') }), refused);
});
