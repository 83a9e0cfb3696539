/**
 * The loop over epochs: steps, the running averages, validation, the best epoch, checkpoints.
 */
import { UserError } from '../core/errors.js';
import { createRandom } from '../core/random.js';
import type { FloatGraph } from '../ir/graph.js';
import { writeCheckpoint, type Checkpoint } from './checkpoint.js';
import type { Quantizer } from './quantizer.js';
import type { JobSetup } from './gradient-job.js';
import type { GradientPool, PassWeights } from './gradient-pool.js';
import { createOptimizerState, learningRateAt, optimizerStep, type OptimizerState } from './optimizer.js';
import { flattenParameters, withParameters, type ParameterLayout } from './parameters.js';
import type { TrainingRecipe } from './recipe.js';
import { isBetter, judge, type ValidationResult } from './validation.js';

export interface EpochResult {
  /** From 1. */
  readonly epoch: number;
  /** At its end. */
  readonly learningRate: number;
  /** Mean over its steps, class weights and veto loss included. */
  readonly loss: number;
  /** On the augmented training frames, as they were seen. */
  readonly accuracy: number;
  readonly validation: ValidationResult;
  /** Whether this was the best epoch so far. */
  readonly best: boolean;
}

export type EpochEvent =
  | {
      readonly kind: 'step';
      readonly epoch: number;
      readonly epochs: number;
      /** Of this epoch, from 1. */
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      /** Of the whole training, in [0, 1]: for the time left. */
      readonly fraction: number;
    }
  | { readonly kind: 'epoch'; readonly epochs: number; readonly result: EpochResult };

export interface EpochsRequest {
  readonly graph: FloatGraph;
  readonly recipe: TrainingRecipe;
  readonly seed: number;
  readonly layout: ParameterLayout;
  readonly pool: GradientPool;
  readonly setup: JobSetup;
  /** In quantization-aware training: forward passes see the parameters as the firmware would have them. */
  readonly quantizer: Quantizer | null;
  readonly resumed: Checkpoint | null;
  /** File for the state after each epoch. */
  readonly checkpoint: string | null;
  readonly onProgress: ((event: EpochEvent) => void) | undefined;
}

export interface EpochsResult {
  readonly graph: FloatGraph;
  readonly history: readonly EpochResult[];
  readonly bestEpoch: number;
}

interface Best {
  readonly epoch: number;
  readonly threshold: number;
  readonly validation: ValidationResult;
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
}

/** All that changes while training. */
interface State {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  readonly optimizer: OptimizerState;
  readonly history: EpochResult[];
  best: Best | null;
}

/** Keeps this much of the running statistics of batch normalisation at each step. */
const MOMENTUM = 0.9;

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

function startState({ graph, recipe, layout, resumed }: EpochsRequest): State {
  if (resumed === null) {
    const parameters = flattenParameters(graph, layout.trainable);
    return {
      parameters,
      statistics: flattenParameters(graph, layout.statistics),
      optimizer: createOptimizerState(parameters, recipe),
      history: [],
      best: null,
    };
  }
  const { arrays, facts } = resumed;
  return {
    parameters: arrays.parameters,
    statistics: arrays.statistics,
    optimizer: { first: arrays.first, second: arrays.second, average: arrays.average, step: facts.step },
    history: [...facts.history],
    best: { ...facts.best, parameters: arrays.bestParameters, statistics: arrays.bestStatistics },
  };
}

function checkpointOf(state: State, best: Best, widths: Float32Array): Checkpoint {
  const { parameters, statistics, optimizer, history } = state;
  const { epoch, threshold, validation } = best;
  return {
    facts: { epoch: history.length, step: optimizer.step, best: { epoch, threshold, validation }, history },
    arrays: {
      parameters,
      statistics,
      first: optimizer.first,
      second: optimizer.second,
      average: optimizer.average,
      bestParameters: best.parameters,
      bestStatistics: best.statistics,
      widths,
    },
  };
}

