/**
 * Kinegrad beside other engines, on one adapter in one run: the training step and the inference of
 * the same lifter. Each engine gets a process of its own in each round, and rounds interleave them.
 */

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { findAdapters } from '../../src/platform/node/adapters.ts';
import { driverFiles } from '../../src/platform/node/drivers.ts';
import { writeFileAtomic } from '../../src/platform/node/files.ts';
import { unpackSwiftShader } from '../../src/platform/node/swiftshader.ts';
import { ADAPTER_KINDS, type AdapterKind, type AdapterReport } from '../../src/platform/types.ts';
import type { Training } from './engine.ts';
import type { Figures, Job } from './measure.ts';
import { makePoses, makeWeights, reference } from './problem.ts';
import { type EngineRounds, show } from './table.ts';

/** The engines and the package that each needs. The others are compared to the first. */
const ENGINES = [
  { file: 'kinegrad.ts' },
  { file: 'tfjs.ts', needs: '@tensorflow/tfjs-backend-webgpu' },
  { file: 'onnxruntime.ts', needs: 'onnxruntime-node' },
  { file: 'onnxruntime_cpu.ts', needs: 'onnxruntime-node' },
];

/** An engine that has not answered by then is ended, milliseconds. */
const PATIENCE = 600_000;

interface Options {
  readonly adapter?: AdapterKind;
  readonly batch: number;
  readonly width: number;
  readonly rounds: number;
  readonly json?: string;
}

async function main({ adapter: wanted, batch, width, rounds, json }: Options): Promise<void> {
  const adapter = await adapterToUse(wanted);
  const environment = await environmentOf(adapter.kind);
  const training: Training = {
    batch,
    dropout: 0.5,
    rate: 1e-3,
    decay: 1e-4,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    momentum: 0.1,
  };
  const weights = makeWeights(width);
  const inference = [...new Set([1, batch])].map((size) => ({
    batch: size,
    reference: reference(weights, makePoses(size).poses),
  }));

  const present = ENGINES.filter((engine) => whyAbsent(engine) === undefined);
  const engines: (EngineRounds & { file: string })[] = present.map(({ file }) => ({
    file,
    rounds: [],
  }));
  for (let round = 1; round <= rounds; round++) {
    for (const engine of engines) {
      if (engine.failed) continue;
      process.stderr.write(`round ${round} of ${rounds}: ${engine.file}\n`);
      const job = { file: new URL(engine.file, import.meta.url).href, width, training, inference };
      try {
        engine.rounds.push(await measureApart(job, environment));
      } catch (error) {
        engine.failed = (error as Error).message;
      }
    }
  }

  const host = { node: process.version, cpu: cpus()[0]?.model ?? '', threads: cpus().length };
  const absent = ENGINES.flatMap((engine) => {
    const why = whyAbsent(engine);
    return why ? [{ file: engine.file, why }] : [];
  });
  const settings = { width, training, rounds };
  console.log(show({ adapter, host, settings, engines, absent }));
  if (json) {
    const { kind, name, driver, source } = adapter;
    const report = { adapter: { kind, name, driver, source }, host, settings, engines, absent };
    await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (engines.some(({ failed }) => failed)) process.exitCode = 1;
}

async function adapterToUse(wanted: AdapterKind | undefined): Promise<AdapterReport> {
  const { reports, remedies } = await findAdapters(wanted);
  const chosen = reports.find((report) => report.chosen);
  if (!chosen) throw new Error(`There is no adapter to use. ${remedies.join(', or ')}.`);
  return chosen;
}

/**
 * The variables that bring an engine which opens its own device to the same adapter, and that keep
 * drivers from reusing what an earlier process compiled: a first step is to be the first.
 */
async function environmentOf(kind: AdapterKind): Promise<NodeJS.ProcessEnv> {
  const cold = { MESA_SHADER_CACHE_DISABLE: 'true', __GL_SHADER_DISK_CACHE: '0' };
  const common = { ...process.env, ...cold, KINEGRAD_ADAPTER: kind };
  const driver =
    kind === 'lavapipe'
      ? driverFiles().find((file) => /lvp|lavapipe/.test(file))
      : kind === 'swiftshader'
        ? (await unpackSwiftShader()).driver
        : undefined;
  if (!driver) return common;
  return { ...common, VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, VK_ADD_DRIVER_FILES: '' };
}

function whyAbsent({ file, needs }: { file: string; needs?: string }): string | undefined {
  if (!existsSync(new URL(file, import.meta.url))) return `bench/peers/${file} is not there`;
  if (!needs) return undefined;
  try {
    createRequire(import.meta.url).resolve(needs);
    return undefined;
  } catch {
    return `${needs} is not installed: npm run bench:peers:install`;
  }
}

/** What one engine reaches in a process of its own. */
function measureApart(job: Job, env: NodeJS.ProcessEnv): Promise<Figures> {
  const child = fork(fileURLToPath(new URL('measure.ts', import.meta.url)), {
    env,
    // Typed arrays travel as they are.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let figures: Figures | undefined;
    let errors = '';
    const clock = setTimeout(() => {
      errors = `no answer after ${PATIENCE / 1000} s. Try a smaller --width or --batch`;
      child.kill('SIGKILL');
    }, PATIENCE);
    child.stderr!.on('data', (text) => (errors += text));
    child.on('message', (message) => {
      figures = message as Figures;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(clock);
      if (figures) resolve(figures);
      else reject(new Error(`it ended with ${signal ?? `code ${code}`}: ${errors.trim()}`));
    });
    child.send(job);
  });
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

const command = new Command('bench:peers')
  .description('measure Kinegrad beside other engines on the same adapter')
  .addOption(
    new Option('--adapter <kind>', 'the kind of adapter to use, instead of the best there is')
      .choices(ADAPTER_KINDS)
      .env('KINEGRAD_ADAPTER'),
  )
  .option('--batch <poses>', 'poses in a batch of the training step', positive, 64)
  .option('--width <features>', 'features of hidden layers', positive, 1024)
  .option('--rounds <count>', 'how often each engine is measured, in turn', positive, 3)
  .option('--json <file>', 'write all samples to a file')
  .action(main);

try {
  await command.parseAsync();
} catch (error) {
  console.error(`bench:peers: ${(error as Error).message}`);
  process.exitCode = 1;
}
