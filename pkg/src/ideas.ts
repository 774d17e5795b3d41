/**
 * `<aquiline-ideas>`: ideas for whoever visits a page. They rate a few items of a catalog and are shown items that do not
 * exist yet and that they might like better. Importing this does nothing, so a server may import it too.
 */
import { SETTINGS, Visit } from './ideas/visit.js';
import type { IdeasElement } from './ideas/types.js';
import type { OwnRating } from './types.js';

export type * from './ideas/types.js';

/**
 * Defines the element. Does nothing where it is defined already, and where there are no elements.
 *
 * ```ts
 * import { defineIdeas } from 'aquiline/ideas';
 * defineIdeas();
 * document.body.append(document.createElement('aquiline-ideas'));
 * ```
 */
export function defineIdeas(name = 'aquiline-ideas'): void {
  if (typeof customElements === 'undefined' || customElements.get(name)) return;
  customElements.define(name, elementClass());
}

/** Made only when it is asked for: a server has no `HTMLElement` to extend. */
function elementClass(): CustomElementConstructor {
  return class Ideas extends HTMLElement {
    static readonly observedAttributes = [
      ...['catalog', 'ratings', 'scale', 'models', 'remember'],
      ...['count', 'heading', 'llm-host'],
    ];
    readonly #visit = new Visit(this);

    static {
      for (const name of SETTINGS) {
        Object.defineProperty(this.prototype, name, {
          get(this: Ideas) {
            return this.#visit.settings[name];
          },
          set(this: Ideas, value: never) {
            this.#visit.set(name, value);
          },
        });
      }
    }

    get visitorRatings(): OwnRating[] {
      return this.#visit.ratings.list();
    }
    set visitorRatings(ratings: OwnRating[]) {
      this.#visit.replace(ratings);
    }
    get state(): IdeasElement['state'] {
      return this.#visit.state;
    }
    get ideas(): IdeasElement['ideas'] {
      return this.#visit.ideas;
    }
    start(): Promise<void> {
      return this.#visit.start();
    }
    cancel(): void {
      this.#visit.cancel();
    }

    connectedCallback(): void {
      takeUp(this, [...SETTINGS, 'visitorRatings']);
      this.#visit.open();
    }
    /** An element that is only moved comes back before this runs. */
    disconnectedCallback(): void {
      queueMicrotask(() => this.isConnected || this.#visit.close());
    }
    attributeChangedCallback(name: string, before: string | null, after: string | null): void {
      if (before !== after) this.#visit.change(name);
    }
  };
}

/** Properties that were set before the element was defined hide those of the class. */
function takeUp(element: HTMLElement, names: readonly string[]): void {
  for (const name of names.filter((name) => Object.hasOwn(element, name))) {
    const properties = element as unknown as Record<string, unknown>;
    const value = properties[name];
    delete properties[name];
    properties[name] = value;
  }
}
