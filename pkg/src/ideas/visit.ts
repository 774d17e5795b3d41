import { noteOf, type Setup } from './note.js';
import { FEWEST, offersOf, SCALE, tooFew, VisitorRatings, type Offer } from './ratings.js';
import { STYLES } from './styles.js';
import { View } from './view.js';
import { stageOf } from './words.js';
import { codeOf, noEnvironment } from '../error.js';
import type { Aquiline, OwnRating, Progress } from '../types.js';
import type { Reading } from './read.js';
import type { Loaded } from './source.js';
import type { Idea, IdeasEvents, IdeasSettings, IdeasState } from './types.js';

export const SETTINGS = ['llm', 'llmOptions', 'budget', 'options', 'steering', 'aquiline'] as const;

const NO_MODEL =
  'For whoever made this page: set the property "llm" of this element to a model, or to "simulator", whose sentences are about films.';

/** Items to rate at a time. */
const HANDFUL = 6;

let visits = 0;
let sheet: CSSStyleSheet | undefined;

/**
 * What happens between one element and its visitor. What reads files and looks for ideas is loaded when a button is
 * pressed, as the library itself is.
 */
export class Visit {
  readonly settings: IdeasSettings = {};
  readonly ratings = new VisitorRatings();
  state: IdeasState = 'idle';
  ideas: Idea[] = [];
  private readonly view: View;
  /** Of this element alone, since an object can be shared. */
  private readonly user = `aquiline-ideas-${++visits}`;
  private loaded: Loaded | undefined;
  private own: Aquiline | undefined;
  private offers: readonly Offer[] = [];
  private shown: readonly Offer[] = [];
  private run: AbortController | undefined;
  private error: unknown;
  private again = (): Promise<void> => this.start();

  constructor(private readonly host: HTMLElement) {
    const root = host.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [(sheet ??= styleSheet())];
    this.view = new View(root, {
      offer: () => void this.offer(),
      find: () => void this.start(),
      cancel: () => this.cancel(),
      retry: () => void this.again(),
      forget: () => (this.ratings.forget(), this.draw()),
      rate: (item, value) => this.rate([{ item, value }]),
    });
  }

  open(): void {
    this.remember();
    this.draw();
  }

  close(): void {
    this.run?.abort();
    this.run = undefined;
    this.state = 'idle';
    this.drop();
  }

  set<Name extends keyof IdeasSettings>(name: Name, value: IdeasSettings[Name]): void {
    if (this.settings[name] === value) return;
    this.settings[name] = value;
    this.renew();
  }

  change(attribute: string): void {
    if (!this.host.isConnected) return;
    this.remember();
    if (['catalog', 'ratings', 'scale', 'models'].includes(attribute)) this.renew();
    else this.draw();
  }

  /** In place of all that there are. */
  replace(ratings: readonly OwnRating[]): void {
    this.ratings.forget();
    this.rate(ratings);
  }

  cancel(): void {
    this.run?.abort();
  }

  /** Looks for ideas. */
  start(): Promise<void> {
    return this.attempt(() => this.start(), async (signal) => {
      if (this.ratings.size < FEWEST) throw tooFew(this.ratings.size);
      this.ideas = [];
      this.draw();
      await this.find(signal);
      signal.throwIfAborted();
      this.end('done');
      this.tell('aquiline-done', this.ideas);
    });
  }

  /** Shows a handful of items to rate, and every time others. */
  private offer(): Promise<void> {
    return this.attempt(() => this.offer(), async (signal) => {
      const offers = this.offers.length ? this.offers : await this.offerable(signal);
      signal.throwIfAborted();
      this.offers = offers;
      const next = this.offers.indexOf(this.shown.at(-1)!) + 1;
      this.shown = this.offers.slice(next % this.offers.length).slice(0, HANDFUL);
      this.end(this.ideas.length ? 'done' : 'idle');
    });
  }

  private rate(ratings: readonly OwnRating[]): void {
    this.ratings.add(ratings);
    this.draw();
  }

