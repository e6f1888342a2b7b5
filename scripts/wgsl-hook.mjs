/** `node --import ./scripts/wgsl-hook.mjs`: lets Node import `.wgsl` files from source. */
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { wgslModule } from './wgsl-module.mjs';

export async function load(url, context, next) {
  if (!url.endsWith('.wgsl')) return next(url, context);
  return { format: 'module', source: wgslModule(fileURLToPath(url)), shortCircuit: true };
}

register(import.meta.url);
