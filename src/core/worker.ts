/**
 * Starting worker threads and processes from compiled JavaScript and, in tests, straight from TypeScript.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

export type { ChildProcess };

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

/**
 * Starts the module `name` as a process of its own, whose death is nobody else's: native libraries may crash. Messages keep
 * typed arrays. `base` as for `startWorker`.
 */
export function startProcess(name: string, base: string): ChildProcess {
  const source = base.endsWith('.ts');
  const tsx = (): string => pathToFileURL(createRequire(base).resolve('tsx')).href;
  return fork(fileURLToPath(new URL(`${name}.${source ? 'ts' : 'js'}`, base)), {
    serialization: 'advanced',
    execArgv: source ? ['--import', tsx()] : [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/**
 * In a module that `startProcess` started: `onMessage` gets what is sent to it, and what is returned sends back. The process
 * ends with the one that started it, and leaves Ctrl-C, which goes to the whole group, to that one.
 */
export function servesParent<Received, Sent>(
  onMessage: (message: Received) => void,
): (message: Sent) => void {
  process.on('message', onMessage);
  process.on('disconnect', () => process.exit());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // A parent that has gone takes no answer: 'disconnect' ends this process.
  return (message) => process.send?.(message, undefined, undefined, () => undefined);
}
