// Mistakes that the types have to catch: one that compiles is an error.
import { create, type Aquiline, type CreateOptions } from 'aquiline';
import { fromFunction } from 'aquiline/llm';

declare const aquiline: Aquiline;
const episode = { user: 'u', item: 'i' };

export const options: CreateOptions[] = [
  // @ts-expect-error An option that there is not.
  { modles: '/models' },
  // @ts-expect-error A device that there is not.
  { device: 'gpu' },
  // @ts-expect-error Items without ratings.
  { catalog: { items: [] } },
  // @ts-expect-error A vector without whose it is.
  { catalog: { items: [] }, factors: { items: [{ vector: [1] }], users: [] } },
  // @ts-expect-error An address in place of a model.
  { llm: 'http://localhost:11434/v1' },
  // @ts-expect-error A limit of what?
  { budget: 100 },
  // @ts-expect-error A file of the model is missing.
  { models: { weights: '/weights' } },
  // @ts-expect-error An address without the name of a model.
  { llm: { baseUrl: 'http://localhost:11434/v1' } },
  // @ts-expect-error A function that answers with a number.
  { llm: async () => 1 },
];

export const calls = [
  // @ts-expect-error No user.
  aquiline.gaps({ count: 3 }),
  // @ts-expect-error No item.
  aquiline.steer({ user: 'u' }),
  // @ts-expect-error A policy that there is not.
  aquiline.steer({ ...episode, policy: 'best' }),
  // @ts-expect-error An address of a policy in place of its bytes.
  aquiline.loadPolicy('/policy.safetensors'),
  // @ts-expect-error One text in place of a list.
  aquiline.embed('a text'),
  // @ts-expect-error Ratings of nobody.
  aquiline.foldIn({ ratings: [] }),
  // @ts-expect-error An arm that is none.
  aquiline.evaluate({ arms: [{ guess: true }] }),
  // @ts-expect-error An outcome that there is not.
  aquiline.steer({ ...episode, outcome: 'first' }),
  // @ts-expect-error No title.
  aquiline.describe({ year: 1999 }),
  // @ts-expect-error No function.
  fromFunction('yes'),
];

// @ts-expect-error What is created has to be awaited.
create().info;
// @ts-expect-error What an object says of itself is not changed.
aquiline.info = undefined;

// @ts-expect-error It may be unknown.
aquiline.info.skill.rmseRatio.toFixed(2);

for await (const event of aquiline.steer(episode)) {
  // @ts-expect-error It may be unknown.
  if (event.type === 'anchor') event.state.uncertainty.toFixed(2);
  // @ts-expect-error Only a step has one.
  event.step;
}
