#!/usr/bin/env node
// Makes the page's fonts: of each only the characters that the page can say. Run it again when a text gets a character that
// is new; `tests/browser/language.test.js` tells.
// Usage: fonts.mjs        Writes public/fonts and style/fonts.css. Needs npm, which fetches the whole fonts.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES = [
  '@fontsource-variable/inter@5',
  '@fontsource-variable/jetbrains-mono@5',
  '@expo-google-fonts/noto-sans-sc@0.4',
  'subset-font@2',
];
/** Where Chinese begins. */
const CHINESE = 0x2e80;

const FONTS = [
  {
    family: 'Inter',
    file: '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
    licence: '@fontsource-variable/inter/LICENSE',
    weight: '400 700',
    axes: { wght: { min: 400, max: 700 } },
  },
  {
    family: 'JetBrains Mono',
    file: '@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2',
    display: 'optional', // what comes late moves nothing
    licence: '@fontsource-variable/jetbrains-mono/LICENSE',
    weight: '400 700',
    axes: { wght: { min: 400, max: 700 } },
  },
  ...['400Regular', '700Bold'].map((weight) => ({
    family: 'Noto Sans SC',
    file: `@expo-google-fonts/noto-sans-sc/${weight}/NotoSansSC_${weight}.ttf`,
    licence: '@expo-google-fonts/noto-sans-sc/LICENSE_FONT',
    weight: weight.slice(0, 3),
    chinese: true,
  })),
];

/** Every character that the page can say: those of the catalogues, of the walk-through, and of what names are made of. */
async function characters() {
  const folders = ['en', 'zh'].map((language) => join(ROOT, 'app/locales', language));
  const files = (await Promise.all(folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))))).flat();
  files.push(join(ROOT, 'server/src/walkthrough/texts.rs'));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
  return [...new Set([...texts.join(''), ...ascii, ...'→←↑↓·…✓×−–—“”‘’○●'])].filter((it) => it >= ' ').sort();
}

const all = await characters();
const [latin, chinese] = [all.filter((it) => it.codePointAt(0) < CHINESE), all.filter((it) => it.codePointAt(0) >= CHINESE)];
const workplace = await mkdtemp(join(tmpdir(), 'berth-fonts-'));
try {
  execFileSync('npm', ['install', '--no-save', '--silent', '--prefix', workplace, ...PACKAGES], { stdio: 'inherit' });
  const { resolve } = createRequire(join(workplace, 'index.js'));
  const { default: subset } = await import(resolve('subset-font'));
  const modules = join(workplace, 'node_modules');
  const folder = join(ROOT, 'public/fonts');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  let faces = '/* Made by tools/fonts.mjs. A browser fetches the Chinese ones for pages that have such characters only. */\n';
  for (const { family, file, licence, weight, axes, display = 'swap', chinese: isChinese } of FONTS) {
    const whole = await readFile(join(modules, file));
    const text = (isChinese ? chinese : latin).join('');
    const bytes = await subset(whole, text, { targetFormat: 'woff2', variationAxes: axes });
    const short = family.toLowerCase().replaceAll(' ', '-');
    const name = `${short}-${createHash('sha256').update(bytes).digest('hex').slice(0, 10)}.woff2`;
    await writeFile(join(folder, name), bytes);
    await writeFile(join(folder, `${short}.LICENSE.txt`), await readFile(join(modules, licence)));
    const range = isChinese ? `U+${CHINESE.toString(16)}-ffff` : `U+20-${(CHINESE - 1).toString(16)}`;
    faces += `@font-face {
  font-family: "${family}";
  font-weight: ${weight};
  font-display: ${display};
  src: url("/fonts/${name}") format("woff2");
  unicode-range: ${range};
}
`;
    console.log(`${name}: ${bytes.length} bytes`);
  }
  await writeFile(join(folder, 'chinese.txt'), `${chinese.join('')}\n`);
  await writeFile(join(ROOT, 'style/fonts.css'), faces);
} finally {
  await rm(workplace, { recursive: true });
}
