/** Pooling, joining, changes of format, and the stages without arithmetic. */
import { fractionBits, minMantissa, type Format } from '../../../fixed/format.js';
import type { Proof } from '../../../ir/common.js';
import { countsOf } from '../../../ir/ops/counted.js';
import { constant, mantissaType, numberRows, typedef, type Member } from '../cpp.js';
import { wordsPerFrame, type StageOf } from '../../dataflow/plan.js';
import { repackRuns } from '../../dataflow/events.js';
import {
  code,
  input,
  ioTypes,
  lanesAndWords,
  output,
  requantizeMembers,
  roundingMembers,
  slopeTables,
  valueType,
  windowMembers,
  windowText,
  type Renderer,
} from './common.js';

export const maxPool: Renderer<'maxPool'> = (stage, { windowDepth }) =>
  code(stage, {
    header: 'pool',
    function: 'max_pool',
    text: `max pool ${windowText(stage.node)}`,
    members: [
      ...ioTypes(stage),
      ...windowMembers(stage.node, input(stage), output(stage), windowDepth),
      constant('LOWEST', minMantissa(stage.node.format), 'stands at padded positions: never wins'),
      constant('WORDS', wordsPerFrame(output(stage)), 'words a frame, out'),
    ],
  });

interface Average {
  readonly proof: Proof;
  readonly reciprocal: number;
  readonly reciprocalFraction: number;
  readonly format: Format;
}

/** The reciprocal and the rounding of an average. */
const averageMembers = (stage: StageOf<'avgPool' | 'globalAvgPool'>, node: Average): Member[] => [
  constant('RECIPROCAL', node.reciprocal, `times 2^-${node.reciprocalFraction}`),
  ...requantizeMembers(
    stage,
    node.proof.accumulatorWidth,
    { width: node.proof.accumulatorWidth, fraction: node.proof.accumulatorFraction[0]! },
    { kind: 'none' },
    node.format,
  ),
];

/** Reciprocals by row and column of the output, where windows differ in what they count. */
function meansTable(stage: StageOf<'avgPool'>): readonly string[] {
  const { node, name } = stage;
  const { reciprocals } = node;
  if (reciprocals === undefined) return [];
  const { rows, columns } = countsOf(node, input(stage).shape, output(stage).shape);
  const list = (type: string, what: string, values: ArrayLike<number>): string =>
    `    static const ${type} ${what}[${values.length}] = {\n${numberRows(values, '        ')}};`;
  return [
    [
      `// Reciprocals of what each window counts, times 2^-${node.reciprocalFraction}.`,
      `struct ${name}_means {`,
      '  static int of(int row, int column) {',
      '#pragma HLS INLINE',
      list('short', 'rows', rows),
      list('short', 'columns', columns),
      list('int', 'reciprocals', reciprocals),
      '    return reciprocals[rows[row] * columns[column]];',
      '  }',
      '};',
      '',
    ].join('\n'),
  ];
}

export const avgPool: Renderer<'avgPool'> = (stage, { windowDepth }) =>
  code(stage, {
    header: 'pool',
    function: stage.node.reciprocals === undefined ? 'avg_pool' : 'counted_pool',
    text: `average pool ${windowText(stage.node)}`,
    tables: meansTable(stage),
    members: [
      ...(stage.node.reciprocals === undefined ? [] : [typedef('means', `struct ${stage.name}_means`)]),
      ...ioTypes(stage),
      ...windowMembers(stage.node, input(stage), output(stage), windowDepth),
      constant('WORDS', wordsPerFrame(output(stage)), 'words a frame, out'),
      ...averageMembers(stage, stage.node),
    ],
  });

const globalMembers = (stage: StageOf<'globalMaxPool'> | StageOf<'globalAvgPool'>): Member[] => [
  constant('PIXELS', input(stage).shape[0] * input(stage).shape[1]),
  constant('CHANNELS', input(stage).shape[2]),
  constant('LANES', input(stage).lanes, 'channels a word'),
];

export const globalMaxPool: Renderer<'globalMaxPool'> = (stage) =>
  code(stage, {
    header: 'global_pool',
    function: 'global_max_pool',
    text: 'largest of the image',
    members: [...ioTypes(stage), ...globalMembers(stage)],
  });

export const globalAvgPool: Renderer<'globalAvgPool'> = (stage) =>
  code(stage, {
    header: 'global_pool',
    function: 'global_avg_pool',
    text: 'mean of the image',
    members: [...ioTypes(stage), ...globalMembers(stage), ...averageMembers(stage, stage.node)],
  });

