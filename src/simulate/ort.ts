/** ONNX Runtime as a witness: runs `fixed.onnx` on raw frames in batches, on whichever execution provider is asked for. */
import type * as ort from 'onnxruntime-node';
import { invariant } from '../core/errors.js';
import { cutStages } from '../backends/onnx/cut.js';
import { exposeTensors } from '../backends/onnx/expose.js';
import { emitFixedOnnx } from '../backends/onnx/fixed.js';
import { TENSOR_SUFFIX } from '../backends/onnx/metadata.js';
import { nodeId, type NodeId } from '../ir/common.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { runDrills } from './ort-drill.js';
import { DEFAULT_BATCH, frameBatch, openSession, ortVersion, type OrtOptions } from './ort-session.js';
import type { FrameResult, Witness } from './witness.js';

/** The rows of an output `[N, …]`, one a frame. */
function rows(tensor: ort.Tensor | undefined, name: string, count: number): Int32Array[] {
  invariant(tensor?.type === 'int32', `ONNX Runtime gave no int32 ${name}`);
  const data = tensor.data as Int32Array;
  const length = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * length, (i + 1) * length));
}

function results(outputs: ort.InferenceSession.ReturnType, count: number): FrameResult[] {
  const logits = rows(outputs['logits'], 'logits', count);
  const scores = rows(outputs['score'], 'score', count);
  const keep = outputs['keep']!.data as Uint8Array;
  const tensors = Object.keys(outputs)
    .filter((name) => name.endsWith(TENSOR_SUFFIX))
    .map((name): [NodeId, Int32Array[]] => [
      nodeId(name.slice(0, -TENSOR_SUFFIX.length)),
      rows(outputs[name], name, count),
    ]);
  return logits.map((row, i) => ({
    logits: row,
    score: scores[i]![0]!,
    keep: Boolean(keep[i]),
    tensors: new Map(tensors.map(([id, values]) => [id, values[i]!])),
  }));
}

/** The file as it is; with every tensor as an output; with every tensor as an input, too. */
const VIEWS = {
  plain: (model: Uint8Array) => model,
  exposed: exposeTensors,
  cut: cutStages,
} as const;
type View = keyof typeof VIEWS;

/**
 * ONNX Runtime on `model`, a `fixed.onnx` of `graph` (emitted here unless given). Sessions open at the first call that
 * needs them; those that show or drive every stage are the same model with more outputs and inputs. Close it when done.
 */
export async function createOrtWitness(
  graph: FixedGraph,
  options: OrtOptions = {},
  model: Uint8Array = emitFixedOnnx(graph),
): Promise<Witness> {
  const size = inputNode(graph).size;
  const sessions = new Map<View, Promise<ort.InferenceSession>>();
  const session = (view: View): Promise<ort.InferenceSession> => {
    const open = sessions.get(view) ?? openSession(VIEWS[view](model), options);
    sessions.set(view, open);
    return open;
  };
  const batch = options.batch ?? DEFAULT_BATCH;
  const witness: Witness = {
    name: 'onnxruntime',
    version: await ortVersion(options),
    async run(frames, { tensors = false } = {}) {
      const opened = await session(tensors ? 'exposed' : 'plain');
      const all: FrameResult[] = [];
      for (let i = 0; i < frames.length; i += batch) {
        const part = frames.slice(i, i + batch);
        all.push(...results(await opened.run({ frames: await frameBatch(part, size) }), part.length));
      }
      return all;
    },
    drill: async (drills) => runDrills(await session('cut'), graph, drills, batch),
    async close() {
      // A session that could not be opened has said so to whoever asked it.
      for (const open of sessions.values())
        await open.then(
          (opened) => opened.release(),
          () => undefined,
        );
      sessions.clear();
    },
  };
  // Opening at once tells of a missing provider before any frame is read.
  await session('plain');
  return witness;
}
