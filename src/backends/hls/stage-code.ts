/**
 * One stage as C++: its config struct, its tables of constants, its line in the top function. The table is total over
 * the kinds of stage; a new op needs an arm here and a header in hls-templates/vetoc.
 */
import { invariant, UnsupportedError } from '../../core/errors.js';
import { bitsFor, fractionBits, minMantissa, type Format } from '../../fixed/format.js';
import type { Activation, Proof, Shape } from '../../ir/common.js';
import type { FixedGraph } from '../../ir/graph.js';
import {
  configStruct,
  constant,
  formatType,
  intType,
  mantissaType,
  signedTypeFor,
  table1,
  table2,
  typedef,
  type Member,
} from './cpp.js';
import { isPointwise, type Weighted } from './folding.js';
import {
  wordsPerFrame,
  type Folding,
  type Stage,
  type StageKind,
  type StageOf,
  type Stream,
} from './plan.js';
import { weightSteps } from './weights.js';

export interface StageCode {
  /** The template in hls-templates/vetoc. */
  readonly header: string;
  readonly function: string;
  readonly config: string;
  /** Constant arrays in a header of their own; empty when the stage has none. */
  readonly tables: string;
  /** Arguments between the input streams and the output streams. */
  readonly tableNames: readonly string[];
}

type Renderers = { readonly [K in StageKind]: (stage: StageOf<K>, graph: FixedGraph) => StageCode };

const times = (shape: Shape): string => shape.join(' x ');
const heading = (stage: Stage, text: string): string => {
  const to = stage.outputs[0];
  const from = stage.inputs.map((s) => times(s.shape)).join(' and ');
  return `${stage.name}: ${text}${from === '' ? '' : `, ${from}`}${to === undefined ? '' : ` -> ${times(to.shape)}`}`;
};

interface Parts {
  readonly header: string;
  readonly function?: string;
  readonly text: string;
  readonly members: readonly Member[];
  readonly tables?: readonly string[];
  readonly tableNames?: readonly string[];
}

const code = (stage: Stage, parts: Parts): StageCode => ({
  header: parts.header,
  function: parts.function ?? parts.header,
  config: configStruct(`${stage.name}_config`, heading(stage, parts.text), parts.members),
  tables: (parts.tables ?? []).join('\n'),
  tableNames: parts.tableNames ?? [],
});

const input = (stage: Stage, i = 0): Stream => stage.inputs[i]!;
const output = (stage: Stage): Stream => stage.outputs[0]!;
const pixels = (stream: Stream): number => stream.lanes / stream.shape[2];

/** Input and output types, with their formats. */
const ioTypes = (stage: Stage): Member[] => [
  typedef('input_t', mantissaType(input(stage).format), formatType(input(stage).format)),
  typedef('output_t', mantissaType(output(stage).format), formatType(output(stage).format)),
];

function activationType(activation: Activation): string {
  switch (activation.kind) {
    case 'none':
      return 'vetoc::identity';
    case 'relu':
      return 'vetoc::relu';
    case 'clip':
      return `vetoc::clip<${activation.min}, ${activation.max}>`;
    case 'leakyRelu':
      return `vetoc::leaky_relu<${activation.alphaMantissa}, ${activation.alphaFraction}>`;
  }
}

/** Accumulator, its exact value at the finest fraction of any channel, and the rounding to the output format. */
/** Sum of the products of one cycle: plain C++, which simulates fast; synthesis keeps the bits that can change. */
const stepType = (accumulatorWidth: number): Member =>
  typedef('step_t', accumulatorWidth <= 32 ? 'int' : 'long long', 'sum of the products of one cycle, exact');

function requantizeMembers(
  accumulatorWidth: number,
  exactWidth: number,
  fraction: number,
  activation: Activation,
  to: Format,
): Member[] {
  return [
    typedef('accumulator_t', intType(true, accumulatorWidth), 'holds every partial sum: proved'),
    typedef(
      'exact_t',
      `ap_fixed<${exactWidth}, ${exactWidth - fraction}, AP_TRN, AP_WRAP>`,
      'an accumulator, aligned',
    ),
    typedef('activation', activationType(activation)),
    typedef('format_t', formatType(to), 'the one rounding of the stage'),
  ];
}

interface Alignment {
  readonly fraction: number;
  /** Left shift of each channel's accumulator to `fraction`. */
  readonly shifts: Int32Array;
  readonly width: number;
}

