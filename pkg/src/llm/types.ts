/** One message of a conversation. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** One question to a language model. */
export interface ChatRequest {
  /** The conversation so far; the last message is to be answered. */
  messages: ChatMessage[];
  /** 0 always says what is likeliest; where missing, the model's own default. */
  temperature?: number;
  /** Makes the answer repeatable where the model can. */
  seed?: number;
  /** Tokens of the answer at most. */
  maxTokens: number;
  /** The form of the answer, as a JSON schema, for models that can be held to one. */
  schema?: { name: string; schema: object };
}

/** An answer of a language model. */
export interface ChatReply {
  text: string;
  /** Why it stopped: complete, no more tokens, or the model or a filter would not go on. */
  finish?: 'stop' | 'length' | 'refused' | 'unknown';
  usage?: { promptTokens: number; completionTokens: number };
}

/** What a model heeds of a request. */
export interface Capabilities {
  seed: boolean;
  temperature: boolean;
  schema: boolean;
}

/** A language model that the page holds. */
export interface Llm {
  /** Names it in transcripts. */
  model: string;
  /** Questions that may be under way at once. */
  concurrency: number;
  capabilities: Capabilities;
  /** Rejects with the signal's reason when that aborts. */
  chat(request: ChatRequest, options: { signal: AbortSignal }): Promise<string | ChatReply>;
}

/** Also accepted wherever an {@link Llm} is. */
export type ChatFunction = (
  request: ChatRequest,
  options: { signal: AbortSignal },
) => Promise<string | ChatReply>;

/** What every adapter can be told. */
export interface AdapterOptions {
  /** Names the model in transcripts. */
  model?: string;
  /** More options of the engine for every question, such as one that switches off a model's thinking. */
  extra?: Record<string, unknown>;
}
