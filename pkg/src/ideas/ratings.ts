import { AquilineError } from '../error.js';
import type { Item, OwnRating, Rating } from '../types.js';

/** Below this too little is known of anyone. */
export const FEWEST = 3;
const MOST = 10_000;

export type Scale = readonly [lowest: number, highest: number];

/** Of what `create` reads alone when it is given none. */
export const SCALE: Scale = [0.5, 5];

/** What of an item is shown for rating. */
export type Offer = Pick<Item, 'id' | 'title' | 'year' | 'genres'> & { plot?: string };

/** The visitor's ratings. They never leave the page, and outlive it only where the page asks for that. */
export class VisitorRatings {
  private readonly byItem = new Map<string, number>();
  private key: string | undefined;

  get size(): number {
    return this.byItem.size;
  }

  list(): OwnRating[] {
    return [...this.byItem].map(([item, value]) => ({ item, value }));
  }

  get(item: string): number | undefined {
    return this.byItem.get(item);
  }

  add(ratings: readonly OwnRating[]): void {
    for (const { item, value } of ratings) {
      if (this.byItem.size < MOST && Number.isFinite(value)) this.byItem.set(String(item), value);
    }
    this.save();
  }

  forget(): void {
    this.byItem.clear();
    this.save();
  }

  /** Keeps them under this name from now on, beside what is kept there. */
  remember(key: string | undefined): void {
    if (key === this.key) return;
    if (this.key) this.byItem.clear();
    this.key = key;
    const now = this.list();
    // Storage may hold anything.
    const kept: unknown = key && quietly(() => JSON.parse(localStorage.getItem(key) ?? '[]'));
    this.add([...(Array.isArray(kept) ? kept.map(Object) : []), ...now]);
  }

  private save(): void {
    const { key } = this;
    if (!key) return;
    const keep = () => localStorage.setItem(key, JSON.stringify(this.list()));
    quietly(this.size ? keep : () => localStorage.removeItem(key));
  }
}

export function tooFew(here: number): AquilineError {
  const hint = `Rate at least ${FEWEST} items.`;
  return new AquilineError('data.empty', `ratings of items of this catalog that have a text: ${here}`, { hint });
}

/** Storage can be full or forbidden. */
function quietly<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** In the order in which they are offered: what most have rated, and so may be known, in turns of genres. */
export function offersOf(items: readonly Offer[], ratings: readonly Rating[]): Offer[] {
  const count = new Map<string, number>();
  for (const { item } of ratings) count.set(item, (count.get(item) ?? 0) + 1);
  const known = [...items].sort((one, other) => (count.get(other.id) ?? 0) - (count.get(one.id) ?? 0));
  const turns = new Map<string | undefined, number>();
  const turnOf = ({ genres: [genre] }: Offer) => {
    const turn = turns.get(genre) ?? 0;
    turns.set(genre, turn + 1);
    return turn;
  };
  return known.map((item) => ({ item, turn: turnOf(item) })).sort((a, b) => a.turn - b.turn).map(({ item }) => item);
}

/** What a row of stars stands for: whole ratings where the scale has few of them, else five steps. */
export function starsOf([lowest, highest]: Scale): number[] {
  const first = Math.max(1, Math.ceil(lowest));
  if (lowest >= 0 && Number.isInteger(highest) && highest <= 10) {
    return Array.from({ length: highest - first + 1 }, (_, at) => first + at);
  }
  return [0, 1, 2, 3, 4].map((step) => lowest + ((highest - lowest) * step) / 4);
}
