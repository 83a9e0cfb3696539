/** Building a fixed graph node by node, in topological order, with every proof computed on the way. */
import { invariant } from '../core/errors.js';
import type { NodeId } from './common.js';
import type { FixedGraph } from './graph.js';
import { fixedShape, traitsOf, type FixedNode } from './ops/index.js';
import {
  NO_PROOF,
  nodeRange,
  proveStage,
  type ProvenNode,
  type StageInput,
  type UnprovenStage,
} from './prove.js';
import { verifyFixedGraph } from './verify.js';

/** A node as the builder takes it: stages whose accumulators are proved come without their proof. */
export type UnprovenNode = UnprovenStage | Exclude<FixedNode, ProvenNode>;

export interface FixedGraphBuilder {
  /** Appends a node and returns its id; throws `InvariantError` when it does not fit its inputs. */
  add(node: UnprovenNode): NodeId;
  /** What a consumer of `id` reads: proved range, format and shape. */
  output(id: NodeId): StageInput;
  /** The node that was added as `id`. */
  node(id: NodeId): FixedNode;
  /** The finished, verified graph. */
  build(facts: Omit<FixedGraph, 'nodes' | 'reloadable'>): FixedGraph;
}

/** Whether `node` is one that a proof belongs to. */
export const isUnproven = (node: UnprovenNode): node is UnprovenStage => traitsOf(node).proved !== undefined;

export function createFixedGraphBuilder(reloadable = false): FixedGraphBuilder {
  const nodes: FixedNode[] = [];
  const outputs = new Map<NodeId, StageInput>();
  return {
    add(unproven) {
      const inputs = unproven.inputs.map((id) => {
        const input = outputs.get(id);
        invariant(input !== undefined, `${unproven.id} reads ${id}, which was not added`);
        return input;
      });
      // Whether it fits its inputs is asked first: what does not has no bounds, either.
      const shape = fixedShape(
        isUnproven(unproven) ? { ...unproven, proof: NO_PROOF } : unproven,
        inputs.map((i) => i.shape),
      );
      const node: FixedNode = isUnproven(unproven)
        ? { ...unproven, proof: proveStage(unproven, inputs, reloadable) }
        : unproven;
      const range = nodeRange(node, inputs);
      nodes.push(node);
      outputs.set(node.id, { range, format: node.format, shape });
      return node.id;
    },
    output(id) {
      const output = outputs.get(id);
      invariant(output !== undefined, `no node ${id}`);
      return output;
    },
    node(id) {
      const found = nodes.find((node) => node.id === id);
      invariant(found !== undefined, `no node ${id}`);
      return found;
    },
    build: (facts) => verifyFixedGraph({ ...facts, nodes, reloadable }),
  };
}
