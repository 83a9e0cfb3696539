/**
 * Opening ONNX models in ONNX Runtime: optimisation level, execution provider, threads, and batches of frames.
 *
 * It never falls back in silence: a provider that the machine cannot run is a `UserError` that says why.
 */
import type * as ort from 'onnxruntime-node';
import { UserError, invariant } from '../../../core/errors.js';
import { mapOf, mapsNodes, type FrameMaps } from '../../../ir/frame-maps.js';
import type { FixedGraph } from '../../../ir/graph.js';
import type { PrescaleQuestion } from '../../../ir/prescale.js';
import { MAPS_SUFFIX } from '../tensor.js';

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
  /**
   * Whether integer operators are exact on every processor: those without VNNI saturate sums of two products of an unsigned
   * and a signed byte unless ONNX Runtime rewrites the weights, which it does from the level `extended` on.
   */
  readonly exactIntegers?: boolean;
  /** Frames in one call; 16 unless said otherwise. */
  readonly batch?: number;
}

export const DEFAULT_BATCH = 16;

// TF32 keeps 10 bits of a factor and Winograd kernels divide: both would break exactness on a GPU.
const PROVIDER_OPTIONS: Readonly<Record<OrtProvider, ort.InferenceSession.ExecutionProviderConfig>> = {
  cpu: 'cpu',
  cuda: { name: 'cuda', use_tf32: 0, cudnn_conv_algo_search: 'DEFAULT' } as { readonly name: string },
  tensorrt: 'tensorrt',
  webgpu: 'webgpu',
};

/** What each provider needs beyond the npm package, for the person whose machine lacks it. */
const PROVIDER_NEEDS: Readonly<Record<OrtProvider, string>> = {
  cpu: 'write the model again with vetoc',
  cuda: "needs an NVIDIA GPU and ONNX Runtime's CUDA build: npm rebuild onnxruntime-node without onnxruntime-node-install=skip; or use --provider cpu",
  tensorrt:
    "needs an NVIDIA GPU, TensorRT and ONNX Runtime's CUDA build: npm rebuild onnxruntime-node without onnxruntime-node-install=skip; or use --provider cpu",
  webgpu: 'needs a GPU and the Vulkan loader (Debian: libvulkan1); or use --provider cpu',
};

let loaded: Promise<typeof ort> | undefined;

/** ONNX Runtime, loaded by the first who needs it: who only emits or reads networks goes without its libraries. */
export function loadOrt(): Promise<typeof ort> {
  loaded ??= import('onnxruntime-node').then((runtime) => {
    // Its C++ log repeats on stderr what the errors say.
    runtime.env.logLevel = 'fatal';
    takeHalvesAsBits(runtime);
    return runtime;
  });
  return loaded;
}

/**
 * Tensors of float16 hold their bits, in a Uint16Array. Where JavaScript has Float16Array (Node 24), ONNX Runtime's
 * JavaScript takes that, and its native part does not know it (1.30: "not enough space: expected 288, got 0"). It looks for
 * it once, when the first tensor is made.
 */
function takeHalvesAsBits({ Tensor }: typeof ort): void {
  const known = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  if (known !== undefined) delete (globalThis as { Float16Array?: unknown }).Float16Array;
  new Tensor('float32', new Float32Array(1), [1]);
  if (known !== undefined) Object.defineProperty(globalThis, 'Float16Array', known);
}

/** Opens `model` (ONNX bytes, or a path); throws `UserError` when ONNX Runtime or the provider refuses. */
export async function openSession(
  model: Uint8Array | string,
  options: OrtOptions = {},
): Promise<ort.InferenceSession> {
  const provider = options.provider ?? 'cpu';
  const { InferenceSession } = await loadOrt();
  try {
    const settings: ort.InferenceSession.SessionOptions = {
      executionProviders: [PROVIDER_OPTIONS[provider]],
      graphOptimizationLevel: options.optimization ?? 'disabled',
      ...(options.threads === undefined || options.threads === 0
        ? {}
        : { intraOpNumThreads: options.threads, interOpNumThreads: 1 }),
      logSeverityLevel: 3,
      ...(options.exactIntegers === true && { extra: { session: { x64quantprecision: '1' } } }),
    };
    return await (typeof model === 'string'
      ? InferenceSession.create(model, settings)
      : InferenceSession.create(model, settings));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`ONNX Runtime cannot run this model on ${provider}: ${shortened(reason)}`, {
      field: 'provider',
      remedy: PROVIDER_NEEDS[provider],
    });
  }
}

/** The words of ONNX Runtime without the places in its sources. */
const shortened = (reason: string): string =>
  reason
    .replace(/\S*\/onnxruntime\/core\/\S+ /g, '')
    .replace(/\s+/g, ' ')
    .slice(0, 300);

/** Frame number, key and N of `count` frames, for the second input of a model with a prescale; none of them keeps a miss unless asked. */
export async function prescaleBatch(
  count: number,
  questions: readonly PrescaleQuestion[] | undefined,
): Promise<ort.Tensor> {
  const { Tensor } = await loadOrt();
  const words = Array.from({ length: count }, (_, i) => {
    const asked = questions?.[i];
    return asked === undefined ? [0n, 0n, 0n] : [asked.number, BigInt(asked.key), BigInt(asked.n)];
  });
  // A number of 64 bits travels as it is: its highest bit becomes the sign.
  return new Tensor(
    'int64',
    BigInt64Array.from(words.flat(), (word) => BigInt.asIntN(64, word)),
    [count, 3],
  );
}

/** Frames of one size, one after the other: `uint16 [N, height, width]`. */
export async function frameBatch(
  frames: readonly Uint16Array[],
  [height, width]: readonly [number, number],
): Promise<ort.Tensor> {
  const { Tensor } = await loadOrt();
  const pixels = height * width;
  const data = new Uint16Array(frames.length * pixels);
  frames.forEach((frame, i) => {
    invariant(frame.length === pixels, `a frame of ${frame.length} pixels for ${height}×${width}`);
    data.set(frame, i * pixels);
  });
  return new Tensor('uint16', data, [frames.length, height, width]);
}

/**
 * What the inputs for maps of a model of raw words get: one set where all frames share it and not `each` has to have its own.
 * Empty for a model of counts. Throws `UserError` where maps are missing.
 */
export async function mapsFeeds(
  graph: FixedGraph,
  maps: readonly FrameMaps[],
  each: boolean,
): Promise<Record<string, ort.Tensor>> {
  const { Tensor } = await loadOrt();
  const shared = !each && maps.every((one) => one === maps[0]);
  const sets = shared ? maps.slice(0, 1) : maps;
  return Object.fromEntries(
    mapsNodes(graph).map((node) => {
      const values = sets.map((one) => mapOf(node, one));
      const data = new Int32Array(values.reduce((sum, one) => sum + one.length, 0));
      values.forEach((one, i) => {
        data.set(one, i * one.length);
      });
      return [
        `${node.id}${MAPS_SUFFIX}`,
        new Tensor('int32', data, [sets.length, ...node.size, node.channels]),
      ];
    }),
  );
}

/** Version of ONNX Runtime, provider and optimisation level, for the record. */
export async function ortVersion(options: OrtOptions): Promise<string> {
  const { env } = await loadOrt();
  return `${env.versions.node ?? 'unknown'} ${options.provider ?? 'cpu'} ${options.optimization ?? 'disabled'}`;
}
