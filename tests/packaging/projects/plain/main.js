import { create } from './aquiline/index.js';
import { steerOnce, tell } from './run.js';

tell(steerOnce(create));
