/**
 * What a firmware with reloadable weights asks of an image: the structure that it was made for, and for each stage how
 * its part is cut into words. It is written into the project as `weights.json`, for `vetoc export weights`.
 */
import { z } from 'zod';
import type { Shape } from '../../ir/common.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import { isSumming, isWeighted, type FixedNode } from '../../ir/ops/index.js';
import { fractionBits, type Format } from '../../fixed/format.js';
import { weightedCost } from '../dataflow/folding.js';
import { reloadedStages, type Plan, type WeightedStage } from '../dataflow/plan.js';
import { alignment } from './stages/common.js';
import { factorsPerWord } from './part-words.js';
import { biasLimit } from '../dataflow/weights.js';

const count = z.int().min(1);

const partSchema = z
  .strictObject({
    /** The node whose weights these are. */
    node: z.string(),
    folding: z.strictObject({ inLanes: count, outLanes: count, tapFold: count }).readonly(),
    words: count,
    biasLow: z.int(),
    biasHigh: z.int(),
    accumulatorWidth: count,
    /** Right shift of the rounding for a channel whose alignment is 0. */
    rounding: z.int(),
  })
  .readonly();

export const weightLayoutSchema = z
  .strictObject({
    version: z.literal(2),
    /** Hash of all that follows: the second word of an image. */
    design: z.int().min(0).max(0xffffffff),
    /** The network as the firmware knows it, one line a node, without weights and scales. */
    structure: z.array(z.string()).readonly(),
    parts: z.array(partSchema).readonly(),
  })
  .readonly();
export type WeightLayout = z.infer<typeof weightLayoutSchema>;
export type WeightPart = WeightLayout['parts'][number];

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

/** The format without its scale: integers do not know it. */
const integerFormat = (f: Format): string =>
  `${f.signed ? 'int' : 'uint'}${f.width} ${f.quantization} ${f.overflow}`;

/** Fields that other parts of a line stand for, or that an image brings. */
const ELSEWHERE = new Set(['id', 'kind', 'inputs', 'format', 'weights', 'proof']);

const settings = (node: FixedNode): string =>
  Object.entries(node)
    .filter(([key]) => !ELSEWHERE.has(key))
    .map(
      ([key, value]: [string, unknown]) =>
        ` ${key}=${ArrayBuffer.isView(value) ? `#${hash((value as Int32Array).join(','))}` : JSON.stringify(value)}`,
    )
    .join('');

/** Nodes that shift their inputs by constants: the differences of the scales are part of the structure. */
const shiftsInputs = (node: FixedNode): boolean => isSumming(node) && !isWeighted(node);

function structureLine(node: FixedNode, shape: Shape, formats: ReadonlyMap<string, Format>): string {
  const shifts = shiftsInputs(node)
    ? ` shifts=${node.inputs.map((id) => fractionBits(formats.get(id)!) - fractionBits(node.format)).join(',')}`
    : '';
  const weights =
    'weights' in node ? ` weights=${node.weights.mantissas.length}x${node.weights.width}bit` : '';
  return `${node.id} = ${node.kind}(${node.inputs.join(', ')}) ${shape.join('x')} ${integerFormat(node.format)}${weights}${settings(node)}${shifts}`;
}

/** One line a node: what two networks must share to run on the same firmware. */
export function structureOf(graph: FixedGraph): string[] {
  const shapes = fixedShapes(graph);
  const formats = new Map(graph.nodes.map((n) => [n.id as string, n.format]));
  return [
    ...graph.nodes.map((node) => structureLine(node, shapes.get(node.id)!, formats)),
    `decide(${graph.output}) hits=${JSON.stringify(graph.hitClasses)}`,
  ];
}

function partOf(stage: WeightedStage): WeightPart {
  const { node, folding } = stage;
  const [from, to] = [stage.inputs[0]!.shape, stage.outputs[0]!.shape];
  const { multipliers } = weightedCost(node, from, to, folding);
  const steps = node.weights.mantissas.length / multipliers;
  const limit = biasLimit(node);
  return {
    node: node.id,
    folding,
    words: steps * Math.ceil(multipliers / factorsPerWord(node.weights.width)) + 2 * to[2],
    biasLow: -limit.below,
    biasHigh: limit.above,
    accumulatorWidth: node.proof.accumulatorWidth,
    rounding: alignment(node.proof, node.id).fraction - fractionBits(node.format),
  };
}

/** Words that the part of `decide` takes: the threshold. */
export const DECIDE_WORDS = 1;

/** The layout of the images for `plan`, the dataflow of `graph`. */
export function weightLayout(graph: FixedGraph, plan: Plan): WeightLayout {
  const parts = reloadedStages(plan).flatMap((s) => (s.kind === 'decide' ? [] : [partOf(s)]));
  const structure = structureOf(graph);
  return { version: 2, design: hash(JSON.stringify([structure, parts])), structure, parts };
}

/** Words around the parts: magic, design, CRC. */
const FRAME_WORDS = 3;
export const imageWords = (layout: WeightLayout): number =>
  layout.parts.reduce((sum, part) => sum + part.words, FRAME_WORDS + DECIDE_WORDS);
