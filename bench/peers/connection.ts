/** A process that runs one engine, and the messages to and from it. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Job } from './work.ts';

/** To the process. Each gets one answer. */
export type Request =
  /** Opens the device. A Node process imports the engine's file. */
  | { readonly ask: 'open'; readonly file: string }
  /** Builds a job under a name. */
  | { readonly ask: 'prepare'; readonly name: string; readonly job: Job }
  /**
   * Runs a prepared job at each of these lengths in turn, `repeats` times over, after one run at
   * the first length that is not timed if `warm` is set.
   */
  | {
      readonly ask: 'run';
      readonly name: string;
      readonly lengths: readonly number[];
      readonly repeats: number;
      readonly warm: boolean;
      /** Whether the answer has the values of the last run. */
      readonly output: boolean;
    }
  /** Frees a prepared job. */
  | { readonly ask: 'finish'; readonly name: string };

export type Answer =
  | { readonly answer: 'opened'; readonly title: string; readonly adapter: string }
  /** Milliseconds it took, and what a reader must know of engine and job. */
  | { readonly answer: 'prepared'; readonly ms: number; readonly notes: readonly string[] }
  /** Milliseconds of each length, for each repeat. */
  | { readonly answer: 'ran'; readonly times_ms: number[][]; readonly output?: Float32Array }
  | { readonly answer: 'finished' }
  /** The engine has no such thing. */
  | { readonly answer: 'cannot'; readonly why: string }
  | { readonly answer: 'failed'; readonly why: string };

type AnswerTo<R extends Request> = Extract<
  Answer,
  {
    answer: { open: 'opened'; prepare: 'prepared'; run: 'ran'; finish: 'finished' }[R['ask']];
  }
>;

/** The engine has no such thing: known, and no fault. */
export class CannotError extends Error {}

export interface Connection {
  /**
   * @throws CannotError when the engine lacks what is asked for; an Error when it fails, ends or
   * does not answer in time
   * @param patience_s seconds after which this request has failed, where they are not the usual ones
   */
  ask<R extends Request>(request: R, patience_s?: number): Promise<AnswerTo<R>>;
  /** Ends the process. */
  end(): void;
}

/**
 * A Node process for the engine in a file.
 * @param patience seconds after which a request has failed
 */
export function connectNode(env: NodeJS.ProcessEnv, patience: number): Connection {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), {
    env,
    // Typed arrays travel as they are.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return connect(child, patience, {
    send: (request) => child.send(request, () => {}),
    receive: (listener) => child.on('message', (message) => listener(message as Answer)),
  });
}

/** A Python process: a request and an answer are one line of JSON each. */
export function connectPython(
  interpreter: string,
  file: string,
  env: NodeJS.ProcessEnv,
  patience: number,
): Connection {
  const child = spawn(interpreter, [file], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  // A process that has ended says why on stderr; writing to it says only that it has.
  child.stdin.on('error', () => {});
  return connect(child, patience, {
    send: (request) => child.stdin.write(`${JSON.stringify(request, packed)}\n`),
    receive: (listener) =>
      createInterface({ input: child.stdout }).on('line', (line) =>
        listener(JSON.parse(line, unpacked)),
      ),
  });
}

/** Arrays travel in JSON as { f32: base64 of little-endian values }. */
const packed = (_: string, value: unknown) =>
  value instanceof Float32Array
    ? { f32: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
    : value;

function unpacked(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('f32' in value)) return value;
  const bytes = Uint8Array.from(Buffer.from(value.f32 as string, 'base64'));
  return new Float32Array(bytes.buffer);
}

function connect(
  child: ChildProcess,
  patience: number,
  { send, receive }: { send(request: Request): void; receive(on: (answer: Answer) => void): void },
): Connection {
  let errors = '';
  let ended: string | undefined;
  let settle: ((answer: Answer) => void) | undefined;
  const answer = (given: Answer) => {
    settle?.(given);
    settle = undefined;
  };
  const end = (why: string) => {
    ended ??= why;
    answer({ answer: 'failed', why: ended });
  };
  child.stderr!.on('data', (text) => (errors = (errors + text).slice(-2000)));
  child.on('error', (error) => end(`its process did not start: ${error.message}`));
  child.on('close', (code, signal) => {
    // Dawn warns of much that is no fault.
    const lines = errors.split('\n').filter((line) => line.trim() && !/^Warning:/.test(line));
    const last = lines.slice(-5).join('; ');
    end(`its process ended with ${signal ?? `code ${code}`}${last && `: ${last}`}`);
  });
  receive(answer);
  return {
    async ask<R extends Request>(request: R, patience_s = patience) {
      if (ended) throw new Error(ended);
      const given = await new Promise<Answer>((resolve) => {
        const clock = setTimeout(
          () => end(`no answer to '${request.ask}' after ${patience_s} s`),
          1000 * patience_s,
        );
        settle = (each) => {
          clearTimeout(clock);
          resolve(each);
        };
        send(request);
      });
      if (given.answer === 'cannot') throw new CannotError(given.why);
      if (given.answer === 'failed') throw new Error(given.why);
      return given as AnswerTo<R>;
    },
    end() {
      ended ??= 'its process was ended';
      child.kill('SIGKILL');
    },
  };
}
