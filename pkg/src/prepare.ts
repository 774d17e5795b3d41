import { cancelled } from './error.js';
import { createTick, throwIfCancelled, type Call } from './tick.js';
import type { RawSession, Tick } from './core.js';
import type { Host } from './host.js';
import type { Device, Progress } from './types.js';

/** What is prepared, and on what. */
export interface Preparation {
  device: Device;
  /** Whether the catalog is the one that comes with the package, whose vectors and fit come with it too. */
  isEmbedded: boolean;
}

/**
 * Encodes and fits what no earlier visit has. New vectors are saved also when that was cut short, so that a second try
 * goes on from there.
 */
export async function prepare(session: RawSession, { device, isEmbedded }: Preparation, host: Host, call: Call): Promise<void> {
  const vectorsKey = keyOfVectors(session, device);
  const fitKey = `fit-${device}-${session.fitKey}`;
  const shipped = (part: 'vectors' | 'fit') => (isEmbedded ? host.embedded(session.fingerprint, part) : undefined);
  // Both, as what is stored may be of other texts, such as those of another catalog.
  const [stored, delivered] = [await host.vectors.load(vectorsKey), await shipped('vectors')];
  const fit = (await host.vectors.load(fitKey)) ?? (await shipped('fit'));
  const isFitted = fit !== undefined && session.useFit(fit);
  throwIfCancelled(call);
  try {
    if (stored && delivered) await takeUp(session, delivered, call);
    await session.prepare(stored ?? delivered, createTick(call));
    if (!isFitted) await host.vectors.save(fitKey, session.fitBytes());
  } finally {
    await saveVectors(session, device, host);
  }
}

/**
 * Has a session know these vectors beside those that it is given next. Where it would have to encode more texts it stops:
 * the others may have them.
 */
async function takeUp(session: RawSession, vectors: Uint8Array, call: Call): Promise<void> {
  const tick = createTick(call);
  let isShort = false;
  const untilShort: Tick = async (event) => {
    isShort = (event as Progress | undefined)?.type === 'encode';
    if (isShort) throw cancelled();
    await tick(event);
  };
  await session.prepare(vectors, untilShort).catch((error: unknown) => {
    if (!isShort) throw error;
  });
}

/** Saves the vectors, where there are new ones. */
export async function saveVectors(session: RawSession, device: Device, host: Host): Promise<void> {
  const bytes = newVectors(session);
  if (bytes) await host.vectors.save(keyOfVectors(session, device), bytes);
}

/** Per device: the last bits of a vector differ, and a run on the CPU is to be the same everywhere. */
function keyOfVectors(session: RawSession, device: Device): string {
  return `${device}-${session.fingerprint}`;
}

/** After a failure the session may be unable to tell; then there is nothing to save. */
function newVectors(session: RawSession): Uint8Array | undefined {
  try {
    return session.cacheBytes();
  } catch {
    return undefined;
  }
}
