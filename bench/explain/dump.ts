/**
 * Compiles pipelines one after another, so that Dawn prints what it hands to the driver;
 * `lowered.ts` runs it and reads along.
 */

import { readFileSync, writeSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { openGpu } from '../../src/gpu/gpu.ts';
import { type DumpRequest, FAILED, marker } from './lowered.ts';

const { options, keys } = deserialize(readFileSync(0)) as DumpRequest;
const gpu = await openGpu(options);
for (const [i, key] of keys.entries()) {
  // console.log is asynchronous on pipes, and would come after what Dawn prints.
  writeSync(1, `\n${marker(i)}\n`);
  await gpu.pipelines.get(key).catch((error: Error) => {
    writeSync(1, `\n${FAILED}${JSON.stringify(error.message)}\n`);
  });
}
writeSync(1, `\n${marker(keys.length)}\n`);
gpu.close();
