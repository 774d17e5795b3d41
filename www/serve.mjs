/**
 * A small static server for trying the page on this machine. It has no dependencies, listens on
 * the loopback address only, and sends the strict policy the page is written for.
 *
 * `node www/serve.mjs [port] [folder of the model files]`
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

const mimeTypes = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.jsonl': 'application/jsonl; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** The model's hub redirects to its storage hosts, and a language model is wherever its user says; nothing else is asked. */
const reachable = 'http://localhost:* http://127.0.0.1:* https:';

export const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  `connect-src 'self' ${reachable}`,
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Starts serving and returns the `http.Server`; wait for its `listening` event where `port` is 0.
 * `/` is `www`, `/pkg/` is `pkg`, `/models/` is `models`, and `/web-llm/` is `webLlm`, the library WebLLM if it is installed;
 * the last two are answered with 404 where there is no folder.
 */
export function serve({ port = 0, models, pkg = path.join(here, '../pkg/dist'), www = here, webLlm = installedWebLlm() } = {}) {
  const mounts = [['/pkg/', pkg], ['/models/', models], ['/web-llm/', webLlm], ['/', www]];
  const server = createServer((request, response) => {
    answer(request, response, mounts).catch(() => refuse(response, 500, 'The file could not be read'));
  });
  return server.listen(port, '127.0.0.1');
}

/** The page depends on no package: this one is somebody's own, in the project or in the folder where the server was started. */
export function installedWebLlm() {
  for (const folder of [path.join(here, '..'), path.join(here, '../pkg'), process.cwd()]) {
    try {
      return path.dirname(createRequire(path.join(folder, 'package.json')).resolve('@mlc-ai/web-llm'));
    } catch {
      // Not here.
    }
  }
  return null;
}

async function answer(request, response, mounts) {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'Only GET and HEAD');
  const file = resolved(request.url, mounts);
  const entry = file && await stat(file).catch(() => null);
  if (!entry?.isFile()) return refuse(response, 404, 'Not found');
  const tag = `"${entry.size.toString(36)}-${Math.floor(entry.mtimeMs).toString(36)}"`;
  const headers = {
    'Content-Type': mimeTypes[path.extname(file)] ?? 'application/octet-stream',
    'Cache-Control': 'no-cache',
    ETag: tag,
    ...securityHeaders,
  };
  if (request.headers['if-none-match'] === tag) return response.writeHead(304, headers).end();
  response.writeHead(200, { ...headers, 'Content-Length': entry.size });
  if (request.method === 'HEAD') return response.end();
  createReadStream(file).on('error', () => response.destroy()).pipe(response);
}

const securityHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** The file an address names, or null where it names none inside its folder. */
function resolved(url, mounts) {
  const address = decoded(url.split(/[?#]/, 1)[0]);
  if (address === null || address.includes('\0') || address.includes('\\')) return null;
  const [prefix, folder] = mounts.find(([start]) => address.startsWith(start)) ?? [];
  if (!folder) return null;
  const rest = address.slice(prefix.length) || 'index.html';
  const root = path.resolve(folder);
  const file = path.resolve(root, rest.split('/').filter(Boolean).join('/'));
  return file.startsWith(root + path.sep) ? file : null;
}

function decoded(address) {
  try {
    return decodeURIComponent(address);
  } catch {
    return null;
  }
}

function refuse(response, status, words) {
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...securityHeaders }).end(`${words}\n`);
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [port = '8080', models] = process.argv.slice(2);
  const server = serve({ port: Number(port), models });
  server.on('listening', () => console.log(`http://127.0.0.1:${server.address().port}/`));
}
