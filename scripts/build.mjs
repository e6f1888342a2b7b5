/**
 * Builds `dist/`, so that the package runs without a loader and without another package:
 *
 *     src/, shaders/   the library for Node and for bundlers: a module for each file, with declarations
 *     kinegrad.js      the library for pages without a bundler: one file that imports nothing
 *     cli/             the command line, with the packages that it uses inside
 *
 * Only a whole build takes the place of the last one.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const draft = join(root, '.cache', `dist-${process.pid}`);

async function build() {
  const tsc = compiler();
  if (!tsc) {
    console.log('dist/ is left as it is: TypeScript, a development dependency, is not installed.');
    return;
  }
  try {
    const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', draft];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) {
      console.error('dist/ is left as it is: there are type errors, listed above.');
      process.exitCode = 1;
      return;
    }
    for (const file of filesUnder(join(draft, 'src'))) {
      writeFileSync(file, withBuiltImports(file, readFileSync(file, 'utf8')));
    }
    await writeShaders();
    await bundleCli();
    await bundleLibrary();
    // The bundle has them, with what they import.
    for (const name of ['cli.js', 'cli.d.ts', 'cli', 'picture'])
      rmSync(join(draft, 'src', name), { recursive: true });
    rmSync(dist, { recursive: true, force: true });
    renameSync(draft, dist);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function writeShaders() {
  const { wgslModule } = await import('./wgsl-module.mjs');
  for (const file of filesUnder(join(root, 'shaders')).filter((name) => name.endsWith('.wgsl'))) {
    const built = join(draft, file.slice(root.length)) + '.js';
    mkdirSync(dirname(built), { recursive: true });
    writeFileSync(built, withBuiltImports(built, wgslModule(file, { shipped: true })));
  }
}

/** What both bundles are made of: the modules in the draft, where `#platform` is one of its folders. */
const bundled = (platform) => ({
  bundle: true,
  format: 'esm',
  minify: true,
  legalComments: 'none',
  alias: { '#platform': join(draft, `src/platform/${platform}/index.js`) },
});

async function bundleLibrary() {
  const { build } = await import('esbuild');
  await build({
    ...bundled('browser'),
    entryPoints: [join(draft, 'src/index.js')],
    outfile: join(draft, 'kinegrad.js'),
    platform: 'browser',
  });
}

/** These stay packages of their own, which who needs them installs. */
const PEERS = ['webgpu', 'sharp', '@sparticuz/chromium'];

async function bundleCli() {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    ...bundled('node'),
    absWorkingDir: root,
    entryPoints: { kinegrad: join(draft, 'src/cli.js') },
    outdir: join(draft, 'cli'),
    platform: 'node',
    target: 'node20',
    splitting: true,
    metafile: true,
    external: PEERS,
    // Packages in CommonJS ask for modules of Node by `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  });
  chmodSync(join(draft, 'cli/kinegrad.js'), 0o755);
  const font = packageFolder('@expo-google-fonts/pt-sans');
  for (const style of ['400Regular', '700Bold'])
    cpSync(join(font, style, `PTSans_${style}.ttf`), join(draft, `cli/fonts/${style}.ttf`));
  const names = Object.keys(metafile.inputs).map(
    (file) => file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1],
  );
  const inside = [...new Set(names.filter(Boolean))].sort();
  const terms = inside.map((name) => `${name}\n\n${termsOf(packageFolder(name))}`);
  terms.push(`PT Sans\n\n${readFileSync(join(font, 'LICENSE_FONT'), 'utf8')}`);
  writeFileSync(join(draft, 'cli/LICENSES.txt'), terms.join(`\n\n${'-'.repeat(80)}\n\n`));
}

const packageFolder = (name) => join(root, 'node_modules', name);

function termsOf(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (!file) throw new Error(`${relative(root, folder)} has no licence to go along with it`);
  return readFileSync(join(folder, file), 'utf8').trim();
}

/** Import specifiers as they are in `dist/`. The compiler itself rewrites those of TypeScript in .js files. */
function withBuiltImports(file, text) {
  const shaders = text.replace(/^((?:import|export) .*from )'(\..*\.wgsl)';$/gm, "$1'$2.js';");
  if (!file.endsWith('.d.ts')) return shaders;
  return shaders.replace(/((?:from |import\()["']\.[^"']*)\.ts(["'])/g, '$1.js$2');
}

const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

function compiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}

await build();
