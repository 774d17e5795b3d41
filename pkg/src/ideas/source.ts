import { readCatalog, readRatings, readScale } from './catalog.js';
import { SCALE, type Offer, type Scale } from './ratings.js';
import { AquilineError } from '../error.js';
import type { Aquiline, CatalogSource, Rating } from '../types.js';
import type { Reading } from './read.js';
import type { IdeasSettings } from './types.js';

/** A catalog as `create` takes it, and what can be rated of it. */
export interface Loaded {
  source: CatalogSource;
  scale: Scale;
  /** Missing where only the core can read the catalog. */
  items?: readonly Offer[];
  ratings: readonly Rating[];
}

/** Where a catalog is: addresses of files, or what the page gave as an option of `create`. */
export interface Whereabouts {
  catalog: string | undefined;
  ratings: string | undefined;
  /** Its lowest and highest rating, as in "1 10". */
  scale: string | null;
  options: IdeasSettings['options'];
  aquiline: Aquiline | undefined;
}

export async function loadCatalog(from: Whereabouts, reading: Reading): Promise<Loaded> {
  const scale = from.scale === null ? undefined : readScale(from.scale.trim().split(/[\s,]+/));
  if (from.aquiline) return { source: 'embedded', scale: scale ?? from.aquiline.info.scale, items: from.aquiline.info.items, ratings: [] };
  if (from.catalog) return fetched(from.catalog, scale, from, reading);
  const given = from.options?.catalog ?? 'embedded';
  if (given !== 'embedded' && 'items' in given) {
    const { items, ratings = [] } = given;
    const known = scale ?? given.scale ?? SCALE;
    return { source: { items, ratings, scale: [...known] }, scale: known, items, ratings };
  }
  return { source: given, scale: SCALE, ratings: [] };
}

async function fetched(address: string, told: Scale | undefined, from: Whereabouts, reading: Reading): Promise<Loaded> {
  const { items, ratings: own, scale: ownScale } = await readCatalog(address, reading);
  const ratings = from.ratings ? await readRatings(from.ratings, reading) : own;
  if (ratings.length === 0) {
    const hint = 'Name a file of ratings in the attribute "ratings", or give a json file with "items" and "ratings".';
    throw new AquilineError('data.empty', 'there are no ratings: what people like cannot be learned', { hint });
  }
  const scale = told ?? ownScale ?? SCALE;
  return { source: { items, ratings, scale: [...scale] }, scale, items, ratings };
}

/** The embedded films, which the core keeps to itself. */
export async function embeddedItems(options: Whereabouts['options'], reading: Reading): Promise<readonly Offer[]> {
  const { catalogAddress } = await import('../host.js');
  const given = options?.assets?.catalog;
  const address = given && !(given instanceof Uint8Array) ? new URL(given, document.baseURI).href : catalogAddress();
  return (await readCatalog(address, reading)).items;
}
