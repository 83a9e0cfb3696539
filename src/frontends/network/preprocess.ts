/**
 * From the raw `uint16` frame to the network's input: crop → mask → bin → contrast → clamp → table,
 * exact in integers.
 *
 * What a recipe asks for becomes the nodes that the float and the fixed graph share; `preprocessor.ts` runs them.
 */
import { z } from 'zod';
import { invariant, UserError } from '../../core/errors.js';
import { bitsFor, format, type Format } from '../../fixed/format.js';
import { nodeId, type NodeId } from '../../ir/common.js';
import { BIN_MODES } from '../../ir/ops/bin.js';
import type { PreprocessNode } from '../../ir/ops/index.js';
import { COUNTS } from '../../ir/ops/input.js';

const channelSchema = z.strictObject({
  /** What a block of pixels becomes: its brightest pixel, its second brightest, or its sum. */
  bin: z.enum(BIN_MODES).default('max'),
  /** How far a block stands above its surroundings so many blocks away, instead of its counts; null: its counts. */
  contrast: z.int().min(1).max(8).nullable().default(null),
  /** Limits of these counts; below `clampMin` reads as 0, above `clampMax` as full scale. */
  clampMin: z.int().min(0).default(0),
  clampMax: z.int().min(1).max(65535).default(4095),
  /** How clamped counts fill the output range. */
  table: z.enum(['linear', 'sqrt', 'log']).default('sqrt'),
});
export type PreprocessChannel = z.infer<typeof channelSchema>;

export const preprocessSchema = z.strictObject({
  /** The part of the frame that the network sees; null: all of it that is a whole number of blocks. */
  crop: z
    .strictObject({
      offset: z.tuple([z.int().min(0), z.int().min(0)]),
      size: z.tuple([z.int().min(1), z.int().min(1)]),
    })
    .nullable()
    .default(null),
  /** Rows and columns of a block. */
  factor: z
    .int()
    .min(1)
    .max(64)
    .or(z.tuple([z.int().min(1).max(64), z.int().min(1).max(64)]))
    .default(4),
  channels: z.array(channelSchema).min(1).max(8).prefault([{}]),
  /**
   * Leaves out the last rows and columns of blocks, whose surroundings reach beyond the frame: a decision then need not wait for
   * what never comes. As many as the widest contrast reaches.
   */
  causal: z.boolean().default(false),
  /** Bits of the network's input, unsigned, standing for [0, 1). */
  bits: z.int().min(2).max(16).default(8),
});
/** A recipe's section, all defaults filled in. */
export type PreprocessOptions = z.infer<typeof preprocessSchema>;
/** The same as a person writes it. */
export type PreprocessInput = z.input<typeof preprocessSchema>;

/** The lookup table of `channel`: mantissas of `bits` bits for counts `clampMin..clampMax`. */
export function preprocessTable(channel: PreprocessChannel, bits: number): Int32Array<ArrayBuffer> {
  const top = 2 ** bits - 1;
  const span = channel.clampMax - channel.clampMin;
  const shapes = {
    linear: (v: number) => v / span,
    sqrt: (v: number) => Math.sqrt(v / span),
    log: (v: number) => Math.log1p(v) / Math.log1p(span),
  };
  return Int32Array.from({ length: span + 1 }, (_, i) => Math.round(top * shapes[channel.table](i)));
}

interface Cut {
  readonly offset: readonly [number, number];
  readonly size: readonly [number, number];
}

/** The crop that is asked for, or the centred largest part that divides into blocks. */
function cutFor(
  options: PreprocessOptions,
  rawSize: readonly [number, number],
  factor: readonly [number, number],
): Cut {
  if (options.crop === null) {
    const size = [rawSize[0] - (rawSize[0] % factor[0]), rawSize[1] - (rawSize[1] % factor[1])] as const;
    return {
      offset: [Math.floor((rawSize[0] - size[0]) / 2), Math.floor((rawSize[1] - size[1]) / 2)],
      size,
    };
  }
  const { offset, size } = options.crop;
  if (offset[0] + size[0] > rawSize[0] || offset[1] + size[1] > rawSize[1])
    throw new UserError(
      `a crop of ${size.join('×')} at ${offset.join(',')} leaves the ${rawSize.join('×')} frame`,
      {
        field: 'preprocess.crop',
        remedy: 'give an offset and a size inside the frame',
      },
    );
  if (size[0] % factor[0] !== 0 || size[1] % factor[1] !== 0)
    throw new UserError(`a crop of ${size.join('×')} is not a whole number of ${factor.join('×')} blocks`, {
      field: 'preprocess.crop.size',
      remedy: `make it a multiple of ${factor.join('×')}`,
    });
  return { offset, size };
}

function cropMask(mask: Uint8Array, rawSize: readonly [number, number], cut: Cut): Uint8Array<ArrayBuffer> {
  const live = new Uint8Array(cut.size[0] * cut.size[1]);
  for (let y = 0; y < cut.size[0]; y++) {
    const from = (y + cut.offset[0]) * rawSize[1] + cut.offset[1];
    for (let x = 0; x < cut.size[1]; x++) live[y * cut.size[1] + x] = mask[from + x] === 0 ? 0 : 1;
  }
  return live;
}

