/** What the C++ of every stage is made of: its config struct, its tables of constants, its place in the top function. */
import { UnsupportedError } from '../../../core/errors.js';
import { bitsFor, type Format } from '../../../fixed/format.js';
import type { Activation } from '../../../ir/activations.js';
import { dispatch, type Table } from '../../../ir/dispatch.js';
import type { Proof, Shape, Window } from '../../../ir/common.js';
import type { FixedGraph } from '../../../ir/graph.js';
import type { Multiplier } from '../../dataflow/multipliers.js';
import { watchedStages } from '../memories.js';
import {
  configStruct,
  constant,
  formatType,
  intType,
  mantissaType,
  numberRows,
  typedef,
  type Member,
} from '../cpp.js';
import {
  reloadedStages,
  wordsPerFrame,
  type Plan,
  type Stage,
  type StageKind,
  type StageOf,
  type Stream,
} from '../../dataflow/plan.js';

export interface Memory {
  readonly name: string;
  readonly bits: number;
  readonly banks: number;
}

export interface StageCode {
  /** The header in hls-templates/vetoc. */
  readonly header: string;
  readonly function: string;
  readonly config: string;
  /** Constant arrays in a header of their own; empty when the stage has none. */
  readonly tables: string;
  /** Tables that the test bench may flip bits of: name, bits of an entry. */
  readonly memories: readonly Memory[];
  /** Arguments between the input streams and the output streams: tables, and streams of new weights. */
  readonly arguments: readonly string[];
}

/** What a renderer knows besides its stage. */
export interface Context {
  readonly graph: FixedGraph;
  readonly plan: Plan;
  /** Where the products of a stage that multiplies are made. */
  readonly multiplier: Multiplier | undefined;
  /** Depth of the FIFO behind the stage's line buffer, if it has one. */
  readonly windowDepth: number;
}

export type Renderer<K extends StageKind> = (stage: StageOf<K>, context: Context) => StageCode;

export interface Parts {
  readonly header: string;
  /** The function, where it is not called like its header. */
  readonly function?: string;
  /** What the stage does, in a few words. */
  readonly text: string;
  readonly members: readonly Member[];
  readonly tables?: readonly string[];
  readonly arguments?: readonly string[];
  readonly memories?: readonly Memory[];
}

/**
 * The streams on which `stage` gets its new weights and hears which set counts, as the top function names them: those of the
 * second network stand behind those of the first. `decide` has both.
 */
export function reloadStreams(
  plan: Plan,
  stage: Stage,
  second = stage.twin !== undefined,
): readonly [part: string, sets: string] {
  const stages = reloadedStages(plan);
  const own = stages.findIndex((s) => s.name === (stage.twin ?? stage.name));
  const i = own + (second ? stages.length : 0);
  return [`parts[${i}]`, `sets[${i}]`];
}

/** The stream on which `stage` says with each frame whether its memories are as they should be. */
export const memoryStream = (plan: Plan, stage: Stage): string =>
  `memories[${watchedStages(plan).findIndex((s) => s.name === stage.name)}]`;

/** The CRC-32 that the scrubber must find. */
export const crcMember = (crc: number): Member => ({
  declaration: `static constexpr unsigned CRC = ${crc}U;`,
  comment: 'of its memory, for the scrubber',
});

const times = (shape: Shape): string => shape.join(' x ');

function heading(stage: Stage, text: string): string {
  const to = stage.outputs[0];
  const from = stage.inputs.map((s) => times(s.shape)).join(' and ');
  const shapes = `${from === '' ? '' : `, ${from}`}${to === undefined ? '' : ` -> ${times(to.shape)}`}`;
  return `${stage.name}: ${text}${shapes}`;
}

export const code = (stage: Stage, parts: Parts): StageCode => ({
  header: parts.header,
  function: parts.function ?? parts.header,
  config: configStruct(`${stage.name}_config`, heading(stage, parts.text), parts.members),
  tables: (parts.tables ?? []).join('\n'),
  arguments: parts.arguments ?? [],
  memories: parts.memories ?? [],
});

export const input = (stage: Stage, i = 0): Stream => stage.inputs[i]!;
export const output = (stage: Stage): Stream => stage.outputs[0]!;
/** Pixels in a word of a stream of whole pixels. */
export const pixels = (stream: Stream): number => stream.lanes / stream.shape[2];

export const valueType = (name: string, format: Format): Member =>
  typedef(name, mantissaType(format), formatType(format));

/** Input and output types, with their formats. */
export const ioTypes = (stage: Stage): Member[] => [
  valueType('input_t', input(stage).format),
  valueType('output_t', output(stage).format),
];

export const lanesAndWords = (stream: Stream): Member[] => [
  constant('LANES', stream.lanes),
  constant('WORDS', wordsPerFrame(stream), 'words a frame'),
];

/** The type of hls-templates/vetoc/requantize.h that an activation is. */
const activationTypes: Table<Activation, [stage: string], string> = {
  none: () => 'vetoc::identity',
  relu: () => 'vetoc::relu',
  clip: ({ min, max }) => `vetoc::clip<${min}, ${max}>`,
  leakyRelu: ({ alphaMantissa, alphaFraction }) => `vetoc::leaky_relu<${alphaMantissa}, ${alphaFraction}>`,
  prelu: ({ alphaFraction }, stage) => `vetoc::prelu<struct ${slopesName(stage)}, ${alphaFraction}>`,
};

