/** Logits of many frames, float and fixed, through ONNX Runtime in bounded memory. */
import type { FrameSource } from '../../data/frames.js';
import { streamFrames } from '../../data/stream.js';
import type { FixedGraph } from '../../ir/graph.js';
import { createOrtWitness } from '../../simulate/ort.js';
import type { Progress } from '../events.js';

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
    let batch: Uint16Array[] = [];
    for await (const { frame } of streamFrames(source, { indices })) {
      batch.push(frame.pixels);
      if (batch.length < BATCH && logits.length + batch.length < indices.length) continue;
      for (const result of await witness.run(batch)) logits.push(result.logits);
      batch = [];
      progress.update(logits.length, indices.length, 'frames in fixed point');
    }
    return logits;
  } finally {
    await witness.close();
  }
}
