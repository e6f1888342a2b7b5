import { defineConfig } from 'vitest/config';
import { wgslModule } from './scripts/wgsl-module.mjs';
import { whyNoSwiftShader } from './src/platform/node/swiftshader.ts';

// The package that brings SwiftShader brings a Chromium, too.
const whyNoChromium = process.env.KINEGRAD_CHROMIUM ? undefined : whyNoSwiftShader();
if (whyNoChromium)
  console.log(
    `The tests in a browser are left out: there is no Chromium, since ${whyNoChromium}. Name one by KINEGRAD_CHROMIUM.`,
  );

export default defineConfig({
  plugins: [
    {
      name: 'wgsl',
      load: (id) => (id.endsWith('.wgsl') ? wgslModule(id) : undefined),
    },
  ],
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: whyNoChromium ? ['test/browser/**'] : [],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What was once measured on this machine must not decide what is tested.
    env: { KINEGRAD_TUNING: process.env.KINEGRAD_TUNING ?? 'none' },
  },
});
