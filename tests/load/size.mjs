// What a browser loads: the files of the page, compressed as they are served.
import { readdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { kilobytes, table } from './figures.mjs';

const FILES = fileURLToPath(new URL('../../target/site/pkg/', import.meta.url));
const GOAL = 300_000;

export async function size() {
  const names = await readdir(FILES);
  const measure = async (kind) => {
    const found = names.filter((name) => name.endsWith(`.${kind}`));
    if (found.length !== 1)
      throw new Error(`${FILES} has ${found.length} files of kind ${kind}, not one: run tools/page`);
    const [plain, brotli, gzip] = await Promise.all(
      ['', '.br', '.gz'].map(async (ending) => (await stat(FILES + found[0] + ending)).size),
    );
    return { kind, plain, brotli, gzip };
  };
  const files = await Promise.all(['wasm', 'js', 'css'].map(measure));
  const [wasm, js] = files;
  const code = wasm.brotli + js.brotli;
  return {
    title: 'What a browser loads (1 KB is 1,000 bytes)',
    text: table([
      ['', 'brotli', 'gzip', 'plain'],
      ...files.map(({ kind, brotli, gzip, plain }) => [kind, kilobytes(brotli), kilobytes(gzip), kilobytes(plain)]),
    ]),
    goals: [{ goal: `WebAssembly and JavaScript under ${kilobytes(GOAL)} (brotli)`, figure: kilobytes(code), met: code < GOAL }],
  };
}
