/** Stage 4: the ONNX files and the HLS project, written into the run folder. */
import { designHls, type Design } from '../../backends/dataflow/design.js';
import { emitDesign } from '../../backends/hls/emit.js';
import { goldenFiles } from '../../backends/hls/golden.js';
import { emitFixedOnnx } from '../../backends/onnx/fixed.js';
import { emitFloatOnnx } from '../../backends/onnx/float.js';
import type { FixedGraph, FloatGraph } from '../../ir/graph.js';
import { interpret } from '../../simulate/interpret.js';
import type { FpgaTarget } from '../../targets/target.js';
import type { Progress } from '../events.js';
import { version } from '../../core/version.js';
import { recipeHash, type Recipe } from '../recipe.js';
import { RUN_FILES, type RunDraft } from '../folder.js';

/** Writes ONNX and HLS, and gives the design of the firmware; `golden` frames become the test bench's vectors. */
export async function emitStage(
  draft: RunDraft,
  recipe: Recipe,
  graphs: { readonly float: FloatGraph; readonly fixed: FixedGraph },
  target: FpgaTarget,
  golden: readonly Uint16Array[],
  progress: Progress,
): Promise<Design> {
  const facts = { producerVersion: version(), recipeHash: recipeHash(recipe) };
  await draft.write(RUN_FILES.floatOnnx, emitFloatOnnx(graphs.float, facts));
  await draft.write(RUN_FILES.fixedOnnx, emitFixedOnnx(graphs.fixed, facts));
  const design = designHls(graphs.fixed, { target });
  const files: Readonly<Record<string, string | Uint8Array>> = {
    ...emitDesign(design),
    ...goldenFiles(design, golden, (network, frame) => interpret(network, frame, true)),
  };
  const paths = Object.keys(files);
  for (const path of paths) await draft.write(`${RUN_FILES.hls}/${path}`, files[path]!);
  progress.finish(`float.onnx, fixed.onnx, and ${paths.length} files of HLS C++ for ${target.title}`);
  return design;
}
