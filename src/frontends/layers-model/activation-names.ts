/** The activation functions that layers can have inside, by the names of TensorFlow.js and Keras. */
import type { TabledFunction } from '../../ir/ops/activations/index.js';

/** Those that a stage takes in; `none` does nothing. */
export const ACTIVATIONS: Readonly<Record<string, 'none' | 'relu' | 'relu6'>> = {
  linear: 'none',
  relu: 'relu',
  relu6: 'relu6',
};
/**
 * Smooth ones, by TensorFlow.js's names. Not hard_sigmoid: Keras 3 means another slope by it than Keras 2 and
 * TensorFlow.js do.
 */
export const SMOOTH: ReadonlyMap<string, TabledFunction> = new Map<string, TabledFunction>([
  ['sigmoid', { kind: 'sigmoid' }],
  ['tanh', { kind: 'tanh' }],
  ['swish', { kind: 'silu' }],
  ['gelu', { kind: 'gelu', approximate: false }],
  ['gelu_new', { kind: 'gelu', approximate: true }],
]);
/** Taken inside a layer; a softmax at the end of a network. */
export const ACTIVATION_NAMES: readonly string[] = [...Object.keys(ACTIVATIONS), ...SMOOTH.keys(), 'softmax'];
