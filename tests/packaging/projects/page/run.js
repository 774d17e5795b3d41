// What the pages of all projects do. They bring `create` as they have it, from a bundle or from a file.

/** Leaves in the document what came of it, where the test reads it. */
export async function tell(work) {
  const outcome = await work.catch(({ name, code, message }) => ({ name, code, message }));
  document.documentElement.dataset.outcome = JSON.stringify(outcome);
}

/** Each by its name: a folder is asked for smaller weights first, and these may not be there. */
const models = { weights: '/models/model.safetensors', tokenizer: '/models/tokenizer.json' };

/** One episode of one step over the catalog of the package. */
export async function steerOnce(create, options) {
  const aquiline = await create({ device: 'cpu', models, cache: false, ...options });
  const { users, items, device } = aquiline.info;
  const events = [];
  const episode = { user: users[0].id, item: items[0].id, policy: 'uniform', horizon: 1, candidates: 4 };
  for await (const event of aquiline.steer(episode)) events.push(event.type);
  await aquiline.dispose();
  return { device, films: items.length, events };
}

/** The core in the worker refuses model files that are none: so both were found and started. */
export async function loadNothing(create, options) {
  const nothing = new Uint8Array(1);
  const aquiline = await create({ device: 'cpu', models: { weights: nothing, tokenizer: nothing }, ...options });
  await aquiline.dispose();
  return 'a model of one byte was taken';
}
