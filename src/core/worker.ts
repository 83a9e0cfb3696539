/**
 * Starting worker threads from compiled JavaScript and, in tests, straight from TypeScript.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts the worker module `name` (no extension, relative to `base`, which is the caller's `import.meta.url`).
 * Under vitest or tsx the caller is a `.ts` file: the worker is then loaded through tsx.
 */
export function startWorker(name: string, base: string, options: WorkerOptions = {}): Worker {
  if (!base.endsWith('.ts')) return new Worker(new URL(`${name}.js`, base), options);
  // `--import tsx` does not reach worker threads on Node 20: register the loader inside.
  const source = JSON.stringify(new URL(`${name}.ts`, base).href);
  const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${source}); })`;
  return new Worker(start, { ...options, eval: true });
}
