import { isFile, readExpected } from './bytes.js';
import { throwIfCancelled, pause, type Call } from './tick.js';
import type { Core, ModelFile } from './core.js';
import type { CreateRequest, PortSource } from './protocol.js';
import type { Store } from './store.js';

/** The verified bytes of a model. */
export interface Model {
  weights: Uint8Array;
  tokenizer: Uint8Array;
}

/** Reads and verifies the model's files; those from the network come out of the store when it has them. */
export async function loadModel(
  core: Core,
  models: CreateRequest['models'],
  store: Store,
  call: Call,
): Promise<Model> {
  const { hub, files } = core.manifest();
  const loader = new ModelLoader(core, store, call, files);
  const sourceOf = (role: ModelFile['role']) => sourceFor(role, files, models ?? { folder: hub });
  return {
    tokenizer: await loader.load('tokenizer', sourceOf('tokenizer')),
    weights: await loader.load('weights', sourceOf('weights')),
  };
}

function sourceFor(role: ModelFile['role'], files: ModelFile[], models: NonNullable<CreateRequest['models']>): PortSource {
  if (!('folder' in models)) return models[role];
  const folder = new URL(models.folder);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  const file = new URL(fileFor(role, files).name, folder);
  // A signed folder keeps its signature.
  file.search = folder.search;
  return file.href;
}

function fileFor(role: ModelFile['role'], files: ModelFile[]): ModelFile {
  const file = files.find((candidate) => candidate.role === role);
  if (!file) throw new Error(`the core's manifest names no ${role}`);
  return file;
}

/** Loads files one after the other and reports them as one, so that progress never goes back. */
class ModelLoader {
  private loaded = 0;
  private verified = 0;
  private readonly total: number;

  constructor(
    private readonly core: Core,
    private readonly store: Store,
    private readonly call: Call,
    private readonly files: ModelFile[],
  ) {
    this.total = fileFor('weights', files).size + fileFor('tokenizer', files).size;
  }

  async load(role: ModelFile['role'], source: PortSource): Promise<Uint8Array> {
    const file = fileFor(role, this.files);
    const bytes = await this.read(file, source);
    this.loaded += file.size;
    this.report('download', this.loaded);
    return bytes;
  }

  private async read(file: ModelFile, source: PortSource): Promise<Uint8Array> {
    if (typeof source !== 'string') return this.verify(file, source);
    return (await this.readStored(file)) ?? this.readAddress(file, source);
  }

  /** What is stored is checked like what is downloaded: a disk can be wrong too. */
  private async readStored(file: ModelFile): Promise<Uint8Array | undefined> {
    const bytes = await this.store.load(file.sha256);
    if (!bytes) return undefined;
    try {
      return await this.verify(file, bytes);
    } catch {
      throwIfCancelled(this.call);
      await this.store.drop(file.sha256);
      return undefined;
    }
  }

  private async readAddress(file: ModelFile, address: string): Promise<Uint8Array> {
    const bytes = await readExpected(address, file, {
      signal: this.call.signal,
      onBytes: (done) => this.report('download', this.loaded + done),
    });
    await this.verify(file, bytes);
    if (!isFile(address)) await this.store.save(file.sha256, bytes);
    throwIfCancelled(this.call);
    return bytes;
  }

  private async verify(file: ModelFile, bytes: Uint8Array): Promise<Uint8Array> {
    this.core.verify(file.role, bytes);
    this.verified += file.size;
    this.report('verify', this.verified);
    await pause(this.call);
    return bytes;
  }

  private report(type: 'download' | 'verify', done: number): void {
    this.call.report({ type, done, total: this.total, unit: 'bytes' });
  }
}
