import { create } from 'aquiline';
import { loadNothing, tell } from './run.js';

tell(loadNothing(create, { assets: { worker: new URL('/aquiline/worker.js', location.href) } }));
