/**
 * Gradients of whole batches, in this thread or spread over workers. Shares are contiguous and summed in order, so
 * that the same number of workers gives the same bits.
 */
import { availableParallelism } from 'node:os';
import { startThread, type Thread } from '../core/threads.js';
import type { TrainBackend } from '../tensorflow/backend.js';
import type { FakeQuantization } from './fake-quantize.js';
import type { GradientResult } from './gradient.js';
import {
  addedUp,
  createGradientJob,
  type JobSetup,
  type PredictShare,
  type StepShare,
} from './gradient-job.js';
import type { ParameterLayout } from './parameters.js';

/** What a forward pass computes with. */
export interface PassWeights {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  /** In quantization-aware training. */
  readonly fake: FakeQuantization | null;
}

export interface GradientPool {
  readonly workers: number;
  /** The gradient of one batch. */
  step(indices: readonly number[], epoch: number, weights: PassWeights): Promise<GradientResult>;
  /** Logits of all validation samples, in order. */
  predict(weights: PassWeights): Promise<Float32Array[]>;
  close(): Promise<void>;
}

export interface WorkerSetup {
  readonly job: JobSetup;
  readonly backend: TrainBackend['name'];
  /** Shared: written by the main thread before each request. */
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  /** Shared: written by the worker before its reply. */
  readonly gradient: Float32Array;
  readonly seen: Float32Array;
}
export type WorkerRequest =
  /** Answered when the thread can work. */
  | { readonly kind: 'open' }
  | { readonly kind: 'step'; readonly share: StepShare }
  | { readonly kind: 'predict'; readonly share: PredictShare };
export type WorkerReply =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'step' } & Pick<GradientResult, 'loss' | 'correct' | 'rounding'>)
  | { readonly kind: 'logits'; readonly logits: Float32Array[] };

const shared = (length: number): Float32Array<SharedArrayBuffer> =>
  new Float32Array(new SharedArrayBuffer(4 * length));

/** `[first, last)` of part `k` of `parts` of `count` things. */
const part = (count: number, parts: number, k: number): readonly [number, number] => [
  Math.floor((count * k) / parts),
  Math.floor((count * (k + 1)) / parts),
];

/** Below so many frames a share is not worth a thread. */
const SMALLEST_SHARE = 4;
const MOST_WORKERS = 8;

/** How many threads to use: what was asked for, or one per core where the back end has no threads of its own. */
export function workerCount(asked: number, backend: TrainBackend, batchSize: number): number {
  if (!backend.singleThreaded) return 1;
  const wanted = asked > 0 ? asked : Math.min(MOST_WORKERS, availableParallelism());
  return Math.max(1, Math.min(wanted, Math.floor(batchSize / SMALLEST_SHARE)));
}

function localPool(setup: JobSetup, backend: TrainBackend): GradientPool {
  const job = createGradientJob(setup, backend.name);
  return {
    workers: 1,
    step: (indices, epoch, { parameters, statistics, fake }) =>
      job.step({ indices, batchSize: indices.length, epoch, fake }, parameters, statistics),
    predict: ({ parameters, statistics, fake }) =>
      Promise.resolve(job.predict({ first: 0, last: setup.validation.count, fake }, parameters, statistics)),
    close: () => job.close(),
  };
}

/** A thread with the shared memory that its gradients come in. */
interface GradientThread extends Thread<WorkerRequest, WorkerReply> {
  readonly gradient: Float32Array;
  readonly seen: Float32Array;
}

function startGradientThread(setup: WorkerSetup): GradientThread {
  const thread = startThread<WorkerRequest, WorkerReply, WorkerReply>({
    module: './gradient-worker',
    base: import.meta.url,
    data: setup,
    what: 'a training thread',
    decode: () => (reply) => reply,
  });
  return { ...thread, gradient: setup.gradient, seen: setup.seen };
}

function sumInto(total: Float32Array, addend: Float32Array): void {
  for (let i = 0; i < total.length; i++) total[i]! += addend[i]!;
}

async function threadedPool(
  setup: JobSetup,
  layout: ParameterLayout,
  backend: TrainBackend,
  workers: number,
): Promise<GradientPool> {
  const parameters = shared(layout.trainableLength);
  const statistics = shared(layout.statisticsLength);
  const threads = Array.from({ length: workers }, () =>
    startGradientThread({
      job: setup,
      backend: backend.name,
      parameters,
      statistics,
      gradient: shared(layout.trainableLength),
      seen: shared(layout.statisticsLength),
    }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.stop()));
  };
  const askAll = (request: (k: number) => WorkerRequest): Promise<WorkerReply[]> =>
    Promise.all(threads.map((thread, k) => thread.ask(request(k))));
  try {
    await askAll(() => ({ kind: 'open' }));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    workers,
    async step(indices, epoch, weights) {
      parameters.set(weights.parameters);
      statistics.set(weights.statistics);
      const replies = await askAll((k) => ({
        kind: 'step',
        share: {
          indices: indices.slice(...part(indices.length, workers, k)),
          batchSize: indices.length,
          epoch,
          fake: weights.fake,
        },
      }));
      const gradient = new Float32Array(layout.trainableLength);
      const seen = new Float32Array(layout.statisticsLength);
      let loss = 0;
      let correct = 0;
      replies.forEach((reply, k) => {
        if (reply.kind !== 'step') return;
        loss += reply.loss;
        correct += reply.correct;
        sumInto(gradient, threads[k]!.gradient);
        sumInto(seen, threads[k]!.seen);
      });
      const rounding = addedUp(replies.flatMap((reply) => (reply.kind === 'step' ? [reply.rounding] : [])));
      return { loss, correct, gradient, statistics: seen, rounding };
    },
    async predict(weights) {
      parameters.set(weights.parameters);
      statistics.set(weights.statistics);
      const replies = await askAll((k) => {
        const [first, last] = part(setup.validation.count, workers, k);
        return { kind: 'predict', share: { first, last, fake: weights.fake } };
      });
      return replies.flatMap((reply) => (reply.kind === 'logits' ? reply.logits : []));
    },
    close,
  };
}

/** A pool of `workers` threads, or this thread alone for one. */
export async function openGradientPool(
  setup: JobSetup,
  layout: ParameterLayout,
  backend: TrainBackend,
  workers: number,
): Promise<GradientPool> {
  return workers === 1 ? localPool(setup, backend) : threadedPool(setup, layout, backend, workers);
}
