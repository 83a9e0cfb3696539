/**
 * The dataflow between graph and C++: stages (one HLS function each) and streams (one producer, one consumer each).
 *
 * A stream carries a tensor in row-major order, `lanes` values a word. Either `lanes` divides the channels, or a word
 * holds whole pixels of a one-channel image and every row starts with a fresh word.
 */
import { invariant } from '../../core/errors.js';
import type { Format } from '../../fixed/format.js';
import type { NodeId, Shape } from '../../ir/common.js';
import type { Link } from './link.js';
import type { AdderGraph } from './shift-add.js';
import {
  isWeighted as hasWeights,
  type FixedKind,
  type FixedNode,
  type FixedNodeOf,
  type GivenNode,
  type WeightedKind,
} from '../../ir/ops/index.js';

/** How a tensor is cut into words. */
export interface Packing {
  readonly shape: Shape;
  readonly lanes: number;
}

export interface Stream extends Packing {
  /** A C++ identifier, unique in the project. */
  readonly name: string;
  /** The node whose values it carries. */
  readonly node: NodeId;
  readonly format: Format;
}

/** Words that a tensor takes in a frame. */
export function wordsPerFrame({ shape, lanes }: Packing): number {
  const [height, width, channels] = shape;
  if (channels % lanes === 0) return height * width * (channels / lanes);
  invariant(lanes % channels === 0, `${lanes} lanes for ${channels} channels`);
  return height * Math.ceil(width / (lanes / channels));
}

/** How a weighted stage is folded onto its multipliers. */
export interface Folding {
  /** Channels that arrive in a word. */
  readonly inLanes: number;
  /** Output channels computed at a time. */
  readonly outLanes: number;
  /** Cycles that share the multipliers of one word. */
  readonly tapFold: number;
}

/** Kinds of stage that are a node of the graph: `input` becomes `receive`, all `maps` one `receiveMaps`, `flatten` only renames. */
export type NodeStageKind = Exclude<FixedKind, GivenNode['kind'] | 'flatten'>;

export type Stage =
  | { readonly [K in NodeStageKind]: NodeStage<K> }[NodeStageKind]
  | AbsorbStage
  | ReceiveStage
  | ReceiveMapsStage
  | LoadWeightsStage
  | SwapWeightsStage
  | ForkStage
  | RepackStage
  | DecideStage;

interface StageBase {
  /** A C++ identifier, unique in the project: the config struct is `<name>_config`. */
  readonly name: string;
  readonly inputs: readonly Stream[];
  readonly outputs: readonly Stream[];
  /** Of the second network's: the stage of the first that it is a copy of. */
  readonly twin?: string;
}

export interface NodeStage<K extends NodeStageKind> extends StageBase {
  readonly kind: K;
  readonly node: FixedNodeOf<K>;
  readonly folding: Folding;
  /** Products of constant weights as shifts and additions, in place of multipliers. */
  readonly adders?: AdderGraph;
}
/** The FIFO in front, of beats as they come. */
export interface AbsorbStage extends StageBase {
  readonly kind: 'absorb';
  readonly link: Link;
  /** Beats of a packet. */
  readonly beats: number;
}
export interface ReceiveStage extends StageBase {
  readonly kind: 'receive';
  readonly link: Link;
  readonly node: FixedNodeOf<'input'>;
}
/** Where the maps that come with each frame come in, in step with the pixels: a stream for each of them. */
export interface ReceiveMapsStage extends StageBase {
  readonly kind: 'receiveMaps';
}
/** Where new weights come in; it has no part in the frames. */
export interface LoadWeightsStage extends StageBase {
  readonly kind: 'loadWeights';
}
/** Lets pixels through and tells every stage which weights a frame is computed with. */
export interface SwapWeightsStage extends StageBase {
  readonly kind: 'swapWeights';
}
/** The same words to two readers. */
export interface ForkStage extends StageBase {
  readonly kind: 'fork';
}
/** Words of another width. */
export interface RepackStage extends StageBase {
  readonly kind: 'repack';
}
export interface DecideStage extends StageBase {
  readonly kind: 'decide';
}

export type StageKind = Stage['kind'];
export type StageOf<K extends StageKind> = Extract<Stage, { kind: K }>;

export interface Plan {
  readonly stages: readonly Stage[];
  /** Every stream, in the order of its producer. */
  readonly streams: readonly Stream[];
  /** The stream on which the values of each node can be seen. */
  readonly visible: ReadonlyMap<NodeId, Stream>;
  readonly pixelsPerClock: number;
  /** How frames arrive. */
  readonly link: Link;
  /** Cycles that a frame may take. */
  readonly cyclesPerFrame: number;
  /** Whether a second network sees the same frames in shadow. */
  readonly canary: boolean;
}

/** The stage that takes the frames in. */
export function receiveOf(plan: Plan): ReceiveStage {
  const stage = plan.stages.find((s) => s.kind === 'receive');
  invariant(stage !== undefined, 'a plan receives frames');
  return stage;
}

/** A stage with weights. */
export type WeightedStage = { readonly [K in WeightedKind]: StageOf<K> }[WeightedKind];
export const isWeighted = (stage: Stage): stage is WeightedStage => 'node' in stage && hasWeights(stage.node);

/** A stage that an image has a part for. */
const isReloaded = (stage: Stage): stage is WeightedStage | DecideStage =>
  stage.kind === 'decide' || (isWeighted(stage) && stage.twin === undefined);

/** Networks that see each frame. */
export const networksOf = (plan: Plan): 1 | 2 => (plan.canary ? 2 : 1);

/** The stages that an image of new weights has a part for, in its order; none where weights are constants. */
export const reloadedStages = (plan: Plan): readonly (WeightedStage | DecideStage)[] =>
  plan.stages.some((s) => s.kind === 'loadWeights') ? plan.stages.filter(isReloaded) : [];

/** The stages of a plan that compute a node. */
export const nodeOf = (stage: Stage): FixedNode | undefined => ('node' in stage ? stage.node : undefined);
