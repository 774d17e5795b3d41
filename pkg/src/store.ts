import { isNode, nodeModule } from './node.js';

/** Bytes by name, kept between visits. */
export interface Store {
  load(key: string): Promise<Uint8Array | undefined>;
  save(key: string, bytes: Uint8Array): Promise<void>;
  drop(key: string): Promise<void>;
}

/** Keys of a Cache are addresses; this one is reserved and never resolves, so nothing can be asked of it. */
const CACHE_ORIGIN = 'https://aquiline.invalid/';
/** Pieces in which bytes are handed to the Cache API: all at once would hold them twice. */
const PIECE = 1 << 20;

/** The store for sentence vectors: on disk under Node.js, in the Cache API in a browser. */
export function vectorStore(): Store {
  return forgiving(isNode() ? folderStore('vectors') : cacheStore('aquiline-vectors'));
}

/** The store for model files: in a browser only; under Node.js files are read from where they are. */
export function modelStore(): Store {
  return isNode() ? nowhere : forgiving(cacheStore('aquiline-models'));
}

/** A store that keeps nothing. */
export const nowhere: Store = {
  load: async () => undefined,
  save: async () => undefined,
  drop: async () => undefined,
};

/** A store whose failures look like an empty store: a full disk must not fail a load. */
export function forgiving(store: Store): Store {
  return {
    load: (key) => store.load(key).catch(() => undefined),
    save: (key, bytes) => store.save(key, bytes).catch(() => undefined),
    drop: (key) => store.drop(key).catch(() => undefined),
  };
}

/** A file per key, in a folder of this name in the user's cache, or in that of the function. Written beside and renamed: a
 * reader sees a whole file or none. */
export function folderStore(place: string | (() => Promise<string>)): Store {
  const folder = typeof place === 'string' ? () => cacheFolder(place) : place;
  const fileOf = async (key: string) => `${await folder()}/${key.replace(/[^\w.-]/g, '_')}`;
  return {
    async load(key) {
      const { readFile } = await nodeModule('fs/promises');
      return readFile(await fileOf(key));
    },
    async save(key, bytes) {
      const { mkdir, rename, rm, writeFile } = await nodeModule('fs/promises');
      const file = await fileOf(key);
      const temporary = `${file}.${crypto.randomUUID()}.tmp`;
      await mkdir(await folder(), { recursive: true });
      try {
        await writeFile(temporary, bytes);
        await rename(temporary, file);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async drop(key) {
      const { rm } = await nodeModule('fs/promises');
      await rm(await fileOf(key), { force: true });
    },
  };
}

/** An entry of the Cache API per key. */
export function cacheStore(name: string): Store {
  const addressOf = (key: string) => CACHE_ORIGIN + encodeURIComponent(key);
  return {
    async load(key) {
      const response = await (await caches.open(name)).match(addressOf(key));
      return response && new Uint8Array(await response.arrayBuffer());
    },
    async save(key, bytes) {
      const headers = { 'content-type': 'application/octet-stream', 'content-length': String(bytes.length) };
      await (await caches.open(name)).put(addressOf(key), new Response(inPieces(bytes), { headers }));
    },
    async drop(key) {
      await (await caches.open(name)).delete(addressOf(key));
    },
  };
}

function inPieces(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= bytes.length) return controller.close();
      controller.enqueue(new Uint8Array(bytes.slice(start, start + PIECE)));
      start += PIECE;
    },
  });
}

async function cacheFolder(name: string): Promise<string> {
  const [{ homedir }, { join }] = await Promise.all([nodeModule('os'), nodeModule('path')]);
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'aquiline', name);
}
