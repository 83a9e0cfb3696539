/**
 * Training steps a second beside PyTorch's on this machine's cores, on the same network and batch: forward, loss and gradient, without
 * the optimiser; frames lie ready in PyTorch, here they are augmented and preprocessed in the step.
 *
 *     npx tsx test/bench/pytorch.ts [--recipe NAME] [--batch N] [--steps N] [--python PROGRAM]
 *
 * PyTorch is not installed by anything here: on Debian `apt-get install python3-torch`, which is for /usr/bin/python3. The two take turns,
 * three times, so that what else the machine does comes to both.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { preprocessNodes } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { isPreprocess } from '../../src/ir/ops/index.js';
import { loadRecipe } from '../../src/run/recipe.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { openGradientPool, workerCount } from '../../src/train/gradient-pool.js';
import { flattenParameters, parameterLayout } from '../../src/train/parameters.js';
import { noiseCache } from './noise-cache.js';

const SIDE = 512;
const TURNS = 3;
const option = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1]!;
};
const recipe = await loadRecipe(option('recipe', 'veto'));
const batch = Number(option('batch', String(recipe.training.batchSize)));
const steps = Number(option('steps', '12'));
const python = option('python', '/usr/bin/python3');
const threads = availableParallelism();

const graph = createNetwork({
  network: recipe.training.network,
  preprocess: preprocessNodes(recipe.preprocess, [SIDE, SIDE]),
  classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
  seed: 1,
});

/** The median after two steps that warm up. */
function settled(milliseconds: readonly number[]): number {
  const rest = milliseconds.slice(2).sort((a, b) => a - b);
  return rest[rest.length >> 1]!;
}

interface Theirs {
  readonly version: string;
  readonly milliseconds: readonly number[];
}

/** The network without its preprocessing, as pytorch.py takes it. */
function requestOf({ nodes, output, classNames }: FloatGraph): string {
  const plain = (_: string, value: unknown): unknown =>
    value instanceof Float32Array ? Array.from(value) : value;
  const inputs = createPreprocessor(graph).boundary.map(({ id, shape: [height, width, channels] }) => [
    id,
    [channels, height, width],
  ]);
  return JSON.stringify(
    {
      inputs: Object.fromEntries(inputs) as unknown,
      nodes: nodes.filter((node) => !isPreprocess(node)),
      output,
      classes: classNames.length,
      ...{ batch, steps, threads },
    },
    plain,
  );
}

function theirs(): Theirs {
  const script = join(import.meta.dirname, 'pytorch.py');
  const said = execFileSync(python, [script], { input: requestOf(graph), encoding: 'utf8' });
  return JSON.parse(said) as Theirs;
}

const cache = await noiseCache(graph, batch, SIDE);

async function ours(): Promise<number[]> {
  const backend = await openBackend();
  const layout = parameterLayout(graph);
  const { augmentation, microBatch } = recipe.training;
  const loss = { ...recipe.training, classWeights: [1, 1] };
  const setup = { graph, train: cache.handle, validation: cache.handle, taught: null, seed: 1 };
  const pool = await openGradientPool(
    { ...setup, loss, augmentation, microBatch },
    layout,
    backend,
    workerCount(0, backend, batch),
  );
  const weights = {
    parameters: flattenParameters(graph, layout.trainable),
    statistics: flattenParameters(graph, layout.statistics),
    fake: null,
  };
  const indices = Array.from({ length: batch }, (_, i) => i);
  const milliseconds: number[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      const start = performance.now();
      await pool.step(indices, step, weights);
      milliseconds.push(performance.now() - start);
    }
  } finally {
    await pool.close();
  }
  return milliseconds;
}

console.log(`${recipe.name}, batches of ${batch} frames, ${threads} threads; steps a second`);
for (let turn = 0; turn < TURNS; turn++) {
  const here = 1000 / settled(await ours());
  const { version, milliseconds } = theirs();
  const there = 1000 / settled(milliseconds);
  console.log(
    `vetoc ${here.toFixed(2)}, PyTorch ${version} ${there.toFixed(2)}: ${(here / there).toFixed(2)} times as many`,
  );
}
cache.dispose();
