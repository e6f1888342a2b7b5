import { defineConfig } from 'vitest/config';
import { wgslModule } from './scripts/wgsl-module.mjs';

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
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What was once measured on this machine must not decide what is tested.
    env: { KINEGRAD_TUNING: process.env.KINEGRAD_TUNING ?? 'none' },
  },
});
