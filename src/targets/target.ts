/**
 * Targets: the boards and processors that vetoc builds for, one JSON file each in `targets/`.
 *
 * Figures are the vendor's for the bare part; what a shell or a platform takes away stands in `notes`. The data sheets
 * in `sources` could not be opened where these files were written: `checked` says what was compared with what else.
 */
import { z } from 'zod';

const count = z.int().min(0);
const common = {
  version: z.literal(1),
  /** What the user types. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a target name is lower-case letters, digits and -'),
  /** What people call it. */
  title: z.string().min(1),
  notes: z.array(z.string()).readonly(),
  /** Where the figures come from. */
  sources: z.array(z.string().min(1)).min(1).readonly(),
};

export const fpgaTargetSchema = z
  .strictObject({
    ...common,
    kind: z.literal('fpga'),
    vendor: z.enum(['amd', 'lattice']),
    family: z.enum([
      'zynq-7000',
      'kintex-ultrascale',
      'kintex-ultrascale-plus',
      'zynq-ultrascale-plus',
      'virtex-ultrascale-plus',
      'versal',
      'ecp5',
    ]),
    /** Full part number for the tools. */
    part: z.string().regex(/^(xc|lfe5)[a-z0-9-]+$/i),
    /** Default clock of the generated firmware. */
    clockMHz: z.number().positive().max(1000),
    /** What a pipelined HLS design can be asked for: the block RAM's limit in this speed grade. */
    maxClockMHz: z.number().positive().max(1000),
    resources: z.strictObject({ lut: count, ff: count, dsp: count, bram36: count, uram: count }).readonly(),
    /** Inputs of a look-up table. */
    lutInputs: z.literal([4, 6]).default(6),
    /** Signed multiplier of one DSP block. */
    multiplier: z
      .strictObject({
        block: z.enum(['DSP48E1', 'DSP48E2', 'DSP58', 'MULT18X18D']),
        a: z.int().min(1),
        b: z.int().min(1),
      })
      .readonly(),
    /** Which figures were compared with what could be read; the others are the vendor's as remembered. */
    checked: z
      .array(z.strictObject({ figures: z.array(z.string()).min(1).readonly(), against: z.string().min(1) }))
      .readonly(),
    /** Bits of an AXI4-Stream that the board's links and memories feed comfortably. */
    streamBits: z.int().min(16).max(1024),
  })
  .readonly();

export const processorTargetSchema = z
  .strictObject({
    ...common,
    kind: z.literal('processor'),
    /** Execution provider of ONNX Runtime. */
    provider: z.enum(['cpu', 'cuda', 'tensorrt']),
    /** Integer types of the fixed network that run exactly there. */
    exactness: z.string().min(1),
  })
  .readonly();

export const targetSchema = z.discriminatedUnion('kind', [fpgaTargetSchema, processorTargetSchema]);
export type Target = z.infer<typeof targetSchema>;
export type FpgaTarget = z.infer<typeof fpgaTargetSchema>;
export type ProcessorTarget = z.infer<typeof processorTargetSchema>;
