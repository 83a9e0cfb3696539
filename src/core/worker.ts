/**
 * Starting worker threads from compiled JavaScript and, in tests, straight from TypeScript.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts the worker module `name` (no extension, relative to `base`, which is the caller's `import.meta.url`).
 * Under vitest or tsx the caller is a `.ts` file: the worker is then loaded through tsx.
 */
export function startWorker(name: string, base: string, options: WorkerOptions = {}): Worker {
  const source = base.endsWith('.ts');
  const url = new URL(`${name}${source ? '.ts' : '.js'}`, base);
  return new Worker(url, source ? { ...options, execArgv: ['--import', 'tsx'] } : options);
}
