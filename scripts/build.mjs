/**
 * Builds `dist/`: JavaScript and declarations from `src/`, and one module for each shader, so that
 * the package runs without a loader. Only a whole build takes the place of the last one.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
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
    chmodSync(join(draft, 'src/cli.js'), 0o755);
    await writeShaders();
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
    writeFileSync(built, withBuiltImports(built, wgslModule(file)));
  }
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
