/**
 * ONNX Runtime on the file that a network was imported from: what the imported graph has to equal, to float32
 * rounding. The file reads what the imported graph's preprocessing gives it.
 */
import { invariant } from '../core/errors.js';
import type { ImportedOnnx } from '../frontends/onnx/import.js';
import { extentOf, type Axis, type Head } from '../frontends/onnx/values.js';
import { floatShapes } from '../ir/graph.js';
import type { Shape } from '../ir/common.js';
import { createOrtFloat } from './ort-float.js';
import { loadOrt, openSession } from './ort-session.js';

/** `[h, w, c]` row-major values in the order of `axes`. */
function inAxes(values: Float32Array, shape: Shape, axes: readonly Axis[]): Float32Array {
  const strides: Readonly<Record<Axis, number>> = { n: 0, h: shape[1] * shape[2], w: shape[2], c: 1 };
  const result = new Float32Array(values.length);
  let at = 0;
  const walk = (depth: number, from: number): void => {
    const axis = axes[depth];
    if (axis === undefined) result[at++] = values[from]!;
    else for (let k = 0; k < extentOf(shape, axis, 1); k++) walk(depth + 1, from + k * strides[axis]);
  };
  walk(0, 0);
  return result;
}

/** What the original puts out for these logits. */
function atHead(logits: Float32Array, head: Head): Float32Array {
  if (head === 'logits') return logits;
  if (head === 'sigmoid') return Float32Array.of(1 / (1 + Math.exp(logits[0]! - logits[1]!)));
  const largest = Math.max(...logits);
  const sum = logits.reduce((total, v) => total + Math.exp(v - largest), 0);
  return logits.map((v) => (head === 'softmax' ? Math.exp(v - largest) / sum : v - largest - Math.log(sum)));
}

export interface OriginalComparison {
  readonly frames: number;
  /** The largest difference of an output value, and the largest magnitude of one. */
  readonly difference: number;
  readonly magnitude: number;
}

/** Runs the original (a path, so that external data are found) and the imported graph on raw `frames`. */
export async function compareWithOriginal(
  imported: ImportedOnnx,
  path: string,
  frames: readonly Uint16Array[],
): Promise<OriginalComparison> {
  const { graph, inputNode, inputAxes, batch } = imported;
  const shape = floatShapes(graph).get(inputNode)!;
  const original = await openSession(path, { optimization: 'disabled' });
  const float = await createOrtFloat(graph);
  const { Tensor } = await loadOrt();
  let [difference, magnitude] = [0, 0];
  try {
    for (const frame of frames) {
      const tensors = await float.evaluate(frame);
      const image = inAxes(tensors.get(inputNode)!, shape, inputAxes);
      const repeated = new Float32Array(batch * image.length);
      for (let k = 0; k < batch; k++) repeated.set(image, k * image.length);
      const dims = inputAxes.map((axis) => extentOf(shape, axis, batch));
      const outputs = await original.run({ [imported.input]: new Tensor('float32', repeated, dims) });
      const given = outputs[imported.output]!.data as Float32Array;
      const expected = atHead(tensors.get(graph.output)!, imported.head);
      invariant(given.length === batch * expected.length, 'the original puts out another number of values');
      expected.forEach((value, i) => {
        difference = Math.max(difference, Math.abs(value - given[i]!));
        magnitude = Math.max(magnitude, Math.abs(given[i]!));
      });
    }
  } finally {
    await float.close();
    await original.release();
  }
  return { frames: frames.length, difference, magnitude };
}
