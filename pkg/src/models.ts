import { isFile, readExpected } from './bytes.js';
import { codeOf } from './error.js';
import { throwIfCancelled, pause, type Call } from './tick.js';
import type { Core, Manifest, ModelFile } from './core.js';
import type { CreateRequest, PortSource } from './protocol.js';
import type { Store } from './store.js';

/** A verified file. */
export interface Verified {
  bytes: Uint8Array;
  sha256: string;
}

/** The verified files of a model. */
export interface Model {
  weights: Verified;
  tokenizer: Verified;
}

/** A file that will do, and where it should be. */
interface Offer {
  file: ModelFile;
  source: PortSource;
}

/**
 * What does for which, best first: weights at half precision are half the download, and move cosines by less than 2e-3.
 * Whoever needs the numbers of single precision names that file.
 */
const ROLES = { weights: ['weights-f16', 'weights'], tokenizer: ['tokenizer'] } as const;

/** Reads and verifies the model's files; those from the network come out of the store when it has them. */
export async function loadModel(
  core: Core,
  models: CreateRequest['models'],
  store: Store,
  call: Call,
): Promise<Model> {
  const manifest = core.manifest();
  const weights = offersOf('weights', manifest, models);
  const tokenizer = offersOf('tokenizer', manifest, models);
  const loader = new ModelLoader(core, store, call, [weights, tokenizer]);
  return { tokenizer: await loader.load(tokenizer), weights: await loader.load(weights) };
}

function offersOf(role: keyof Model, { hub, files }: Manifest, models: CreateRequest['models']): Offer[] {
  const known = filesFor(role, files);
  const whole = known.at(-1)!;
  // The hub has the weights as they were trained and no others: to ask for them at half precision would be in vain.
  if (!models) return [{ file: whole, source: addressIn(hub, whole) }];
  if ('folder' in models) return known.map((file) => ({ file, source: addressIn(models.folder, file) }));
  const source = models[role];
  return [{ file: known.find((file) => isLike(file, source)) ?? whole, source }];
}

function filesFor(role: keyof Model, files: ModelFile[]): ModelFile[] {
  const names: readonly string[] = ROLES[role];
  const found = names.flatMap((name) => files.filter((file) => file.role === name));
  if (found.length === 0) throw new Error(`the core's manifest names no ${role}`);
  return found;
}

function addressIn(folder: string, file: ModelFile): string {
  const base = new URL(folder);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const address = new URL(file.name, base);
  // A signed folder keeps its signature.
  address.search = base.search;
  return address.href;
}

/** Bytes are known by their number, what an address leads to by its name. */
function isLike(file: ModelFile, source: PortSource): boolean {
  if (typeof source !== 'string') return source.length === file.size;
  return new URL(source).pathname.endsWith(`/${file.name}`);
}

/** Loads files one after the other and reports them as one, so that progress never goes back. */
class ModelLoader {
  private loaded = 0;
  private verified = 0;
  /** Bytes expected of each wanted file. */
  private readonly sizes: Map<Offer[], number>;

  constructor(
    private readonly core: Core,
    private readonly store: Store,
    private readonly call: Call,
    wanted: Offer[][],
  ) {
    this.sizes = new Map(wanted.map((offers) => [offers, offers[0]!.file.size]));
  }

  async load(offers: Offer[]): Promise<Verified> {
    const verified = (await this.readStored(offers)) ?? (await this.readFirst(offers));
    this.loaded += verified.bytes.length;
    this.report('download', this.loaded);
    return verified;
  }

  private async readStored(offers: Offer[]): Promise<Verified | undefined> {
    for (const { file, source } of offers) {
      const bytes = typeof source === 'string' ? await this.store.load(file.sha256) : undefined;
      if (!bytes) continue;
      this.sizes.set(offers, file.size);
      const verified = await this.verifyStored(file, bytes);
      if (verified) return verified;
    }
    return undefined;
  }

  /** What is stored is checked like what is downloaded: a disk can be wrong too. */
  private async verifyStored(file: ModelFile, bytes: Uint8Array): Promise<Verified | undefined> {
    try {
      return await this.verify(file, bytes);
    } catch {
      throwIfCancelled(this.call);
      await this.store.drop(file.sha256);
      return undefined;
    }
  }

  /**
   * The first that is there and right. A server may answer with 403, or with a page, for a file that it does not have;
   * only where it may have it a moment later the next one is no substitute.
   */
  private async readFirst(offers: Offer[]): Promise<Verified> {
    let failure: unknown;
    for (const { file, source } of offers) {
      this.sizes.set(offers, file.size);
      try {
        return await (typeof source === 'string' ? this.readAddress(file, source) : this.verify(file, source));
      } catch (error) {
        throwIfCancelled(this.call);
        if ((error as { retryable?: unknown }).retryable === true) throw error;
        // Wrong bytes tell more than a file that is missing.
        if (codeOf(failure) !== 'encoder.integrity') failure = error;
      }
    }
    throw failure;
  }

  private async readAddress(file: ModelFile, address: string): Promise<Verified> {
    const bytes = await readExpected(address, file, {
      signal: this.call.signal,
      onBytes: (done) => this.report('download', this.loaded + done),
    });
    const verified = await this.verify(file, bytes);
    if (!isFile(address)) await this.store.save(file.sha256, bytes);
    throwIfCancelled(this.call);
    return verified;
  }

  private async verify(file: ModelFile, bytes: Uint8Array): Promise<Verified> {
    const right = await hasDigest(bytes, file.sha256);
    throwIfCancelled(this.call);
    // The core has the last word, and says what is wrong.
    if (!right) this.core.verify(file.role, bytes);
    this.verified += file.size;
    this.report('verify', this.verified);
    await pause(this.call);
    return { bytes, sha256: file.sha256 };
  }

  private report(type: 'download' | 'verify', done: number): void {
    const total = [...this.sizes.values()].reduce((sum, size) => sum + size, 0);
    this.call.report({ type, done, total, unit: 'bytes' });
  }
}

/**
 * Whether these bytes have this sha256, as the browser computes it: several times faster than the core, on another
 * thread. False also where it cannot tell, as on a page that came over plain http.
 */
async function hasDigest(bytes: Uint8Array, sha256: string): Promise<boolean> {
  const digest = await globalThis.crypto?.subtle?.digest('SHA-256', bytes as BufferSource).catch(() => undefined);
  return digest !== undefined && hex(new Uint8Array(digest)) === sha256;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
