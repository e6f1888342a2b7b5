/** The packed bench: `npm run bench` on a machine that has neither its sources nor Node. */

import '../../scripts/wgsl-hook.mjs';
import { announceDrivers } from './drivers.ts';

const isPeers = (argument: string) => /^--peers\b/.test(argument);

if (process.argv.some(isPeers)) {
  console.error(
    'bench: --peers is not part of the packed bench, since other engines are not in it: ' +
      'run npm run bench -- --peers where Kinegrad is checked out',
  );
  process.exitCode = 1;
} else {
  announceDrivers();
  await import('../run.ts');
}