function alignment(proof: Proof, name: string): Alignment {
  const fraction = proof.accumulatorFraction.reduce((a, b) => Math.max(a, b));
  const shifts = proof.accumulatorFraction.map((f) => fraction - f);
  // Bits of each channel's bounds, moved up by its shift; the accumulator itself must fit unshifted.
  let width = proof.accumulatorWidth;
  shifts.forEach((shift, c) => {
    width = Math.max(
      width,
      bitsFor(Math.min(proof.accumulatorMin[c]!, 0), Math.max(proof.accumulatorMax[c]!, 0), true) + shift,
    );
  });
  if (shifts.some((s) => s > 63))
    throw new UnsupportedError('the firmware', [
      { what: name, why: 'the scales of its output channels differ by more than 2^63' },
    ]);
  return { fraction, shifts, width };
}

const windowMembers = (
  node: {
    kernel: readonly [number, number];
    strides: readonly [number, number];
    padding: readonly [number, number, number, number];
  },
  from: Stream,
  to: Stream,
): Member[] => [
  constant('IN_HEIGHT', from.shape[0]),
  constant('IN_WIDTH', from.shape[1]),
  constant('IN_CHANNELS', from.shape[2]),
  constant('OUT_HEIGHT', to.shape[0]),
  constant('OUT_WIDTH', to.shape[1]),
  constant('KERNEL_HEIGHT', node.kernel[0]),
  constant('KERNEL_WIDTH', node.kernel[1]),
  constant('STRIDE_Y', node.strides[0]),
  constant('STRIDE_X', node.strides[1]),
  constant('PAD_TOP', node.padding[0]),
  constant('PAD_LEFT', node.padding[1]),
  constant('PAD_BOTTOM', node.padding[2]),
  constant('PAD_RIGHT', node.padding[3]),
  constant('LANES', from.lanes, 'channels a word'),
  constant('WINDOW_DEPTH', 2),
];

/** Weights, biases and shifts of a weighted stage. */
function weightTables(
  stage: { readonly name: string; readonly node: Weighted; readonly folding: Folding } & Stage,
  align: Alignment,
): {
  members: Member[];
  tables: string[];
  names: string[];
} {
  const { node, folding, name } = stage;
  const { steps, multipliers, values } = weightSteps(node, input(stage).shape, folding);
  const { bias } = node.weights;
  const biasType = signedTypeFor(Math.min(...bias), Math.max(...bias));
  const names = [`${name}_weights`, `${name}_bias`, `${name}_align`];
  return {
    members: [
      typedef('weight_t', intType(true, node.weights.width)),
      typedef('bias_t', biasType, "at the accumulator's resolution"),
      constant('STEPS', steps, 'reuse factor of a multiplier'),
      constant('MULTIPLIERS', multipliers),
      constant('OUT_CHANNELS', bias.length),
      stepType(node.proof.accumulatorWidth),
    ],
    tables: [
      `// One row a cycle: [output lane][value].\n${table2(intType(true, node.weights.width), names[0]!, steps, multipliers, values)}`,
      table1(biasType, names[1]!, bias),
      `// Left shift that brings each channel's accumulator to the common fraction of ${align.fraction} bits.\n${table1('ap_uint<6>', names[2]!, align.shifts)}`,
    ],
    names,
  };
}

function matrixStage(stage: StageOf<'conv2d'> | StageOf<'dense'>): StageCode {
  const { node, folding } = stage;
  const from = input(stage);
  const to = output(stage);
  const groups = node.kind === 'conv2d' ? node.groups : 1;
  const kernel = node.kind === 'conv2d' ? node.kernel[0] * node.kernel[1] : 1;
  const align = alignment(node.proof, node.id);
  const { members, tables, names } = weightTables(stage, align);
  const pointwise = isPointwise(node);
  const shape: Member[] = node.kind === 'conv2d' ? windowMembers(node, from, to) : [];
  return code(stage, {
    header: node.kind === 'dense' ? 'dense' : 'conv2d',
    function: node.kind === 'dense' ? 'dense' : pointwise ? 'conv2d_1x1' : 'conv2d',
    text:
      node.kind === 'dense'
        ? 'dense'
        : `conv2d ${node.kernel.join(' x ')}, stride ${node.strides.join(' x ')}${groups === 1 ? '' : `, ${groups} groups`}`,
    members: [
      ...ioTypes(stage),
      ...shape,
      constant('VECTORS', to.shape[0] * to.shape[1], 'vectors a frame'),
      constant('GROUPS', groups),
      constant('WORDS', from.shape[2] / groups / folding.inLanes, 'words a vector'),
      constant('TAPS', kernel * folding.inLanes, 'values a word'),
      constant('TAP_FOLD', folding.tapFold, 'cycles a word'),
      constant('OUT_LANES', folding.outLanes, 'outputs at a time'),
      constant('OUT_FOLD', to.shape[2] / groups / folding.outLanes, 'times'),
      ...members,
      ...requantizeMembers(
        node.proof.accumulatorWidth,
        align.width,
        align.fraction,
        node.activation,
        node.format,
      ),
    ],
    tables,
    tableNames: names,
  });
}

