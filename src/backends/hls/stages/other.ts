/** Pooling, joining, changes of format, and the stages without arithmetic. */
import { fractionBits, minMantissa, type Format } from '../../../fixed/format.js';
import type { Proof } from '../../../ir/common.js';
import { constant, mantissaType, typedef, type Member } from '../cpp.js';
import { wordsPerFrame, type StageOf } from '../../dataflow/plan.js';
import { repackRuns } from '../../dataflow/events.js';
import {
  alignment,
  code,
  input,
  ioTypes,
  lanesAndWords,
  output,
  requantizeMembers,
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
const averageMembers = (node: Average): Member[] => [
  constant('RECIPROCAL', node.reciprocal, `times 2^-${node.reciprocalFraction}`),
  ...requantizeMembers(
    node.proof.accumulatorWidth,
    { width: node.proof.accumulatorWidth, fraction: node.proof.accumulatorFraction[0]! },
    { kind: 'none' },
    node.format,
  ),
];

export const avgPool: Renderer<'avgPool'> = (stage, { windowDepth }) =>
  code(stage, {
    header: 'pool',
    function: 'avg_pool',
    text: `average pool ${windowText(stage.node)}`,
    members: [
      ...ioTypes(stage),
      ...windowMembers(stage.node, input(stage), output(stage), windowDepth),
      constant('WORDS', wordsPerFrame(output(stage)), 'words a frame, out'),
      ...averageMembers(stage.node),
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
    members: [...ioTypes(stage), ...globalMembers(stage), ...averageMembers(stage.node)],
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
      ...requantizeMembers(
        node.proof.accumulatorWidth,
        alignment(node.proof, node.id),
        node.activation,
        node.format,
      ),
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
