/** Convolutions and dense layers. */
import { constant, intType, romType, signedBitsFor, table1, table2, typedef, type Member } from '../cpp.js';
import { isPointwise } from '../../dataflow/folding.js';
import type { StageOf, WeightedStage } from '../../dataflow/plan.js';
import { biasLimit, weightSteps } from '../../dataflow/weights.js';
import { hasMemory } from '../memories.js';
import { channelWords, factorWords, wordsCrc } from '../part-words.js';
import {
  alignment,
  code,
  crcMember,
  memoryStream,
  type Memory,
  input,
  ioTypes,
  output,
  reloadStreams,
  roundingMembers,
  slopeTables,
  windowMembers,
  windowText,
  type Alignment,
  type Context,
  type Renderer,
  type StageCode,
} from './common.js';
import { shiftAddStage } from './shift-add.js';

interface Tables {
  readonly members: readonly Member[];
  readonly tables: readonly string[];
  readonly names: readonly string[];
  readonly memories: readonly Memory[];
}

/** Sum of the products of one cycle: plain C++, which simulates fast; synthesis keeps the bits that can change. */
const stepType = (accumulatorWidth: number): Member =>
  typedef('step_t', accumulatorWidth <= 32 ? 'int' : 'long long', 'sum of the products of one cycle, exact');

/** Weights, biases and shifts. */
function weightTables(stage: WeightedStage, align: Alignment, { multiplier, plan }: Context): Tables {
  const { node, folding, name } = stage;
  const { steps, multipliers, values } = weightSteps(node, input(stage).shape, folding);
  const { bias, width } = node.weights;
  const reloadable = node.proof.worstCase;
  const limit = biasLimit(node);
  const biasBits = signedBitsFor(-limit.below, limit.above);
  const banks = reloadable ? 2 : 1;
  const [part, set] = reloadStreams(plan, stage);
  const names = [`${name}_weights`, `${name}_bias`, `${name}_align`] as const;
  return {
    members: [
      typedef('weight_t', intType(true, width)),
      typedef('multiplier', `vetoc::in_${multiplier!}`),
      typedef('bias_t', intType(true, biasBits), "at the accumulator's resolution"),
      constant('BANKS', banks, reloadable ? 'one in use, one for new weights' : 'constant weights'),
      constant('STEPS', steps, 'reuse factor of a multiplier'),
      constant('MULTIPLIERS', multipliers),
      constant('OUT_CHANNELS', bias.length),
      stepType(node.proof.accumulatorWidth),
      crcMember(
        wordsCrc([...factorWords(node, folding, input(stage).shape), ...channelWords(bias, align.shifts)]),
      ),
    ],
    tables: [
      `// One row a cycle: [output lane][value].\n${table2(romType(true, width), names[0], banks, multipliers, values)}`,
      table1(romType(true, biasBits), names[1], bias, { banks }),
      `// Left shift that brings each channel's accumulator to the common fraction of ${align.fraction} bits.\n${table1(romType(false, 6), names[2], align.shifts, { banks })}`,
    ],
    names: [...(reloadable ? [part, set] : []), ...names, memoryStream(plan, stage)],
    memories: hasMemory(stage)
      ? [width, biasBits, 6].map((bits, i) => ({ name: names[i]!, bits, banks }))
      : [],
  };
}

/** Header and function: those of constant weights, or of weights that can be reloaded. */
function template(
  stage: WeightedStage,
  name: string,
): { readonly header: string; readonly function: string } {
  return stage.node.proof.worstCase
    ? { header: 'reloadable', function: `${name}_reloadable` }
    : { header: name.replace('_1x1', ''), function: name };
}

function matrixStage(stage: StageOf<'conv2d'> | StageOf<'dense'>, context: Context): StageCode {
  if (stage.adders !== undefined) return shiftAddStage(stage, stage.adders, context);
  const { node, folding } = stage;
  const [from, to] = [input(stage), output(stage)];
  const groups = node.kind === 'conv2d' ? node.groups : 1;
  const kernel = node.kind === 'conv2d' ? node.kernel[0] * node.kernel[1] : 1;
  const align = alignment(node.proof, node.id);
  const { members, tables, names, memories } = weightTables(stage, align, context);
  const grouped = groups === 1 ? '' : `, ${groups} groups`;
  return code(stage, {
    ...template(stage, node.kind === 'dense' ? 'dense' : isPointwise(node) ? 'conv2d_1x1' : 'conv2d'),
    text: node.kind === 'dense' ? 'dense' : `conv2d ${windowText(node)}${grouped}`,
    members: [
      ...ioTypes(stage),
      ...(node.kind === 'conv2d' ? windowMembers(node, from, to, context.windowDepth) : []),
      constant('VECTORS', to.shape[0] * to.shape[1], 'vectors a frame'),
      constant('GROUPS', groups),
      constant('WORDS', from.shape[2] / groups / folding.inLanes, 'words a vector'),
      constant('TAPS', kernel * folding.inLanes, 'values a word'),
      constant('TAP_FOLD', folding.tapFold, 'cycles a word'),
      constant('OUT_LANES', folding.outLanes, 'outputs at a time'),
      constant('OUT_FOLD', to.shape[2] / groups / folding.outLanes, 'times'),
      ...members,
      ...roundingMembers(stage, align),
    ],
    tables: [...tables, ...slopeTables(stage, node.activation)],
    arguments: names,
    memories,
  });
}

export const conv2d: Renderer<'conv2d'> = matrixStage;
export const dense: Renderer<'dense'> = matrixStage;

export const depthwiseConv2d: Renderer<'depthwiseConv2d'> = (stage, context) => {
  if (stage.adders !== undefined) return shiftAddStage(stage, stage.adders, context);
  const { node, folding } = stage;
  const align = alignment(node.proof, node.id);
  const { members, tables, names, memories } = weightTables(stage, align, context);
  return code(stage, {
    ...template(stage, 'depthwise_conv2d'),
    text: `depthwise conv2d ${windowText(node)}`,
    members: [
      ...ioTypes(stage),
      ...windowMembers(node, input(stage), output(stage), context.windowDepth),
      constant('TAP_FOLD', folding.tapFold, 'cycles a window'),
      constant('OUT_LANES', folding.inLanes, 'outputs at a time'),
      ...members,
      ...roundingMembers(stage, align),
    ],
    tables: [...tables, ...slopeTables(stage, node.activation)],
    arguments: names,
    memories,
  });
};
