/**
 * Training: epochs of shuffled, augmented batches, validation after each, the best epoch kept.
 *
 * The same graph, frames, recipe, seed, back end and number of workers give the same weights, bit for bit; so does a
 * training that was killed and resumed from its checkpoint.
 */
import { IS_WINDOWS } from '../core/machine.js';
import { join } from 'node:path';
import { invariant, UserError } from '../core/errors.js';
import { createPreprocessor } from '../evaluate/preprocessor.js';
import type { FloatGraph } from '../ir/graph.js';
import { openBackend, type TrainBackend } from '../tensorflow/backend.js';
import type { BackendName } from '../tensorflow/backend-name.js';
import { fingerprint, readCheckpoint } from './checkpoint.js';
import type { Quantizer } from './quantizer.js';
import { canTrainNatively } from './native/gradient.js';
import { checkNative } from './native/model.js';
import { openGradientPool, workerCount } from './gradient-pool.js';
import { parameterLayout } from './parameters.js';
import type { TrainingRecipe } from './recipe.js';
import { taughtBy, type Teacher } from './teacher.js';
import { fillCache, type LabelledFrames } from './sample-cache.js';
import { runEpochs, type EpochEvent, type EpochResult } from './epochs.js';

export type TrainEvent =
  | { readonly kind: 'backend'; readonly backend: TrainBackend; readonly workers: number }
  | {
      readonly kind: 'frames';
      readonly part: 'train' | 'validation';
      readonly done: number;
      readonly total: number;
    }
  | { readonly kind: 'resumed'; readonly epoch: number; readonly history: readonly EpochResult[] }
  | EpochEvent;

export interface TrainRequest {
  /** Untrained, or to be trained on. */
  readonly graph: FloatGraph;
  readonly train: LabelledFrames;
  readonly validation: LabelledFrames;
  readonly recipe: TrainingRecipe;
  readonly seed: number;
  readonly backend?: BackendName;
  /**
   * A folder where the state after each epoch is kept, named after all that decides the weights: the same training goes
   * on from there, another one does not see it. It is the caller's to remove when the network is safe.
   */
  readonly checkpoints?: string;
  /** Where the recipe has one: the same for every share of the training. */
  readonly teacher?: Teacher;
  /** For quantization-aware training of a prepared graph. */
  readonly quantizer?: Quantizer;
  readonly onProgress?: (event: TrainEvent) => void;
}

export interface TrainResult {
  /** With the weights of the best epoch and the threshold chosen on the validation frames. */
  readonly graph: FloatGraph;
  readonly history: readonly EpochResult[];
  /** The epoch that was kept. */
  readonly bestEpoch: number;
  readonly backend: TrainBackend;
  readonly workers: number;
  /** The last epoch of the killed training that this one went on from. */
  readonly resumedAfter: number | null;
}

/** Weight of each class: as the recipe says. */
function classWeightsOf(graph: FloatGraph, labels: Int32Array, recipe: TrainingRecipe): readonly number[] {
  const classes = graph.classNames.length;
  if (recipe.classWeights === 'none') return new Array<number>(classes).fill(1);
  if (recipe.classWeights !== 'balanced') {
    if (recipe.classWeights.length === classes) return recipe.classWeights;
    throw new UserError(`${recipe.classWeights.length} weights for ${classes} classes`, {
      field: 'training.classWeights',
      remedy: 'give one weight per class',
    });
  }
  const count = new Array<number>(classes).fill(0);
  for (const label of labels) count[label]! += 1;
  const present = count.filter((n) => n > 0).length;
  return count.map((n) => (n === 0 ? 0 : labels.length / (present * n)));
}

function checkFrames(request: TrainRequest): void {
  for (const part of ['train', 'validation'] as const)
    if (request[part].count === 0)
      throw new UserError(`there are no ${part} frames`, {
        field: part,
        remedy: 'give some, or split differently',
      });
}

/** What adds to single counts must do so before blocks are compared with each other. */
function checkAugmentation(graph: FloatGraph, { augmentation }: TrainingRecipe): void {
  const local = createPreprocessor(graph).linear.find((tensor) => tensor.local);
  if (local === undefined) return;
  for (const field of ['pedestal', 'background', 'hotPixels'] as const)
    if (augmentation[field] > 0)
      throw new UserError(
        `it cannot be added to ${local.id}, which does not hold counts of pixels any more`,
        {
          field: `training.augmentation.${field}`,
          remedy: `set it to 0, and name what raw frames are to be disturbed by in training.nuisances`,
        },
      );
}

