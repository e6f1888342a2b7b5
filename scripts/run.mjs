/** Runs a TypeScript file of this repository from source: `node scripts/run.mjs src/cli.ts info`. */
import { spawn } from 'node:child_process';

const hook = new URL('./wgsl-hook.mjs', import.meta.url).href;
const child = spawn(
  process.execPath,
  ['--conditions=source', '--import', 'tsx', '--import', hook, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
// Ctrl-C reaches the child by itself, since both are in one process group; wait for it to finish.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
