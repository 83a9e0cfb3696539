/** Driving every stage of a `fixed.onnx` alone in ONNX Runtime: the same file, cut between its stages. */
import type * as ort from 'onnxruntime-node';
import { invariant } from '../../../core/errors.js';
import { GIVEN_SUFFIX } from '../cut.js';
import { KEEP, SCORE } from '../decision.js';
import { TENSOR_SUFFIX } from '../metadata.js';
import { BY_SCORE, PRESCALE_INPUT } from '../prescale.js';
import { elements, type NodeId } from '../../../ir/common.js';
import { fixedShapes, inputNode, type FixedGraph } from '../../../ir/graph.js';
import { frameBatch, loadOrt, mapsFeeds, prescaleBatch } from './session.js';
import type { Drill, DrillResult } from '../../../simulate/witness.js';

/** Values given in one call at most: 64 MiB of them. */
const VALUES_A_CALL = 2 ** 24;

/** Rows of an int32 output, one a drill. */
function rows(tensor: ort.Tensor | undefined, count: number): readonly Int32Array[] {
  invariant(tensor?.type === 'int32', 'ONNX Runtime gave no int32 tensor');
  const data = tensor.data as Int32Array;
  const length = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * length, (i + 1) * length));
}

async function call(
  session: ort.InferenceSession,
  graph: FixedGraph,
  drills: readonly Drill[],
): Promise<DrillResult[]> {
  const { Tensor } = await loadOrt();
  const size = inputNode(graph).size;
  const feeds: Record<string, ort.Tensor> = {
    frames: await frameBatch(
      drills.map(() => new Uint16Array(size[0] * size[1])),
      size,
    ),
    ...(await mapsFeeds(
      graph,
      drills.map(({ given }) => given),
      true,
    )),
  };
  const hasPrescale = session.inputNames.includes(PRESCALE_INPUT);
  if (hasPrescale) feeds[PRESCALE_INPUT] = await prescaleBatch(drills.length, undefined);
  const byScore = hasPrescale ? BY_SCORE : KEEP;
  const decides = session.outputNames.includes(SCORE);
  for (const [id, shape] of fixedShapes(graph)) {
    const length = elements(shape);
    const data = new Int32Array(drills.length * length);
    drills.forEach(({ given }, i) => {
      data.set(given.get(id)!, i * length);
    });
    feeds[`${id}${GIVEN_SUFFIX}`] = new Tensor('int32', data, [drills.length, ...shape]);
  }
  const asked = graph.nodes.map((n) => n.id).filter((id) => drills.some(({ stages }) => stages.has(id)));
  const fetched = await session.run(feeds, [
    ...(decides ? [SCORE, byScore] : []),
    ...asked.map((id) => `${id}${TENSOR_SUFFIX}`),
  ]);
  const tensors = asked.map((id) => [id, rows(fetched[`${id}${TENSOR_SUFFIX}`], drills.length)] as const);
  const scores = decides ? rows(fetched[SCORE], drills.length) : null;
  const keep = fetched[byScore]?.data as Uint8Array | undefined;
  return drills.map(({ stages }, i) => ({
    tensors: new Map(
      tensors.filter(([id]) => stages.has(id)).map(([id, values]): [NodeId, Int32Array] => [id, values[i]!]),
    ),
    score: scores?.[i]![0] ?? 0,
    keep: decides ? Boolean(keep![i]) : true,
  }));
}

/** Asks `session`, open on a model that `cutStages` made, in calls of at most `batch` drills. */
export async function runDrills(
  session: ort.InferenceSession,
  graph: FixedGraph,
  drills: readonly Drill[],
  batch: number,
): Promise<readonly DrillResult[]> {
  const values = [...fixedShapes(graph).values()].reduce((sum, shape) => sum + elements(shape), 0);
  const most = Math.max(1, Math.min(batch, Math.floor(VALUES_A_CALL / values)));
  const results: DrillResult[] = [];
  for (let i = 0; i < drills.length; i += most)
    results.push(...(await call(session, graph, drills.slice(i, i + most))));
  return results;
}
