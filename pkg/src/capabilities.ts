import { browserGpu } from './device.js';
import type { Capabilities, Info } from './types.js';

/** What this place and what was opened in it can do, as far as the page can tell without asking the core. */
export function capabilitiesHere({ device, reason, measured, encoder }: Info): Omit<Capabilities, 'trained' | 'dimensions'> {
  const place = globalThis as { caches?: unknown; LanguageModel?: unknown; process?: { versions?: { node?: string } } };
  return {
    device,
    reason,
    encoder,
    webgpu: browserGpu() !== undefined,
    measured,
    storage: place.caches !== undefined || place.process?.versions?.node !== undefined,
    languageModel: place.LanguageModel !== undefined,
  };
}
