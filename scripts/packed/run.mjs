/** What `scripts/run.mjs` is in the packed bench: runs a file by the name that its source has. */
import { pathToFileURL } from 'node:url';
import './wgsl-hook.mjs';

await import(pathToFileURL(process.argv[2].replace(/\.ts$/, '.js')).href);