  private async attempt(again: () => Promise<void>, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.run) return;
    const run = (this.run = new AbortController());
    this.again = again;
    this.become('loading');
    this.view.progress('Getting ready');
    try {
      await work(run.signal);
    } catch (error) {
      // Whoever took the run away has said what comes next.
      if (this.run === run) this.fail(error, run.signal);
    }
  }

  private async find(signal: AbortSignal): Promise<void> {
    if (this.isUnwritten()) throw noEnvironment(NO_MODEL);
    const { scale } = await this.load(signal);
    const aquiline = this.settings.aquiline ?? (await this.engine(signal));
    const { findIdeas } = await import('./find.js');
    const count = this.count();
    signal.throwIfAborted();
    this.become('working');
    this.view.progress('Looking for what is missing');
    const ideas = findIdeas(aquiline, {
      user: this.user,
      ratings: this.ratings.list(),
      count,
      highest: scale[1],
      steering: this.settings.steering,
      signal,
      onProgress: (progress, idea, share) => this.report(progress, `Working on idea ${idea} of ${count}`, share),
    });
    for await (const idea of ideas) {
      signal.throwIfAborted();
      this.ideas.push(idea);
      this.draw();
      this.tell('aquiline-idea', idea);
    }
  }

  private async engine(signal: AbortSignal): Promise<Aquiline> {
    if (this.own) return this.own;
    const { source } = await this.load(signal);
    const { options, llm, llmOptions, budget } = this.settings;
    const { create } = await import('../index.js');
    const wanted = { ...options, catalog: source, models: this.models(), llm, llmOptions, budget };
    const made = await create({ ...wanted, signal, onProgress: (progress) => this.report(progress) });
    if (signal.aborted) void made.dispose();
    signal.throwIfAborted();
    return (this.own = made);
  }

  private async offerable(signal: AbortSignal): Promise<Offer[]> {
    const { source, items, ratings } = await this.load(signal);
    if (items) return offersOf(items, ratings);
    if (source !== 'embedded') return offersOf((await this.engine(signal)).info.items, []);
    const { embeddedItems } = await import('./source.js');
    return offersOf(await embeddedItems(this.settings.options, this.reading(signal)), []);
  }

  private async load(signal: AbortSignal): Promise<Loaded> {
    const loaded = this.loaded ?? (await this.read(signal));
    signal.throwIfAborted();
    return (this.loaded = loaded);
  }

  private async read(signal: AbortSignal): Promise<Loaded> {
    const { loadCatalog } = await import('./source.js');
    const { aquiline, options } = this.settings;
    const scale = this.host.getAttribute('scale');
    const from = { catalog: this.address('catalog'), ratings: this.address('ratings'), scale, options, aquiline };
    return loadCatalog(from, this.reading(signal));
  }

  private reading(signal: AbortSignal): Reading {
    return { signal, onBytes: (done, total) => this.report({ type: 'download', done, total, unit: 'bytes' }) };
  }

  private report(progress: Progress, words = stageOf(progress), share?: number): void {
    this.view.progress(words, progress, share);
    this.tell('aquiline-progress', progress);
  }
  private fail(error: unknown, signal: AbortSignal): void {
    // What such an object ran on is gone.
    if (['worker', 'disposed'].includes(codeOf(error) ?? '')) this.drop();
    this.error = error;
    this.end(signal.aborted ? 'cancelled' : 'error');
    if (!signal.aborted) this.tell('aquiline-error', error as Error);
  }

  private end(state: IdeasState): void {
    this.run = undefined;
    this.become(state);
  }

  private become(state: IdeasState): void {
    this.state = state;
    this.draw();
  }

  /** Something else was asked for: what was made for it is of no use any more. */
  private renew(): void {
    this.close();
    this.loaded = undefined;
    [this.offers, this.shown, this.ideas] = [[], [], []];
    this.draw();
  }

  private drop(): void {
    void this.own?.dispose();
    this.own = undefined;
  }

  private draw(): void {
    const { host, state, ratings, ideas, error, shown: offers } = this;
    if (!host.isConnected) return;
    if (host.getAttribute('state') !== state) host.setAttribute('state', state);
    const heading = host.getAttribute('heading') ?? 'Ideas for you';
    const scale = this.loaded?.scale ?? SCALE;
    this.view.show({ state, heading, note: this.note(), offers, scale, ratings, ideas, wanted: this.count(), error });
  }

  private note(): string[] {
    const { llm, aquiline } = this.settings;
    return noteOf({
      llm,
      llmHost: this.host.getAttribute('llm-host'),
      models: this.models(),
      isOwn: this.isOwn(),
      isShared: aquiline !== undefined,
      isRemembered: this.host.hasAttribute('remember'),
    });
  }

  /** Whether the items are the page's own and nobody was set up to edit them. */
  private isUnwritten(): boolean {
    const { llm, aquiline } = this.settings;
    return !llm && !aquiline && this.isOwn();
  }

  private isOwn(): boolean {
    return this.address('catalog') !== undefined || (this.settings.options?.catalog ?? 'embedded') !== 'embedded';
  }

  private remember(): void {
    const { host } = this;
    const catalog = host.getAttribute('catalog') ?? 'embedded';
    this.ratings.remember(host.hasAttribute('remember') ? `aquiline-ideas ${catalog}` : undefined);
  }

  private models(): Setup['models'] {
    return this.host.getAttribute('models') ?? this.settings.options?.models;
  }

  private address(attribute: string): string | undefined {
    const value = this.host.getAttribute(attribute);
    return value && value !== 'embedded' ? new URL(value, document.baseURI).href : undefined;
  }

  private count(): number {
    const count = Number(this.host.getAttribute('count') ?? 3);
    return Number.isInteger(count) && count > 0 ? Math.min(count, 10) : 3;
  }

  private tell<Type extends keyof IdeasEvents>(type: Type, detail: IdeasEvents[Type]['detail']): void {
    this.host.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

function styleSheet(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(STYLES);
  return made;
}
