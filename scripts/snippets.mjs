// Every block of JavaScript or TypeScript in the documents: its types are checked against the package, and it is run
// with the real core and the real model. Neither needs a network.
//
// `node scripts/snippets.mjs [--types] [DOCUMENT…]`: with `--types` only the types; by default all documents.
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['', 'pkg', 'docs', 'docs/decisions'];

/** Words of blocks that are not run, and why. Their types are checked all the same. */
const NOT_RUN = [
  ['location.href', 'only a page has an address; tests/packaging does the same in one'],
  ['document.', 'only a page has a document; tests/web shows the element'],
];

/** Milliseconds that a block may take on a busy machine. */
const MOST_TIME = 120_000;

/** Names that a block may use without saying where they come from; `snippet-stand-ins.mjs` gives their values. */
const PRELUDE = `
import type { Aquiline, Item, Rating } from 'aquiline';
import type { ChatMessage } from 'aquiline/llm';

declare global {
  const create: typeof import('aquiline').create;
  const aquiline: Aquiline;
  const user: string;
  const item: string;
  const items: Item[];
  const ratings: Rating[];
  const original: Item;
  const edited: Item;
  const baseUrl: string;
  const model: string;
  function askMyModel(messages: ChatMessage[], signal: AbortSignal): Promise<string>;
}
`;

const { values, positionals } = parseArgs({ options: { types: { type: 'boolean' } }, allowPositionals: true });
const folder = await mkdtemp(join(tmpdir(), 'aquiline-snippets-'));
try {
  const documents = positionals.length > 0 ? positionals : await allDocuments();
  const snippets = (await Promise.all(documents.map(snippetsOf))).flat();
  await writeSnippets(snippets);
  const failures = checkTypes(snippets);
  if (failures.length === 0 && !values.types) failures.push(...(await runAll(snippets)));
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length > 0 || snippets.length === 0 ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function allDocuments() {
  const found = [];
  for (const place of FOLDERS) {
    const names = await readdir(join(PROJECT, place));
    found.push(...names.filter((name) => name.endsWith('.md')).map((name) => join(place, name)));
  }
  return found.sort();
}

/** Lines are counted as in the document, so that what is said of a block can be found there. */
async function snippetsOf(document) {
  const text = await readFile(resolve(PROJECT, document), 'utf8');
  return [...text.matchAll(/^```(js|ts)\n([^]*?)^```$/gm)].map(({ index, 1: language, 2: code }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    return { document, language, line, code, name: `${document.replaceAll('/', '-')}-${line}` };
  });
}

/** Each as a module that begins at its own line: `checked` sees the package, `run` the package with stand-ins. */
async function writeSnippets(snippets) {
  for (const place of ['checked', 'run']) await mkdir(join(folder, place, 'node_modules'), { recursive: true });
  await symlink(join(PROJECT, 'pkg'), join(folder, 'checked/node_modules/aquiline'));
  await writeFile(join(folder, 'checked/prelude.ts'), PRELUDE);
  for (const { name, line, code } of snippets) {
    await writeFile(join(folder, 'checked', `${name}.ts`), `export {};${'\n'.repeat(line - 1)}${code}`);
  }
}

/** What the compiler complains of. JavaScript may forget that an element could be missing, TypeScript may not. */
function checkTypes(snippets) {
  const ts = createRequire(join(PROJECT, 'pkg/package.json'))('typescript');
  return ['js', 'ts'].flatMap((language) => {
    const options = { ...compilerOptions(ts), strictNullChecks: language === 'ts' };
    return checkAll(ts, snippets.filter((snippet) => snippet.language === language), options);
  });
}

function compilerOptions(ts) {
  return {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
    types: [],
    strict: true,
    skipLibCheck: true,
  };
}

/** Also leaves with each what is to be run. */
function checkAll(ts, snippets, options) {
  if (snippets.length === 0) return [];
  const fileOf = (name) => join(folder, 'checked', `${name}.ts`);
  const program = ts.createProgram([fileOf('prelude'), ...snippets.map(({ name }) => fileOf(name))], options);
  for (const snippet of snippets) {
    const { text } = program.getSourceFile(fileOf(snippet.name));
    snippet.script = ts.transpileModule(text, { compilerOptions: options }).outputText;
  }
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => complaint(ts, snippets, diagnostic));
}

function complaint(ts, snippets, { file, start, messageText }) {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n');
  const snippet = snippets.find(({ name }) => file?.fileName.endsWith(`/${name}.ts`));
  if (!snippet) return `${file?.fileName ?? 'the compiler'}: ${message}`;
  return `${snippet.document}:${file.getLineAndCharacterOfPosition(start).line + 1}: ${message}`;
}

/** One after the other, as they share an object. */
async function runAll(snippets) {
  // What is kept between visits is kept where it goes away again.
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  const standIns = new URL('snippet-stand-ins.mjs', import.meta.url);
  await writePackage(join(folder, 'run/node_modules/aquiline'), standIns);
  const { prepare, tidyUp } = await import(standIns);
  const failures = [];
  for (const snippet of snippets) {
    const why = NOT_RUN.find(([words]) => snippet.code.includes(words))?.[1];
    if (why) console.log(`${snippet.document}:${snippet.line} is not run: ${why}`);
    else failures.push(...(await run(snippet, prepare)));
    await tidyUp();
  }
  return failures;
}

/** The package as blocks import it: `create` is a stand-in, all else is real. */
async function writePackage(place, standIns) {
  const { exports } = JSON.parse(await readFile(join(PROJECT, 'pkg/package.json'), 'utf8'));
  const modules = Object.entries(exports).filter(([, target]) => target.import && target.import !== './dist/worker.js');
  const files = modules.map(([entry, target], index) => {
    const real = pathToFileURL(join(PROJECT, 'pkg', target.import));
    const code = `export * from '${real}';\n${entry === '.' ? `export { create } from '${standIns}';\n` : ''}`;
    return { entry, name: `./${index}.js`, code };
  });
  await mkdir(place, { recursive: true });
  const entries = Object.fromEntries(files.map(({ entry, name }) => [entry, name]));
  await writeFile(join(place, 'package.json'), JSON.stringify({ name: 'aquiline', type: 'module', exports: entries }));
  for (const { name, code } of files) await writeFile(join(place, name), code);
}

async function run({ document, line, name, script }, prepare) {
  const file = join(folder, 'run', `${name}.mjs`);
  await writeFile(file, script);
  await prepare(script);
  const started = performance.now();
  try {
    await quietlyAndInTime(() => import(pathToFileURL(file).href));
    console.log(`${document}:${line} runs (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    return [];
  } catch (error) {
    return [`${document}:${line}: ${error.stack}`];
  }
}

/** Blocks print what they find. The timer also keeps Node.js running for a block that waits for nothing. */
async function quietlyAndInTime(work) {
  const { log } = console;
  console.log = () => undefined;
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not done after ${MOST_TIME / 1000} s`)), MOST_TIME);
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
    console.log = log;
  }
}
