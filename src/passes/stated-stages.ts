/** Stages of a network whose formats stand in its file: which format each has, and what could not be taken as it is. */
import { fractionBits, type Format } from '../fixed/format.js';
import type { NodeId } from '../ir/common.js';
import { quantizerOf, type FloatGraph } from '../ir/graph.js';
import { isFused, isPreprocess, isTabled, type FloatNode } from '../ir/ops/index.js';
import type { StageInput, UnprovenStage } from '../ir/prove.js';
import { isStated, statedFormat } from './as-stated.js';
import { layerWidths } from './assign-formats.js';
import { exactWeights, type ExactWeights } from './exact-weights.js';
import { isExactInFloat32, largestReal } from './exact-formats.js';
import type { Quantization } from './recipe.js';
import { soleConsumer, type WeightedNode } from './rewrite.js';
import type { Stage } from './stages.js';

/** A stage that is not, or not in every bit, what the file states. */
export interface Departure {
  readonly id: NodeId;
  readonly why: string;
}

export interface StatedStages {
  /** The format to which the file rounds `stage`; null where it does not, or where no format is that. */
  formatOf(stage: Stage): Format | null;
  /** The weights of `node` as they are; null where they are no integers times powers of two. */
  weightsOf(stage: Stage, node: WeightedNode, input: StageInput): ExactWeights | null;
  /** Notes what keeps `stage` from what the file states; the first reason counts. */
  note(stage: Stage, why: string): void;
}

/** Whether `activation` moves the borders at which its stage's result changes. */
const hasSlopes = (activation: FloatNode | null): boolean =>
  activation?.kind === 'leakyRelu' || activation?.kind === 'prelu';

/** Fraction bits of the borders at which a result in `format` changes; null where slopes move them. */
function borderOf(format: Format | null, stage: Stage): number | null {
  if (format === null || hasSlopes(stage.activation)) return null;
  const isCut = format.quantization === 'AP_TRN' || format.quantization === 'AP_TRN_ZERO';
  return fractionBits(format) + (isCut ? 0 : 1);
}

/**
 * Fraction bits of the borders that the sum of `stage`, which is not rounded, with a tensor that is meets further on; null
 * where it is read otherwise.
 */
function borderOfSum(graph: FloatGraph, stage: Stage): number | null {
  const sum = stage.activation === null ? soleConsumer(graph, stage.tensor) : null;
  if (sum?.kind !== 'add') return null;
  const last = soleConsumer(graph, sum.id);
  const isFusedHere = last !== null && isFused(last) && !hasSlopes(last);
  const result = quantizerOf(graph, isFusedHere ? last.id : sum.id);
  const other = quantizerOf(graph, sum.inputs.find((id) => id !== stage.tensor) ?? sum.id);
  const formats = [result, other].map((quantizer) => quantizer && statedFormat(quantizer));
  const [to, from] = formats;
  return to && from ? Math.max(fractionBits(to) + 1, fractionBits(from)) : null;
}

/** What `graph`'s file states of its stages; null where that is not asked for, or where it states nothing. */
export function statedStages(
  graph: FloatGraph,
  quantization: Quantization,
  note: (departure: Departure) => void,
): StatedStages | null {
  if (!isStated(graph, quantization)) return null;
  const known = new Map<NodeId, ExactWeights | null>();
  const noted = new Set<NodeId>();
  const notes = (stage: Stage, why: string): void => {
    if (noted.has(stage.id)) return;
    noted.add(stage.id);
    note({ id: stage.id, why });
  };
  const formatOf = (stage: Stage): Format | null => {
    const quantizer = quantizerOf(graph, stage.tensor);
    const { activationBits, activationInteger } = layerWidths(stage, quantization);
    if (quantizer === null || activationBits !== undefined || activationInteger !== undefined) return null;
    return statedFormat(quantizer);
  };
  return {
    formatOf,
    note: notes,
    weightsOf(stage, node, input) {
      const found = known.get(stage.id);
      if (found !== undefined) return found;
      const isAsked = layerWidths(stage, quantization).weightBits !== undefined;
      const border = borderOf(formatOf(stage), stage) ?? borderOfSum(graph, stage);
      const exact = isAsked ? null : exactWeights(node, fractionBits(input.format), border);
      known.set(stage.id, exact);
      if (exact === null) notes(stage, 'its weights are no integers of up to 16 bits times powers of two');
      else if (exact.isBiasRounded) notes(stage, 'its biases are finer than its sums: the nearest are taken');
      return exact;
    },
  };
}

/** Why `stage` has another format than the file says, or one where the file has none. */
export function otherFormat(graph: FloatGraph, stage: Stage): string {
  const quantizer = quantizerOf(graph, stage.tensor);
  if (quantizer === null)
    return isTabled(stage.node)
      ? 'the file does not round it'
      : 'the file does not round it, and its exact values take more than 24 bits';
  return Number.isInteger(Math.log2(quantizer.scale))
    ? 'it is rounded to a format of more than 24 bits'
    : `it is rounded to steps of ${quantizer.scale.toPrecision(4)}, which is no power of two`;
}

/** Notes where the file's own arithmetic, in float32, may not be exact. */
export function noteFloat32(
  stated: StatedStages,
  stage: Stage,
  node: UnprovenStage,
  inputs: readonly StageInput[],
): void {
  if (isPreprocess(stage.node)) return;
  if (node.kind !== 'add' && !('weights' in node)) return;
  const finest = Math.max(...inputs.map((x) => fractionBits(x.format)));
  const own = 'weights' in node ? stated.weightsOf(stage, stage.node as WeightedNode, inputs[0]!) : null;
  const fraction = (c: number): number => finest + (own?.own[c] ?? 0);
  if (!isExactInFloat32(node, inputs, fraction))
    stated.note(stage, 'its sums may pass 2^24: the original rounds them in float32');
  // Half a unit in the last place of the largest sum.
  else if (own !== null && own.room < 2 ** -24 * largestReal(node, inputs))
    stated.note(stage, 'a bias is so near to one that rounds otherwise that float32 may not tell them apart');
}
