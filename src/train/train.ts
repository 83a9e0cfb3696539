/**
 * Training: epochs of shuffled, augmented batches, validation after each, the best epoch kept.
 *
 * The same graph, frames, recipe, seed, back end and number of workers give the same weights, bit for bit.
 */
import { UserError } from '../core/errors.js';
import { createRandom } from '../core/random.js';
import type { FloatGraph } from '../ir/graph.js';
import { veto } from '../ir/graph.js';
import { openBackend, type BackendName, type TrainBackend } from './backend.js';
import { createBatchMaker, type BatchMaker } from './batches.js';
import { createForwardPass, type ForwardPass } from './forward.js';
import { computeGradient, type GradientResult, type LossOptions } from './gradient.js';
import { chooseThreshold, evaluate, pointAt, softmax } from './metrics.js';
import { createOptimizerState, learningRateAt, optimizerStep, type OptimizerState } from './optimizer.js';
import { flattenParameters, withParameters } from './parameters.js';
import { createPredictor } from './predict.js';
import type { TrainingRecipe } from './recipe.js';
import { fillCache, openCache, type LabelledFrames, type SampleCache } from './sample-cache.js';

/** How good the network was on the validation frames. */
export interface ValidationResult {
  readonly loss: number;
  /** Of all classes. */
  readonly accuracy: number;
  /** Hit against miss, by the largest logit. */
  readonly hitMissAccuracy: number;
  readonly auc: number;
  /** Fraction of misses rejected where `keepFraction` of the hits are kept. */
  readonly rejection: number;
}

export interface EpochResult {
  /** From 1. */
  readonly epoch: number;
  readonly learningRate: number;
  readonly loss: number;
  /** On the augmented training frames, as they were seen. */
  readonly accuracy: number;
  readonly validation: ValidationResult;
  /** Whether this is the best epoch so far. */
  readonly best: boolean;
}

export type TrainEvent =
  | { readonly kind: 'backend'; readonly backend: TrainBackend; readonly workers: number }
  | {
      readonly kind: 'frames';
      readonly part: 'train' | 'validation';
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly kind: 'step';
      readonly epoch: number;
      readonly epochs: number;
      /** Of this epoch. */
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      /** Of the whole training, in [0, 1]. */
      readonly fraction: number;
    }
  | { readonly kind: 'epoch'; readonly epochs: number; readonly result: EpochResult };

export interface TrainRequest {
  /** Untrained, or to be trained on. */
  readonly graph: FloatGraph;
  readonly train: LabelledFrames;
  readonly validation: LabelledFrames;
  readonly recipe: TrainingRecipe;
  readonly seed: number;
  readonly backend?: BackendName;
  readonly onProgress?: (event: TrainEvent) => void;
}

