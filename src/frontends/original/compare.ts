/**
 * An imported graph held against its original, which reads what the graph's preprocessing gives: outputs equal to the
 * rounding of the original's arithmetic, on frames and on inputs drawn from all that the network can see.
 *
 * What is rounding follows from the file. In float32 it is 1024 units in the last place of the largest output. Where
 * the file computes in fewer bits, or rounds activations to steps of its own, that is measured on the network itself:
 * every value that the file rounds is moved by what its format leaves open (`UNIT`), one value of every tensor that is
 * rounded to steps goes to the next step, and the outputs are looked at again. `SAFETY` times the largest change of
 * `DRAWS` draws a frame is allowed beside the float32 share: a wrong weight or scale moves more, a value that falls to the
 * other side of a step does not.
 */
import { invariant, UserError } from '../../core/errors.js';
import { createRandom, type Random } from '../../core/random.js';
import { openFloatTensors } from '../../backends/onnx/ort/float.js';
import { createRoundedReference, roundValues, type Disturb } from '../../evaluate/rounded-reference.js';
import type { NodeId } from '../../ir/common.js';
import { inputNode, type FloatGraph } from '../../ir/graph.js';
import { isPreprocess } from '../../ir/ops/index.js';
import type { Head, Imported, Original, Precision } from '../imported.js';

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

/** Differences that are rounding in float32, in parts of the largest output: 1024 units in the last place. */
const FLOAT32 = 2 ** -13;

/**
 * What is left open of a value, in parts of itself: half a unit in the last place of a format of 11 or 8 bits. Of float32,
 * in parts of the largest value of its tensor: what adding up hundreds of products in another order moves.
 */
const UNIT: Readonly<Record<Precision, number>> = { float32: 2 ** -19, float16: 2 ** -11, bfloat16: 2 ** -8 };

const DRAWS = 3;
const SAFETY = 4;
/** Values behind the preprocessing beyond which one draw has to do: they are computed in plain TypeScript. */
const MANY_VALUES = 2 ** 20;

export const isEqual = ({ difference, magnitude, allowed }: OriginalComparison): boolean =>
  difference <= allowed * Math.max(magnitude, 2 ** -100);

/** What the original puts out for these logits. */
function atHead(logits: Float32Array, { head, outputs, headQuantizer }: Imported): Float32Array {
  // The logit of the miss is 0 where there was one value.
  const values = outputs === 1 && logits.length === 2 ? Float32Array.of(logits[1]! - logits[0]!) : logits;
  const given = behind(values, head);
  if (headQuantizer !== null) roundValues(given, headQuantizer);
  return given;
}

function behind(values: Float32Array, head: Head): Float32Array {
  if (head === 'logits') return values.slice();
  if (head === 'sigmoid') return values.map((v) => 1 / (1 + Math.exp(-v)));
  const largest = Math.max(...values);
  const sum = values.reduce((total, v) => total + Math.exp(v - largest), 0);
  return values.map((v) => (head === 'softmax' ? Math.exp(v - largest) / sum : v - largest - Math.log(sum)));
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
  /** What the original is to put out. */
  readonly expected: Float32Array;
  /** The largest change of that by roundings. */
  readonly open: number;
}
interface Evaluator {
  run(frame: Uint16Array): Promise<Evaluated>;
  close(): Promise<void>;
}

/** Moves the values that the file rounds as far as its formats leave open. */
function disturbance({ graph, precision }: Imported, random: Random): Disturb {
  const given = new Set<NodeId>(graph.nodes.filter(isPreprocess).map(({ id }) => id));
  const unit = UNIT[precision];
  return (id, values, quantizer) => {
    const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const either = (): number => 2 * random.uniform() - 1;
    if (precision !== 'float32') {
      if (!given.has(id)) for (let i = 0; i < values.length; i++) values[i]! += values[i]! * unit * either();
    } else if (quantizer !== null)
      for (let i = 0; i < values.length; i++) values[i]! += largest * unit * either();
    if (quantizer !== null)
      values[random.integer(0, values.length - 1)]! += quantizer.scale * (random.uniform() < 0.5 ? -1 : 1);
  };
}

/** The graph in plain TypeScript, with the roundings of the original. */
function roundingEvaluator(imported: Imported): Evaluator {
  const { graph, inputNode: image } = imported;
  const exact = createRoundedReference(graph);
  const moved = createRoundedReference(graph, disturbance(imported, createRandom(3)));
  let runs = 0;
  return {
    run(frame) {
      let given: Float32Array | undefined;
      let values = 0;
      const logits = exact.visit(frame, (id, tensor) => {
        if (id === image) given = tensor.slice();
        values += tensor.length;
      });
      invariant(given !== undefined, 'the graph has its input');
      const expected = atHead(logits, imported);
      const draws = values < MANY_VALUES ? DRAWS : runs === 0 ? 1 : 0;
      runs++;
      let open = 0;
      for (let k = 0; k < draws; k++) {
        const other = atHead(
          moved.visit(frame, () => undefined),
          imported,
        );
        open = other.reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i]!)), open);
      }
      return Promise.resolve({ image: given, expected, open });
    },
    close: () => Promise.resolve(),
  };
}

/** The graph in ONNX Runtime: a large network takes a second, not a minute. */
async function floatEvaluator(imported: Imported): Promise<Evaluator> {
  const { graph, inputNode: image } = imported;
  // For a handful of frames kernels made for this processor do not pay.
  const float = await openFloatTensors(graph, { optimization: 'basic' });
  return {
    async run(frame) {
      const tensors = await float.evaluate(frame);
      const expected = atHead(tensors.get(graph.output)!, imported);
      return { image: tensors.get(image)!, expected, open: 0 };
    },
    close: () => float.close(),
  };
}

/** Whether the original rounds nothing beyond float32. */
const isPlain = ({ graph, precision, headQuantizer }: Imported): boolean =>
  precision === 'float32' && graph.quantizers === undefined && headQuantizer === null;

/** Runs the original and the imported graph on raw `frames`. Throws `UserError` where it cannot be run. */
export async function compareWithOriginal(
  imported: Imported,
  original: Original,
  frames: Iterable<Uint16Array>,
): Promise<OriginalComparison> {
  const evaluator = isPlain(imported) ? await floatEvaluator(imported) : roundingEvaluator(imported);
  let [count, difference, magnitude, open] = [0, 0, 0, 0];
  try {
    for (const frame of frames) {
      const evaluated = await evaluator.run(frame);
      const { image, expected } = evaluated;
      open = Math.max(open, evaluated.open);
      const actual = await original.run(image);
      if (actual.length !== expected.length)
        throw new UserError(`the original puts out ${actual.length} values, not ${expected.length}`, {
          remedy: 'export the network with one value for each class',
        });
      if (!Array.from(actual).every(Number.isFinite))
        throw new UserError(`${original.by} on the original puts out NaN or infinity`, {
          remedy: 'look for weights beyond all bounds and for divisions by 0, and export the network again',
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
  const { precision } = imported;
  const allowed = FLOAT32 + (SAFETY * open) / Math.max(magnitude, 2 ** -100);
  return { by: original.by, frames: count, difference, magnitude, precision, allowed };
}
