import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A test run does not depend on a build before it: it makes the ONNX codec itself.
    globalSetup: ['.ci/onnx-codec.mjs'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores: more workers than cores only makes the simulators time out.
    maxWorkers: 2,
  },
});
