import { create } from './aquiline/index.js';
import { trustedTypes } from './policy.js';
import { loadNothing, tell } from './run.js';

tell(loadNothing(create, { assets: { trustedTypes } }));
