import { createReadStream, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import { wgslModule } from '../scripts/wgsl-module.mjs';

const root = resolve(import.meta.dirname, '..');
const WEIGHTS = 'weights/martinez.safetensors';

/** Shaders as modules without what only people read; `x.wgsl?raw` gives the file as it is. */
const shaders: Plugin = {
  name: 'wgsl',
  load: (id) => (id.endsWith('.wgsl') ? wgslModule(id, { shipped: true }) : undefined),
};

/** The weights lie beside the page: copied into the build, read from their place while developing. */
const weights: Plugin = {
  name: 'weights',
  configureServer({ middlewares }) {
    middlewares.use(`/${WEIGHTS}`, (_, response) => {
      response.setHeader('content-type', 'application/octet-stream');
      createReadStream(resolve(root, WEIGHTS)).pipe(response);
    });
  },
  generateBundle() {
    this.emitFile({
      type: 'asset',
      fileName: WEIGHTS,
      source: readFileSync(resolve(root, WEIGHTS)),
    });
  },
};

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the built site works from any path.
  base: './',
  plugins: [shaders, weights],
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
