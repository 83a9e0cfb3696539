/**
 * ONNX Runtime on `float.onnx`: the float network at the machine's speed, for calibration of networks that the plain
 * TypeScript reference is too slow for, and for float scores beside fixed ones.
 */
import type * as ort from 'onnxruntime-node';
import { invariant } from '../../../core/errors.js';
import { emitFloatOnnx } from '../float.js';
import { TENSOR_SUFFIX } from '../metadata.js';
import { nodeId, type NodeId } from '../../../ir/common.js';
import type { FloatEvaluator } from '../../../evaluate/float-reference.js';
import { inputNode, type FloatGraph } from '../../../ir/graph.js';
import { DEFAULT_BATCH, frameBatch, openSession, type OrtOptions } from './session.js';

/** What the float network says of one frame. */
export interface FloatResult {
  readonly logits: Float32Array;
  readonly score: number;
  readonly keep: boolean;
}

export interface OrtFloat {
  /** Every tensor of one frame. */
  readonly evaluate: FloatEvaluator;
  /** Logits and decisions, in the order of the frames. */
  run(frames: readonly Uint16Array[]): Promise<readonly FloatResult[]>;
  close(): Promise<void>;
}

function floats(outputs: ort.InferenceSession.ReturnType, name: string): Float32Array {
  const tensor = outputs[name];
  invariant(tensor?.type === 'float32', `ONNX Runtime gave no float32 ${name}`);
  return tensor.data as Float32Array;
}

/** Every tensor of a frame, and nothing else: one session instead of two. */
export async function openFloatTensors(
  graph: FloatGraph,
  options: OrtOptions = {},
): Promise<Pick<OrtFloat, 'evaluate' | 'close'>> {
  const size = inputNode(graph).size;
  const session = await openSession(emitFloatOnnx(graph, { intermediates: true }), options);
  return {
    async evaluate(frame) {
      const outputs = await session.run({ frames: await frameBatch([frame], size) });
      return new Map(
        graph.nodes.map(({ id }): [NodeId, Float32Array] => [
          nodeId(id),
          floats(outputs, `${id}${TENSOR_SUFFIX}`),
        ]),
      );
    },
    close: () => session.release(),
  };
}

/** Opens `graph`; the graph optimisation is `all` unless said otherwise (float sums may be taken in any order). */
export async function createOrtFloat(graph: FloatGraph, options: OrtOptions = {}): Promise<OrtFloat> {
  const size = inputNode(graph).size;
  const classes = graph.hitClasses.length;
  const settings: OrtOptions = { optimization: 'all', ...options };
  const decisions = await openSession(emitFloatOnnx(graph), settings);
  let everything: ReturnType<typeof openFloatTensors> | undefined;
  const batch = options.batch ?? DEFAULT_BATCH;
  return {
    async evaluate(frame) {
      everything ??= openFloatTensors(graph, settings);
      return (await everything).evaluate(frame);
    },
    async run(frames) {
      const results: FloatResult[] = [];
      for (let i = 0; i < frames.length; i += batch) {
        const part = frames.slice(i, i + batch);
        const outputs = await decisions.run({ frames: await frameBatch(part, size) });
        const logits = floats(outputs, 'logits');
        const scores = floats(outputs, 'score');
        const keep = outputs['keep']!.data as Uint8Array;
        part.forEach((_, k) =>
          results.push({
            logits: logits.slice(k * classes, (k + 1) * classes),
            score: scores[k]!,
            keep: Boolean(keep[k]),
          }),
        );
      }
      return results;
    },
    async close() {
      await decisions.release();
      await (await everything)?.close();
    },
  };
}
