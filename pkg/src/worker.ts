/**
 * The file a worker runs. Import it from a worker of your own where a bundler wants that:
 * `import 'aquiline/worker'`.
 */
import type { Port } from './protocol.js';
import { serve } from './serve.js';

serve(globalThis as unknown as Port);
