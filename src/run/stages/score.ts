/** Logits of many frames, float and fixed, through ONNX Runtime in bounded memory. */
import type { FrameSource } from '../../data/frames.js';
import type { FixedGraph, FloatGraph } from '../../ir/graph.js';
import { createOrtFloat } from '../../backends/onnx/ort/float.js';
import { createOrtWitness } from '../../backends/onnx/ort/witness.js';
import { scoreFrames } from '../../simulate/score-frames.js';
import type { Progress } from '../events.js';

/** Frames in one call where the numbers do not depend on it. */
export const BATCH = 32;

interface Scorer<L> {
  readonly run: (pixels: readonly Uint16Array[]) => Promise<readonly { readonly logits: L }[]>;
  readonly close: () => Promise<void>;
}

async function logitsOf<L>(
  scorer: Scorer<L>,
  source: FrameSource,
  {
    indices,
    batch,
    by,
  }: { readonly indices: readonly number[]; readonly batch: number; readonly by: 'fixed' | 'float' },
  progress: Progress,
): Promise<L[]> {
  try {
    const logits: L[] = [];
    const run = (pixels: readonly Uint16Array[]) => scorer.run(pixels);
    for await (const scored of scoreFrames(source, { indices, batch, run })) {
      for (const one of scored) if (one.kind === 'scored') logits.push(one.result.logits);
      progress.update(logits.length, indices.length, { of: 'scores', by });
    }
    return logits;
  } finally {
    await scorer.close();
  }
}

/** Fixed-point logits (mantissas) of the frames `indices`, in their order. */
export async function scoreFixed(
  graph: FixedGraph,
  source: FrameSource,
  indices: readonly number[],
  progress: Progress,
): Promise<Int32Array[]> {
  const asked = { indices, batch: BATCH, by: 'fixed' } as const;
  return logitsOf(await createOrtWitness(graph, {}), source, asked, progress);
}

/** Float logits of the frames `indices`, in their order; one frame a call, since float sums may depend on the batch. */
export async function scoreFloat(
  graph: FloatGraph,
  source: FrameSource,
  indices: readonly number[],
  progress: Progress,
): Promise<Float32Array[]> {
  const asked = { indices, batch: 1, by: 'float' } as const;
  return logitsOf(await createOrtFloat(graph), source, asked, progress);
}
