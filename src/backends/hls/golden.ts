/** Golden vectors of a project: what its test bench reads and compares with. */
import { invariant } from '../../core/errors.js';
import { elements, type NodeId } from '../../ir/common.js';
import { mapOf, mapsNodes, NO_MAPS, type FrameMaps } from '../../ir/frame-maps.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { Design } from '../dataflow/design.js';
import { mapsSet } from './maps-set.js';
import { withOtherWeights } from './reloadable.js';
import { imageBytes, weightImage } from './weight-image.js';
import { weightLayout } from './weight-layout.js';

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

type Files = Readonly<Record<string, Uint8Array>>;

/** What a bench reads maps of: the values of every map, one after the other. */
export const mapsFile = (graph: FixedGraph, maps: FrameMaps): Uint8Array =>
  littleEndian(
    mapsNodes(graph).map((node) => mapOf(node, maps)),
    4,
  );

/** `decisions.bin` and `<node>.bin` in `folder`. */
function resultFiles(graph: FixedGraph, folder: string, results: readonly GoldenResult[]): Files {
  const files: Record<string, Uint8Array> = {
    [`${folder}/decisions.bin`]: littleEndian(
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
    files[`${folder}/${id}.bin`] = littleEndian(tensors, 4);
  }
  return files;
}

/**
 * What the test bench of `design` reads: `golden/frames.bin`, `golden/decisions.bin` and `golden/<node>.bin`; where
 * weights can be reloaded, other weights and their results in `golden/reload/`. `interpret` is the definition of the
 * arithmetic. A design of raw words has `maps` for all frames, in `golden/maps.bin`.
 */
export function goldenFiles(
  { graph, plan }: Design,
  frames: readonly Uint16Array[],
  interpret: (graph: FixedGraph, frame: Uint16Array, maps: FrameMaps) => GoldenResult,
  maps: FrameMaps = NO_MAPS,
): Files {
  const results = (network: FixedGraph): GoldenResult[] =>
    frames.map((frame) => interpret(network, frame, maps));
  const set = mapsSet(graph, plan, maps);
  const files: Files = {
    'golden/frames.bin': littleEndian(frames, 2),
    ...(set === null ? {} : { 'golden/maps.bin': mapsFile(graph, maps), 'golden/maps_set.bin': set }),
    ...resultFiles(graph, 'golden', results(graph)),
  };
  if (!graph.reloadable) return files;
  const other = withOtherWeights(graph);
  const layout = weightLayout(graph, plan);
  return {
    ...files,
    'golden/reload/built_in.bin': imageBytes(weightImage(layout, graph)),
    'golden/reload/other.bin': imageBytes(weightImage(layout, other)),
    ...resultFiles(other, 'golden/reload', results(other)),
  };
}
