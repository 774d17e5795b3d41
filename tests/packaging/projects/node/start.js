// Starts the core, and gives it model files that are none.
import { create } from 'aquiline';

const nothing = new Uint8Array(1);
const error = await create({ models: { weights: nothing, tokenizer: nothing } }).catch((error) => error);
console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }));
