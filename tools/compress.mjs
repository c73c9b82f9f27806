#!/usr/bin/env node
// Writes FILE.br and FILE.gz beside every file of a site that is worth compressing, so that the server never has to.
// Usage: compress.mjs SITE
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const COMPRESSIBLE = new Set(['.css', '.html', '.ico', '.js', '.json', '.map', '.svg', '.txt', '.wasm', '.webmanifest', '.xml']);
const ENCODINGS = {
  '.br': (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  '.gz': (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

const [site] = process.argv.slice(2);
if (!site) {
  console.error('usage: compress.mjs SITE');
  process.exit(2);
}
const files = (await readdir(site, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
await Promise.all(
  files.map(async (entry) => {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (!COMPRESSIBLE.has(extname(path))) return;
    const bytes = await readFile(path);
    const sizes = await Promise.all(
      Object.entries(ENCODINGS).map(async ([ending, encode]) => {
        const encoded = await encode(bytes);
        // A tiny file grows when it is compressed: then there is nothing to serve in its place.
        if (encoded.length >= bytes.length) {
          await rm(path + ending, { force: true });
          return null;
        }
        await writeFile(path + ending, encoded);
        return `${encoded.length} ${ending.slice(1)}`;
      }),
    );
    console.log(`${path}: ${[`${bytes.length} bytes`, ...sizes.filter(Boolean)].join(', ')}`);
  }),
);
