/** The network of a recipe with untrained weights, in fixed point, as a folder that `vetoc live` takes for a run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { emitFixedOnnx } from '../../../src/backends/onnx/fixed.js';
import { preprocessNodes } from '../../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../../src/frontends/network/registry.js';
import type { FixedGraph } from '../../../src/ir/graph.js';
import { quantizeNetwork } from '../../../src/passes/quantize-network.js';
import { RUN_FILES } from '../../../src/run/folder.js';
import { loadRecipe } from '../../../src/run/recipe.js';
import { evaluatorsFor } from '../../../src/run/stages/evaluators.js';
import { createOrtWitness } from '../../../src/backends/onnx/ort/witness.js';
import { writeRun } from '../../cli/written-run.js';

export interface UntrainedRun {
  readonly recipe: string;
  readonly size: readonly [number, number];
  /** Blocks of the preprocessing; that of the recipe unless given. */
  readonly factor?: number;
  /** Calibrated on these; the threshold keeps a twentieth of them, at least. */
  readonly frames: readonly Uint16Array[];
}

/** Writes the run into `folder`. */
export async function writeUntrainedRun(folder: string, options: UntrainedRun): Promise<FixedGraph> {
  const recipe = await loadRecipe(options.recipe);
  const { size, factor, frames } = options;
  const float = createNetwork({
    network: recipe.training.network,
    preprocess: preprocessNodes(
      factor === undefined ? recipe.preprocess : { ...recipe.preprocess, factor },
      size,
    ),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 1,
  });
  const evaluators = evaluatorsFor(float);
  const calibrated = frames.slice(0, 8).map((pixels) => ({ pixels, spots: null }));
  const { fixed: open } = await quantizeNetwork(float, calibrated, { ...recipe, ...evaluators.options });
  await evaluators.close();
  const witness = await createOrtWitness(open);
  const scores = (await witness.run(frames)).map(({ score }) => score).sort((a, b) => b - a);
  await witness.close();
  const fixed = { ...open, threshold: scores[Math.ceil(frames.length / 20) - 1]! };
  await writeRun(folder, fixed, float);
  const onnx = join(folder, RUN_FILES.fixedOnnx);
  await mkdir(dirname(onnx), { recursive: true });
  await writeFile(onnx, emitFixedOnnx(fixed));
  return fixed;
}
