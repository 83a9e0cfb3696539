/**
 * A fixed graph beside the float graph that it approximates, stage by stage: noise, clipped values, and for a frame
 * on which they decide differently the stage that did it.
 */
import { UserError } from '../core/errors.js';
import type { Spot } from '../data/frames.js';
import { moduleRows, placements, peakPositions, type Placement } from '../calibrate/geometry.js';
import { lsb } from '../fixed/format.js';
import type { NodeId, Shape } from '../ir/common.js';
import { createFixedEvaluator } from '../evaluate/fixed-evaluate.js';
import { createRoundedReference } from '../evaluate/rounded-reference.js';
import { veto, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { isPreprocess } from '../ir/ops/index.js';
import { fuseStages, type Stage } from './stages.js';

/** What became of one stage over all compared frames. */
export interface StageComparison {
  readonly id: NodeId;
  /** The tensor of the float graph that the stage stands for. */
  readonly tensor: NodeId;
  readonly values: number;
  /** Sums over all values, in real units squared. */
  readonly signalPower: number;
  readonly noisePower: number;
  readonly largestError: number;
  /** Float values by their binary exponent: element e + 127 counts those with 2^e ≤ |v| < 2^(e+1), element 0 zeros. */
  readonly magnitudes: Float64Array;
  /** Values that left the stage's format. */
  readonly clipped: number;
  /** Values at positions under Bragg peaks, and how many of those were clipped. */
  readonly underPeaks: number;
  readonly clippedUnderPeaks: number;
}

/** Signal-to-quantization-noise ratio in decibels; infinite where nothing differs. */
export const sqnrDb = ({ signalPower, noisePower }: StageComparison): number =>
  noisePower === 0 ? Infinity : 10 * Math.log10(signalPower / noisePower);

export interface FrameComparison {
  readonly floatLogits: Float32Array;
  /** In real units. */
  readonly fixedLogits: Float64Array;
  readonly floatScore: number;
  /** In real units, and in least significant bits as the firmware reports it. */
  readonly fixedScore: number;
  readonly fixedMantissa: number;
  readonly floatKeep: boolean;
  readonly fixedKeep: boolean;
}

export interface GraphComparison {
  /** Compares one frame and adds it to the stages' sums. `spots`: its Bragg peaks, null where unknown. */
  add(frame: Uint16Array, spots: readonly Spot[] | null): FrameComparison;
  /** Sums of all frames so far. */
  stages(): readonly StageComparison[];
  /**
   * The first stage such that the float network decides as the fixed one does when all stages up to it are
   * taken from the fixed network; `null` when the thresholds alone make the difference, or nothing does.
   */
  partingStage(frame: Uint16Array): NodeId | null;
}

type Sums = { -readonly [K in keyof StageComparison]: StageComparison[K] };

function emptySums({ id, tensor }: Stage): Sums {
  return {
    id,
    tensor,
    values: 0,
    signalPower: 0,
    noisePower: 0,
    largestError: 0,
    magnitudes: new Float64Array(256),
    clipped: 0,
    underPeaks: 0,
    clippedUnderPeaks: 0,
  };
}

/** Bits of the mantissa of a float32; its exponent stands in the eight above. */
const MANTISSA_BITS = 23;

function addTensors(sums: Sums, real: Float32Array, mantissas: Int32Array, unit: number): void {
  const bits = new Uint32Array(real.buffer, real.byteOffset, real.length);
  for (let i = 0; i < real.length; i++) {
    const value = real[i]!;
    const error = mantissas[i]! * unit - value;
    sums.signalPower += value * value;
    sums.noisePower += error * error;
    sums.magnitudes[(bits[i]! >>> MANTISSA_BITS) & 0xff]! += 1;
    if (Math.abs(error) > sums.largestError) sums.largestError = Math.abs(error);
  }
  sums.values += real.length;
}

function addClipping(sums: Sums, clipped: readonly number[], under: Uint8Array | null, shape: Shape): void {
  sums.clipped += clipped.length;
  if (under === null) return;
  const channels = shape[2];
  for (const bit of under) if (bit === 1) sums.underPeaks += channels;
  for (const element of clipped) if (under[Math.floor(element / channels)] === 1) sums.clippedUnderPeaks += 1;
}

/** The stages of `prepared` that the fixed graph computes under the same name. */
function comparedStages(prepared: FloatGraph, fixed: FixedGraph): readonly Stage[] {
  const stages = fuseStages(prepared).filter((s) => !isPreprocess(s.node));
  const missing = stages.filter((s) => !fixed.nodes.some((n) => n.id === s.id));
  if (missing.length > 0)
    throw new UserError(`the fixed graph has no ${missing.map((s) => s.id).join(', ')}`, {
      remedy: 'compare the graphs of one run, prepared with the options of its recipe',
    });
  return stages;
}

/** Compares `fixed` with `prepared`, the float graph that it was quantized from (see `prepareGraph`). */
export function compareGraphs(prepared: FloatGraph, fixed: FixedGraph): GraphComparison {
  const stages = comparedStages(prepared, fixed);
  // With the roundings that the file of the network states; a network from elsewhere states none.
  const reference = createRoundedReference(prepared);
  const evaluator = createFixedEvaluator(fixed);
  const units = new Map(fixed.nodes.map((n) => [n.id, lsb(n.format)]));
  const logitUnit = units.get(fixed.output)!;
  const placed: ReadonlyMap<NodeId, Placement> = placements(prepared);
  const rows = moduleRows(prepared);
  const sums = new Map(stages.map((s) => [s.id, emptySums(s)]));
  const scoreOf = (logits: ArrayLike<number>): number => veto(logits, fixed.hitClasses);

  return {
    add(frame, spots) {
      const real = new Map<NodeId, Float32Array>();
      const floatLogits = reference.visit(frame, (id, tensor) => real.set(id, tensor));
      const logits = evaluator.visit(
        frame,
        (id, mantissas, shape, clipped) => {
          const own = sums.get(id);
          if (own === undefined) return;
          addTensors(own, real.get(own.tensor)!, mantissas, units.get(id)!);
          const under =
            spots === null ? null : peakPositions(placed.get(own.tensor) ?? null, shape, spots, rows);
          addClipping(own, clipped, under, shape);
        },
        true,
      );
      const fixedMantissa = scoreOf(logits);
      const floatScore = scoreOf(floatLogits);
      return {
        floatLogits,
        fixedLogits: Float64Array.from(logits, (q) => q * logitUnit),
        floatScore,
        fixedScore: fixedMantissa * logitUnit,
        fixedMantissa,
        floatKeep: floatScore >= prepared.threshold,
        fixedKeep: fixedMantissa >= fixed.threshold,
      };
    },
    stages: () => [...sums.values()],
    partingStage(frame) {
      const quantized = new Map<NodeId, Float32Array>();
      const logits = evaluator.visit(frame, (id, mantissas) => {
        const own = sums.get(id);
        if (own !== undefined)
          quantized.set(
            own.tensor,
            Float32Array.from(mantissas, (q) => q * units.get(id)!),
          );
      });
      const wanted = scoreOf(logits) >= fixed.threshold;
      const decides = (instead: ReadonlyMap<NodeId, Float32Array>): boolean =>
        scoreOf(reference.visit(frame, () => undefined, instead)) >= prepared.threshold;
      const instead = new Map<NodeId, Float32Array>();
      if (decides(instead) === wanted) return null;
      for (const { id, tensor } of stages) {
        instead.set(tensor, quantized.get(tensor)!);
        if (decides(instead) === wanted) return id;
      }
      return null;
    },
  };
}
