/**
 * Kinegrad beside other engines: the same work on the same adapter in the same run. Each engine has
 * one process, which lives for the whole run and does nothing unless it is its turn.
 */

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { driverFiles } from '../../src/platform/node/drivers.ts';
import { unpackSwiftShader } from '../../src/platform/node/swiftshader.ts';
import type { AdapterKind, AdapterReport } from '../../src/platform/types.ts';
import { coldDrivers } from '../cold.ts';
import type { Failure } from '../rows.ts';
import { CannotError, type Connection, connectNode, connectPython } from './connection.ts';
import { type Problem, problemOf } from './problems.ts';
import { getReady, type Ready, unclear } from './sampling.ts';
import { describeWork, type Work } from './work.ts';

export type { Work } from './work.ts';

/** What an engine reached in a work. */
export interface PeerSamples {
  /** Name and version; `kinegrad` for ours. */
  readonly engine: string;
  readonly work: Work;
  /** Milliseconds of one call, step or inference, by the rounds in which they were taken. */
  readonly rounds_ms: number[][];
  /** Whether the outputs matched f64, and how far they were off in parts of the largest value. */
  readonly agrees: boolean;
  readonly error: number;
  /** From asking for the work to its first output, on a device that is open. */
  readonly first_ms: number;
  readonly notes: string[];
}

export interface PeerOptions {
  /** How often each engine has a turn with a work. */
  readonly rounds: number;
  /** Some of {@link ENGINE_NAMES}; all if not given. */
  readonly engines?: readonly string[];
  onProgress?(text: string): void;
  /** Seconds after which an engine that does not answer is given up. */
  readonly patience_s?: number;
}

interface EngineEntry {
  readonly name: string;
  readonly title: string;
  readonly file: string;
  /** The npm package that it needs. */
  readonly needs?: string;
}

const ENGINES: readonly EngineEntry[] = [
  { name: 'kinegrad', title: 'kinegrad', file: 'kinegrad.ts' },
  {
    name: 'tfjs',
    title: 'TensorFlow.js WebGPU',
    file: 'tfjs.ts',
    needs: '@tensorflow/tfjs-backend-webgpu',
  },
  {
    name: 'onnxruntime',
    title: 'ONNX Runtime WebGPU',
    file: 'onnxruntime.ts',
    needs: 'onnxruntime-node',
  },
  { name: 'jax', title: 'jax-js WebGPU', file: 'jax.ts', needs: '@jax-js/jax' },
  {
    name: 'onnxruntime_cpu',
    title: 'ONNX Runtime CPU',
    file: 'onnxruntime_cpu.ts',
    needs: 'onnxruntime-node',
  },
  { name: 'pytorch', title: 'PyTorch CPU', file: 'pytorch.py' },
];

export const ENGINE_NAMES: readonly string[] = ENGINES.map(({ name }) => name);

/** Interpreters that may have PyTorch: the first on the path, and that of the system. */
const PYTHONS = ['python3', '/usr/bin/python3'];

/** An engine in this run. */
interface Peer {
  readonly entry: EngineEntry;
  readonly connect: () => Connection;
  /** With the version, once it has started. */
  title: string;
  connection?: Connection;
}

/**
 * Measures works on all engines, in turn: each first shows that its output is right, then has a
 * turn of a few samples in each round. What fails is a failure in the result, and the rest goes on.
 * @throws when an engine is not one of {@link ENGINE_NAMES}
 */
export async function measurePeers(
  { kind }: AdapterReport,
  works: readonly Work[],
  { rounds, engines = ENGINE_NAMES, onProgress = () => {}, patience_s = 400 }: PeerOptions,
): Promise<{ samples: PeerSamples[]; failures: Failure[] }> {
  const unknown = engines.find((name) => !ENGINE_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new Error(`There is no engine '${unknown}': choose from ${ENGINE_NAMES.join(', ')}.`);
  }
  const failures: Failure[] = [];
  const samples: PeerSamples[] = [];
  const environment = await environmentOf(kind);
  const peers: Peer[] = [];
  for (const entry of ENGINES.filter(({ name }) => engines.includes(name))) {
    const way = await wayTo(entry, environment, patience_s);
    if ('absent' in way) {
      failures.push({ engine: entry.title, what: 'all', why: way.absent, expected: true });
    } else peers.push({ entry, title: entry.title, ...way });
  }
  const run: Run = { rounds, onProgress, samples, failures };
  try {
    for (const work of works) await measureWork(work, peers, run);
  } finally {
    for (const { connection } of peers) connection?.end();
  }
  return { samples, failures };
}

