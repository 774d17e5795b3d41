import { text } from './check.js';
import { isNode } from './node.js';
import { folderStore } from './store.js';
import type { KnownAnswer } from './types.js';

/**
 * Answers of language models that are kept between visits, by the model's name, as the core writes them: one JSON object
 * a line. They are never written anew here, as seeds have more digits than numbers of JavaScript.
 */
export interface AnswerStore {
  /** Oldest first. */
  load(model: string): Promise<string[]>;
  /** Keeps these too; the oldest are dropped where there are too many. */
  add(model: string, lines: string[]): Promise<void>;
  drop(model: string): Promise<void>;
}

/** Answers of one model that are kept. */
export const MOST_ANSWERS = 10_000;

const DATABASE = 'aquiline-answers';
const TABLE = 'answers';

/** What is kept of a model's answers, oldest first: see `llmOptions.remember`. Asks nobody. */
export async function answers(model: string): Promise<KnownAnswer[]> {
  text(model, 'model');
  return (await answerStore().load(model)).map((line) => JSON.parse(line) as KnownAnswer);
}

/** Removes what is kept of a model's answers. */
export async function forgetAnswers(model: string): Promise<void> {
  text(model, 'model');
  return answerStore().drop(model);
}

/** In a browser a database, under Node.js a file for each model. */
export function answerStore(): AnswerStore {
  return isNode() ? fileAnswers() : databaseAnswers();
}

/** The lines of a text that has an answer in each; empty ones are left out. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter(Boolean);
}

export function fileAnswers(most = MOST_ANSWERS): AnswerStore {
  const files = folderStore('answers');
  const load = async (model: string): Promise<string[]> => {
    const bytes = await files.load(`${model}.jsonl`).catch(() => undefined);
    const lines = bytes ? linesOf(new TextDecoder().decode(bytes)) : [];
    // Names that differ in signs that files cannot have share one.
    return lines.filter((line) => isAnswerOf(model, line));
  };
  return {
    load,
    async add(model, more) {
      const all = new Map([...(await load(model)), ...more].map((line) => [questionOf(line), line]));
      const kept = [...all.values()].slice(-most);
      await files.save(`${model}.jsonl`, new TextEncoder().encode(kept.map((line) => `${line}\n`).join('')));
    },
    drop: (model) => files.drop(`${model}.jsonl`),
  };
}

interface Row {
  question: string;
  model: string;
  /** When it was answered, in milliseconds. */
  at: number;
  line: string;
}

export function databaseAnswers(most = MOST_ANSWERS): AnswerStore {
  const rows = async (model: string): Promise<Row[]> => {
    const found: Row[] = await inTable('readonly', (table) => table.index('model').getAll(model));
    return found.sort((one, other) => one.at - other.at);
  };
  const remove = (questions: string[]) => inTable('readwrite', (table) => questions.map((key) => table.delete(key)).at(-1));
  return {
    load: async (model) => (await rows(model)).map(({ line }) => line).filter((line) => isAnswerOf(model, line)),
    async add(model, more) {
      const at = Date.now();
      const row = (line: string): Row => ({ question: questionOf(line), model, at, line });
      await inTable('readwrite', (table) => more.map((line) => table.put(row(line))).at(-1));
      const kept = await rows(model);
      await remove(kept.slice(0, Math.max(0, kept.length - most)).map(({ question }) => question));
    },
    drop: async (model) => remove((await rows(model)).map(({ question }) => question)),
  };
}

/** Model and question, which stand before the answer. Within a text of JSON no such mark can stand: quotes have a backslash. */
function questionOf(line: string): string {
  return line.slice(0, line.lastIndexOf('"reply":'));
}

function isAnswerOf(model: string, line: string): boolean {
  try {
    const answer = JSON.parse(line) as Partial<KnownAnswer> | null;
    return answer?.model === model && typeof answer.request === 'object' && typeof answer.reply === 'object';
  } catch {
    return false;
  }
}

/** What the last of some requests gives, once all of them are written down. */
async function inTable<Value>(
  mode: IDBTransactionMode,
  work: (table: IDBObjectStore) => IDBRequest<Value> | undefined,
): Promise<Value> {
  const database = await openDatabase();
  try {
    return await new Promise<Value>((resolve, reject) => {
      const transaction = database.transaction(TABLE, mode);
      const request = work(transaction.objectStore(TABLE));
      transaction.oncomplete = () => resolve(request?.result as Value);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(TABLE, { keyPath: 'question' }).createIndex('model', 'model');
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}
