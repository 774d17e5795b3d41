import { create } from 'aquiline';
import { steerOnce, tell } from './run.js';

tell(steerOnce(create));
