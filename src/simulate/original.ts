/**
 * An imported graph held against its original, which reads what the graph's preprocessing gives: outputs equal to the
 * rounding of the original's arithmetic, on frames and on inputs drawn from all that the network can see.
 */
import { invariant, UserError } from '../core/errors.js';
import { createRandom } from '../core/random.js';
import { createFloatReference } from '../evaluate/float-reference.js';
import type { Head, Imported, Original, Precision, Quantizer } from '../frontends/imported.js';
import type { NodeId } from '../ir/common.js';
import { inputNode, type FloatGraph } from '../ir/graph.js';
import { createOrtFloat } from './ort-float.js';

export interface OriginalComparison {
  /** What ran the original. */
  readonly by: string;
  readonly frames: number;
  /** The largest difference of an output value, and the largest magnitude of one. */
  readonly difference: number;
  readonly magnitude: number;
  readonly precision: Precision;
  /** Largest difference that is rounding, in parts of the largest output. */
  readonly allowed: number;
}

/**
 * Differences that are rounding, in parts of the largest output: 1024 units in the last place of float32, 16 of float16;
 * where activations are rounded, some of them fall to the other side of a step.
 */
const ALLOWED: Readonly<Record<Precision, number>> = { float32: 2 ** -13, half: 2 ** -6, quantized: 2 ** -5 };

export const isEqual = ({ difference, magnitude, allowed }: OriginalComparison): boolean =>
  difference <= allowed * Math.max(magnitude, 2 ** -100);

/** What the original puts out for these logits. */
function atHead(logits: Float32Array, head: Head, outputs: number): Float32Array {
  // The logit of the miss is 0 where there was one value.
  const values = outputs === 1 && logits.length === 2 ? Float32Array.of(logits[1]! - logits[0]!) : logits;
  if (head === 'logits') return values;
  if (head === 'sigmoid') return values.map((v) => 1 / (1 + Math.exp(-v)));
  const largest = Math.max(...values);
  const sum = values.reduce((total, v) => total + Math.exp(v - largest), 0);
  return values.map((v) => (head === 'softmax' ? Math.exp(v - largest) / sum : v - largest - Math.log(sum)));
}

/** Rounds `values` as the original does; halves to even. */
function round(values: Float32Array, { scale, min, max }: Quantizer): void {
  values.forEach((v, i) => {
    const q = Math.fround(v / scale);
    const floor = Math.floor(q);
    const isUp = q - floor > 0.5 || (q - floor === 0.5 && floor % 2 !== 0);
    values[i] = Math.min(Math.max((isUp ? floor + 1 : floor) * scale, min), max);
  });
}

/** Raw frames on which all values that the tables give are equally likely, block by block. */
function tableFrames(graph: FloatGraph, count: number, seed: number): Uint16Array[] {
  const [height, width] = inputNode(graph).size;
  const [fy, fx] = graph.nodes.find((node) => node.kind === 'bin')?.factor ?? [1, 1];
  const lut = graph.nodes.find((node) => node.kind === 'lut');
  const random = createRandom(seed);
  const top = lut === undefined ? 65535 : lut.table[lut.table.length - 1]!;
  const countOf = (): number => {
    if (lut === undefined) return random.integer(0, 65535);
    const wanted = random.uniform() * top;
    // Tables rise: the first count whose value is as large.
    let [low, high] = [0, lut.table.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lut.table[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return Math.min(65535, lut.first + low);
  };
  return Array.from({ length: count }, () => {
    const columns = Math.ceil(width / fx);
    const blocks = Uint16Array.from({ length: columns * Math.ceil(height / fy) }, countOf);
    return Uint16Array.from(
      { length: height * width },
      (_, i) => blocks[Math.floor(i / width / fy) * columns + Math.floor((i % width) / fx)]!,
    );
  });
}

/** Raw frames for a comparison without any at hand: dim with bright pixels, and of all values alike. */
export function comparisonFrames(graph: FloatGraph, count = 2): readonly Uint16Array[] {
  const [height, width] = inputNode(graph).size;
  const random = createRandom(1);
  const dim = Array.from({ length: count }, (_, k) =>
    Uint16Array.from({ length: height * width }, () =>
      random.uniform() < 0.02 ? random.integer(100, 60_000) : random.integer(0, 20 * (k + 1)),
    ),
  );
  return [...dim, ...tableFrames(graph, count, 2)];
}

/** What the imported graph makes of a raw frame. */
interface Evaluated {
  readonly image: Float32Array;
  readonly logits: Float32Array;
}
interface Evaluator {
  run(frame: Uint16Array): Promise<Evaluated>;
  close(): Promise<void>;
}

/** The graph in plain TypeScript, where the original rounds with its roundings. */
function roundingEvaluator({ graph, inputNode: image, quantizers }: Imported): Evaluator {
  const reference = createFloatReference(graph);
  return {
    run(frame) {
      let given: Float32Array | undefined;
      const logits = reference.visit(frame, (id: NodeId, values) => {
        if (id === image) given = values.slice();
        const quantizer = quantizers.get(id);
        // What follows reads this very array.
        if (quantizer !== undefined) round(values, quantizer);
      });
      invariant(given !== undefined, 'the graph has its input');
      return Promise.resolve({ image: given, logits });
    },
    close: () => Promise.resolve(),
  };
}

/** The graph in ONNX Runtime: a large network takes a second, not a minute. */
async function floatEvaluator({ graph, inputNode: image }: Imported): Promise<Evaluator> {
  const float = await createOrtFloat(graph);
  return {
    async run(frame) {
      const tensors = await float.evaluate(frame);
      return { image: tensors.get(image)!, logits: tensors.get(graph.output)! };
    },
    close: () => float.close(),
  };
}

/** Runs the original and the imported graph on raw `frames`. Throws `UserError` where it cannot be run. */
export async function compareWithOriginal(
  imported: Imported,
  original: Original,
  frames: Iterable<Uint16Array>,
): Promise<OriginalComparison> {
  const { head, outputs, precision, quantizers } = imported;
  const evaluator = quantizers.size > 0 ? roundingEvaluator(imported) : await floatEvaluator(imported);
  let [count, difference, magnitude] = [0, 0, 0];
  try {
    for (const frame of frames) {
      const { image, logits } = await evaluator.run(frame);
      const expected = atHead(logits, head, outputs);
      const actual = await original.run(image);
      if (actual.length !== expected.length)
        throw new UserError(`the original puts out ${actual.length} values, not ${expected.length}`, {
          remedy: 'export the network with one value for each class',
        });
      expected.forEach((value, i) => {
        const off = Math.abs(value - actual[i]!);
        difference = Number.isNaN(off) ? Infinity : Math.max(difference, off);
        magnitude = Math.max(magnitude, Math.abs(actual[i]!));
      });
      count++;
    }
  } finally {
    await evaluator.close();
  }
  return { by: original.by, frames: count, difference, magnitude, precision, allowed: ALLOWED[precision] };
}
