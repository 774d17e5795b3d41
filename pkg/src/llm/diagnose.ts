import { messageOf } from '../error.js';
import { remote } from '../table.js';
import type { RemoteLlm } from '../types.js';

/** What is the matter with an address. */
export type Trouble =
  | 'address'
  | 'mixed-content'
  | 'policy'
  | 'local-network'
  | 'unreachable'
  | 'cors'
  | 'unauthorized'
  | 'path'
  | 'model'
  | 'rate-limit'
  | 'dialect'
  | 'server'
  | 'rejected';

/** What `diagnose` found. */
export interface Diagnosis {
  /** Nothing where a question was answered. */
  trouble: Trouble | undefined;
  /** What was seen. */
  seen: string;
  /** What to do, in one sentence; empty where there is nothing to do. */
  fix: string;
}

/** Characters of an answer. */
const MOST_READ = 20_000;

const FIXES: Readonly<Record<Trouble, string>> = {
  address: 'Give a base URL such as https://api.openai.com/v1 or http://localhost:11434/v1, without a key in it.',
  'mixed-content': 'Use an https:// address, or open this page from http://localhost: a page of https may only reach https and this computer.',
  policy: "Add the address to connect-src of this page's content security policy.",
  'local-network': 'Allow this site to reach devices on your network: the browser asks once, and the site settings show it.',
  unreachable: 'Check the host name and the port, and that the server runs.',
  cors: "Tell the server to allow this page's origin (for Ollama set OLLAMA_ORIGINS, for llama.cpp and vLLM see their CORS options), or reach it through your own server.",
  unauthorized: 'Give a key that is valid for this server and may use this model.',
  path: 'Check the base URL: most servers want it to end in /v1.',
  model: "Check the model's name; the server's list of models shows how it spells it.",
  'rate-limit': 'Wait, lower the concurrency, or raise the limit with the provider.',
  dialect: 'Check the base URL: something answers there that is not an OpenAI-compatible server.',
  server: 'Try again, and look at what the server says in its own log.',
  rejected: 'Look at what the server says: it may not take a temperature, a seed or a schema; see the options of this endpoint.',
};

/** Asks one short question, and says what stands in the way of an answer. Sends nothing to any other address. */
export async function diagnose(llm: RemoteLlm, { signal }: { signal?: AbortSignal } = {}): Promise<Diagnosis> {
  remote(llm, 'llm');
  const url = addressOf(llm.baseUrl);
  if (!url) return found('address', `${JSON.stringify(llm.baseUrl)} is no address of a server`);
  if (isMixed(url)) return found('mixed-content', `this page is https, and ${url.origin} is not`);
  const token = llm.getToken ? await llm.getToken() : llm.apiKey;
  const limit = { [llm.limit ?? 'max_tokens']: 16 };
  const body = JSON.stringify({ model: llm.model, messages: [{ role: 'user', content: 'Say yes.' }], ...limit });
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const always = { credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', ...(signal && { signal }) } as const;
  const policy = watchPolicy();
  try {
    const response = await fetch(`${url.href}/chat/completions`, { method: 'POST', headers, body, ...always });
    return judged(response.status, await beginning(response), token);
  } catch (error) {
    signal?.throwIfAborted();
    if (await policy.isViolated()) return found('policy', `this page's content security policy does not allow ${url.origin}`);
    return await unanswered(url, messageOf(error), always);
  } finally {
    policy.end();
  }
}

/** As much of an answer as is looked at: it may be endless. */
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (reader && text.length < MOST_READ) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader?.cancel();
  return text;
}

/** A request that the page's own policy stops fails like all others; only an event tells. */
function watchPolicy(): { isViolated(): Promise<boolean>; end(): void } {
  let isViolated = false;
  const listen = ({ effectiveDirective }: SecurityPolicyViolationEvent): void => {
    isViolated ||= effectiveDirective === 'connect-src';
  };
  const target = typeof document === 'undefined' ? undefined : document;
  target?.addEventListener('securitypolicyviolation', listen);
  // The event comes in a task of its own, after the request has failed.
  const nextTask = () => new Promise((resolve) => setTimeout(resolve));
  return { isViolated: () => nextTask().then(() => isViolated), end: () => target?.removeEventListener('securitypolicyviolation', listen) };
}

