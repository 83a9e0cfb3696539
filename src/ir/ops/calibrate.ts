/**
 * A detector's word to a measurement: its gain stage, minus the pedestal of that stage, times the factor of that stage,
 * rounded once. What measures nothing is 0, as a masked pixel is: no stage, an ADC value beyond the limits of its stage, a
 * factor of 0 (a pixel that the maps call bad, a stage without a map).
 */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { bitsFor, fractionBits, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import { fixedBase } from '../common.js';
import type { OpRecord, Range, StageInput } from './record.js';

/** An integrating detector has at most as many gain stages. */
export const MOST_GAIN_STAGES = 4;

const adc = z.int().min(0).max(65535);
const stage = z
  .int()
  .min(0)
  .max(MOST_GAIN_STAGES - 1);

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('calibrate'),
    /** The low bits of a word are its ADC value, those above its gain bits. */
    adcBits: z.int().min(8).max(16),
    /** What says which gain stage a word is of. */
    select: z
      .discriminatedUnion('by', [
        /** The gain bits: the stage that each of their values means, null where a working pixel has it never. */
        z.strictObject({ by: z.literal('bits'), stages: z.array(stage.nullable()).readonly() }),
        /** A word of gain: the stage is the number of thresholds that it is above. Gain bits that are not 0 are no stage. */
        z.strictObject({ by: z.literal('thresholds') }),
      ])
      .readonly(),
    /** Of each gain stage: the least and the greatest ADC value that measure. */
    limits: z
      .array(z.tuple([adc, adc]).readonly())
      .min(1)
      .max(MOST_GAIN_STAGES)
      .readonly(),
    /** Signed bits that hold every product of a difference and a factor: proved. */
    productWidth: z.int().min(1).max(53),
  })
  .readonly();
export type Calibrate = z.infer<typeof schema>;

/** What a product is made of: the formats of both maps, and the node without what is proved of it. */
type Products = Pick<Calibrate, 'limits'>;

/** Every difference of an ADC value and a pedestal of `pedestal`, in units of the pedestal's last place. */
function differences({ limits }: Products, pedestal: Format): Range {
  const unit = 2 ** fractionBits(pedestal);
  return {
    low: Math.min(...limits.map(([low]) => low)) * unit - maxMantissa(pedestal),
    high: Math.max(...limits.map(([, high]) => high)) * unit - minMantissa(pedestal),
  };
}

/** Every product of such a difference and a factor of `factor`. */
function products(op: Products, pedestal: Format, factor: Format): Range {
  const { low, high } = differences(op, pedestal);
  const corners = [low, high].flatMap((d) => [d * minMantissa(factor), d * maxMantissa(factor)]);
  return { low: Math.min(...corners), high: Math.max(...corners) };
}

/** Signed bits that hold every product. Throws `InvariantError` beyond 53. */
export function productWidth(op: Products, pedestal: Format, factor: Format): number {
  const { low, high } = products(op, pedestal, factor);
  invariant(-low < 2 ** 52 && high < 2 ** 52, 'a product of a calibration needs more than 53 bits');
  return bitsFor(low, high, true);
}

/** Throws `InvariantError` unless the node follows from its inputs: words, pedestals, factors, and gains and thresholds. */
export function checkCalibrate(op: Calibrate, inputs: readonly StageInput[]): void {
  const [words, pedestals, factors, gains] = inputs;
  const counts = (f: Format): boolean => !f.signed && fractionBits(f) === 0 && f.width <= 16;
  invariant(counts(words!.format), `${op.id}: words are unsigned integers of 16 bits`);
  invariant(gains === undefined || counts(gains.format), `${op.id}: gains are unsigned integers of 16 bits`);
  const fraction = fractionBits(pedestals!.format);
  invariant(fraction >= 0, `${op.id}: a pedestal is no coarser than an ADC unit`);
  const most = 2 ** op.adcBits - 1;
  for (const [low, high] of op.limits)
    invariant(low <= high && high <= most, `${op.id}: limits ${low} to ${high} of ${op.adcBits} bits`);
  if (op.select.by === 'bits') {
    const { stages } = op.select;
    invariant(stages.length === 2 ** (16 - op.adcBits), `${op.id}: a stage for each value of the gain bits`);
    invariant(
      stages.every((s) => s === null || s < op.limits.length),
      `${op.id}: gain bits mean a stage that there is not`,
    );
  }
  const width = productWidth(op, pedestals!.format, factors!.format);
  invariant(op.productWidth === width, `${op.id}: products need ${width} bits, not ${op.productWidth}`);
}

export const calibrate = {
  float: null,
  fixed: schema,
  traits: { raw: true, pointwise: true },
  shape(op, inputs) {
    const expected = op.select.by === 'bits' ? 3 : 5;
    invariant(
      inputs.length === expected,
      `${op.id}: calibrate takes ${expected} inputs, not ${inputs.length}`,
    );
    const [words, pedestals, factors, gains, thresholds] = inputs;
    const stages = op.limits.length;
    const channels = [1, stages, stages, 1, stages - 1];
    [words, pedestals, factors, gains, thresholds].slice(0, expected).forEach((shape, i) => {
      invariant(
        shape![0] === words![0] && shape![1] === words![1] && shape![2] === channels[i],
        `${op.id}: ${shape!.join('×')} in place of ${words![0]}×${words![1]}×${channels[i]!}`,
      );
    });
    return words!;
  },
  /** All of the format, whatever the maps are: nothing that stands behind is to depend on them. */
  range: ({ format: to }) => ({ low: minMantissa(to), high: maxMantissa(to) }),
  /** Words and maps of every gain stage: which of them counts, the words say. */
  reads: (_op, sources, [y, x], _shape, read) => {
    sources.forEach(({ shape }, source) => {
      for (let c = 0; c < shape[2]; c++) read(source, y, x, c, 1);
    });
  },
} satisfies OpRecord<null, typeof schema>;
