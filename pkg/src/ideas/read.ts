import { fetchResponse } from '../bytes.js';
import { AquilineError, messageOf } from '../error.js';

export interface Reading {
  signal: AbortSignal;
  onBytes: (done: number, total: number) => void;
}

/** A value of a file, and where it stands, for messages. */
export type Entry = [value: unknown, where: string];

const MOST_BYTES = 64 << 20;

/** The text at an address, of at most 64 MB. */
export async function readText(address: string, file: string, { signal, onBytes }: Reading): Promise<string> {
  const response = await fetchResponse(address, signal);
  const total = Number(response.headers.get('content-length'));
  const reader = response.body!.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  try {
    for (let done = 0, read = await reader.read(); !read.done; read = await reader.read()) {
      done += read.value.length;
      if (done > MOST_BYTES) throw malformed(file, 'more than 64 MB');
      chunks.push(read.value);
      onBytes(done, total);
    }
  } catch (error) {
    if (signal.aborted || error instanceof AquilineError) throw error;
    throw new AquilineError('network', `${file} could not be read to its end`, { retryable: true, cause: error });
  } finally {
    // Not awaited: who leaves early does not wait for the rest.
    reader.cancel().catch(() => undefined);
  }
  return decoded(chunks, file);
}

async function decoded(chunks: Uint8Array<ArrayBuffer>[], file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await new Blob(chunks).arrayBuffer());
  } catch {
    throw malformed(file, 'not valid UTF-8; save it as UTF-8');
  }
}

/** What a file holds that is json as a whole: a list, or an object that names one. Nothing for one object a line. */
export function wholeJson(text: string, file: string): { items: unknown; ratings?: unknown; scale?: unknown } | undefined {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? { items: value } : value?.items && value;
  } catch (error) {
    if (/^\s*\[/.test(text)) throw malformed(file, messageOf(error));
    return undefined;
  }
}

export function* entriesOf(list: unknown, file: string): Generator<Entry> {
  if (!Array.isArray(list)) throw malformed(file, 'this is not a list');
  for (const [index, value] of list.entries()) yield [value, `${file}, entry ${index + 1}`];
}

/** One JSON object a line. */
export function* jsonLines(text: string, file: string): Generator<Entry> {
  for (const [line, where] of lines(text, file)) yield [parsed(line, where), where];
}

function parsed(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw malformed(where, 'this is not JSON');
  }
}

/** Rows of csv as objects, by the names in its first line. */
export function* csvRows(text: string, file: string): Generator<Entry> {
  let names: string[] | undefined;
  for (const [line, where] of lines(text, file)) {
    const cells = cellsOf(line);
    if (names && cells.length !== names.length) {
      throw malformed(where, `${cells.length} cells where the first line has ${names.length}`);
    }
    if (names) yield [Object.fromEntries(names.map((name, at) => [name, cells[at]])), where];
    names ??= cells;
  }
}

/** A line end inside quotes is no part of any id. */
function cellsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return Array.from(cells, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!.trim());
}

function* lines(text: string, file: string): Generator<[line: string, where: string]> {
  let number = 0;
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    number += 1;
    const line = text.slice(start, end).trim();
    if (line) yield [line, `${file}, line ${number}`];
  }
}

export function malformed(where: string, why: string): AquilineError {
  return new AquilineError('data.malformed', `${where}: ${why}`);
}