function depthwiseStage(stage: StageOf<'depthwiseConv2d'>): StageCode {
  const { node, folding } = stage;
  const align = alignment(node.proof, node.id);
  const { members, tables, names } = weightTables(stage, align);
  return code(stage, {
    header: 'depthwise_conv2d',
    text: `depthwise conv2d ${node.kernel.join(' x ')}, stride ${node.strides.join(' x ')}`,
    members: [
      ...ioTypes(stage),
      ...windowMembers(node, input(stage), output(stage)),
      constant('TAP_FOLD', folding.tapFold, 'cycles a window'),
      ...members,
      ...requantizeMembers(
        node.proof.accumulatorWidth,
        align.width,
        align.fraction,
        node.activation,
        node.format,
      ),
    ],
    tables,
    tableNames: names,
  });
}

/** The reciprocal and the rounding of an average. */
const averageMembers = (node: {
  proof: Proof;
  reciprocal: number;
  reciprocalFraction: number;
  format: Format;
}): Member[] => [
  constant('RECIPROCAL', node.reciprocal, `times 2^-${node.reciprocalFraction}`),
  ...requantizeMembers(
    node.proof.accumulatorWidth,
    node.proof.accumulatorWidth,
    node.proof.accumulatorFraction[0]!,
    { kind: 'none' },
    node.format,
  ),
];

const lanesAndWords = (stream: Stream): Member[] => [
  constant('LANES', stream.lanes),
  constant('WORDS', wordsPerFrame(stream), 'words a frame'),
];

/** Bits of a mask in stream order, 32 to a word: `pixels` lanes of a row, rows padded to whole words with zeros. */
function maskWords(live: Uint8Array, [height, width]: Shape, lanes: number): number[] {
  const rowWords = Math.ceil(width / lanes);
  const words = new Array<number>(Math.ceil((height * rowWords * lanes) / 32)).fill(0);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (live[y * width + x] === 1) {
        const bit = y * rowWords * lanes + x;
        const i = Math.floor(bit / 32);
        words[i] = (words[i]! | (1 << (bit % 32))) >>> 0;
      }
  return words;
}

const hex32 = (v: number): string => `0x${v.toString(16).padStart(8, '0')}`;

