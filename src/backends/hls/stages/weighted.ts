/** Convolutions and dense layers. */
import { constant, intType, romType, signedBitsFor, table1, table2, typedef, type Member } from '../cpp.js';
import type { FpgaTarget } from '../../../targets/target.js';
import { chooseMultiplier } from '../multipliers.js';
import { isPointwise, type Weighted } from '../folding.js';
import type { Folding, Stage, StageOf } from '../plan.js';
import { weightSteps } from '../weights.js';
import {
  alignment,
  code,
  input,
  ioTypes,
  output,
  requantizeMembers,
  windowMembers,
  windowText,
  type Alignment,
  type Context,
  type Renderer,
  type StageCode,
} from './common.js';

type WeightedStage = Stage & { readonly node: Weighted; readonly folding: Folding };

interface Tables {
  readonly members: readonly Member[];
  readonly tables: readonly string[];
  readonly names: readonly string[];
}

/** Sum of the products of one cycle: plain C++, which simulates fast; synthesis keeps the bits that can change. */
const stepType = (accumulatorWidth: number): Member =>
  typedef('step_t', accumulatorWidth <= 32 ? 'int' : 'long long', 'sum of the products of one cycle, exact');

/** Weights, biases and shifts. */
function weightTables(stage: WeightedStage, align: Alignment, target: FpgaTarget): Tables {
  const { node, folding, name } = stage;
  const { steps, multipliers, values } = weightSteps(node, input(stage).shape, folding);
  const { bias, width } = node.weights;
  const biasBits = signedBitsFor(
    bias.reduce((a, b) => Math.min(a, b)),
    bias.reduce((a, b) => Math.max(a, b)),
  );
  const names = [`${name}_weights`, `${name}_bias`, `${name}_align`] as const;
  return {
    members: [
      typedef('weight_t', intType(true, width)),
      typedef('multiplier', `vetoc::in_${chooseMultiplier(width, input(stage).format, target)}`),
      typedef('bias_t', intType(true, biasBits), "at the accumulator's resolution"),
      constant('STEPS', steps, 'reuse factor of a multiplier'),
      constant('MULTIPLIERS', multipliers),
      constant('OUT_CHANNELS', bias.length),
      stepType(node.proof.accumulatorWidth),
    ],
    tables: [
      `// One row a cycle: [output lane][value].\n${table2(romType(true, width), names[0], steps, multipliers, values)}`,
      table1(romType(true, biasBits), names[1], bias),
      `// Left shift that brings each channel's accumulator to the common fraction of ${align.fraction} bits.\n${table1(romType(false, 6), names[2], align.shifts)}`,
    ],
    names,
  };
}

function matrixStage(
  stage: StageOf<'conv2d'> | StageOf<'dense'>,
  { windowDepth, target }: Context,
): StageCode {
  const { node, folding } = stage;
  const [from, to] = [input(stage), output(stage)];
  const groups = node.kind === 'conv2d' ? node.groups : 1;
  const kernel = node.kind === 'conv2d' ? node.kernel[0] * node.kernel[1] : 1;
  const align = alignment(node.proof, node.id);
  const { members, tables, names } = weightTables(stage, align, target);
  const grouped = groups === 1 ? '' : `, ${groups} groups`;
  return code(stage, {
    header: node.kind === 'dense' ? 'dense' : 'conv2d',
    function: node.kind === 'dense' ? 'dense' : isPointwise(node) ? 'conv2d_1x1' : 'conv2d',
    text: node.kind === 'dense' ? 'dense' : `conv2d ${windowText(node)}${grouped}`,
    members: [
      ...ioTypes(stage),
      ...(node.kind === 'conv2d' ? windowMembers(node, from, to, windowDepth) : []),
      constant('VECTORS', to.shape[0] * to.shape[1], 'vectors a frame'),
      constant('GROUPS', groups),
      constant('WORDS', from.shape[2] / groups / folding.inLanes, 'words a vector'),
      constant('TAPS', kernel * folding.inLanes, 'values a word'),
      constant('TAP_FOLD', folding.tapFold, 'cycles a word'),
      constant('OUT_LANES', folding.outLanes, 'outputs at a time'),
      constant('OUT_FOLD', to.shape[2] / groups / folding.outLanes, 'times'),
      ...members,
      ...requantizeMembers(node.proof.accumulatorWidth, align, node.activation, node.format),
    ],
    tables,
    tableNames: names,
  });
}

export const conv2d: Renderer<'conv2d'> = matrixStage;
export const dense: Renderer<'dense'> = matrixStage;

export const depthwiseConv2d: Renderer<'depthwiseConv2d'> = (stage, { windowDepth, target }) => {
  const { node, folding } = stage;
  const align = alignment(node.proof, node.id);
  const { members, tables, names } = weightTables(stage, align, target);
  return code(stage, {
    header: 'depthwise_conv2d',
    text: `depthwise conv2d ${windowText(node)}`,
    members: [
      ...ioTypes(stage),
      ...windowMembers(node, input(stage), output(stage), windowDepth),
      constant('TAP_FOLD', folding.tapFold, 'cycles a window'),
      ...members,
      ...requantizeMembers(node.proof.accumulatorWidth, align, node.activation, node.format),
    ],
    tables,
    tableNames: names,
  });
};
