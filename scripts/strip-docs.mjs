// Takes comments out of compiled modules: those of the documentation are in the declarations, and nobody should download
// them twice. Comments within a line stay, as bundlers read some of them.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const GENERATED = /^(cpu|webgpu)[/\\]/;
for (const name of await readdir(folder, { recursive: true })) {
  if (!name.endsWith('.js') || GENERATED.test(name)) continue;
  const source = await readFile(join(folder, name), 'utf8');
  await writeFile(join(folder, name), source.replace(/^[ \t]*(?:\/\*\*[\s\S]*?\*\/|\/\/(?!#).*)[ \t]*\n/gm, ''));
}