export const add: Renderer<'add'> = (stage) => {
  const [a, b] = [input(stage, 0), input(stage, 1)];
  const fraction = Math.max(fractionBits(a.format), fractionBits(b.format));
  const { node } = stage;
  return code(stage, {
    header: 'add',
    text: 'sum',
    members: [
      valueType('a_t', a.format),
      valueType('b_t', b.format),
      valueType('output_t', node.format),
      constant('SHIFT_A', fraction - fractionBits(a.format), 'to the finer resolution of the two'),
      constant('SHIFT_B', fraction - fractionBits(b.format)),
      ...lanesAndWords(a),
      constant('GROUPS', a.shape[2] / a.lanes, 'words a pixel'),
      ...roundingMembers(stage),
    ],
    tables: slopeTables(stage, node.activation),
  });
};

export const multiply: Renderer<'multiply'> = (stage) => {
  const [image, vector] = [input(stage, 0), input(stage, 1)];
  const { node } = stage;
  return code(stage, {
    header: 'multiply',
    text: 'times a vector, channel by channel',
    members: [
      ...ioTypes(stage),
      valueType('factor_t', vector.format),
      constant('PIXELS', image.shape[0] * image.shape[1]),
      constant('GROUPS', image.shape[2] / image.lanes, 'words a pixel'),
      constant('LANES', image.lanes, 'channels a word'),
      ...roundingMembers(stage),
    ],
    tables: slopeTables(stage, node.activation),
  });
};

export const upsample: Renderer<'upsample'> = (stage) => {
  const from = input(stage);
  const [height, width, channels] = from.shape;
  return code(stage, {
    header: 'upsample',
    text: `pixels as blocks of ${stage.node.factor.join(' x ')}`,
    members: [
      typedef('value_t', mantissaType(from.format)),
      constant('HEIGHT', height),
      constant('WIDTH', width),
      constant('GROUPS', channels / from.lanes, 'words a pixel'),
      constant('LANES', from.lanes, 'channels a word'),
      constant('FACTOR_Y', stage.node.factor[0]),
      constant('FACTOR_X', stage.node.factor[1]),
    ],
  });
};

export const concat: Renderer<'concat'> = (stage) => {
  const [a, b] = [input(stage, 0), input(stage, 1)];
  const to = output(stage);
  const wide = to.lanes === to.shape[2] && a.lanes === a.shape[2] && b.lanes === b.shape[2];
  return code(stage, {
    header: 'concat',
    function: wide ? 'concat_wide' : 'concat',
    text: 'channels side by side',
    members: [
      valueType('output_t', to.format),
      constant('PIXELS', to.shape[0] * to.shape[1]),
      ...(wide
        ? [constant('A_LANES', a.lanes), constant('B_LANES', b.lanes)]
        : [
            constant('LANES', to.lanes),
            constant('A_WORDS', a.shape[2] / a.lanes, 'words a pixel'),
            constant('B_WORDS', b.shape[2] / b.lanes),
          ]),
    ],
  });
};

export const requantize: Renderer<'requantize'> = (stage) => {
  const from = input(stage).format;
  const width = from.width + (from.signed ? 0 : 1);
  return code(stage, {
    header: 'requantize',
    function: 'requantize_stage',
    text: 'change of format',
    members: [
      ...ioTypes(stage),
      ...lanesAndWords(input(stage)),
      ...requantizeMembers(
        stage,
        width,
        { width, fraction: fractionBits(from) },
        { kind: 'none' },
        stage.node.format,
      ),
    ],
  });
};

export const fork: Renderer<'fork'> = (stage) =>
  code(stage, {
    header: 'plumbing',
    function: 'fork',
    text: 'one stream, two readers',
    members: [typedef('value_t', mantissaType(input(stage).format)), ...lanesAndWords(input(stage))],
  });

export const repack: Renderer<'repack'> = (stage) => {
  const [from, to] = [input(stage), output(stage)];
  const { runs, values } = repackRuns(from, to);
  const name = from.lanes % to.lanes === 0 ? 'narrow' : to.lanes % from.lanes === 0 ? 'widen' : 'gearbox';
  return code(stage, {
    header: 'plumbing',
    function: name,
    text: `words of ${from.lanes} to words of ${to.lanes}`,
    members: [
      typedef('value_t', mantissaType(from.format)),
      constant('IN_LANES', from.lanes),
      constant('OUT_LANES', to.lanes),
      constant('ELEMENTS', values, 'values that start with a fresh word'),
      constant('RUNS', runs, 'times'),
    ],
  });
};
