import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';
import { instrumentedSources } from './sources.js';

const sources = instrumentedSources();

const mutants: Plugin = {
  name: 'mutants',
  enforce: 'pre',
  // The tests that are run over and over hand their tests to `collect.ts`.
  resolveId: (id, importer) =>
    id === 'vitest' && importer !== undefined && /\/test\/(fixed|ir)\//.test(importer)
      ? join(import.meta.dirname, 'collect.ts')
      : null,
  transform: (_code, id) => {
    const instrumented = sources.get(id);
    return instrumented === undefined ? null : { code: instrumented.code, map: null };
  },
};

export default defineConfig({
  plugins: [mutants],
  test: {
    include: ['test/mutants/every-mutant.ts'],
    testTimeout: 7_200_000,
    maxWorkers: 1,
  },
});
