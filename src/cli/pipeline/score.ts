/** Logits of many frames, float and fixed, through ONNX Runtime in bounded memory. */
import type { FrameSource } from '../../data/frames.js';
import type { FixedGraph } from '../../ir/graph.js';
import { createOrtWitness } from '../../simulate/ort.js';
import type { Progress } from '../console.js';

const BATCH = 32;

/** Fixed-point logits (mantissas) of the frames `indices`, in their order. */
export async function scoreFixed(
  graph: FixedGraph,
  source: FrameSource,
  indices: readonly number[],
  progress: Progress,
): Promise<Int32Array[]> {
  const witness = await createOrtWitness(graph, {});
  try {
    const logits: Int32Array[] = [];
    for (let i = 0; i < indices.length; i += BATCH) {
      const pixels: Uint16Array[] = [];
      for (const index of indices.slice(i, i + BATCH)) pixels.push((await source.read(index)).pixels);
      for (const result of await witness.run(pixels)) logits.push(result.logits);
      progress.update(logits.length, indices.length, 'frames in fixed point');
    }
    return logits;
  } finally {
    await witness.close();
  }
}
