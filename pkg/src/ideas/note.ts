import type { CreateOptions } from '../types.js';

export interface Setup {
  llm: CreateOptions['llm'];
  /** Where a model runs that the page handed over: `page`, or a host. */
  llmHost: string | null;
  models: CreateOptions['models'];
  /** Whether the items are the page's own, which the simulator does not edit unless it is asked for by name. */
  isOwn: boolean;
  /** Whether the page brought an object of its own. */
  isShared: boolean;
  isRemembered: boolean;
}

/** What leaves the page, in plain words; it has to be exactly so. */
export function noteOf(setup: Setup): string[] {
  const where = setup.isRemembered ? 'in this browser, also for your next visit' : 'in this page';
  return [`Your ratings stay ${where}.`, edits(setup), download(setup)].filter(Boolean);
}

function edits({ llm, llmHost, isShared, isOwn }: Setup): string {
  if (llm === undefined && isShared) return 'Texts are edited by what this page has set up.';
  if (llm === undefined && isOwn) return 'This page has not set up a language model yet, so that no ideas can be written.';
  if (llm === undefined) return 'Texts are edited in this page: nothing leaves it.';
  if (llm === 'simulator') {
    return `Texts are edited in this page: nothing leaves it.${isOwn ? ' A simulator does it, whose sentences are about films.' : ''}`;
  }
  const isRemote = typeof llm === 'object' && 'baseUrl' in llm;
  if (!isRemote && llmHost === 'page') return 'A language model in this page edits the texts: nothing leaves it.';
  const host = isRemote ? hostOf(llm.baseUrl) : (llmHost ?? 'the language model that this page has set up');
  return (
    `To edit texts, ${host} is sent the item being edited and words about what you like: genres that you rate above or ` +
    'below your average, and words from texts that you like. It is never sent your ratings.'
  );
}

function download({ models, isShared }: Setup): string {
  if (isShared || (typeof models === 'object' && !(models instanceof URL))) return '';
  // A folder may have the weights in half the bytes.
  const [host, size] = models === undefined ? ['huggingface.co', '91 MB'] : [hostOf(models), '91 MB at most'];
  return `The first time, a model that reads texts (${size}) is downloaded from ${host}.`;
}

function hostOf(address: string | URL): string {
  try {
    return new URL(address, document.baseURI).host;
  } catch {
    return String(address);
  }
}
