import { create } from 'aquiline';
import cpu from 'aquiline/cpu.wasm?url';
import { loadNothing, tell } from './run.js';

tell(loadNothing(create, { assets: { cpu } }));
