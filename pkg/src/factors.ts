import { AquilineError } from './error.js';
import type { CoreFactors, CoreVector } from './core.js';
import type { GivenFactors, GivenVector } from './types.js';

/**
 * An embedding space as the core takes it. Only what it cannot say well is said here, before anything is downloaded: what is
 * no list, no number, or of another length than the rest. All else it knows.
 */
export function coreFactors({ items, users, mean = 0 }: GivenFactors): CoreFactors {
  const dimensions = lengthOf(items?.[0]);
  return {
    mean: finite(mean, 'factors.mean'),
    items: coreVectors('items', items, dimensions),
    users: coreVectors('users', users, dimensions),
  };
}

function coreVectors(name: 'items' | 'users', vectors: readonly GivenVector[], dimensions: number): CoreVector[] {
  if (!Array.isArray(vectors) || vectors.length === 0) {
    const hint = 'It is a list of { id, vector, bias? }; both items and users are needed.';
    throw new AquilineError('data.empty', `factors.${name} has no vectors`, { hint });
  }
  return vectors.map((given, at) => coreVector(`factors.${name}[${at}]`, given, dimensions));
}

function coreVector(place: string, given: GivenVector, dimensions: number): CoreVector {
  if (typeof given?.id !== 'string') {
    throw new AquilineError('data.vector', `${place}.id is no text`, { hint: 'Ids are those of the catalog, as text.' });
  }
  const of = `${place} (“${given.id.slice(0, 60)}”)`;
  const found = lengthOf(given);
  if (found === 0) throw new AquilineError('data.vector', `${of} has no vector: give a list of numbers`);
  if (found !== dimensions) {
    const message = `${of} has ${found} dimensions, and the first item has ${dimensions}: all must have as many`;
    throw new AquilineError('data.vector', message);
  }
  for (const value of given.vector) finite(value, of);
  // A copy of its own: a port would send all of the buffer that a view looks into.
  return { id: given.id, bias: finite(given.bias ?? 0, of), vector: Float32Array.from(given.vector) };
}

function lengthOf(given: GivenVector | undefined): number {
  const vector = given?.vector;
  return Array.isArray(vector) || vector instanceof Float32Array ? vector.length : 0;
}

function finite(value: number, of: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new AquilineError('data.vector', `${of} has ${String(value)} where a finite number is needed`);
}
