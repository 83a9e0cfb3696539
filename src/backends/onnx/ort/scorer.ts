/**
 * The veto at the speed of ONNX Runtime, for many frames: the fixed-point decision and the features behind it, and
 * the float score beside it. Of the intermediate tensors only the one that is asked for is fetched.
 */
import type * as ort from 'onnxruntime-node';
import { emitFixedOnnx } from '../fixed.js';
import { TENSOR_SUFFIX } from '../metadata.js';
import { invariant } from '../../../core/errors.js';
import type { NodeId } from '../../../ir/common.js';
import { findNode, fixedShapes, inputNode, type FixedGraph, type FloatGraph } from '../../../ir/graph.js';
import { createOrtFloat } from './float.js';
import { DEFAULT_BATCH, frameBatch, openSession, type OrtOptions } from './session.js';

export interface ScoredFrame {
  /** Mantissas, one a class. */
  readonly logits: Int32Array;
  readonly score: number;
  readonly keep: boolean;
  /** Mean over the pixels of each channel of the penultimate tensor, in mantissas. */
  readonly features: Float32Array;
  /** Score of the float network, in its own units. */
  readonly floatScore: number;
  readonly floatKeep: boolean;
}

export interface OrtScorer {
  /** Results in the order of the frames. Deterministic for the same frames in the same call. */
  run(frames: readonly Uint16Array[]): Promise<readonly ScoredFrame[]>;
  close(): Promise<void>;
}

/** The tensor that the output node reads, flattening aside: the features that the decision is made from. */
export function penultimateNode(graph: FixedGraph): NodeId {
  let node = findNode(graph, graph.output);
  do node = findNode(graph, node.inputs[0]!);
  while (node.kind === 'flatten' || node.kind === 'requantize');
  return node.id;
}

/** Opens both networks. One thread unless told otherwise: several scorers run side by side. */
export async function createOrtScorer(
  fixed: FixedGraph,
  float: FloatGraph,
  options: OrtOptions = {},
): Promise<OrtScorer> {
  const settings: OrtOptions = { threads: 1, ...options };
  const node = penultimateNode(fixed);
  const channels = fixedShapes(fixed).get(node)![2];
  const tensor = `${node}${TENSOR_SUFFIX}`;
  const session = await openSession(emitFixedOnnx(fixed, { intermediates: true }), settings);
  const floatSession = await createOrtFloat(float, settings);
  const size = inputNode(fixed).size;
  const batch = settings.batch ?? DEFAULT_BATCH;
  return {
    async run(frames) {
      const results: ScoredFrame[] = [];
      for (let from = 0; from < frames.length; from += batch) {
        const part = frames.slice(from, from + batch);
        const outputs = await session.run({ frames: await frameBatch(part, size) }, [
          'logits',
          'score',
          'keep',
          tensor,
        ]);
        const floats = await floatSession.run(part);
        part.forEach((_, i) =>
          results.push({
            logits: rowOf(outputs['logits'], i, part.length),
            score: rowOf(outputs['score'], i, part.length)[0]!,
            keep: Boolean(outputs['keep']!.data[i]),
            features: channelMeans(rowOf(outputs[tensor], i, part.length), channels),
            floatScore: floats[i]!.score,
            floatKeep: floats[i]!.keep,
          }),
        );
      }
      return results;
    },
    async close() {
      await session.release();
      await floatSession.close();
    },
  };
}

function rowOf(tensor: ort.Tensor | undefined, row: number, rows: number): Int32Array {
  invariant(tensor?.type === 'int32', 'ONNX Runtime gave no int32 tensor');
  const data = tensor.data as Int32Array;
  const length = data.length / rows;
  return data.slice(row * length, (row + 1) * length);
}

function channelMeans(values: Int32Array, channels: number): Float32Array {
  const means = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) means[i % channels]! += values[i]!;
  return Float32Array.from(means, (sum) => (sum * channels) / values.length);
}
