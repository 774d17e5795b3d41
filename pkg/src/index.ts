/**
 * Steer a language model in an embedding space: find where a user would like something that does not exist, and walk
 * there, edit by edit.
 *
 * Importing this does nothing: the worker starts, and files are asked for, when `create` is called.
 */
import { connect } from './connection.js';
import { createOver } from './create.js';
import type { Aquiline, CreateOptions } from './types.js';

/**
 * Loads the model and a catalog, and fits the user's taste.
 *
 * Rejects with an {@link AquilineError}, or, when `signal` aborts, with its reason.
 *
 * ```ts
 * const aquiline = await create({ onProgress: ({ type, done, total }) => console.log(type, done, total) });
 * const user = aquiline.info.users[0].id;
 * const item = aquiline.info.items[0].id;
 * for await (const event of aquiline.steer({ user, item })) console.log(event);
 * await aquiline.dispose();
 * ```
 */
export function create(options: CreateOptions = {}): Promise<Aquiline> {
  return createOver(() => connect(options.assets?.worker, options.assets?.trustedTypes), options);
}

export { answers, forgetAnswers } from './answers.js';
export { AquilineError } from './error.js';
export type { AquilineErrorOptions } from './error.js';
export { isKnown } from './known.js';
export type * from './types.js';