const renderers: Renderers = {
  receive: (stage) =>
    code(stage, {
      header: 'receive',
      text: `raw frames over AXI4-Stream, ${output(stage).lanes} pixels a beat`,
      members: [
        constant('PIXELS', output(stage).lanes, 'pixels a beat'),
        constant('BEATS', wordsPerFrame(output(stage)), 'beats a frame'),
      ],
    }),
  crop: (stage) =>
    code(stage, {
      header: 'crop',
      text: 'crop',
      members: [
        ...ioTypes(stage),
        constant('IN_HEIGHT', input(stage).shape[0]),
        constant('IN_WIDTH', input(stage).shape[1]),
        constant('TOP', stage.node.offset[0]),
        constant('LEFT', stage.node.offset[1]),
        constant('OUT_HEIGHT', output(stage).shape[0]),
        constant('OUT_WIDTH', output(stage).shape[1]),
        constant('PIXELS', pixels(input(stage)), 'pixels a word'),
      ],
    }),
  mask: (stage) => {
    const words = maskWords(stage.node.live, input(stage).shape, input(stage).lanes);
    const name = `${stage.name}_live`;
    return code(stage, {
      header: 'mask',
      text: `mask, ${stage.node.live.reduce((n, bit) => n + 1 - bit, 0)} dead pixels`,
      members: [
        ...ioTypes(stage),
        constant('PIXELS', pixels(input(stage)), 'pixels a word'),
        constant('WORDS', wordsPerFrame(input(stage)), 'words a frame'),
        constant('MASK_WORDS', words.length),
      ],
      tables: [
        `// One bit a pixel in stream order, 1 for a live one.\n${table1('ap_uint<32>', name, words, hex32)}`,
      ],
      tableNames: [name],
    });
  },
  bin: (stage) =>
    code(stage, {
      header: 'bin',
      text: `${stage.node.mode} of ${stage.node.factor.join(' x ')} pixels`,
      members: [
        ...ioTypes(stage),
        typedef('mode', `vetoc::bin_${stage.node.mode}`),
        constant('FACTOR_Y', stage.node.factor[0]),
        constant('FACTOR_X', stage.node.factor[1]),
        constant('OUT_HEIGHT', output(stage).shape[0]),
        constant('OUT_WIDTH', output(stage).shape[1]),
        constant('PIXELS', pixels(input(stage)), 'pixels a word, in'),
        constant('OUT_PIXELS', pixels(output(stage)), 'pixels a word, out'),
      ],
    }),
  clamp: (stage) =>
    code(stage, {
      header: 'clamp',
      text: 'clamp',
      members: [
        ...ioTypes(stage),
        constant('MIN', stage.node.min),
        constant('MAX', stage.node.max),
        ...lanesAndWords(input(stage)),
      ],
    }),
  lut: (stage) => {
    const name = `${stage.name}_table`;
    return code(stage, {
      header: 'lut',
      text: 'lookup table',
      members: [
        ...ioTypes(stage),
        constant('FIRST', stage.node.first, 'the value that table[0] is for'),
        constant('ENTRIES', stage.node.table.length),
        ...lanesAndWords(input(stage)),
      ],
      tables: [table1(mantissaType(stage.node.format), name, stage.node.table)],
      tableNames: [name],
    });
  },
  conv2d: matrixStage,
  dense: matrixStage,
  depthwiseConv2d: depthwiseStage,
  maxPool: (stage) =>
    code(stage, {
      header: 'pool',
      function: 'max_pool',
      text: `max pool ${stage.node.kernel.join(' x ')}, stride ${stage.node.strides.join(' x ')}`,
      members: [
        ...ioTypes(stage),
        ...windowMembers(stage.node, input(stage), output(stage)),
        constant('LOWEST', minMantissa(stage.node.format), 'stands at padded positions: never wins'),
        constant('WORDS', wordsPerFrame(output(stage)), 'words a frame, out'),
      ],
    }),
  avgPool: (stage) =>
    code(stage, {
      header: 'pool',
      function: 'avg_pool',
      text: `average pool ${stage.node.kernel.join(' x ')}, stride ${stage.node.strides.join(' x ')}`,
      members: [
        ...ioTypes(stage),
        ...windowMembers(stage.node, input(stage), output(stage)),
        constant('WORDS', wordsPerFrame(output(stage)), 'words a frame, out'),
        ...averageMembers(stage.node),
      ],
    }),
  globalMaxPool: (stage) =>
    code(stage, {
      header: 'global_pool',
      function: 'global_max_pool',
      text: 'largest of the image',
      members: [...ioTypes(stage), ...globalMembers(stage)],
    }),
  globalAvgPool: (stage) =>
    code(stage, {
      header: 'global_pool',
      function: 'global_avg_pool',
      text: 'mean of the image',
      members: [...ioTypes(stage), ...globalMembers(stage), ...averageMembers(stage.node)],
    }),
  add: addStage,
  concat: concatStage,
  requantize: (stage) => {
    const from = input(stage).format;
    const width = from.width + (from.signed ? 0 : 1);
    return code(stage, {
      header: 'requantize',
      function: 'requantize_stage',
      text: 'change of format',
      members: [
        ...ioTypes(stage),
        ...lanesAndWords(input(stage)),
        ...requantizeMembers(width, width, fractionBits(from), { kind: 'none' }, stage.node.format),
      ],
    });
  },
  fork: (stage) =>
    code(stage, {
      header: 'plumbing',
      function: 'fork',
      text: 'one stream, two readers',
      members: [typedef('value_t', mantissaType(input(stage).format)), ...lanesAndWords(input(stage))],
    }),
  repack: repackStage,
  decide: (stage, graph) => {
    const logits = input(stage);
    if (logits.format.width > 31)
      throw new UnsupportedError('the firmware', [
        { what: 'decision', why: `logits of ${logits.format.width} bits: the score register holds 32` },
      ]);
    const name = `${stage.name}_hit`;
    return code(stage, {
      header: 'decide',
      text: 'score and decision',
      members: [
        typedef('logit_t', mantissaType(logits.format), formatType(logits.format)),
        constant('CLASSES', graph.classNames.length),
        constant('LANES', logits.lanes),
        constant('THRESHOLD', graph.threshold, 'in least significant bits of the logits'),
      ],
      tables: [
        `// Which classes are hits.\n${table1('bool', name, graph.hitClasses.map(Number), (v) => (v === 1 ? 'true' : 'false'))}`,
      ],
      tableNames: [name],
    });
  },
};

