/** The activation functions that layers can have inside, by the names of TensorFlow.js and Keras. */
import type { TabledFunction } from '../../ir/ops/activations/index.js';

/** Keras 3's hard_sigmoid, of slope 1/6, under a name of its own. */
export const HARD_SIGMOID_3 = 'hard_sigmoid_3';

/** Those that a stage takes in; `none` does nothing. */
export const ACTIVATIONS: Readonly<Record<string, 'none' | 'relu' | 'relu6' | 'leakyRelu'>> = {
  linear: 'none',
  relu: 'relu',
  relu6: 'relu6',
  leaky_relu: 'leakyRelu',
  leakyRelu: 'leakyRelu',
};
/** Slope of `leaky_relu` where it is a name: of Keras 3 and of TensorFlow. */
export const LEAKY_SLOPE = 0.2;
const silu: TabledFunction = { kind: 'silu' };
const hardSwish: TabledFunction = { kind: 'hardSwish' };
/**
 * Smooth ones, by the names of Keras and, without underscores, of TensorFlow.js. By hard_sigmoid Keras 3 means another slope
 * than Keras 2 and TensorFlow.js do: it has a name of its own here.
 */
export const SMOOTH: ReadonlyMap<string, TabledFunction> = new Map<string, TabledFunction>(
  Object.entries<TabledFunction>({
    sigmoid: { kind: 'sigmoid' },
    tanh: { kind: 'tanh' },
    swish: silu,
    silu,
    hard_swish: hardSwish,
    hard_silu: hardSwish,
    hard_sigmoid: { kind: 'hardSigmoid', alpha: 0.2, beta: 0.5 },
    [HARD_SIGMOID_3]: { kind: 'hardSigmoid', alpha: 1 / 6, beta: 0.5 },
    elu: { kind: 'elu', alpha: 1 },
    gelu: { kind: 'gelu', approximate: false },
    gelu_new: { kind: 'gelu', approximate: true },
  }).flatMap(([name, of]) => [
    [name, of],
    [name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), of],
  ]),
);
/** Taken inside a layer; a softmax at the end of a network. */
export const ACTIVATION_NAMES: readonly string[] = [...Object.keys(ACTIVATIONS), ...SMOOTH.keys(), 'softmax'];