/** What all works share. */
interface Run {
  readonly rounds: number;
  readonly onProgress: (text: string) => void;
  readonly samples: PeerSamples[];
  readonly failures: Failure[];
}

async function measureWork(work: Work, peers: readonly Peer[], run: Run): Promise<void> {
  const { rounds, onProgress, failures } = run;
  const what = describeWork(work);
  let problem: Problem;
  try {
    problem = await problemOf(work);
  } catch (error) {
    failures.push({ engine: 'all', what, why: (error as Error).message, expected: false });
    return;
  }
  /** What the engine makes of it, or undefined where it failed. */
  const attempt = async <T>(peer: Peer, task: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await task();
    } catch (error) {
      const expected = error instanceof CannotError;
      failures.push({ engine: peer.title, what, why: (error as Error).message, expected });
      if (!expected) stop(peer);
      return undefined;
    }
  };

  const racers: { peer: Peer; ready: Ready; rounds_ms: number[][] }[] = [];
  for (const peer of peers) {
    onProgress(`${what}: ${peer.title} compiles and compares`);
    const ready = await attempt(peer, async () => getReady(await start(peer), problem, rounds));
    if (!ready) continue;
    if (ready.agrees) racers.push({ peer, ready, rounds_ms: [] });
    else {
      const why = `its output is off by ${ready.error.toExponential(1)} of the largest value`;
      failures.push({ engine: peer.title, what, why, expected: false });
      await attempt(peer, () => ready.finish());
    }
  }
  for (let round = 1; round <= rounds; round++) {
    for (const { peer, ready, rounds_ms } of racers) {
      // It has failed, or has had all its turns.
      if (rounds_ms.length < round - 1 || round > ready.turns) continue;
      onProgress(`${what}: round ${round} of ${rounds}, ${peer.title}`);
      const times = await attempt(peer, () => ready.turn());
      if (times) rounds_ms.push(times);
    }
  }
  for (const { peer, ready, rounds_ms } of racers) {
    if (rounds_ms.length < ready.turns) continue;
    const { agrees, error, first_ms } = ready;
    const notes = [...ready.notes];
    const why = unclear(rounds_ms);
    if (why) failures.push({ engine: peer.title, what, why, expected: true });
    else run.samples.push({ engine: peer.title, work, rounds_ms, agrees, error, first_ms, notes });
    await attempt(peer, () => ready.finish());
  }
}

/** The engine's process; a new one if it has none. */
async function start(peer: Peer): Promise<Connection> {
  if (!peer.connection) {
    peer.connection = peer.connect();
    const file = new URL(peer.entry.file, import.meta.url).href;
    const { title } = await peer.connection.ask({ ask: 'open', file });
    peer.title = title;
  }
  return peer.connection;
}

/** Ends a process that failed; its engine starts afresh with the next work. */
function stop(peer: Peer): void {
  peer.connection?.end();
  delete peer.connection;
}

/** How an engine's process is started, or why it cannot be and how that is mended. */
async function wayTo(
  { file, needs }: EngineEntry,
  env: NodeJS.ProcessEnv,
  patience: number,
): Promise<{ connect: () => Connection } | { absent: string }> {
  if (file.endsWith('.py')) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    for (const python of PYTHONS) {
      if (await promisify(execFile)(python, ['-c', 'import torch']).catch(() => undefined)) {
        return { connect: () => connectPython(python, path, env, patience) };
      }
    }
    const remedy = 'apt-get install python3-torch, or pip install torch';
    return { absent: `${PYTHONS.join(' and ')} have no PyTorch: ${remedy}` };
  }
  try {
    if (needs) createRequire(import.meta.url).resolve(needs);
  } catch {
    return { absent: `${needs} is not installed: npm run bench:peers:install` };
  }
  return { connect: () => connectNode(env, patience) };
}

/**
 * The variables that bring an engine which opens its own device to the same adapter, and make its
 * first run the first.
 */
async function environmentOf(kind: AdapterKind): Promise<NodeJS.ProcessEnv> {
  const common = { ...process.env, ...coldDrivers(), KINEGRAD_ADAPTER: kind };
  const driver =
    kind === 'lavapipe'
      ? driverFiles().find((file) => /lvp|lavapipe/.test(file))
      : kind === 'swiftshader'
        ? (await unpackSwiftShader()).driver
        : undefined;
  if (!driver) return common;
  return { ...common, VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, VK_ADD_DRIVER_FILES: '' };
}
