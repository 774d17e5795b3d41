/** Language models, what they may cost, and what they say as judges. */
import type { Item } from '../types.js';

/** A model behind an address that speaks OpenAI's dialect of chat completions. */
export interface RemoteLlm {
  /** Up to and including the version, as in `https://api.openai.com/v1` or `http://localhost:11434/v1`. */
  baseUrl: string;
  /** The model's name there. */
  model: string;
  /** Gives the key for each request; let it fetch a short-lived one from your own server. */
  getToken?: () => string | undefined | Promise<string | undefined>;
  /** A key in the page's own code: everyone who opens the page can read it. Needs `allowKeyInPage`. */
  apiKey?: string;
  /** Says that nobody but its owner opens this page. */
  allowKeyInPage?: boolean;
  /** Whether answers are asked for piece by piece; default true. */
  streaming?: boolean;
  /** Whether it can be given a seed; default true. */
  seeds?: boolean;
  /** Whether it can be given a temperature; default true. */
  temperature?: boolean;
  /** Whether it can hold answers to a JSON schema; default false. */
  schemas?: boolean;
  /** What it calls the limit of an answer's tokens; OpenAI's reasoning models want the second. */
  limit?: 'max_tokens' | 'max_completion_tokens';
}

/** How a language model is asked. */
export interface LlmOptions {
  /**
   * Words of the catalog's kind of item. Default `'items'`, which are of any kind, for items of your own; `'films'` for the
   * embedded ones and for MovieLens files.
   */
  domain?: 'films' | 'products' | 'items' | Domain;
  /** Form of answers: labelled lines, or JSON for models that can be held to a schema. Default `'lines'`. */
  form?: 'lines' | 'json';
  /** What every rewrite must keep. */
  constraints?: string[];
  /** Questions under way at once; default 4, or what the model that the page holds says. */
  concurrency?: number;
  /** Milliseconds that one attempt may take; default two minutes. */
  timeout?: number;
  /**
   * Ask equal questions only once while this object lives; with `'always'` also in later visits: questions and answers
   * stay in this browser, or in the cache folder under Node.js, until `forgetAnswers`. Default false.
   */
  remember?: boolean | 'always';
  /** Default 0.8. */
  proposalTemperature?: number;
  /** Default 0.5, the paper's. */
  rewriteTemperature?: number;
}

/** A question to a language model and its answer, as they are kept. */
export interface KnownAnswer {
  model: string;
  request: object;
  reply: object;
}

/** One section of a person's description. */
export interface Passage {
  heading: string;
  text: string;
}

/** What is judged: an item and what was made of it. */
export interface JudgeOptions {
  user: string;
  original: Item;
  edited: Item;
  seed?: number;
  signal?: AbortSignal;
}

/** The eleven answers of two ballots, each the number of a choice, or nothing for a question that was left open. */
export interface Opinion {
  /** With the original on the left. */
  originalFirst: (number | null)[];
  /** With the sides swapped. */
  editedFirst: (number | null)[];
}

/** A mean with its 95 % bootstrap interval; NaN where nothing was said. */
export interface Interval {
  mean: number;
  low: number;
  high: number;
}

/** What opinions come to. Shares are of ballots. */
export interface RaterReport {
  pairs: number;
  /** Share that says the user prefers the edited item. */
  userUtility: Interval;
  /** Share on which the judge does. */
  raterUtility: Interval;
  /** How different the two are, from 0 to 1. */
  distance: Interval;
  /** Stars that the user would give more for the edited item. */
  ratingGain: Interval;
  /** Share that says the edited item appeals to more people. */
  appeal: Interval;
  /** Share of pairs with the same answer from both sides; 0.5 is chance. */
  agreement: Interval;
  /** Share of answers for the left side, less a half. */
  positionBias: Interval;
  /** Share whose ratings do not contradict the preference. */
  consistency: Interval;
}

/** Limits that end a run with `llm.budget`; what is missing is unlimited. */
export interface Budget {
  /** Answers. */
  calls?: number;
  /** Tokens of questions and answers. */
  tokens?: number;
  /** Money, in the currency of `price`. */
  money?: number;
  /** Milliseconds from `create` or `useModel` on. */
  time?: number;
  /** Money for a million tokens. */
  price?: { prompt: number; completion: number };
}

/** What a language model has cost. */
export interface Spent {
  calls: number;
  tokens: number;
  money: number;
}

/** A kind of item, in the words that prompts use. */
export interface Domain {
  /** One item: "film". */
  noun: string;
  plural: string;
  /** Who rates them: "viewer". */
  person: string;
  /** What they do with one: "watch". */
  verb: string;
  /** Who would make such changes: "script editor". */
  role: string;
  /** What the text of an item is called: "plot". */
  text: string;
  /** What such a text tells. */
  tells: string;
  /** The five kinds of edit. */
  categories: { name: string; means: string }[];
  /** The five sections of a person's profile. */
  sections: { name: string; means: string }[];
  /** Instructions in place of ours, by task. */
  instructions?: Record<string, string>;
}
