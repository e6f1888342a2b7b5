/** Sources of the tests as one module, for a page or for Node. */

import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { wgslModule } from '../../scripts/wgsl-module.mjs';
import { root } from '../built.ts';

/**
 * Bundles TypeScript that lies in this folder.
 * @param standIns what is imported in place of modules, by the end of their names
 */
export async function bundleTest(
  contents: string,
  platform: 'browser' | 'node',
  standIns: Readonly<Record<string, string>> = {},
): Promise<string> {
  const shaders: Plugin = {
    name: 'shaders and stand-ins',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /\.wgsl$/ }, ({ path }) => ({ contents: wgslModule(path), loader: 'js' }));
      for (const [name, path] of Object.entries(standIns))
        onResolve({ filter: new RegExp(`(^|/)${name}$`) }, () => ({ path }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform,
    packages: platform === 'node' ? 'external' : 'bundle',
    alias: { '#platform': join(root, `src/platform/${platform}/index.ts`) },
    plugins: [shaders],
    // The package says that its modules do nothing by themselves; tests do.
    ignoreAnnotations: true,
    write: false,
  });
  return outputFiles[0]!.text;
}