/** A browser does not tell a page why a request failed, so another one finds out, which no server can refuse. */
async function unanswered(url: URL, why: string, always: RequestInit): Promise<Diagnosis> {
  if (typeof document === 'undefined') return found('unreachable', why);
  if (await isLocalNetworkDenied(url)) return found('local-network', `the browser does not let this page reach ${url.host}`);
  try {
    await fetch(url.origin, { ...always, redirect: 'follow', mode: 'no-cors' });
  } catch {
    always.signal?.throwIfAborted();
    return found('unreachable', `nobody answers at ${url.host}`);
  }
  return found('cors', `${url.host} answers, but not to pages of ${globalThis.location.origin}`);
}

function judged(status: number, text: string, token: string | undefined): Diagnosis {
  const body = parsed(text);
  const said = quoted(body, text, token);
  if (status === 401 || status === 403) return found('unauthorized', `status ${status}: ${said}`);
  if (status === 429) return found('rate-limit', `status 429: ${said}`);
  if (status === 404 || status === 405) return found(namesModel(body) ? 'model' : 'path', `status ${status}: ${said}`);
  if (status >= 500) return found('server', `status ${status}: ${said}`);
  if (namesModel(body)) return found('model', `status ${status}: ${said}`);
  if (status >= 400) return found('rejected', `status ${status}: ${said}`);
  const { choices, error } = (body ?? {}) as { choices?: unknown; error?: unknown };
  if (error) return found('server', said);
  if (!Array.isArray(choices) || choices.length === 0) return found('dialect', said);
  return { trouble: undefined, seen: 'the model answers', fix: '' };
}

function found(trouble: Trouble, seen: string): Diagnosis {
  return { trouble, seen, fix: FIXES[trouble] };
}

function addressOf(baseUrl: string): URL | undefined {
  try {
    const url = new URL(baseUrl.replace(/\/+$/, '').replace(/\/chat\/completions$/, ''));
    const isPlain = /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
    return isPlain ? url : undefined;
  } catch {
    return undefined;
  }
}

function isMixed(url: URL): boolean {
  const isPageSecure = globalThis.location?.protocol === 'https:';
  return isPageSecure && url.protocol === 'http:' && !isLoopback(url);
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname);
}

/** Browsers that ask before a page may reach the local network have a permission for it, under changing names. */
async function isLocalNetworkDenied(url: URL): Promise<boolean> {
  const isLocal = isLoopback(url) || /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.)|\.local$/.test(url.hostname);
  if (!isLocal) return false;
  for (const name of ['local-network-access', isLoopback(url) ? 'loopback-network' : 'local-network']) {
    try {
      const { state } = await navigator.permissions.query({ name: name as PermissionName });
      if (state === 'denied') return true;
    } catch {
      // This browser has no such permission.
    }
  }
  return false;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Servers say "model_not_found", "The model `x` does not exist", "model 'x' not found, try pulling it first". */
function namesModel(body: unknown): boolean {
  const { error } = (body ?? {}) as { error?: { code?: unknown; message?: unknown } | string };
  const said = typeof error === 'string' ? error : `${String(error?.code ?? '')} ${String(error?.message ?? '')}`;
  return /model/i.test(said) && /not[ _]found|does not exist|unknown|invalid|no such|not supported|not available/i.test(said);
}

/** What the server said, short, as text, and without the key. */
function quoted(body: unknown, text: string, token: string | undefined): string {
  const { error, message, detail } = (body ?? {}) as Record<string, unknown>;
  const inner = (error as { message?: unknown } | undefined)?.message ?? error ?? message ?? detail;
  const said = typeof inner === 'string' ? inner : /^\s*</.test(text) ? 'a web page' : text;
  const short = said.replace(/\s+/g, ' ').trim().slice(0, 200) || 'nothing';
  return token ? short.replaceAll(token, '[key]') : short;
}