/** There is nothing to learn without hits and misses, and no threshold to choose without hits. */
function checkLabels(graph: FloatGraph, train: Int32Array, validation: Int32Array): void {
  const has = (labels: Int32Array, hit: boolean): boolean =>
    labels.some((label) => graph.hitClasses[label] === hit);
  const lacking = (part: string, what: string): UserError =>
    new UserError(`there are no ${what} among the ${part} frames`, {
      field: part,
      remedy: 'give frames of hits and of misses, or split differently',
    });
  if (!has(train, true)) throw lacking('train', 'hits');
  if (!has(train, false)) throw lacking('train', 'misses');
  if (!has(validation, true)) throw lacking('validation', 'hits');
}

/** Trains `request.graph`. Throws `UserError` for frames or recipes that do not fit it, or a diverging loss. */
export async function trainNetwork(request: TrainRequest): Promise<TrainResult> {
  const { graph, recipe, seed, onProgress } = request;
  checkFrames(request);
  checkAugmentation(graph, recipe);
  invariant(
    (recipe.teacher === null) === (request.teacher === undefined),
    'a recipe with a teacher is trained under one, and no other is',
  );
  // Fixed point is trained by a forward pass that ONNX Runtime does not know.
  const native = request.quantizer === undefined && (await canTrainNatively(graph));
  const backend = await openBackend(request.backend ?? 'auto', native);
  if (backend.name === 'onnxruntime') checkNative(graph);
  const workers = workerCount(recipe.workers, backend, Math.min(recipe.batchSize, request.train.count));
  onProgress?.({ kind: 'backend', backend, workers });
  const taught =
    request.teacher === undefined ? null : taughtBy(request.teacher, request.train, graph.classNames.length);
  const fill = (part: 'train' | 'validation') =>
    fillCache(graph, part === 'train' ? (taught?.frames ?? request.train) : request.validation, {
      cacheMebibytes: recipe.cacheMebibytes,
      onFrame: (done, total) => onProgress?.({ kind: 'frames', part, done, total }),
    });
  const train = await fill('train').finally(() => request.train.close?.());
  const validation = await fill('validation').catch((error: unknown) => {
    train.dispose();
    throw error;
  });
  const layout = parameterLayout(graph);
  const marks = [
    request.quantizer?.mark ?? '',
    ...(request.teacher === undefined ? [] : [request.teacher.mark]),
  ];
  const rest = [seed, backend.name, workers, ...marks, train.digest, validation.digest];
  const mark = fingerprint(graph, recipe, rest);
  const checkpoint = request.checkpoints === undefined ? null : join(request.checkpoints, mark);
  const setup = {
    graph,
    train: train.handle,
    validation: validation.handle,
    loss: { ...recipe, classWeights: classWeightsOf(graph, train.handle.labels, recipe) },
    taught: taught?.logits ?? null,
    augmentation: recipe.augmentation,
    microBatch: recipe.microBatch,
    seed,
  };
  const dispose = (): void => {
    train.dispose();
    validation.dispose();
  };
  try {
    checkLabels(graph, train.handle.labels, validation.handle.labels);
    const resumed = checkpoint === null ? null : await readCheckpoint(checkpoint);
    if (resumed !== null)
      onProgress?.({ kind: 'resumed', epoch: resumed.facts.epoch, history: resumed.facts.history });
    const pool = await openGradientPool(setup, layout, backend, workers);
    // All threads have the cached frames open: without a name they are gone when the process is, even if it is killed.
    if (!IS_WINDOWS) dispose();
    try {
      const trained = await runEpochs({
        graph,
        recipe,
        seed,
        layout,
        pool,
        setup,
        quantizer: request.quantizer ?? null,
        resumed,
        checkpoint,
        onProgress,
      });
      return { ...trained, backend, workers, resumedAfter: resumed?.facts.epoch ?? null };
    } finally {
      await pool.close();
    }
  } finally {
    dispose();
  }
}