/** What a causal network sees. */
interface CausalPart {
  /** Blocks between a block and the surroundings it is compared with, of the channel where they are most. */
  readonly reach: number;
  /** `[rows, columns]` of blocks. */
  readonly blocks: readonly [number, number];
}

/** Rows and columns of blocks that are left out at the end where the network is causal. */
export const causalReach = ({ causal, channels }: PreprocessOptions): number =>
  causal ? Math.max(...channels.map(({ contrast }) => contrast ?? 0)) : 0;

function causalPart(
  options: PreprocessOptions,
  { size }: Cut,
  factor: readonly [number, number],
): CausalPart | null {
  const reach = causalReach(options);
  const blocks = [size[0] / factor[0], size[1] / factor[1]] as const;
  if (Math.min(...blocks) <= reach)
    throw new UserError(`a contrast with blocks ${reach} away leaves nothing of ${blocks.join('×')} blocks`, {
      field: 'preprocess.causal',
      remedy: 'bin fewer pixels, compare nearer blocks, or leave causal out',
    });
  return reach === 0 ? null : { reach, blocks: [blocks[0] - reach, blocks[1] - reach] };
}

const counts = (high: number): Format => format(false, bitsFor(0, high), bitsFor(0, high));

/** Binning, contrast, clamping and table of one channel, appended to `nodes`. Returns the id of the table. */
function channelNodes(
  nodes: PreprocessNode[],
  channel: PreprocessChannel,
  k: string,
  input: NodeId,
  options: {
    readonly factor: readonly [number, number];
    readonly bits: number;
    /** The blocks that are shown where the network is causal; null: all. */
    readonly shown: CausalPart | null;
  },
): NodeId {
  let last = input;
  const add = (node: PreprocessNode): void => {
    nodes.push(node);
    last = node.id;
  };
  const { factor, bits, shown } = options;
  const { bin, contrast, clampMin, clampMax } = channel;
  if (clampMin >= clampMax)
    throw new UserError(`clampMin ${clampMin} is not below clampMax ${clampMax}`, {
      field: 'preprocess.channels',
      remedy: 'give a range of counts with clampMin < clampMax',
    });
  const top = bin === 'sum' ? 65535 * factor[0] * factor[1] : 65535;
  if (factor[0] * factor[1] > 1)
    add({ id: nodeId(`bin${k}`), kind: 'bin', inputs: [last], mode: bin, factor, format: counts(top) });
  if (contrast !== null)
    add({
      id: nodeId(`contrast${k}`),
      kind: 'contrast',
      inputs: [last],
      distance: contrast,
      ...(shown === null ? {} : { causal: true }),
      format: counts(top),
    });
  if (shown !== null && contrast !== shown.reach)
    add({
      id: nodeId(`cut${k}`),
      kind: 'crop',
      inputs: [last],
      offset: [0, 0],
      size: shown.blocks,
      format: counts(top),
    });
  const high = Math.min(clampMax, top);
  add({
    id: nodeId(`clamp${k}`),
    kind: 'clamp',
    inputs: [last],
    min: clampMin,
    max: high,
    format: counts(high),
  });
  const table = preprocessTable({ ...channel, clampMax: high }, bits);
  add({
    id: nodeId(`table${k}`),
    kind: 'lut',
    inputs: [last],
    first: clampMin,
    table,
    format: format(false, bits, 0),
  });
  return last;
}

/** The preprocessing nodes of a graph, and the tensors of theirs that the network reads, one per channel. */
export interface PreprocessGraph {
  readonly nodes: readonly PreprocessNode[];
  readonly outputs: readonly NodeId[];
}

/**
 * The integer nodes from a raw frame of `rawSize` `[height, width]` to the network's input, outputs
 * `[height / factor, width / factor, 1]` each, format `ap_ufixed<bits,0>`. `mask` (of the raw size, 1 = live) adds
 * a mask node. Throws `UserError` on a crop or range that does not fit.
 */
export function preprocessNodes(
  options: PreprocessOptions,
  rawSize: readonly [number, number],
  mask: Uint8Array | null = null,
): PreprocessGraph {
  const factor: readonly [number, number] =
    typeof options.factor === 'number' ? [options.factor, options.factor] : options.factor;
  const cut = cutFor(options, rawSize, factor);
  let last = nodeId('input');
  const nodes: PreprocessNode[] = [{ id: last, kind: 'input', inputs: [], size: rawSize, format: COUNTS }];
  if (cut.size[0] !== rawSize[0] || cut.size[1] !== rawSize[1]) {
    nodes.push({ id: nodeId('crop'), kind: 'crop', inputs: [last], ...cut, format: COUNTS });
    last = nodeId('crop');
  }
  if (mask !== null) {
    invariant(mask.length === rawSize[0] * rawSize[1], 'the mask is not of the size of the frame');
    const live = cropMask(mask, rawSize, cut);
    nodes.push({ id: nodeId('mask'), kind: 'mask', inputs: [last], live, format: COUNTS });
    last = nodeId('mask');
  }
  const shown = causalPart(options, cut, factor);
  const outputs = options.channels.map((channel, k) =>
    channelNodes(nodes, channel, options.channels.length === 1 ? '' : `_${k}`, last, {
      factor,
      bits: options.bits,
      shown,
    }),
  );
  return { nodes, outputs };
}
