/** Building a fixed graph node by node, in topological order, with every proof computed on the way. */
import { invariant } from '../core/errors.js';
import type { NodeId, Proof, Shape } from './common.js';
import type { FixedGraph } from './graph.js';
import { fixedShapeRules, type FixedNode } from './ops/index.js';
import { nodeRange, proveStage, type ProvenNode, type Range, type StageInput } from './prove.js';
import { verifyFixedGraph } from './verify.js';

type WithoutProof<N> = N extends { readonly proof: Proof } ? Omit<N, 'proof'> : N;
/** A node as the builder takes it: stages whose accumulators are proved come without their proof. */
export type UnprovenNode = WithoutProof<FixedNode>;

const PROVEN_KINDS: ReadonlySet<string> = new Set<ProvenNode['kind']>([
  'conv2d',
  'depthwiseConv2d',
  'dense',
  'avgPool',
  'globalAvgPool',
  'add',
]);

export interface FixedGraphBuilder {
  /** Appends a node and returns its id; throws `InvariantError` when it does not fit its inputs. */
  add(node: UnprovenNode): NodeId;
  /** What a consumer of `id` reads: proved range, format and shape. */
  output(id: NodeId): StageInput;
  /** The finished, verified graph. */
  build(facts: Omit<FixedGraph, 'nodes' | 'reloadable'>): FixedGraph;
}

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
      const node = (
        PROVEN_KINDS.has(unproven.kind)
          ? { ...unproven, proof: proveStage(unproven as Omit<ProvenNode, 'proof'>, inputs, reloadable) }
          : unproven
      ) as FixedNode;
      const rule = fixedShapeRules[node.kind] as (node: FixedNode, inputs: readonly Shape[]) => Shape;
      const shape = rule(
        node,
        inputs.map((i) => i.shape),
      );
      const range: Range = nodeRange(node, inputs);
      nodes.push(node);
      outputs.set(node.id, { range, format: node.format, shape });
      return node.id;
    },
    output(id) {
      const output = outputs.get(id);
      invariant(output !== undefined, `no node ${id}`);
      return output;
    },
    build: (facts) => verifyFixedGraph({ ...facts, nodes, reloadable }),
  };
}
