import { element } from './element.js';
import { showIdea, showOffer } from './parts.js';
import { FEWEST, type Offer, type Scale, type VisitorRatings } from './ratings.js';
import { amountOf, statusOf } from './words.js';
import { messageOf } from '../error.js';
import type { Progress } from '../types.js';
import type { Idea, IdeasState } from './types.js';

export interface Actions {
  offer(): void;
  find(): void;
  cancel(): void;
  retry(): void;
  forget(): void;
  rate(item: string, value: number): void;
}

export interface Model {
  state: IdeasState;
  heading: string;
  note: readonly string[];
  offers: readonly Offer[];
  scale: Scale;
  ratings: VisitorRatings;
  ideas: readonly Idea[];
  wanted: number;
  error: unknown;
}

const INTRO = 'Rate a few items, and see some that do not exist yet and might suit you better.';

/** The element's inside. */
export class View {
  private readonly heading = element('h2', { part: 'heading', id: 'heading' });
  private readonly offers = element('div', { class: 'offers', part: 'offers' });
  private readonly offer = element('button', { type: 'button', part: 'button' });
  private readonly find = element('button', { type: 'button', class: 'primary', part: 'button primary' });
  private readonly forget = element('button', { type: 'button', class: 'quiet', part: 'button' }, 'Forget my ratings');
  private readonly status = element('span', { role: 'status' });
  private readonly amount = element('span', { class: 'soft' });
  private readonly bar = element('progress', { part: 'progress', 'aria-label': 'Progress' });
  private readonly error = element('div', { class: 'error', part: 'error', role: 'alert' });
  private readonly note = element('ul', { part: 'note', 'aria-label': 'What leaves this page' });
  private readonly ideas = element('ol', { class: 'ideas', part: 'ideas' });
  private offered: readonly Offer[] = [];
  private updates: ((ratings: VisitorRatings) => void)[] = [];

  constructor(root: ShadowRoot, private readonly actions: Actions) {
    const buttons = element('div', { class: 'bar' }, this.offer, this.find, this.forget);
    const status = element('p', { class: 'status', part: 'status' }, this.status, ' ', this.amount);
    const intro = element('p', { class: 'soft', part: 'intro' }, INTRO);
    const inside = [this.heading, intro, this.offers, buttons, status, this.bar, this.error, this.note, this.ideas];
    root.append(element('section', { part: 'base', 'aria-labelledby': 'heading' }, ...inside));
    this.offer.onclick = () => actions.offer();
    this.forget.onclick = () => (actions.forget(), this.offer.focus());
  }

  show(model: Model): void {
    this.heading.textContent = model.heading;
    this.note.replaceChildren(...model.note.map((sentence) => element('li', {}, sentence)));
    this.showOffers(model);
    this.showButtons(model);
    this.showError(model);
    this.showIdeas(model);
    if (!isBusy(model)) this.say(statusOf(model));
  }

  /** A stage has words of its own; how far it is goes to the eye only, since it changes all the time. */
  progress(words: string, progress?: Progress, share = progress && progress.done / progress.total): void {
    this.say(words, progress && amountOf(progress));
    if (share !== undefined && Number.isFinite(share)) this.bar.value = share;
    else this.bar.removeAttribute('value');
  }

  private say(words: string, amount = ''): void {
    if (this.status.textContent !== words) this.status.textContent = words;
    this.amount.textContent = amount;
  }

  private showOffers({ offers, scale, ratings }: Model): void {
    this.offers.hidden = offers.length === 0;
    if (offers !== this.offered) {
      const shown = offers.map((offer) => showOffer(offer, scale, this.actions.rate));
      this.updates = shown.map(({ update }) => update);
      this.offers.replaceChildren(...shown.map(({ node }) => node));
      this.offers.querySelector('input')?.focus();
      this.offered = offers;
    }
    for (const update of this.updates) update(ratings);
  }

  private showButtons(model: Model): void {
    const busy = isBusy(model);
    const rated = model.ratings.size;
    this.offer.textContent = model.offers.length ? 'Rate others' : 'Rate items';
    // Not disabled: who pressed it would lose their place.
    this.offer.setAttribute('aria-disabled', String(busy));
    this.find.textContent = busy ? 'Stop' : 'Find ideas';
    this.find.disabled = !busy && rated < FEWEST;
    this.find.onclick = busy ? this.actions.cancel : this.actions.find;
    this.forget.hidden = busy || rated === 0;
    this.bar.hidden = !busy;
  }

  private showError({ error, state }: Model): void {
    this.error.hidden = state !== 'error';
    if (this.error.hidden) return this.error.replaceChildren();
    const { hint = '', code = '' } = error as { hint?: string; code?: unknown };
    const retry = element('button', { type: 'button', part: 'button retry' }, 'Try again');
    retry.onclick = () => {
      (this.find.disabled ? this.offer : this.find).focus();
      this.actions.retry();
    };
    this.error.replaceChildren(
      element('p', {}, element('strong', {}, 'That did not work: '), messageOf(error)),
      ...(hint ? [element('p', {}, hint)] : []),
      ...(typeof code === 'string' ? [element('p', { class: 'soft' }, code)] : []),
      retry,
    );
  }

  private showIdeas({ ideas, scale }: Model): void {
    if (ideas.length < this.ideas.childElementCount) this.ideas.replaceChildren();
    this.ideas.append(...ideas.slice(this.ideas.childElementCount).map((idea) => showIdea(idea, scale[1])));
    this.ideas.hidden = ideas.length === 0;
  }
}

function isBusy({ state }: Model): boolean {
  return state === 'loading' || state === 'working';
}