const slopesName = (stage: string): string => `${stage}_slopes`;

/**
 * The slopes of a stage's channels, where its activation has one for each: constants between the logic, no memory that
 * could be watched or reloaded.
 */
export function slopeTables({ name }: Stage, activation: Activation): readonly string[] {
  if (activation.kind !== 'prelu') return [];
  const { alphaMantissas, alphaFraction } = activation;
  return [
    [
      `// Slope of each channel below zero, times 2^-${alphaFraction}.`,
      `struct ${slopesName(name)} {`,
      '  static int of(int channel) {',
      '#pragma HLS INLINE',
      `    static const int slopes[${alphaMantissas.length}] = {`,
      `${numberRows(alphaMantissas, '        ')}};`,
      '#pragma HLS ARRAY_PARTITION variable = slopes complete',
      '    return slopes[channel];',
      '  }',
      '};',
      '',
    ].join('\n'),
  ];
}

/** How the accumulators of a stage's channels come to one fraction. */
export interface Alignment {
  /** Fraction bits that all channels have once aligned. */
  readonly fraction: number;
  /** Left shift of each channel's accumulator to `fraction`, and the largest that may come. */
  readonly shifts: Int32Array;
  readonly most: number;
  /** Bits that hold every aligned accumulator. */
  readonly width: number;
}

/** Shifts that reloaded weights can ask for: 0 to this. */
export const MAX_RELOADED_SHIFT = 15;

export function alignment(proof: Proof, name: string): Alignment {
  const finest = proof.accumulatorFraction.reduce((a, b) => Math.max(a, b));
  const coarsest = proof.accumulatorFraction.reduce((a, b) => Math.min(a, b));
  const most = proof.worstCase ? MAX_RELOADED_SHIFT : 63;
  if (finest - coarsest > most)
    throw new UnsupportedError('the firmware', [
      { what: name, why: `the scales of its output channels differ by more than 2^${most}` },
    ]);
  // Weights that come later may have finer and coarser scales than these: room on both sides.
  const fraction = finest + (proof.worstCase ? Math.floor((most - (finest - coarsest)) / 2) : 0);
  const shifts = proof.accumulatorFraction.map((f) => fraction - f);
  if (proof.worstCase) return { fraction, shifts, most, width: proof.accumulatorWidth + most };
  let width = proof.accumulatorWidth;
  shifts.forEach((shift, c) => {
    const low = Math.min(proof.accumulatorMin[c]!, 0);
    const high = Math.max(proof.accumulatorMax[c]!, 0);
    width = Math.max(width, bitsFor(low, high, true) + shift);
  });
  return { fraction, shifts, most: finest - coarsest, width };
}

/** The fewest low bits that hold 0 to `most`. */
const maskFor = (most: number): number => (most === 0 ? 0 : 2 ** (Math.floor(Math.log2(most)) + 1) - 1);

/** Accumulator, its exact value at the common fraction, and the rounding to the output format. */
export const requantizeMembers = (
  stage: Stage,
  accumulatorWidth: number,
  exact: { readonly width: number; readonly fraction: number; readonly most?: number },
  activation: Activation,
  to: Format,
): Member[] => [
  typedef('accumulator_t', intType(true, accumulatorWidth), 'holds every partial sum: proved'),
  typedef(
    'exact_t',
    `ap_fixed<${exact.width}, ${exact.width - exact.fraction}, AP_TRN, AP_WRAP>`,
    'an accumulator, aligned',
  ),
  constant('SHIFT_MASK', maskFor(exact.most ?? 0), 'bits of the largest shift of a channel'),
  typedef('activation', dispatch(activationTypes, activation, stage.name)),
  typedef('format_t', formatType(to), 'the one rounding of the stage'),
];

/** What a stage that sums, activates and rounds once says of it. */
interface Rounding {
  readonly id: string;
  readonly proof: Proof;
  readonly activation: Activation;
  readonly format: Format;
}

/** The same for a stage whose node states all of it; `align` where the caller has it already. */
export const roundingMembers = (
  stage: Stage & { readonly node: Rounding },
  align: Alignment = alignment(stage.node.proof, stage.node.id),
): Member[] =>
  requantizeMembers(
    stage,
    stage.node.proof.accumulatorWidth,
    align,
    stage.node.activation,
    stage.node.format,
  );

/** The line buffer of a stage. */
export const windowMembers = (window: Window, from: Stream, to: Stream, depth: number): Member[] => [
  constant('IN_HEIGHT', from.shape[0]),
  constant('IN_WIDTH', from.shape[1]),
  constant('IN_CHANNELS', from.shape[2]),
  constant('OUT_HEIGHT', to.shape[0]),
  constant('OUT_WIDTH', to.shape[1]),
  constant('KERNEL_HEIGHT', window.kernel[0]),
  constant('KERNEL_WIDTH', window.kernel[1]),
  constant('STRIDE_Y', window.strides[0]),
  constant('STRIDE_X', window.strides[1]),
  constant('PAD_TOP', window.padding[0]),
  constant('PAD_LEFT', window.padding[1]),
  constant('PAD_BOTTOM', window.padding[2]),
  constant('PAD_RIGHT', window.padding[3]),
  constant('LANES', from.lanes, 'channels a word'),
  constant('WINDOW_DEPTH', depth, 'windows that wait for the next loop'),
];

export const windowText = (window: Window): string =>
  `${window.kernel.join(' x ')}, stride ${window.strides.join(' x ')}`;
