// Takes comments out of compiled modules: those of the documentation are in the declarations, and nobody should download
// them twice. Comments within a line stay, as bundlers read some of them. Lines are indented by tabs, which are fewer bytes;
// texts of several lines, such as the style sheet of the web component, say the same with either.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const GENERATED = /^(cpu|webgpu)[/\\]/;
for (const name of await readdir(folder, { recursive: true })) {
  if (!name.endsWith('.js') || GENERATED.test(name)) continue;
  const source = await readFile(join(folder, name), 'utf8');
  const stripped = source.replace(/^[ \t]*(?:\/\*\*[\s\S]*?\*\/|\/\/(?!#).*)[ \t]*\n/gm, '');
  await writeFile(join(folder, name), stripped.replace(/^(?: {4})+/gm, (indent) => '\t'.repeat(indent.length / 4)));
}
