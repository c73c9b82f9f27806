#!/usr/bin/env node
// Takes out of the page's WebAssembly what is never run, in place, before wasm-opt makes the rest small: then all that
// only this had called goes as well.
// Usage: shrink-wasm.mjs BINARYEN FILE        BINARYEN is the folder of the binaryen package
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What Leptos makes for each kind of view and attribute and this page never runs: taking over a view that comes later than
 * the page, which none does, as everything is rendered in order, and attributes of a template, which this build has none of.
 * Only the bodies themselves: what is merely named after their types, such as what drops them, may be one with what drops
 * others.
 */
const NEVER_RUN = [
  /^<[^_].* as tachys::view::RenderHtml>::hydrate_async::\{closure#0\}$/,
  /^<_ as tachys::view::any_view::IntoAny>::into_any::hydrate_async::<.*>$/,
  /^<_ as tachys::html::attribute::any_attribute::IntoAnyAttribute>::into_any_attr::hydrate_from_template::<.*>$/,
];

/** What only a script could call, and this page's has no use for: streams of bytes between Rust and JavaScript. */
const NEVER_CALLED = /^(__wbg_)?intounderlying(byte)?(source|sink)_/;

const [folder, file] = process.argv.slice(2);
if (!file) {
  console.error('usage: shrink-wasm.mjs BINARYEN FILE');
  process.exit(2);
}
const { default: binaryen } = await import(pathToFileURL(join(folder, 'index.js')).href);
const module = binaryen.readBinary(await readFile(file));
let emptied = 0;
for (let at = 0; at < module.getNumFunctions(); at += 1) {
  const reference = module.getFunctionByIndex(at);
  const { name, module: imported } = binaryen.getFunctionInfo(reference);
  if (imported || !NEVER_RUN.some((pattern) => pattern.test(name.replace(/\[[0-9a-f]+\]/g, "")))) continue;
  binaryen.Function.setBody(reference, module.unreachable());
  emptied += 1;
}
const exported = Array.from({ length: module.getNumExports() }, (_, at) => binaryen.getExportInfo(module.getExportByIndex(at)).name);
for (const name of exported.filter((name) => NEVER_CALLED.test(name))) module.removeExport(name);
await writeFile(file, module.emitBinary());
console.log(`${file}: ${emptied} functions are never run`);
