/**
 * Starting worker threads from compiled JavaScript and, in tests, straight from TypeScript.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Loads modules of packages as they stand. tsx would parse them again in every thread: h5wasm's 4 MB alone take a second
 * of processor time, and several on a busy machine.
 */
const PACKAGES_AS_THEY_ARE = `data:text/javascript,${encodeURIComponent(`
import { readFile } from 'node:fs/promises';
export async function load(url, context, next) {
  if (!url.includes('/node_modules/') || context.format !== 'module') return next(url, context);
  return { format: 'module', source: await readFile(new URL(url)), shortCircuit: true };
}`)}`;

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
    require('node:module').register(${JSON.stringify(PACKAGES_AS_THEY_ARE)});
    return import(${JSON.stringify(href)});
  });`;
  return new Worker(code, { ...options, eval: true });
}
