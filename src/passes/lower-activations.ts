/**
 * An activation that integers can say lives inside a stage of the fixed graph (others are stages themselves). One that follows no convolution, dense layer or addition
 * of its own (behind a pool, a concatenation, or a stage that others read too) gets a 1×1 depthwise identity.
 */
import { NO_PADDING, type NodeId } from '../ir/common.js';
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import { sameModules } from '../ir/modules.js';
import { type FloatNode, fusesActivation, isFused } from '../ir/ops/index.js';
import { freshId, soleConsumer } from './rewrite.js';

const identity = (id: NodeId, input: NodeId, channels: number, before: FloatNode): FloatNode => ({
  id,
  kind: 'depthwiseConv2d',
  inputs: [input],
  ...sameModules(before),
  kernel: [1, 1],
  strides: [1, 1],
  padding: NO_PADDING,
  weights: new Float32Array(channels).fill(1),
  bias: new Float32Array(channels),
});

/** Afterwards every activation is the only reader of a node that it can be fused into. Keeps the meaning exactly. */
export function lowerActivations(graph: FloatGraph): FloatGraph {
  const shapes = floatShapes(graph);
  const taken = new Set<string>(graph.nodes.map((n) => n.id));
  const nodes: FloatNode[] = [];
  for (const node of graph.nodes) {
    const input = node.inputs[0];
    const producer = graph.nodes.find((n) => n.id === input);
    if (!isFused(node) || input === undefined || producer === undefined) {
      nodes.push(node);
    } else if (fusesActivation(producer) && soleConsumer(graph, input)?.id === node.id) {
      nodes.push(node);
    } else {
      const id = freshId(taken, `${node.id}_in`);
      taken.add(id);
      nodes.push(identity(id, input, shapes.get(input)![2], node), { ...node, inputs: [id] });
    }
  }
  return { ...graph, nodes };
}
