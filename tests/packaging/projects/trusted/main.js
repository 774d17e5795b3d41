import { create } from 'aquiline';
import { trustedTypes } from './policy.js';
import { loadNothing, tell } from './run.js';

// A policy takes addresses, and bundlers follow none: the worker comes from a copy of the package beside the page.
const worker = new URL('aquiline/worker.js', location.href);
tell(loadNothing(create, { assets: { worker, trustedTypes } }));
