// Where the entries that are files lead.
import { readFileSync } from 'node:fs';

const entries = ['aquiline/cpu.wasm', 'aquiline/webgpu.wasm'];
console.log(JSON.stringify(entries.map((entry) => WebAssembly.validate(readFileSync(new URL(import.meta.resolve(entry)))))));
