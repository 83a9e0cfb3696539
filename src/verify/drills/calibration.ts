/**
 * What drives a `calibrate` stage: for each gain stage both ends of its products, its rounding ties above and below zero
 * over even and odd values, its limits and the ADC values beyond them, a bad pixel; gain bits that mean no stage; words
 * of gain on their thresholds. A case is a pixel; as many as a frame has pixels go into one drill.
 */
import type { Random } from '../../core/random.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import type { NodeId } from '../../ir/common.js';
import { findNode, fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { Calibrate } from '../../ir/ops/calibrate.js';
import type { Aim } from './aim.js';

/** Values of one pixel; what is left out stays as it is. */
interface Case {
  readonly text: string;
  readonly stage: number | null;
  readonly adc: number;
  readonly bits: number;
  readonly pedestal?: number;
  readonly factor?: number;
  /** How many thresholds the word of gain is above; it lies on the next one. */
  readonly above?: number;
}

export interface PendingCalibration {
  readonly id: NodeId;
  readonly inputs: readonly NodeId[];
  readonly cases: readonly Case[];
  asked: number;
}

interface Formats {
  readonly pedestal: Format;
  readonly factor: Format;
}

type Ends = readonly [number, number];
const endsOf = (f: Format): Ends => [minMantissa(f), maxMantissa(f)];

/** The corner of all that a stage may multiply with the least product, and that with the greatest. */
function cornerCases(limits: Ends, { pedestal, factor }: Formats): readonly Omit<Case, 'stage' | 'bits'>[] {
  const unit = 2 ** fractionBits(pedestal);
  const corners = limits.flatMap((adc) =>
    endsOf(pedestal).flatMap((p) =>
      endsOf(factor).map((f) => ({ adc, pedestal: p, factor: f, product: (adc * unit - p) * f })),
    ),
  );
  const by = corners.toSorted((a, b) => a.product - b.product);
  return [
    { ...by.at(0)!, text: 'the least product' },
    { ...by.at(-1)!, text: 'the greatest product' },
  ];
}

const TRIES = 64;

/** A product that lies between two values of the output, `side` of zero, over an odd or an even one. */
function tieCase(
  [least, most]: Ends,
  { pedestal, factor }: Formats,
  shift: number,
  side: 1 | -1,
  odd: boolean,
  random: Random,
): Omit<Case, 'stage' | 'bits'> | null {
  const unit = 2 ** fractionBits(pedestal);
  const [low, high] = endsOf(pedestal);
  for (let i = 0; i < TRIES; i++) {
    const power = random.integer(0, Math.min(shift - 1, factor.width - 1));
    const sign = random.pick([1, -1]);
    const f = sign * 2 ** power;
    if (f < minMantissa(factor) || f > maxMantissa(factor)) continue;
    const adc = random.integer(least, most);
    // floor · 2^shift + 2^(shift − 1), in units of the factor; the floor of a number below zero is beside it.
    const step = 2 ** (shift - 1 - power);
    const count = 2 * random.integer(0, 20) + (odd ? 1 : 0);
    const floor = side > 0 ? count : -count - (odd ? 0 : 2);
    const difference = (2 * floor + 1) * step * sign;
    const p = adc * unit - difference;
    if (p < low || p > high || !Number.isSafeInteger(difference)) continue;
    const where = side > 0 ? 'above' : 'below';
    return {
      adc,
      pedestal: p,
      factor: f,
      text: `a tie ${where} zero, over an ${odd ? 'odd' : 'even'} value`,
    };
  }
  return null;
}

/** All cases of gain stage `stage`, of words whose gain bits are `bits`. */
function casesOf(
  op: Calibrate,
  formats: Formats,
  stage: number,
  bits: number,
  random: Random,
): readonly Case[] {
  const limits = op.limits[stage]!;
  const [low, high] = limits;
  const shift = fractionBits(formats.pedestal) + fractionBits(formats.factor) - fractionBits(op.format);
  const ties =
    shift <= 0
      ? []
      : ([1, -1] as const).flatMap((side) =>
          [false, true].flatMap((odd) => tieCase(limits, formats, shift, side, odd, random) ?? []),
        );
  const beyond = [low - 1, high + 1].filter((adc) => adc >= 0 && adc < 2 ** op.adcBits);
  const own = op.select.by === 'thresholds' ? { above: stage } : {};
  return [
    ...cornerCases(limits, formats),
    ...ties,
    { adc: low, text: 'its least ADC value' },
    { adc: high, text: 'its greatest ADC value' },
    ...beyond.map((adc) => ({ adc, text: `ADC ${adc}, which is beyond its limits` })),
    { adc: high, factor: 0, text: 'a bad pixel' },
  ].map((one) => ({ ...one, ...own, text: `gain stage ${stage}: ${one.text}`, stage, bits }));
}

function allCases(op: Calibrate, formats: Formats, random: Random): readonly Case[] {
  const codes = 2 ** (16 - op.adcBits);
  const { select } = op;
  return Array.from({ length: codes }, (_, bits) => bits).flatMap((bits): readonly Case[] => {
    if (select.by === 'thresholds' && bits === 0)
      return op.limits.flatMap((_, stage) => casesOf(op, formats, stage, 0, random));
    const stage = select.by === 'bits' ? select.stages[bits]! : null;
    if (stage !== null) return casesOf(op, formats, stage, bits, random);
    return [{ text: `gain bits ${bits}, which mean no stage`, stage: null, adc: op.limits[0]![1], bits }];
  });
}

/** The `calibrate` stages of `graph` with all their cases. */
export function calibrationsOf(graph: FixedGraph, random: Random): readonly PendingCalibration[] {
  return graph.nodes.flatMap((node): PendingCalibration[] => {
    if (node.kind !== 'calibrate') return [];
    const [, pedestal, factor] = node.inputs.map((id) => findNode(graph, id).format);
    const cases = allCases(node, { pedestal: pedestal!, factor: factor! }, random);
    return [{ id: node.id, inputs: node.inputs, cases, asked: 0 }];
  });
}

/** The word of gain and its thresholds, in order: above the first `above` of them and on the next. */
function writeGain(gains: Int32Array, thresholds: Int32Array, i: number, above: number): void {
  const count = thresholds.length / gains.length;
  const own = thresholds.subarray(i * count, (i + 1) * count).sort();
  if (above < count) gains[i] = own[above]!;
  else gains[i] = Math.min(own[count - 1]! + 1, 65535);
  // On a threshold is not above it, and what it is to be above lies below.
  for (let k = 0; k < above; k++) own[k] = Math.min(own[k]!, Math.max(gains[i]! - 1, 0));
}

/** Writes the next cases of `pending`, one a pixel, into `given`. */
export function aimCalibration(
  graph: FixedGraph,
  pending: PendingCalibration,
  given: ReadonlyMap<NodeId, Int32Array>,
): readonly Aim[] {
  const node = findNode(graph, pending.id);
  if (node.kind !== 'calibrate') return [];
  const [words, pedestals, factors, gains, thresholds] = pending.inputs.map((id) => given.get(id)!);
  const width = fixedShapes(graph).get(pending.id)![1];
  const stages = node.limits.length;
  const cases = pending.cases.slice(pending.asked, pending.asked + words!.length);
  pending.asked += cases.length;
  return cases.map(({ text, stage, adc, bits, pedestal, factor, above }, i) => {
    words![i] = bits * 2 ** node.adcBits + adc;
    if (stage !== null && pedestal !== undefined) pedestals![i * stages + stage] = pedestal;
    if (stage !== null && factor !== undefined) factors![i * stages + stage] = factor;
    if (above !== undefined) writeGain(gains!, thresholds!, i, above);
    return { stage: pending.id, y: Math.floor(i / width), x: i % width, channel: 0, text };
  });
}
