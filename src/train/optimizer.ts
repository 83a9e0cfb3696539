/**
 * AdamW on the flat parameter vector, in plain JavaScript: its whole state can be stored and restored, so that a
 * resumed run ends with the same bits.
 *
 * Sources: Kingma and Ba 2015 (Adam); Loshchilov and Hutter 2019 (decoupled weight decay).
 */
import type { ParameterSlot } from './parameters.js';
import type { TrainingRecipe } from './recipe.js';

export interface OptimizerState {
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** Average of the weights over steps, or empty when the recipe has no averaging. */
  readonly average: Float32Array;
  /** Steps taken. */
  step: number;
}

export function createOptimizerState(
  parameters: Float32Array,
  recipe: Pick<TrainingRecipe, 'averaging'>,
): OptimizerState {
  return {
    first: new Float32Array(parameters.length),
    second: new Float32Array(parameters.length),
    average: recipe.averaging > 0 ? Float32Array.from(parameters) : new Float32Array(0),
    step: 0,
  };
}

type Schedule = Pick<TrainingRecipe, 'learningRate' | 'schedule' | 'epochs' | 'warmupEpochs'>;

/** Learning rate after `progress` epochs (a fraction counts). */
export function learningRateAt(recipe: Schedule, progress: number): number {
  const { learningRate, schedule, epochs, warmupEpochs } = recipe;
  if (progress < warmupEpochs) return learningRate * ((progress + 0.02) / (warmupEpochs + 0.02));
  switch (schedule.kind) {
    case 'constant':
      return learningRate;
    case 'exponential':
      return learningRate * schedule.perEpoch ** progress;
    case 'cosine': {
      const part = Math.min(1, (progress - warmupEpochs) / Math.max(1e-9, epochs - warmupEpochs));
      const fall = (1 + Math.cos(Math.PI * part)) / 2;
      return learningRate * (schedule.final + (1 - schedule.final) * fall);
    }
  }
}

/** Length of the gradient, and the factor that clips it to `clipNorm`. */
function clipFactor(gradient: Float32Array, clipNorm: number): number {
  if (clipNorm === 0) return 1;
  let squares = 0;
  for (const g of gradient) squares += g * g;
  const norm = Math.sqrt(squares);
  return norm > clipNorm ? clipNorm / norm : 1;
}

type Stepping = Pick<
  TrainingRecipe,
  'beta1' | 'beta2' | 'epsilon' | 'weightDecay' | 'clipNorm' | 'averaging'
>;

/** One step: changes `parameters` and `state`. */
export function optimizerStep(
  parameters: Float32Array,
  gradient: Float32Array,
  state: OptimizerState,
  layout: { readonly trainable: readonly Pick<ParameterSlot, 'offset' | 'length' | 'decays'>[] },
  recipe: Stepping,
  learningRate: number,
): void {
  const { beta1, beta2, epsilon, weightDecay, averaging } = recipe;
  const { first, second, average } = state;
  state.step += 1;
  const clip = clipFactor(gradient, recipe.clipNorm);
  const correction1 = 1 - beta1 ** state.step;
  const rate = (learningRate * Math.sqrt(1 - beta2 ** state.step)) / correction1;
  for (const { offset, length, decays } of layout.trainable) {
    const decay = decays ? learningRate * weightDecay : 0;
    for (let i = offset; i < offset + length; i++) {
      const g = gradient[i]! * clip;
      const m = beta1 * first[i]! + (1 - beta1) * g;
      const v = beta2 * second[i]! + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      parameters[i] = parameters[i]! * (1 - decay) - (rate * m) / (Math.sqrt(v) + epsilon);
    }
  }
  if (average.length === 0) return;
  // Early averages would remember the start: the decay grows with the steps taken.
  const keep = Math.min(averaging, (1 + state.step) / (10 + state.step));
  for (let i = 0; i < average.length; i++) average[i] = keep * average[i]! + (1 - keep) * parameters[i]!;
}
