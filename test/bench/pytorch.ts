/**
 * Training steps a second beside PyTorch's on this machine's cores, on the same network and batch: forward, loss and gradient, without
 * the optimiser; frames lie ready in PyTorch, here they are augmented and preprocessed in the step.
 *
 *     npx tsx test/bench/pytorch.ts [--recipe NAME] [--batch N] [--steps N] [--backend NAME] [--python PROGRAM]
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
import { backendNameSchema } from '../../src/tensorflow/backend-name.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { noiseCache, settled, timeOfStep } from './training-steps.js';

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
const backend = backendNameSchema.parse(option('backend', 'onnxruntime'));
const threads = availableParallelism();

const graph = createNetwork({
  network: recipe.training.network,
  preprocess: preprocessNodes(recipe.preprocess, [SIDE, SIDE]),
  classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
  seed: 1,
});

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

console.log(`${recipe.name}, batches of ${batch} frames, ${threads} threads, ${backend}; steps a second`);
for (let turn = 0; turn < TURNS; turn++) {
  const ours = await timeOfStep(graph, cache, recipe.training, await openBackend(backend), 0, steps);
  const here = 1000 / ours.wallMs;
  const { version, milliseconds } = theirs();
  const there = 1000 / settled(milliseconds.map((wallMs) => ({ wallMs }))).wallMs;
  console.log(
    `vetoc ${here.toFixed(2)}, PyTorch ${version} ${there.toFixed(2)}: ${(here / there).toFixed(2)} times as many`,
  );
}
cache.dispose();