/** What forward passes compute with. */
function passWeights(
  request: EpochsRequest,
  parameters: Float32Array,
  statistics: Float32Array,
): PassWeights {
  return { fake: null, parameters, ...request.quantizer?.apply(parameters), statistics };
}

async function trainEpoch(
  request: EpochsRequest,
  state: State,
  epoch: number,
): Promise<{ readonly loss: number; readonly accuracy: number }> {
  const { recipe, seed, layout, pool, setup, onProgress } = request;
  const order = shuffled(setup.train.count, seed, epoch);
  // A last, smaller batch is dropped unless it is the only one: its gradient would be noisier than the rest.
  const steps = Math.max(1, Math.floor(order.length / recipe.batchSize));
  let loss = 0;
  let correct = 0;
  let seen = 0;
  for (let s = 0; s < steps; s++) {
    const indices = order.slice(s * recipe.batchSize, (s + 1) * recipe.batchSize);
    const weights = passWeights(request, state.parameters, state.statistics);
    const result = await pool.step(indices, epoch, weights);
    if (!Number.isFinite(result.loss))
      throw new UserError(`the loss became ${result.loss} in epoch ${epoch}, step ${s + 1}`, {
        field: 'training.learningRate',
        remedy: 'use a smaller learning rate or a longer warm-up',
      });
    request.quantizer?.learner?.follow(state.parameters, weights.parameters, result);
    const rate = learningRateAt(recipe, epoch - 1 + s / steps);
    optimizerStep(state.parameters, result.gradient, state.optimizer, layout, recipe, rate);
    for (let i = 0; i < state.statistics.length; i++)
      state.statistics[i] =
        MOMENTUM * state.statistics[i]! + ((1 - MOMENTUM) * result.statistics[i]!) / indices.length;
    loss += result.loss;
    correct += result.correct;
    seen += indices.length;
    const fraction = (epoch - 1 + (s + 1) / steps) / recipe.epochs;
    onProgress?.({
      kind: 'step',
      epoch,
      epochs: recipe.epochs,
      step: s + 1,
      steps,
      loss: result.loss,
      fraction,
    });
  }
  return { loss: loss / steps, accuracy: correct / seen };
}

/** Runs the epochs that are left. Throws `UserError` when the loss diverges. */
export async function runEpochs(request: EpochsRequest): Promise<EpochsResult> {
  const { graph, recipe, layout, pool, setup, checkpoint, onProgress } = request;
  const state = startState(request);
  const widths = request.quantizer?.learner?.state ?? new Float32Array(0);
  if (request.resumed !== null) widths.set(request.resumed.arrays.widths);
  const isOver = (): boolean =>
    state.history.length >= recipe.epochs ||
    (recipe.patience > 0 &&
      state.best !== null &&
      state.history.length - state.best.epoch >= recipe.patience);
  while (!isOver()) {
    const epoch = state.history.length + 1;
    const seen = await trainEpoch(request, state, epoch);
    const weights = state.optimizer.average.length > 0 ? state.optimizer.average : state.parameters;
    const logits = await pool.predict(passWeights(request, weights, state.statistics));
    const { result, threshold } = judge(graph, logits, setup.validation.labels, recipe.keepFraction);
    const better = isBetter(result, state.best?.validation ?? null, recipe.select);
    if (better)
      state.best = {
        epoch,
        threshold,
        validation: result,
        parameters: weights.slice(),
        statistics: state.statistics.slice(),
      };
    state.history.push({
      epoch,
      learningRate: learningRateAt(recipe, epoch),
      ...seen,
      validation: result,
      best: better,
    });
    if (checkpoint !== null) await writeCheckpoint(checkpoint, checkpointOf(state, state.best!, widths));
    onProgress?.({ kind: 'epoch', epochs: recipe.epochs, result: state.history.at(-1)! });
  }
  const best = state.best!;
  return {
    graph: {
      ...withParameters(graph, layout, best.parameters, best.statistics),
      threshold: best.threshold,
    },
    history: state.history,
    bestEpoch: best.epoch,
  };
}
