/** What a model file states of its own quantization, and whether the fixed-point network made of that is the file's. */
import { lsb } from '../../fixed/format.js';
import { findNode } from '../../ir/graph.js';
import { createFixedEvaluator } from '../../evaluate/fixed-evaluate.js';
import { prepareGraph } from '../../passes/pipeline.js';
import { quantizeAsStated } from '../../passes/quantize.js';
import { quantizationSchema } from '../../passes/recipe.js';
import type { Departure } from '../../passes/stated-stages.js';
import { createRoundedReference } from '../../evaluate/rounded-reference.js';
import type { Imported, Original } from '../imported.js';

export interface StatedNetwork {
  /** Tensors that the file rounds. */
  readonly tensors: number;
  /** Layers that are not what the file states, and why. */
  readonly departures: readonly Departure[];
  /** Whether the network can be made without calibration. */
  readonly isWhole: boolean;
  /** Outputs of the fixed-point network that are those of the original bit for bit; null where none could be compared. */
  readonly equal: { readonly frames: number; readonly values: number; readonly different: number } | null;
}

/** The fixed-point network that the file states, on `frames` beside the original; null for a network of floats. */
export async function statedNetwork(
  imported: Imported,
  original: Original,
  frames: readonly Uint16Array[],
): Promise<StatedNetwork | null> {
  const { graph, head, outputs } = imported;
  if (graph.quantizers === undefined) return null;
  const quantization = quantizationSchema.parse({});
  const prepared = await prepareGraph(graph, { quantization });
  const departures: Departure[] = [];
  const fixed = quantizeAsStated(prepared, quantization, (departure) => departures.push(departure));
  const tensors = Object.keys(graph.quantizers).length;
  if (fixed === null) return { tensors, departures, isWhole: false, equal: null };
  // A function at the end is left out: its values are not those of the logits.
  if (head !== 'logits') return { tensors, departures, isWhole: true, equal: null };
  const evaluator = createFixedEvaluator(fixed);
  const reference = createRoundedReference(graph);
  const unit = lsb(findNode(fixed, fixed.output).format);
  let [values, different] = [0, 0];
  for (const frame of frames) {
    let image: Float32Array | null = null;
    reference.visit(frame, (id, tensor) => {
      if (id === imported.inputNode) image = tensor.slice();
    });
    const mantissas = evaluator.visit(frame, () => undefined);
    const actual = await original.run(image!);
    const own = outputs === 1 ? [mantissas[1]! - mantissas[0]!] : Array.from(mantissas);
    own.forEach((mantissa, i) => {
      values++;
      if (mantissa * unit !== actual[i]) different++;
    });
  }
  return { tensors, departures, isWhole: true, equal: { frames: frames.length, values, different } };
}

const SHOWN = 8;

/** Departures in words, a line each. */
export function departuresText(departures: readonly Departure[]): readonly string[] {
  const lines = departures.slice(0, SHOWN).map(({ id, why }) => `  ${id}: ${why}`);
  const rest = departures.length - lines.length;
  return rest > 0 ? [...lines, `  and ${rest} more`] : lines;
}

/** What becomes of the quantization that a file states, in words; null for a network of floats. */
export function statedText(stated: StatedNetwork | null): string | null {
  if (stated === null) return null;
  const { tensors, departures, isWhole, equal } = stated;
  const what = `The file rounds ${tensors === 1 ? 'a tensor' : `${tensors} tensors`}`;
  if (!isWhole)
    return [
      `${what}; vetoc run takes the formats that it states and calibrates what it states otherwise, first of all:`,
      ...departuresText(departures),
    ].join('\n');
  const compared =
    equal === null
      ? ''
      : equal.different === 0
        ? `, bit for bit the original on ${equal.frames} frames`
        : `; ${equal.different} of ${equal.values} outputs on ${equal.frames} frames are other than the original's`;
  const taken = `${what}: taken as the fixed-point network that it states${compared}`;
  return departures.length === 0
    ? taken
    : [`${taken}. Not as the file computes it:`, ...departuresText(departures)].join('\n');
}
