/** Golden vectors of a project: what its test bench reads and compares with. */
import { invariant } from '../../core/errors.js';
import { elements, type NodeId } from '../../ir/common.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';

/** What the definition of the arithmetic says of a frame; `FrameResult` of the simulators fits. */
export interface GoldenResult {
  readonly score: number;
  readonly keep: boolean;
  /** Mantissas of every node. */
  readonly tensors: ReadonlyMap<NodeId, Int32Array>;
}

const littleEndian = (words: readonly ArrayLike<number>[], bytes: 2 | 4): Uint8Array => {
  const result = Buffer.alloc(bytes * words.reduce((sum, w) => sum + w.length, 0));
  let at = 0;
  for (const list of words)
    for (let i = 0; i < list.length; i++) {
      if (bytes === 2) result.writeUInt16LE(list[i]!, at);
      else result.writeInt32LE(list[i]!, at);
      at += bytes;
    }
  return result;
};

/** `golden/frames.bin`, `golden/decisions.bin` and `golden/<node>.bin` for `frames`. */
export function goldenFiles(
  graph: FixedGraph,
  frames: readonly Uint16Array[],
  results: readonly GoldenResult[],
): Readonly<Record<string, Uint8Array>> {
  invariant(frames.length === results.length, 'a result for each frame');
  const files: Record<string, Uint8Array> = {
    'golden/frames.bin': littleEndian(frames, 2),
    'golden/decisions.bin': littleEndian(
      results.map((r) => [r.score, r.keep ? 1 : 0]),
      4,
    ),
  };
  for (const [id, shape] of fixedShapes(graph)) {
    const tensors = results.map((r) => {
      const values = r.tensors.get(id);
      invariant(values?.length === elements(shape), `golden values of ${id} are missing`);
      return values;
    });
    files[`golden/${id}.bin`] = littleEndian(tensors, 4);
  }
  return files;
}
