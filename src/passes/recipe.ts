/** The `quantization` section of a recipe. */
import { z } from 'zod';
import { OVERFLOWS, QUANTIZATIONS } from '../fixed/format.js';

/** Widths that vetoc quantizes to. */
export const LEAST_BITS = 2;
export const MOST_BITS = 16;

const WIDTH_RULE = `a width is a whole number of bits from ${LEAST_BITS} to ${MOST_BITS}`;
const bits = z.int(WIDTH_RULE).min(LEAST_BITS, WIDTH_RULE).max(MOST_BITS, WIDTH_RULE);

/** What one layer may have otherwise than the rest. */
export const layerWidthsSchema = z
  .strictObject({
    weightBits: bits.optional(),
    activationBits: bits.optional(),
    /** Integer bits of the activations, instead of what calibration finds (training in fixed point writes down those that it had). */
    activationInteger: z.int().min(-32).max(32).optional(),
  })
  .readonly();
export type LayerWidths = z.infer<typeof layerWidthsSchema>;

export const quantizationSchema = z
  .strictObject({
    weightBits: bits.default(8),
    activationBits: bits.default(8),
    /** Width of weights and activations of the first layer and of weights of the last; null: as the others. */
    edgeBits: bits.nullable().default(8),
    /** Width of the logits. */
    logitBits: z.int().min(8).max(MOST_BITS).default(MOST_BITS),
    /** Exceptions by layer name. */
    layers: z.record(z.string(), layerWidthsSchema).default({}),
    /** How activations are rounded and what happens beyond their format. */
    rounding: z.enum(QUANTIZATIONS).default('AP_RND_CONV'),
    overflow: z.enum(OVERFLOWS).default('AP_SAT'),
    /** Formats and weights as the network's own file quantizes them, where it does so at powers of two. */
    asStated: z.boolean().default(true),
    /** Sums and means of which none lies halfway between two results: all ways to round to nearest give the same. */
    noTies: z.boolean().default(false),
    /** Cross-layer equalisation. */
    equalize: z.boolean().default(true),
    /** Corrects the mean that rounding of weights shifts, on calibration frames. */
    biasCorrection: z.boolean().default(true),
    /** Chooses the rounding of every weight on calibration frames instead of to nearest. */
    adaptiveRounding: z.boolean().default(false),
    /** Refuse stages that are not exact in plain float32; otherwise `fixed.onnx` splits them. */
    float32: z.boolean().default(false),
    /** Proofs for any weights of the format, so that the firmware may be given others. */
    reloadable: z.boolean().default(false),
  })
  .prefault({})
  .readonly();
export type Quantization = z.infer<typeof quantizationSchema>;
