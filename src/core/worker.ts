/**
 * Starting worker threads from compiled JavaScript and, in tests, straight from TypeScript.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts the worker module `name` (no extension, relative to `base`, which is the caller's `import.meta.url`).
 * Under vitest or tsx the caller is a `.ts` file: the worker is then loaded through tsx.
 */
export function startWorker(name: string, base: string, options: WorkerOptions = {}): Worker {
  if (!base.endsWith('.ts')) return new Worker(new URL(`${name}.js`, base), options);
  const { href } = new URL(`${name}.ts`, base);
  // Node 20 does not apply a loader of `--import` to the entry of a worker, hence the detour through an import.
  const tsx = new URL(
    'dist/esm/api/index.mjs',
    pathToFileURL(createRequire(base).resolve('tsx/package.json')),
  );
  const code = `import(${JSON.stringify(tsx.href)}).then(({ register }) => {
    register();
    return import(${JSON.stringify(href)});
  });`;
  return new Worker(code, { ...options, eval: true });
}
