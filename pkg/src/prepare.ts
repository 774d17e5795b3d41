import { createTick, throwIfCancelled, type Call } from './tick.js';
import type { RawSession } from './core.js';
import type { Host } from './host.js';
import type { Device } from './types.js';

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
  const vectors = (await host.vectors.load(vectorsKey)) ?? (await shipped('vectors'));
  const fit = (await host.vectors.load(fitKey)) ?? (await shipped('fit'));
  const isFitted = fit !== undefined && session.useFit(fit);
  throwIfCancelled(call);
  try {
    await session.prepare(vectors, createTick(call));
    if (!isFitted) await host.vectors.save(fitKey, session.fitBytes());
  } finally {
    await saveVectors(session, device, host);
  }
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
