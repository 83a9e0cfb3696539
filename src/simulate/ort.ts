/**
 * ONNX Runtime as a witness: runs `fixed.onnx` on raw frames in batches, on whichever execution provider is asked for.
 *
 * It never falls back in silence: a provider that the machine cannot run is a `UserError` that says why.
 */
import * as ort from 'onnxruntime-node';
import { UserError, invariant } from '../core/errors.js';
import { emitFixedOnnx } from '../backends/onnx/fixed.js';
import { TENSOR_SUFFIX } from '../backends/onnx/metadata.js';
import { nodeId, type NodeId } from '../ir/common.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import type { FrameResult, Witness } from './witness.js';

export const ORT_OPTIMIZATIONS = ['disabled', 'basic', 'extended', 'all'] as const;
export type OrtOptimization = (typeof ORT_OPTIMIZATIONS)[number];
export const ORT_PROVIDERS = ['cpu', 'cuda', 'tensorrt', 'webgpu'] as const;
export type OrtProvider = (typeof ORT_PROVIDERS)[number];

export interface OrtOptions {
  /** Graph optimisation level; `disabled` (the default) runs every node as it stands in the file. */
  readonly optimization?: OrtOptimization;
  readonly provider?: OrtProvider;
  /** Threads inside an operator; 0 (the default) lets ONNX Runtime take all cores. */
  readonly threads?: number;
  /** Frames in one call. */
  readonly batch?: number;
}

const DEFAULT_BATCH = 16;

// TF32 keeps 10 bits of a factor and Winograd kernels divide: both would break exactness on a GPU.
const PROVIDER_OPTIONS: Readonly<Record<OrtProvider, ort.InferenceSession.ExecutionProviderConfig>> = {
  cpu: 'cpu',
  cuda: { name: 'cuda', use_tf32: 0, cudnn_conv_algo_search: 'DEFAULT' } as { readonly name: string },
  tensorrt: 'tensorrt',
  webgpu: 'webgpu',
};

/** Opens `model` (ONNX bytes); throws `UserError` when ONNX Runtime or the provider refuses. */
export async function openSession(
  model: Uint8Array,
  options: OrtOptions = {},
): Promise<ort.InferenceSession> {
  const provider = options.provider ?? 'cpu';
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: [PROVIDER_OPTIONS[provider]],
      graphOptimizationLevel: options.optimization ?? 'disabled',
      ...(options.threads === undefined || options.threads === 0
        ? {}
        : { intraOpNumThreads: options.threads, interOpNumThreads: 1 }),
      logSeverityLevel: 3,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`ONNX Runtime cannot run this model on ${provider}: ${reason.slice(0, 300)}`, {
      field: 'provider',
      remedy: provider === 'cpu' ? 'write the model again with vetoc' : 'use --provider cpu',
    });
  }
}

/** Frames of one size, one after the other: `uint16 [N, height, width]`. */
export function frameBatch(
  frames: readonly Uint16Array[],
  [height, width]: readonly [number, number],
): ort.Tensor {
  const pixels = height * width;
  const data = new Uint16Array(frames.length * pixels);
  frames.forEach((frame, i) => {
    invariant(frame.length === pixels, `a frame of ${frame.length} pixels for ${height}×${width}`);
    data.set(frame, i * pixels);
  });
  return new ort.Tensor('uint16', data, [frames.length, height, width]);
}

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

/**
 * ONNX Runtime on the `fixed.onnx` of `graph`. Sessions open at the first call that needs them; the one that puts out
 * every tensor is another model. Close it when done.
 */
export function createOrtWitness(graph: FixedGraph, options: OrtOptions = {}): Promise<Witness> {
  const size = inputNode(graph).size;
  const sessions = new Map<boolean, Promise<ort.InferenceSession>>();
  const session = (intermediates: boolean): Promise<ort.InferenceSession> => {
    const open = sessions.get(intermediates) ?? openSession(emitFixedOnnx(graph, { intermediates }), options);
    sessions.set(intermediates, open);
    return open;
  };
  const batch = options.batch ?? DEFAULT_BATCH;
  const witness: Witness = {
    name: 'onnxruntime',
    version: `${ort.env.versions.node ?? 'unknown'} ${options.provider ?? 'cpu'} ${options.optimization ?? 'disabled'}`,
    async run(frames, { tensors = false } = {}) {
      const opened = await session(tensors);
      const all: FrameResult[] = [];
      for (let i = 0; i < frames.length; i += batch) {
        const part = frames.slice(i, i + batch);
        all.push(...results(await opened.run({ frames: frameBatch(part, size) }), part.length));
      }
      return all;
    },
    async close() {
      for (const open of sessions.values()) await (await open).release();
      sessions.clear();
    },
  };
  // Opening at once tells of a missing provider before any frame is read.
  return session(false).then(() => witness);
}
