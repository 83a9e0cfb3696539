/** What becomes one stage of the fixed graph: a node, and the activation that it alone feeds. */
import { invariant } from '../core/errors.js';
import type { NodeId } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import {
  type FusedNode,
  type FloatNode,
  type FloatNodeOf,
  fusesActivation,
  isFused,
} from '../ir/ops/index.js';
import { soleConsumer } from './rewrite.js';

/** The nodes that head a stage. */
export type StageNode = Exclude<FloatNode, FusedNode | FloatNodeOf<'batchNorm'>>;

export interface Stage {
  /** Name of the fixed node: that of the float node that heads the stage. */
  readonly id: NodeId;
  readonly node: StageNode;
  readonly activation: FusedNode | null;
  /** The float node whose tensor the stage computes: its activation, or itself. */
  readonly tensor: NodeId;
  /** Stages that it reads. */
  readonly inputs: readonly NodeId[];
}

/** The stages of a graph without batch normalisation and with every activation lowered, in order. */
export function fuseStages(graph: FloatGraph): readonly Stage[] {
  const stageOf = new Map<NodeId, NodeId>();
  const stages: Stage[] = [];
  for (const node of graph.nodes) {
    if (isFused(node)) {
      invariant(stageOf.has(node.id), `${node.id}: an activation on its own; lower activations first`);
      continue;
    }
    invariant(node.kind !== 'batchNorm', `${node.id}: batch normalisation is left; fold it first`);
    const reader = fusesActivation(node) ? soleConsumer(graph, node.id) : null;
    const activation = reader !== null && isFused(reader) ? reader : null;
    const tensor = activation?.id ?? node.id;
    stageOf.set(tensor, node.id);
    const inputs = node.inputs.map((id) => {
      const stage = stageOf.get(id);
      invariant(stage !== undefined, `${node.id} reads ${id}, which no stage computes`);
      return stage;
    });
    stages.push({ id: node.id, node, activation, tensor, inputs });
  }
  return stages;
}
