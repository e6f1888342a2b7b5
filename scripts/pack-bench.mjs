/**
 * `npm run bench:pack`: one archive with the bench and all that it needs, this Node included, for a
 * Linux x64 machine that has the driver of a GPU, but no network, no Node and no npm. In it are
 *
 *   run.sh                          starts the bench with the arguments that it is given
 *   bin/node, lib/                  this Node, and libraries of GCC for machines without
 *   bench/, src/, node_modules/     the bench, compiled, and the files that it imports
 *   shaders/                        WGSL as it is: who edits it there measures the edit
 *
 * `--out <file>` names the archive; `--folder <path>` makes a folder of all that, and no archive.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { build } from 'esbuild';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'kinegrad-bench-linux-x64';
const MIB = 2 ** 20;
const LIMIT = 60 * MIB;

/** Imported only by what a bench never does, or by what is compiled already. */
const LEFT_OUT = ['sharp', 'typescript'];

/** What the package benchmark requires behind a function of its own, where no bundler sees it. */
const UNSEEN = ['lodash', 'platform'];

/** Files that are read by their paths, which no import names. */
const DAWN = 'node_modules/webgpu/dist/linux-x64/dawn.node';
const SWIFTSHADER = 'node_modules/@sparticuz/chromium';
const READ = [
  'LICENSE',
  'bench/report/page.css',
  'node_modules/echarts/dist/echarts.common.min.js',
  `${SWIFTSHADER}/bin/swiftshader.tar.br`,
  // The package is found by its entry, whose imports are not needed.
  `${SWIFTSHADER}/build/cjs/index.cjs`,
];

/** The files that the bench and the loader of WGSL import, as paths from the root. */
async function importedFiles() {
  const benches = readdirSync(join(root, 'bench'), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !/^peers\b/.test(file))
    .map((file) => join('bench', file));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...benches, ...UNSEEN, 'scripts/wgsl-hook.mjs'],
    bundle: true,
    write: false,
    outdir: 'out',
    metafile: true,
    platform: 'node',
    format: 'esm',
    conditions: ['source'],
    loader: { '.wgsl': 'empty' },
    external: LEFT_OUT,
    logLevel: 'error',
  });
  return Object.keys(metafile.inputs).filter((file) => !file.endsWith('.wgsl'));
}

/** Fills a folder with what the archive holds. */
async function fill(folder) {
  const files = [...(await importedFiles()), ...READ];
  for (const file of files) {
    if (file.endsWith('.ts')) write(file.replace(/\.ts$/, '.js'), compiled(file));
    else copy(file);
  }
  for (const home of new Set(files.map(packageOf).filter(Boolean))) {
    copy(`${home}/package.json`);
    for (const name of readdirSync(join(root, home)))
      if (/^(licen[cs]e|notice)/i.test(name)) copy(`${home}/${name}`);
  }
  copy('shaders');
  copy('scripts/packed/run.mjs', 'scripts/run.mjs');
  copy('scripts/packed/run.sh', 'run.sh');
  write('package.json', manifest());
  copy(process.execPath, 'bin/node');
  copy(DAWN);
  for (const file of ['bin/node', DAWN]) strip(join(folder, file));
  for (const library of ['libstdc++.so.6', 'libgcc_s.so.1'])
    copy(linked(library), `lib/${library}`);
  for (const file of ['run.sh', 'bin/node']) chmodSync(join(folder, file), 0o755);

  function copy(from, to = from) {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    cpSync(resolve(root, from), join(folder, to), { recursive: true, dereference: true });
  }
  function write(to, text) {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    writeFileSync(join(folder, to), text);
  }
}

const packageOf = (file) => file.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];

/** Types are checked by `npm run check`; here they only go. */
function compiled(file) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const compilerOptions = {
    ...config.compilerOptions,
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
  };
  const text = readFileSync(join(root, file), 'utf8');
  return ts.transpileModule(text, { fileName: file, compilerOptions }).outputText;
}

/** By it the bench knows its version, and finds the platform. */
function manifest() {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const imports = { '#platform': './bench/packed/platform.js' };
  const exports = { './package.json': './package.json' };
  return JSON.stringify({ name, version, license, type: 'module', imports, exports }, null, 2);
}

/** Takes symbols for debuggers out, which are a tenth of the archive; without binutils they stay. */
const strip = (file) => spawnSync('strip', ['--strip-unneeded', file]);

/** The path of a library that Dawn is linked to on this machine. */
function linked(library) {
  const list = execFileSync('ldd', [join(root, DAWN)], { encoding: 'utf8' });
  const line = list.split('\n').find((each) => each.trim().startsWith(`${library} => /`));
  if (!line) throw new Error(`ldd ${DAWN} does not name the path of ${library}`);
  return line.trim().split(' ')[2];
}

/** Packs a folder under the name of the archive's folder; resolves to bytes. */
async function archive(folder, file) {
  mkdirSync(dirname(file), { recursive: true });
  const options = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
  const tar = spawn('tar', ['-c', ...options, '-C', dirname(folder), basename(folder)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const status = new Promise((end) => tar.on('close', end));
  await pipeline(tar.stdout, createGzip({ level: 9 }), createWriteStream(file));
  if ((await status) !== 0) throw new Error(`tar failed, so ${file} is not whole`);
  return statSync(file).size;
}

async function main() {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(root, 'out', `${NAME}.tar.gz`) },
      folder: { type: 'string' },
    },
  });
  if (`${process.platform}-${process.arch}` !== 'linux-x64') {
    const here = `${process.arch} ${process.platform}`;
    throw new Error(`it packs this Node for x64 Linux, so it must run there, and this is ${here}`);
  }
  if (!existsSync(join(root, SWIFTSHADER))) {
    throw new Error(
      '@sparticuz/chromium, which has the Vulkan loader, is missing: run npm install',
    );
  }
  if (values.folder) return fill(values.folder);
  const scratch = mkdtempSync(join(tmpdir(), 'kinegrad-pack-'));
  try {
    await fill(join(scratch, NAME));
    const size = await archive(join(scratch, NAME), values.out);
    console.log(`${values.out} is written, ${(size / MIB).toFixed(1)} MiB`);
    if (size > LIMIT) throw new Error(`it is larger than ${LIMIT / MIB} MiB`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(`bench:pack: ${error.message}`);
  process.exitCode = 1;
}
