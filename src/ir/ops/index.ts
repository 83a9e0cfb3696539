/** The ops: every one's record, and the unions and tables that derive from them. A new op is its file and a line here. */
import { z } from 'zod';
import type { Shape } from '../common.js';
import { moduleShape, stackShape, type OfModules } from '../modules.js';
import type { OfKind } from '../dispatch.js';
import { FUSED_ACTIVATIONS, TABLED_ACTIVATIONS } from './activations/index.js';
import { bin } from './bin.js';
import { calibrate } from './calibrate.js';
import { commonMode } from './common-mode.js';
import { clamp } from './clamp.js';
import { contrast } from './contrast.js';
import { conv2d } from './conv2d.js';
import { crop } from './crop.js';
import { dense } from './dense.js';
import { depthwiseConv2d } from './depthwise-conv2d.js';
import { batchNorm, flatten, requantize } from './elementwise.js';
import { input } from './input.js';
import { add, concat } from './join.js';
import { lut } from './lut.js';
import { maps } from './maps.js';
import { mask } from './mask.js';
import { multiply } from './multiply.js';
import { avgPool, globalAvgPool, globalMaxPool, maxPool } from './pool.js';
import type { Place, Range, Read, SourceFacts, StageInput, Sum, Trait, Traits } from './record.js';
import { table } from './table.js';
import { upsample } from './upsample.js';

export const OPS = {
  input,
  maps,
  calibrate,
  commonMode,
  crop,
  mask,
  bin,
  contrast,
  clamp,
  lut,
  conv2d,
  depthwiseConv2d,
  dense,
  batchNorm,
  ...FUSED_ACTIVATIONS,
  ...TABLED_ACTIVATIONS,
  maxPool,
  avgPool,
  globalAvgPool,
  globalMaxPool,
  add,
  multiply,
  upsample,
  concat,
  flatten,
  requantize,
  table,
};
type Ops = typeof OPS;
type Kind = keyof Ops;

/** Nodes of one of the graphs by kind. */
type NodesOf<G extends 'float' | 'fixed'> = {
  readonly [K in Kind as Ops[K][G] extends z.ZodType ? K : never]: Ops[K][G] extends z.ZodType
    ? z.infer<Ops[K][G]>
    : never;
};

type FloatNodes = NodesOf<'float'>;
export type FloatKind = keyof FloatNodes;
export type FloatNode = FloatNodes[FloatKind];
export type FloatNodeOf<K extends FloatKind> = Extract<FloatNode, { kind: K }>;

type FixedNodes = NodesOf<'fixed'>;
export type FixedKind = keyof FixedNodes;
export type FixedNode = FixedNodes[FixedKind];
export type FixedNodeOf<K extends FixedKind> = Extract<FixedNode, { kind: K }>;

const { input: raw, ...computed } = OPS;
const COMPUTED = Object.values(computed);
export const floatNodeSchema = z.discriminatedUnion('kind', [
  raw.float,
  ...COMPUTED.flatMap(({ float }) => (float === null ? [] : [float])),
]);
export const fixedNodeSchema = z.discriminatedUnion('kind', [
  raw.fixed,
  ...COMPUTED.flatMap(({ fixed }) => (fixed === null ? [] : [fixed])),
]);

type AnyNode = FloatNode | FixedNode;
type KindsWith<T extends Trait, V = Traits[T]> = {
  [K in Kind]: Ops[K]['traits'] extends { readonly [P in T]: V } ? K : never;
}[Kind];
type With<N extends AnyNode, T extends Trait, V = Traits[T]> = Extract<N, { kind: KindsWith<T, V> }>;

export const traitsOf = (node: { readonly kind: Kind }): Traits => OPS[node.kind].traits;

/** Whether the op of `node` has `trait`. */
const has =
  <T extends Trait>(trait: T) =>
  <N extends AnyNode>(node: N): node is With<N, T> =>
    traitsOf(node)[trait] !== undefined;

/** Preprocessing: exact integer ops that the float and the fixed graph share as they are. */
export const isPreprocess = has('preprocess');
export type PreprocessNode = With<FixedNode, 'preprocess'>;
export type PreprocessKind = PreprocessNode['kind'];
/** Preprocessing that is computed from an input: all of it but the raw frame. */
export type ComputedPreprocessNode = Exclude<PreprocessNode, { kind: 'input' }>;
/** What stands behind the preprocessing. */
export type FloatNetworkNode = Exclude<FloatNode, { kind: PreprocessKind }>;
export type FixedNetworkNode = Exclude<FixedNode, { kind: PreprocessKind | KindsWith<'raw'> }>;

/** Behind raw words and preprocessing. */
export const isNetwork = (node: FixedNode): node is FixedNetworkNode => !isPreprocess(node) && !isRaw(node);

/** The way from raw words to counts, in front of the preprocessing. */
export const isRaw = has('raw');
export type RawNode = With<FixedNode, 'raw'>;

/** What comes from outside with each frame: the frame itself and the maps beside it. */
export const isGiven = has('given');
export type GivenNode = With<FixedNode, 'given'>;
/** What is computed. */
export type ComputedNode = Exclude<FixedNode, GivenNode>;

/** Convolutions and dense layers. */
export const isWeighted = has('weighted');
export type WeightedKind = KindsWith<'weighted'>;

/** Stages that add exactly and round once: what has an accumulator. */
export const isSumming = has('sums');
export type SummingKind = KindsWith<'sums'>;
export type SummingNode = With<FixedNode, 'sums'>;

/** The nodes that an activation can be fused into. */
export const fusesActivation = has('fuses');
export type FusingNode = With<FixedNode, 'fuses'>;