const globalMembers = (stage: StageOf<'globalMaxPool'> | StageOf<'globalAvgPool'>): Member[] => [
  constant('PIXELS', input(stage).shape[0] * input(stage).shape[1]),
  constant('CHANNELS', input(stage).shape[2]),
  constant('LANES', input(stage).lanes, 'channels a word'),
];

function addStage(stage: StageOf<'add'>): StageCode {
  const [a, b] = [input(stage, 0), input(stage, 1)];
  const fraction = Math.max(fractionBits(a.format), fractionBits(b.format));
  const { node } = stage;
  const align = alignment(node.proof, node.id);
  return code(stage, {
    header: 'add',
    text: 'sum',
    members: [
      typedef('a_t', mantissaType(a.format), formatType(a.format)),
      typedef('b_t', mantissaType(b.format), formatType(b.format)),
      typedef('output_t', mantissaType(node.format), formatType(node.format)),
      constant('SHIFT_A', fraction - fractionBits(a.format), 'to the finer resolution of the two'),
      constant('SHIFT_B', fraction - fractionBits(b.format)),
      ...lanesAndWords(a),
      ...requantizeMembers(
        node.proof.accumulatorWidth,
        align.width,
        align.fraction,
        node.activation,
        node.format,
      ),
    ],
  });
}

function concatStage(stage: StageOf<'concat'>): StageCode {
  const [a, b] = [input(stage, 0), input(stage, 1)];
  const to = output(stage);
  const wide = to.lanes === to.shape[2] && a.lanes === a.shape[2] && b.lanes === b.shape[2];
  const shared = [
    typedef('output_t', mantissaType(to.format), formatType(to.format)),
    constant('PIXELS', to.shape[0] * to.shape[1]),
  ];
  return code(stage, {
    header: 'concat',
    function: wide ? 'concat_wide' : 'concat',
    text: 'channels side by side',
    members: wide
      ? [...shared, constant('A_LANES', a.lanes), constant('B_LANES', b.lanes)]
      : [
          ...shared,
          constant('LANES', to.lanes),
          constant('A_WORDS', a.shape[2] / a.lanes, 'words a pixel'),
          constant('B_WORDS', b.shape[2] / b.lanes),
        ],
  });
}

function repackStage(stage: StageOf<'repack'>): StageCode {
  const from = input(stage);
  const to = output(stage);
  const byRow = from.lanes > from.shape[2] || to.lanes > to.shape[2];
  invariant(!byRow || from.shape[2] === 1, `${stage.name}: rows of several channels`);
  const name = from.lanes % to.lanes === 0 ? 'narrow' : to.lanes % from.lanes === 0 ? 'widen' : 'gearbox';
  return code(stage, {
    header: 'plumbing',
    function: name,
    text: `words of ${from.lanes} to words of ${to.lanes}`,
    members: [
      typedef('value_t', mantissaType(from.format)),
      constant('IN_LANES', from.lanes),
      constant('OUT_LANES', to.lanes),
      constant('ELEMENTS', byRow ? from.shape[1] : from.shape[2], byRow ? 'values a row' : 'values a pixel'),
      constant('RUNS', byRow ? from.shape[0] : from.shape[0] * from.shape[1], byRow ? 'rows' : 'pixels'),
    ],
  });
}

/** The C++ of `stage`. */
export function renderStage(stage: Stage, graph: FixedGraph): StageCode {
  // The table is keyed by kind, so stage and renderer agree; TypeScript cannot correlate the two.
  return (renderers[stage.kind] as (stage: Stage, graph: FixedGraph) => StageCode)(stage, graph);
}