export interface TrainResult {
  /** With the weights of the best epoch and the threshold chosen on the validation frames. */
  readonly graph: FloatGraph;
  readonly history: readonly EpochResult[];
  /** The epoch that was kept. */
  readonly bestEpoch: number;
  readonly backend: TrainBackend;
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

/** The order of the samples in `epoch`. */
function shuffled(count: number, seed: number, epoch: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  const random = createRandom(seed).fork(`shuffle ${epoch}`);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function validate(
  graph: FloatGraph,
  maker: BatchMaker,
  cache: SampleCache,
  keepFraction: number,
): {
  readonly result: ValidationResult;
  readonly scores: readonly number[];
  readonly hits: readonly boolean[];
} {
  const predictor = createPredictor(graph);
  const { labels, count } = cache.handle;
  const logits: Float32Array[] = [];
  for (let i = 0; i < count; i += 16) {
    const indices = Array.from({ length: Math.min(16, count - i) }, (_, k) => i + k);
    logits.push(...predictor.predictBatch(maker.make(indices, null)));
  }
  predictor.dispose();
  const all = evaluate({ logits, labels, hitClasses: graph.hitClasses, threshold: 0 });
  const scores = logits.map((row) => veto(row, graph.hitClasses));
  const hits = Array.from(labels, (label) => graph.hitClasses[label]!);
  const loss = logits.reduce((sum, row, i) => sum - Math.log(Math.max(1e-30, softmax(row)[labels[i]!]!)), 0);
  return {
    result: {
      loss: loss / Math.max(1, count),
      accuracy: all.confusion.accuracy.value,
      hitMissAccuracy: all.hitMissAccuracy.value,
      auc: all.curve.auc,
      rejection: pointAt(all.curve, keepFraction).missesRejected.value,
    },
    scores,
    hits,
  };
}

/** Whether `a` is better than `b` under the recipe's rule. */
function isBetter(
  a: ValidationResult,
  b: ValidationResult | null,
  select: TrainingRecipe['select'],
): boolean {
  if (b === null || select === 'last') return true;
  if (select === 'loss') return a.loss < b.loss;
  if (a.rejection !== b.rejection) return a.rejection > b.rejection;
  if (a.hitMissAccuracy !== b.hitMissAccuracy) return a.hitMissAccuracy > b.hitMissAccuracy;
  return a.loss < b.loss;
}

/** Trains `request.graph`. Throws `UserError` for frames or recipes that do not fit it. */
export async function trainNetwork(request: TrainRequest): Promise<TrainResult> {
  const { recipe, onProgress } = request;
  const backend = await openBackend(request.backend ?? 'auto');
  onProgress?.({ kind: 'backend', backend, workers: 1 });
  for (const [name, frames] of [
    ['train', request.train],
    ['validation', request.validation],
  ] as const)
    if (frames.count === 0)
      throw new UserError(`there are no ${name} frames`, {
        field: name,
        remedy: 'give some, or split differently',
      });
  const fill = (part: 'train' | 'validation') =>
    fillCache(request.graph, request[part], {
      cacheMebibytes: recipe.cacheMebibytes,
      onFrame: (done, total) => onProgress?.({ kind: 'frames', part, done, total }),
    });
  const train = await fill('train');
  const validation = await fill('validation');
  const trainCache = openCache(request.graph, train.handle);
  const validationCache = openCache(request.graph, validation.handle);
  try {
    return runEpochs(request, backend, trainCache, validationCache);
  } finally {
    trainCache.close();
    validationCache.close();
    train.dispose();
    validation.dispose();
  }
}

interface Run {
  readonly request: TrainRequest;
  readonly pass: ForwardPass;
  readonly maker: BatchMaker;
  readonly loss: LossOptions;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly statistics: Float32Array<ArrayBuffer>;
  readonly optimizer: OptimizerState;
}

/** Keeps this much of the running statistics of batch normalisation at each step. */
const MOMENTUM = 0.9;

function step(
  run: Run,
  indices: readonly number[],
  labels: Int32Array,
  epoch: number,
  progress: number,
): GradientResult {
  const { recipe, seed } = run.request;
  const batch = run.maker.make(indices, (index) => createRandom(seed).fork(`augment ${epoch} ${index}`));
  const result = computeGradient(
    run.pass,
    run.maker.preprocessor,
    {
      batch,
      labels: indices.map((i) => labels[i]!),
      batchSize: indices.length,
      parameters: run.parameters,
      statistics: run.statistics,
    },
    run.loss,
  );
  const rate = learningRateAt(recipe, progress);
  optimizerStep(run.parameters, result.gradient, run.optimizer, run.pass.layout, recipe, rate);
  for (let i = 0; i < run.statistics.length; i++)
    run.statistics[i] =
      MOMENTUM * run.statistics[i]! + ((1 - MOMENTUM) * result.statistics[i]!) / indices.length;
  return result;
}

function trainEpoch(
  run: Run,
  cache: SampleCache,
  epoch: number,
): { readonly loss: number; readonly accuracy: number } {
  const { recipe, seed, onProgress } = run.request;
  const { labels, count } = cache.handle;
  const order = shuffled(count, seed, epoch);
  // The last, smaller batch is dropped unless it is the only one: its gradient would be noisier than the rest.
  const steps = Math.max(1, Math.floor(count / recipe.batchSize));
  let loss = 0;
  let correct = 0;
  let seen = 0;
  for (let s = 0; s < steps; s++) {
    const indices = order.slice(s * recipe.batchSize, (s + 1) * recipe.batchSize);
    const result = step(run, indices, labels, epoch, epoch - 1 + s / steps);
    if (!Number.isFinite(result.loss))
      throw new UserError(`the loss became ${result.loss} in epoch ${epoch}, step ${s + 1}`, {
        field: 'training.learningRate',
        remedy: 'use a smaller learning rate or a longer warm-up',
      });
    loss += result.loss;
    correct += result.correct;
    seen += indices.length;
    onProgress?.({
      kind: 'step',
      epoch,
      epochs: recipe.epochs,
      step: s + 1,
      steps,
      loss: result.loss,
      fraction: (epoch - 1 + (s + 1) / steps) / recipe.epochs,
    });
  }
  return { loss: loss / steps, accuracy: correct / seen };
}

function runEpochs(
  request: TrainRequest,
  backend: TrainBackend,
  trainCache: SampleCache,
  validationCache: SampleCache,
): TrainResult {
  const { graph, recipe, onProgress } = request;
  const pass = createForwardPass(graph);
  const parameters = flattenParameters(graph, pass.layout.trainable);
  const run: Run = {
    request,
    pass,
    maker: createBatchMaker(trainCache, recipe.augmentation),
    loss: { ...recipe, classWeights: classWeightsOf(graph, trainCache.handle.labels, recipe) },
    parameters,
    statistics: flattenParameters(graph, pass.layout.statistics),
    optimizer: createOptimizerState(parameters, recipe),
  };
  const validationMaker = createBatchMaker(validationCache, null);
  const history: EpochResult[] = [];
  let best: {
    readonly graph: FloatGraph;
    readonly epoch: number;
    readonly validation: ValidationResult;
  } | null = null;
  for (let epoch = 1; epoch <= recipe.epochs; epoch++) {
    const seen = trainEpoch(run, trainCache, epoch);
    const weights = run.optimizer.average.length > 0 ? run.optimizer.average : run.parameters;
    const current = withParameters(graph, pass.layout, weights, run.statistics);
    const { result, scores, hits } = validate(current, validationMaker, validationCache, recipe.keepFraction);
    const better = isBetter(result, best?.validation ?? null, recipe.select);
    if (better)
      best = {
        graph: { ...current, threshold: chooseThreshold(scores, hits, recipe.keepFraction) },
        epoch,
        validation: result,
      };
    const learningRate = learningRateAt(recipe, epoch);
    history.push({ epoch, learningRate, ...seen, validation: result, best: better });
    onProgress?.({ kind: 'epoch', epochs: recipe.epochs, result: history.at(-1)! });
    if (recipe.patience > 0 && epoch - best!.epoch >= recipe.patience) break;
  }
  return { graph: best!.graph, history, bestEpoch: best!.epoch, backend };
}
