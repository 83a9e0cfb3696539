/**
 * From a float graph that fails a check to a small one that fails it alike: nodes passed over and cut off, parameters
 * made plain, one frame with few pixels, as long as the failure stays.
 */
import { InvariantError } from '../../src/core/errors.js';
import { nodeId, type NodeId } from '../../src/ir/common.js';
import { floatShapes, inputNode, type FloatGraph } from '../../src/ir/graph.js';
import { isPreprocess, type FloatNode } from '../../src/ir/ops/index.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { minimizeFrame } from '../../src/verify/minimize.js';
import { descend } from './descend.js';
import { checkFloat, type FloatFailure, type FloatSubject } from './float-checks.js';
import { isAlike } from './outcome.js';

/** `graph` with other nodes, without those that nothing reads; null where they make no graph. */
function rebuild(graph: FloatGraph, nodes: readonly FloatNode[]): FloatGraph | null {
  const needed = new Set<NodeId>([graph.output]);
  for (const node of [...nodes].reverse())
    if (needed.has(node.id)) for (const id of node.inputs) needed.add(id);
  try {
    return verifyFloatGraph({ ...graph, nodes: nodes.filter((n) => needed.has(n.id)) });
  } catch (error) {
    if (error instanceof InvariantError) return null;
    throw error;
  }
}

/** The graph up to `node`, with logits that weigh the largest value of each of its channels otherwise. */
function cutAfter(graph: FloatGraph, node: FloatNode): FloatGraph | null {
  const channels = floatShapes(graph).get(node.id)![2];
  const classes = graph.classNames.length;
  const tail: readonly FloatNode[] = [
    { id: nodeId('tail'), kind: 'globalMaxPool', inputs: [node.id] },
    {
      id: nodeId('sums'),
      kind: 'dense',
      inputs: [nodeId('tail')],
      weights: Float32Array.from({ length: channels * classes }, (_, i) => ((i * 7) % 5) - 2.5),
      bias: new Float32Array(classes),
    },
  ];
  const kept = graph.nodes.slice(0, graph.nodes.indexOf(node) + 1);
  return rebuild({ ...graph, output: nodeId('sums') }, [...kept, ...tail]);
}

/** The graph in which readers of a node of the network read one of its inputs instead. */
const bypasses = (graph: FloatGraph): readonly (FloatGraph | null)[] =>
  graph.nodes
    .filter((node) => !isPreprocess(node))
    .flatMap((node) =>
      node.inputs.map((input) => {
        const others = graph.nodes.filter((n) => n.id !== node.id);
        const redirect = (id: NodeId): NodeId => (id === node.id ? input : id);
        return node.id === graph.output
          ? null
          : rebuild(
              graph,
              others.map((n) => ({ ...n, inputs: n.inputs.map(redirect) })),
            );
      }),
    );

/** What a parameter is where it does nothing. */
const IDLE: Readonly<Record<string, number>> = {
  weights: 0,
  bias: 0,
  alpha: 1,
  beta: 0,
  mean: 0,
  gamma: 1,
  variance: 1,
};

/** Parameters of one node, in ever smaller parts, made idle. */
function plainer(graph: FloatGraph, node: FloatNode): readonly (FloatGraph | null)[] {
  return Object.entries(node).flatMap(([field, values]) => {
    const idle = IDLE[field];
    if (!(values instanceof Float32Array) || idle === undefined) return [];
    const busy = [...values.keys()].filter((i) => values[i] !== idle);
    const parts = [busy, busy.slice(0, busy.length >> 1), busy.slice(busy.length >> 1)];
    return parts
      .filter((part) => part.length > 0)
      .map((part) => {
        const changed = values.slice();
        for (const i of part) changed[i] = idle;
        const nodes = graph.nodes.map((n) => (n.id === node.id ? { ...n, [field]: changed } : n));
        return rebuild(graph, nodes as readonly FloatNode[]);
      });
  });
}

function* variantsOf(graph: FloatGraph): Generator<FloatGraph> {
  const network = graph.nodes.filter((n) => !isPreprocess(n));
  for (const node of network.slice(0, -2)) {
    const cut = cutAfter(graph, node);
    if (cut !== null && cut.nodes.length < graph.nodes.length) yield cut;
  }
  for (const variant of bypasses(graph)) if (variant !== null) yield variant;
  for (const node of [...network].reverse())
    for (const variant of plainer(graph, node)) if (variant !== null) yield variant;
}

/** Shrinks `failure`; runs `check` at most `budget` times for the network, and as often for the frame. */
export async function shrinkFloat(
  failure: FloatFailure,
  budget: number,
  check: typeof checkFloat = checkFloat,
): Promise<FloatFailure> {
  /** The failure on `subject`, if it is one like `like`. */
  const again = async (like: FloatFailure, subject: FloatSubject): Promise<FloatFailure | null> => {
    const outcome = await check(like.check, subject);
    return isAlike(like.outcome, outcome) ? { ...like, subject, outcome } : null;
  };
  const { subject, outcome } = failure;
  const single = { ...subject, frames: [subject.frames[outcome.frames[0]!]!] };
  const first = (await again(failure, single)) ?? failure;
  const best = await descend(
    first,
    budget,
    (f) => variantsOf(f.subject.graph),
    (f, graph) => again(f, { ...f.subject, graph }),
  );
  if (best.subject.frames.length > 1) return best;
  const differs = (frames: readonly Uint16Array[]): Promise<readonly boolean[]> =>
    Promise.all(
      frames.map(async (frame) => (await again(best, { ...best.subject, frames: [frame] })) !== null),
    );
  const width = inputNode(best.subject.graph).size[1];
  const frame = await minimizeFrame(best.subject.frames[0]!, width, differs, budget);
  return (await again(best, { ...best.subject, frames: [frame] })) ?? best;
}
