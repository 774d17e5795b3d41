import type { AquilineError } from '../error.js';
import type { Aquiline, CreateOptions, Gap, Item, Measured, OwnRating, Progress, SteerOptions, Trajectory } from '../types.js';

/** Where the element is; reflected in its attribute `state`. */
export type IdeasState = 'idle' | 'loading' | 'working' | 'done' | 'error' | 'cancelled';

/** An item that does not exist yet, and why the visitor might like it. */
export interface Idea {
  item: Item;
  /** The existing item that it was made from. */
  from: Item;
  /** What was changed, in words. */
  edits: string[];
  /** The visitor's predicted rating of it, on the catalog's scale. */
  rating: number;
  /** That less the predicted rating of `from`. */
  gain: number;
  /** One standard deviation of `rating` and of `gain`, or why it is not known. */
  uncertainty: Measured;
  /** The gap that it was looked for in. */
  gap: Gap;
  trajectory: Trajectory;
}

/** Properties of the element that are no attributes. */
export interface IdeasSettings {
  /**
   * As of `create`: for a catalog of your own a model, or `'simulator'` by name. With an object of your own in `aquiline` it
   * is only used for the note.
   */
  llm?: CreateOptions['llm'];
  llmOptions?: CreateOptions['llmOptions'];
  budget?: CreateOptions['budget'];
  /** More options of `create`; attributes win. */
  options?: Omit<CreateOptions, 'signal' | 'onProgress' | 'llm' | 'llmOptions' | 'budget'>;
  /** How edits are looked for: `horizon`, `candidates`, `policy` and so on. */
  steering?: Partial<Omit<SteerOptions, 'user' | 'item' | 'signal' | 'onProgress' | 'record' | 'outcome'>>;
  /** An object of your own to share; it is not disposed. */
  aquiline?: Aquiline;
}

/** `<aquiline-ideas>`. */
export interface IdeasElement extends HTMLElement, IdeasSettings {
  /** Ratings of items of the catalog, on its scale. They stay in the page. */
  visitorRatings: OwnRating[];
  readonly state: IdeasState;
  readonly ideas: readonly Idea[];
  /** What the button does; resolves when the run is over, however it ends. */
  start(): Promise<void>;
  /** Stops the run that is under way; what was found stays. */
  cancel(): void;
}

/** What the element tells; all bubble. */
export interface IdeasEvents {
  'aquiline-progress': CustomEvent<Progress>;
  'aquiline-idea': CustomEvent<Idea>;
  'aquiline-error': CustomEvent<AquilineError | Error>;
  'aquiline-done': CustomEvent<readonly Idea[]>;
}

declare global {
  interface HTMLElementTagNameMap {
    'aquiline-ideas': IdeasElement;
  }
  interface HTMLElementEventMap extends IdeasEvents {}
}
