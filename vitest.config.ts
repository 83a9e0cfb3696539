import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * What compiles C++ or RTL, trains, renders simulated frames by the hundred, starts the command line, browsers or other
 * processes, or goes over whole nights, ledgers or a hundred networks.
 */
const SLOW = [
  'test/{cli,crystallography,data-simulate,explain,hls,mutation,package,rtl,run,shards,sim-headers,slurm,spotfind,teb,train,verify}/**',
  'test/audit/{ledger,meter,view-*}.test.ts',
  'test/data/{fuzz,give-up,kept-exdf,many-files,packed-dataset,stream,xtc}.test.ts',
  'test/fuzz/**',
  'test/library/library.test.ts',
  'test/live/{command,faults,folder,raw,session,sinks,view}.test.ts',
  'test/modules/{assembly,rtl}.test.ts',
  'test/onnx/{commands,habits,hls4ml,hostile,import-commands,networks,official,opsets,ort-quantized,patterns,prescale,qonnx,stated,webgpu}.test.ts',
  'test/passes/{comparison,mixed-precision,no-ties,no-ties-levels}.test.ts',
  'test/statistics/metered-loss.test.ts',
];

export default defineConfig({
  // The examples import the library by its name.
  resolve: {
    alias: [
      { find: /^vetoc$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) },
      { find: /^vetoc\/(.*)$/, replacement: fileURLToPath(new URL('src/$1/index.ts', import.meta.url)) },
    ],
  },
  test: {
    // In CI a skipped test must say what it needs that CI cannot have.
    reporters: ['default', '.ci/skips.mjs'],
    // A test run does not depend on a build before it: it makes the ONNX codec and the WebAssembly modules itself.
    globalSetup: ['.ci/onnx-codec.mjs', '.ci/wasm.mjs'],
    setupFiles: ['test/property-seed.ts'],
    // Against what hangs: a shared machine may be three times as slow as it was an hour ago.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Two cores: more workers than cores only makes the simulators time out.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: SLOW } },
      {
        extends: true,
        test: { name: 'slow', include: SLOW.map((pattern) => pattern.replace(/\*\*$/, '**/*.test.ts')) },
      },
    ],
  },
});
