import { finishOf, usageOf } from './adapter.js';
import type { ChatReply } from './types.js';

/** What is read of a chat completion, OpenAI's shape, which more than one engine has. */
export interface Completion {
  choices: { message: { content?: string | null }; finish_reason?: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
}

/** A chat completion as a reply; there may be no text in it. */
export function replyOfCompletion(completion: Completion): Partial<ChatReply> {
  const { choices: [choice], usage } = completion;
  return {
    text: choice?.message.content ?? undefined,
    finish: finishOf(choice?.finish_reason),
    ...usageOf(usage?.prompt_tokens, usage?.completion_tokens),
  };
}
