import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import { wgslModule } from '../scripts/wgsl-module.mjs';
import { leanThree } from './lean_three.ts';

const root = resolve(import.meta.dirname, '..');

/** Shaders as modules without what only people read; Inspect fetches the files as they are. */
const shaders: Plugin = {
  name: 'wgsl',
  load: (id) => (id.endsWith('.wgsl') ? wgslModule(id, { shipped: true }) : undefined),
};

/** Files that lie beside the page: copied into the build, read from their places while developing. */
const BESIDE = [
  'weights/martinez.safetensors',
  ...readdirSync(resolve(root, 'shaders'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.wgsl'))
    .map((name) => `shaders/${name}`),
];
const beside: Plugin = {
  name: 'files beside the page',
  configureServer({ middlewares }) {
    for (const file of BESIDE)
      middlewares.use(`/${file}`, (_, response) => {
        response.setHeader('content-type', 'application/octet-stream');
        createReadStream(resolve(root, file)).pipe(response);
      });
  },
  generateBundle() {
    for (const fileName of BESIDE)
      this.emitFile({ type: 'asset', fileName, source: readFileSync(resolve(root, fileName)) });
  },
};

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the built site works from any path.
  base: './',
  plugins: [shaders, beside, leanThree()],
  resolve: {
    alias: {
      kinegrad: resolve(root, 'src/index.ts'),
      '#platform': resolve(root, 'src/platform/browser/index.ts'),
    },
  },
  server: { fs: { allow: [root] } },
  build: {
    outDir: resolve(import.meta.dirname, 'dist'),
    emptyOutDir: true,
    target: 'es2023',
    // Nothing becomes a data: or blob: URL, which the page's policy would refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
