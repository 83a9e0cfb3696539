/**
 * Milliseconds per training step of one back end after the other, on the same network, frames and batch.
 *
 *     npx tsx test/bench/train.ts [NETWORK] [--recipe NAME] [--batch N] [--micro N] [--factor N] [--steps N] [--cpu] [--only ROW]
 *
 * Rows: wasm as TensorFlow.js composes it, native TensorFlow where it is installed, wasm and ONNX Runtime in one thread and in one
 * per core, and (with --cpu, since a step takes tens of seconds) plain JavaScript. Batches of 32 frames 512×512, binned
 * 4×4 for veto networks unless `--factor` says otherwise; with --recipe the network, the preprocessing and the augmentation of a recipe.
 * --only measures the rows whose name begins so (`node --cpu-prof --import tsx test/bench/train.ts --recipe veto --only 'wasm, 1'`
 * says where the time goes). The optimiser is not in it; the processor time is that of this
 * process, threads included. Figures depend on the machine and on what else it does: read them as ratios.
 */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { openBackend, type TrainBackend } from '../../src/tensorflow/backend.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { parameterLayout } from '../../src/train/parameters.js';
import { loadRecipe } from '../../src/run/recipe.js';
import { trainingSchema } from '../../src/train/recipe.js';
import { tf } from '../../src/tensorflow/tf.js';
import { noiseCache, timeOfStep } from './training-steps.js';

const SIDE = 512;
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const BATCH = option('batch', 32);
const STEPS = option('steps', 12);

const text = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const asked = text('recipe') === undefined ? null : await loadRecipe(text('recipe')!);
const named = process.argv[2]?.startsWith('--') === false ? process.argv[2]! : 'veto-small';
const network = asked?.training.network ?? named;
/** The published references see all pixels. */
const factor = option('factor', named.startsWith('veto') ? 4 : 1);
const graph = createNetwork({
  network,
  preprocess: preprocessNodes(asked?.preprocess ?? preprocessSchema.parse({ factor }), [SIDE, SIDE]),
  classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
  seed: 1,
});
const cache = await noiseCache(graph, BATCH, SIDE);
const recipe = { ...(asked?.training ?? trainingSchema.parse({})), microBatch: option('micro', 0) };

/** The wasm back end without the kernels of vetoc; to be asked before any other row registers them. */
async function openPlainWasm(): Promise<TrainBackend> {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  setWasmPaths(`${folder}${sep}`);
  await tf.setBackend('wasm');
  // Asked first, since a step that fails half-way leaves what it kept for the gradient in the heap.
  if (tf.getKernel('Conv2DBackpropFilter', 'wasm') === undefined)
    throw new Error('TensorFlow.js has no Conv2DBackpropFilter for wasm');
  return { name: 'wasm', description: 'WebAssembly', singleThreaded: true };
}

const cores = availableParallelism();
const rows: readonly (readonly [string, () => Promise<TrainBackend>, number, number])[] = [
  ['wasm as composed', openPlainWasm, 1, STEPS],
  ['tensorflow', () => openBackend('tensorflow'), 1, STEPS],
  ['wasm, 1 thread', () => openBackend('wasm'), 1, STEPS],
  [`wasm, ${cores} threads`, () => openBackend('wasm'), cores, STEPS],
  ['onnxruntime, 1 thread', () => openBackend('onnxruntime'), 1, STEPS],
  [`onnxruntime, ${cores} threads`, () => openBackend('onnxruntime'), cores, STEPS],
  ...(process.argv.includes('--cpu') ? ([['cpu', () => openBackend('cpu'), 1, 1]] as const) : []),
];
console.log(
  `${asked?.name ?? named}, ${parameterLayout(graph).trainableLength} weights, batches of ${BATCH} frames ${SIDE}×${SIDE} binned ${factor}×${factor}`,
);
const only = text('only');
for (const [title, open, workers, steps] of rows) {
  if (only !== undefined && !title.startsWith(only)) continue;
  const said = await open()
    .then((backend) => timeOfStep(graph, cache, recipe, backend, workers, steps))
    .then(
      ({ wallMs, processorMs }) =>
        `${wallMs.toFixed(0)} ms per step, ${processorMs.toFixed(0)} ms of processor`,
      // A back end that is not installed, or one that lacks a gradient.
      (error: unknown) => `none: ${(error as Error).message.split('\n')[0]!}`,
    );
  console.log(`${title.padEnd(24)} ${said}`);
}
console.log(`at most ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB of memory`);
cache.dispose();
