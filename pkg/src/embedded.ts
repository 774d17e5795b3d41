import { readBytes } from './bytes.js';

/** What is computed for the embedded catalog when the package is built. */
export type EmbeddedPart = 'vectors' | 'fit';

/** Of the encoder with weights at half and at single precision. */
export const FINGERPRINTS = { f16: '8ef639248c0d8780', f32: 'b376378a23f1bae7' } as const;

/** Written out in full: that is the form in which bundlers find the files. */
function addressOf(fingerprint: string, part: EmbeddedPart): URL | undefined {
  if (fingerprint === FINGERPRINTS.f16) {
    return part === 'fit'
      ? new URL('./embedded/f16.fit', import.meta.url)
      : new URL('./embedded/f16.vectors', import.meta.url);
  }
  if (fingerprint === FINGERPRINTS.f32) {
    return part === 'fit'
      ? new URL('./embedded/f32.fit', import.meta.url)
      : new URL('./embedded/f32.vectors', import.meta.url);
  }
  return undefined;
}

/** A part of what comes with the package; nothing where it is not served: it saves time, and no more. */
export async function embedded(fingerprint: string, part: EmbeddedPart): Promise<Uint8Array | undefined> {
  const address = addressOf(fingerprint, part);
  return address && readBytes(address.href).catch(() => undefined);
}
