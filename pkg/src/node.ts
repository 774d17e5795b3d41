/**
 * The only place that names modules of Node.js. They are imported when first needed and by a computed name, so that a
 * browser never asks for them and a bundler does not look for them.
 */
interface NodeModules {
  'fs/promises': typeof import('node:fs/promises');
  os: typeof import('node:os');
  path: typeof import('node:path');
  url: typeof import('node:url');
}

/** Whether files can be read and written here. */
export function isNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return typeof process?.versions?.node === 'string' && typeof document === 'undefined';
}

/** A module of Node.js. */
export async function nodeModule<Name extends keyof NodeModules>(name: Name): Promise<NodeModules[Name]> {
  return (await import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${name}`)) as NodeModules[Name];
}
