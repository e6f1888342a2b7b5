import { openGpu } from '../src/gpu/gpu.ts';
import { explain } from './explain.ts';

const gpu = await openGpu();
console.log(await explain(process.argv[2]!, { gpu, lowered: process.argv[3] === 'l' }));
gpu.close();
