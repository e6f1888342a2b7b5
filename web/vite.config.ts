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

/**
 * Programs of three.js for materials, backgrounds and lights that the page does not use, and their parts;
 * parts of all programs for maps, skins and morphs, which are wholly inside an #ifdef that stays undefined.
 */
const IDLE =
  /^\t((?:meshphysical|meshphong|meshtoon|meshmatcap|meshnormal|points|sprite|equirect|cube|background|backgroundCube|distance)_(?:vert|frag)|lights_(?:physical|phong|toon)_\w+|envmap_physical_\w+|cube_uv_reflection_fragment|transmission_\w+|iridescence_\w+|clearcoat_\w+|(?:alphahash|aomap|batching|bumpmap|displacementmap|emissivemap|gradientmap|lightmap|normalmap|skinning)_\w+|skin(?:base|normal)_vertex|morph\w+_vertex): [\w$]+,?$/gm;

/** Leaves those programs out of three.js: 10 kB that the page would download for nothing. */
const leanThree: Plugin = {
  name: 'lean three.js',
  transform(code, id) {
    if (!id.endsWith('/three/build/three.module.js')) return undefined;
    const lean = code.replace(IDLE, "\t$1: '',");
    if (lean === code) throw new Error('three.js keeps its programs elsewhere now: mend IDLE here');
    return { code: lean, map: null };
  },
};

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the built site works from any path.
  base: './',
  plugins: [shaders, weights, leanThree],
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