export const isActivation = has('activation');
export type ActivationNode = With<FloatNode, 'activation'>;
/** Activations that become a part of the stage before them. */
export type FusedNode = With<FloatNode, 'activation', 'fused'>;
export const isFused = (node: FloatNode): node is FusedNode => traitsOf(node).activation === 'fused';
/** Activations that become a table: a stage of their own. */
export type TabledNode = With<FloatNode, 'activation', 'tabled'>;
export const isTabled = (node: FloatNode): node is TabledNode => traitsOf(node).activation === 'tabled';

type FloatRecords = {
  readonly [K in FloatKind]: {
    readonly shape: (op: OfKind<FloatNode, K>, inputs: readonly Shape[]) => Shape;
  };
};
type FixedRecords = {
  readonly [K in FixedKind]: {
    readonly shape: (op: OfKind<FixedNode, K>, inputs: readonly Shape[]) => Shape;
    readonly sum?: (op: OfKind<FixedNode, K>, inputs: readonly SourceFacts[]) => Sum;
    readonly range?: (op: OfKind<FixedNode, K>, inputs: readonly StageInput[]) => Range;
    readonly reads: (
      op: OfKind<FixedNode, K>,
      sources: readonly SourceFacts[],
      at: Place,
      shape: Shape,
      read: Read,
    ) => void;
  };
};
type ActivationRecords = {
  readonly [K in ActivationNode['kind']]: {
    readonly apply: (op: OfKind<ActivationNode, K>, x: number, channel: number) => number;
    readonly nonNegative: (op: OfKind<ActivationNode, K>) => boolean;
    readonly withChannels?: (
      op: OfKind<ActivationNode, K>,
      kept: (channel: number) => boolean,
    ) => ActivationNode;
  };
};
// A record is looked up as a table of its own question: kind of node and record are then seen to agree.
const floatRecords: FloatRecords = OPS;
const fixedRecords: FixedRecords = OPS;
const activationRecords: ActivationRecords = OPS;

/** In how many parts of its rows `node` works, each by itself: its modules, unless it treats every pixel by itself. */
export const partsOf = (node: { readonly kind: Kind } & Pick<OfModules, 'modules'>): number =>
  traitsOf(node).pointwise === true ? 1 : (node.modules ?? 1);

/** Output shape of a node of so many parts, from the rule for one. */
const shapeOf = (
  parts: number,
  inputs: readonly Shape[],
  rule: (inputs: readonly Shape[]) => Shape,
): Shape =>
  parts === 1 ? rule(inputs) : stackShape(rule(inputs.map((shape) => moduleShape(shape, parts))), parts);

/** Facts as one of so many parts sees them. */
export const factsOfPart = <F extends { readonly shape: Shape }>(
  parts: number,
  inputs: readonly F[],
): readonly F[] =>
  parts === 1 ? inputs : inputs.map((facts) => ({ ...facts, shape: moduleShape(facts.shape, parts) }));

/** Output shape of `node`. Throws `InvariantError` where it does not fit its inputs. */
export const floatShape = <K extends FloatKind>(
  node: OfKind<FloatNode, K>,
  inputs: readonly Shape[],
): Shape => shapeOf(partsOf(node), inputs, (shapes) => floatRecords[node.kind].shape(node, shapes));

export const fixedShape = <K extends FixedKind>(
  node: OfKind<FixedNode, K>,
  inputs: readonly Shape[],
): Shape => shapeOf(partsOf(node), inputs, (shapes) => fixedRecords[node.kind].shape(node, shapes));

/** What `node` adds up, before its activation; undefined where it does not sum. */
export const sumOf = <K extends FixedKind>(
  node: OfKind<FixedNode, K>,
  inputs: readonly SourceFacts[],
): Sum | undefined => fixedRecords[node.kind].sum?.(node, factsOfPart(partsOf(node), inputs));

/** Output range of a node without a proof, by the ranges of its inputs. */
export const plainRange = <K extends FixedKind>(
  node: OfKind<FixedNode, K>,
  inputs: readonly StageInput[],
): Range | undefined => fixedRecords[node.kind].range?.(node, inputs);

/** Every value that element `at` of `node` is made of; positions in the padding come, too. */
export const readsOf = <K extends FixedKind>(
  node: OfKind<FixedNode, K>,
  sources: readonly SourceFacts[],
  at: Place,
  shape: Shape,
  read: Read,
): void => {
  const parts = partsOf(node);
  const { reads } = fixedRecords[node.kind];
  if (parts === 1) {
    reads(node, sources, at, shape, read);
    return;
  }
  const own = factsOfPart(parts, sources);
  const one = moduleShape(shape, parts);
  const part = Math.floor(at[0] / one[0]);
  reads(node, own, [at[0] % one[0], at[1], at[2]], one, (source, y, x, c, weight, times) => {
    const [height] = own[source]!.shape;
    // What lies above or below a module is padding, not its neighbour.
    const row = y < 0 || y >= height ? -1 : part * height + y;
    read(source, row, x, c, weight, times);
  });
};

/** What an activation makes of `x`, in double precision. */
export const applyActivation = <K extends ActivationNode['kind']>(
  node: OfKind<ActivationNode, K>,
  x: number,
  channel: number,
): number => activationRecords[node.kind].apply(node, x, channel);

/** Whether an activation is negative for no input. */
export const isNonNegative = <K extends ActivationNode['kind']>(node: OfKind<ActivationNode, K>): boolean =>
  activationRecords[node.kind].nonNegative(node);

/** An activation behind the channels alone that are `kept`. */
export const withChannels = <K extends ActivationNode['kind']>(
  node: OfKind<ActivationNode, K>,
  kept: (channel: number) => boolean,
): ActivationNode => activationRecords[node.kind].withChannels?.(node, kept) ?? node;
