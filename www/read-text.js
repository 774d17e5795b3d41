/**
 * The text of a file, piece by piece: unpacked where it is gzipped, and checked to be UTF-8. Every piece ends where a line
 * ends, and between pieces the page gets its turn, so that a big file freezes nothing.
 */
import { bytes as bytesWords } from './format.js';

/** Unpacked; a small file that unpacks without end stops here. */
export const mostBytes = 1e9;
/** No table of ours has such a line; a file without any line end is no table. */
export const longestLine = 8e6;
/** How long the page may be kept busy: half a frame. */
const sliceMilliseconds = 8;

/** Bytes of a piece; some streams give a file in one. */
const mostAtOnce = 65_536;

/** Why a file as a whole cannot be read. */
export class ReadError extends Error {
  constructor(message, hint = '') {
    super(message);
    this.name = 'ReadError';
    this.hint = hint;
    this.code = 'file';
  }
}

/**
 * Yields `{ text, line, badLines }`: `line` is the number of the first line in `text`, and `badLines` are the numbers of
 * those that are not UTF-8. `onProgress(done, total)` counts the bytes of the file as it lies there.
 */
export async function* readText(file, { signal, onProgress } = {}) {
  let line = 1;
  let pausedAt = performance.now();
  for await (const bytes of wholeLines(file, { signal, onProgress })) {
    const piece = { line, ...decoded(bytes, line) };
    line += countLines(bytes);
    yield piece;
    if (performance.now() - pausedAt < sliceMilliseconds) continue;
    await pause();
    signal?.throwIfAborted();
    pausedAt = performance.now();
  }
}

async function* wholeLines(file, { signal, onProgress }) {
  const reader = (await unpacked(file, onProgress)).getReader();
  const rest = createRest(file.name);
  let total = 0;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await nextChunk(reader, file.name);
      if (done) break;
      total += value.length;
      if (total > mostBytes) throw new ReadError(`${file.name} has more than ${bytesWords(mostBytes)}`, 'Take a part of it.');
      for (let at = 0; at < value.length; at += mostAtOnce) {
        const lines = rest.add(value.subarray(at, at + mostAtOnce));
        if (lines) yield lines;
      }
    }
    const last = rest.end();
    if (last.length > 0) yield last;
  } finally {
    // Not awaited: who leaves early does not wait for the file.
    reader.cancel().catch(() => {});
  }
}

async function unpacked(file, onProgress) {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  refuseForeign(start, file.name);
  let done = 0;
  const counted = file.stream().pipeThrough(new TransformStream({
    transform(chunk, controller) {
      done += chunk.length;
      onProgress?.(done, file.size);
      controller.enqueue(chunk);
    },
  }));
  return start[0] === 0x1f && start[1] === 0x8b ? counted.pipeThrough(new DecompressionStream('gzip')) : counted;
}

/** Files that begin like something that people do try. */
function refuseForeign([first, second, third, fourth], name) {
  if (first === 0x50 && second === 0x4b && third === 3 && fourth === 4) {
    throw new ReadError(`${name} is a zip archive or a spreadsheet`, 'Unpack it, or save it as csv, and choose the files inside.');
  }
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new ReadError(`${name} is encoded as UTF-16`, 'Save it as UTF-8.');
  }
}

async function nextChunk(reader, name) {
  try {
    return await reader.read();
  } catch (error) {
    if (error?.name === 'AbortError') throw error;
    const hint = 'It may be damaged, or it was moved or changed since it was chosen. Choose it again.';
    throw new ReadError(`${name} cannot be read to its end (${error?.message ?? error})`, hint);
  }
}

/** What lies behind the last line end waits for the next chunk. */
function createRest(name) {
  let parts = [];
  let size = 0;
  let isFirst = true;
  /** Line ends of old Macs: a carriage return alone. */
  let hasOnlyReturns = false;

  function add(chunk) {
    if (isFirst) look(chunk);
    const bytes = hasOnlyReturns ? chunk.map((byte) => (byte === 13 ? 10 : byte)) : chunk;
    const end = bytes.lastIndexOf(10) + 1;
    const lines = end > 0 ? joined([...parts, bytes.subarray(0, end)]) : null;
    if (lines) [parts, size] = [[], 0];
    parts.push(bytes.subarray(end));
    size += bytes.length - end;
    if (size > longestLine) {
      throw new ReadError(`${name} has a line of more than ${bytesWords(longestLine)}`, 'Is it a table, or a list with one entry a line?');
    }
    return lines;
  }

  function look(chunk) {
    isFirst = false;
    if (chunk.includes(0)) throw new ReadError(`${name} is not a text file`, 'Files can be csv, tsv, json or jsonl, and each of them gzipped.');
    hasOnlyReturns = chunk.includes(13) && !chunk.includes(10);
  }

  return { add, end: () => joined(parts) };
}

function joined(parts) {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const strict = new TextDecoder('utf-8', { fatal: true });
const lenient = new TextDecoder('utf-8');

function decoded(bytes, firstLine) {
  try {
    return { text: strict.decode(bytes), badLines: [] };
  } catch {
    return decodedLineByLine(bytes, firstLine);
  }
}

function decodedLineByLine(bytes, firstLine) {
  const badLines = [];
  const texts = [];
  for (let from = 0, line = firstLine; from < bytes.length; line += 1) {
    const found = bytes.indexOf(10, from);
    const to = found < 0 ? bytes.length : found + 1;
    const part = bytes.subarray(from, to);
    try {
      texts.push(strict.decode(part));
    } catch {
      badLines.push(line);
      texts.push(lenient.decode(part));
    }
    from = to;
  }
  return { text: texts.join(''), badLines };
}

function countLines(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

/** A turn for whatever waits. Timers are slowed down where the tab is not in sight, so they are the last resort. */
function pause() {
  return globalThis.scheduler?.yield?.() ?? new Promise((resolve) => { setTimeout(resolve); });
}
