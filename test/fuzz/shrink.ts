/**
 * From a failing network to a small one that fails the same check: nodes cut off and passed over, weights and modes
 * made plain, pixels set to zero, as long as the failure stays.
 */
import { InvariantError } from '../../src/core/errors.js';
import { format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder, type UnprovenNode } from '../../src/ir/build.js';
import { NO_PADDING, nodeId, type NodeId } from '../../src/ir/common.js';
import { fixedShapes, inputNode, type FixedGraph } from '../../src/ir/graph.js';
import type { FixedNode } from '../../src/ir/ops/index.js';
import { minimizeFrame } from '../../src/verify/minimize.js';
import { check, type CheckName, type Subject } from './check.js';
import { descend } from './descend.js';
import { isAlike, type Failed } from './outcome.js';

/** `graph` with other nodes, its proofs computed anew; null where they make no graph. */
export function rebuild(graph: Omit<FixedGraph, 'nodes'>, nodes: readonly UnprovenNode[]): FixedGraph | null {
  try {
    const needed = new Set<NodeId>([graph.output]);
    for (const node of [...nodes].reverse())
      if (needed.has(node.id)) for (const id of node.inputs) needed.add(id);
    const builder = createFixedGraphBuilder(graph.reloadable);
    for (const node of nodes) if (needed.has(node.id)) builder.add(node);
    return builder.build(graph);
  } catch (error) {
    if (error instanceof InvariantError) return null;
    throw error;
  }
}

const edit = (graph: FixedGraph, id: NodeId, change: (node: FixedNode) => FixedNode): FixedGraph | null =>
  rebuild(
    graph,
    graph.nodes.map((n) => (n.id === id ? change(n) : n)),
  );

/** The graph up to `last`, with two logits that are always zero behind it. */
function cutAfter(graph: FixedGraph, last: number): FixedGraph | null {
  const node = graph.nodes[last]!;
  const shape = fixedShapes(graph).get(node.id)!;
  const pooled: UnprovenNode = {
    id: nodeId('tail'),
    kind: 'globalMaxPool',
    inputs: [node.id],
    format: node.format,
  };
  const logits: UnprovenNode = {
    id: nodeId('zero'),
    kind: 'dense',
    inputs: [nodeId('tail')],
    weights: {
      mantissas: new Int32Array(shape[2] * 2),
      width: 2,
      fraction: new Int32Array(2),
      bias: new Float64Array(2),
    },
    activation: { kind: 'none' },
    format: format(true, 8, 8),
  };
  return rebuild(
    {
      ...graph,
      output: logits.id,
      classNames: ['miss', 'hit'],
      hitClasses: [false, true],
      threshold: 0,
    },
    [...graph.nodes.slice(0, last + 1), pooled, logits],
  );
}

/** The graph in which readers of a node read one of its inputs instead. */
function bypasses(graph: FixedGraph): (FixedGraph | null)[] {
  return graph.nodes.flatMap((node) =>
    node.inputs.map((input) => {
      const redirect = (id: NodeId): NodeId => (id === node.id ? input : id);
      const nodes = graph.nodes
        .filter((n) => n.id !== node.id)
        .map((n) => ({ ...n, inputs: n.inputs.map(redirect) }) as FixedNode);
      return node.id === graph.output ? null : rebuild(graph, nodes);
    }),
  );
}

/** Plainer variants of one node. */
function plainer(graph: FixedGraph, node: FixedNode): (FixedGraph | null)[] {
  const variants: (FixedGraph | null)[] = [];
  const vary = (change: (n: FixedNode) => FixedNode): void => {
    variants.push(edit(graph, node.id, change));
  };
  const { format: f } = node;
  if (node.kind !== 'input' && (f.quantization !== 'AP_RND_CONV' || f.overflow !== 'AP_SAT'))
    vary((n) => ({ ...n, format: format(f.signed, f.width, f.integer) }) as FixedNode);
  if ('activation' in node && node.activation.kind !== 'none')
    vary((n) => ({ ...n, activation: { kind: 'none' } }) as FixedNode);
  if ('padding' in node && node.padding.some((p) => p !== 0))
    vary((n) => ({ ...n, padding: NO_PADDING }) as FixedNode);
  if ('strides' in node && node.strides.some((s) => s !== 1))
    vary((n) => ({ ...n, strides: [1, 1] }) as FixedNode);
  if ('weights' in node) {
    const { weights } = node;
    const withWeights = (change: Partial<typeof weights>): void => {
      vary((n) => ({ ...n, weights: { ...weights, ...change } }) as FixedNode);
    };
    if (weights.bias.some((b) => b !== 0)) withWeights({ bias: new Float64Array(weights.bias.length) });
    const lit = [...weights.mantissas.keys()].filter((i) => weights.mantissas[i] !== 0);
    for (let size = lit.length; size >= 1 && lit.length > 0; size = Math.floor(size / 2)) {
      for (let i = 0; i < lit.length; i += size) {
        const mantissas = weights.mantissas.slice();
        for (const k of lit.slice(i, i + size)) mantissas[k] = 0;
        withWeights({ mantissas });
      }
      if (lit.length / size > 16) break;
    }
  }
  return variants;
}

function* variantsOf(graph: FixedGraph): Generator<FixedGraph> {
  for (let last = 1; last < graph.nodes.length - 2; last++) {
    const cut = cutAfter(graph, last);
    if (cut !== null && cut.nodes.length < graph.nodes.length) yield cut;
  }
  for (const variant of bypasses(graph)) if (variant !== null) yield variant;
  for (const node of [...graph.nodes].reverse())
    for (const variant of plainer(graph, node)) if (variant !== null) yield variant;
}

export interface Shrunk {
  readonly subject: Subject;
  readonly outcome: Failed;
}

/** Shrinks `start`, which fails `name` with `outcome`; runs `run` at most `budget` times for the network, and as often for the frame. */
export async function shrink(
  name: CheckName,
  start: Subject,
  outcome: Failed,
  budget: number,
  run: typeof check = check,
): Promise<Shrunk> {
  const first = { subject: { ...start, frames: [start.frames[outcome.frames[0]!]!] }, outcome };
  const best = await descend<Shrunk, FixedGraph>(
    first,
    budget,
    ({ subject }) => variantsOf(subject.graph),
    async ({ subject }, graph) => {
      const smaller = { ...subject, graph };
      const again = await run(name, smaller);
      return isAlike(outcome, again) ? { subject: smaller, outcome: again } : null;
    },
  );
  const { graph } = best.subject;
  const differs = async (frames: readonly Uint16Array[]): Promise<readonly boolean[]> => {
    const again = await run(name, { ...best.subject, frames });
    return frames.map((_, i) => isAlike(outcome, again) && again.frames.includes(i));
  };
  const frame = await minimizeFrame(best.subject.frames[0]!, inputNode(graph).size[1], differs, budget);
  const subject = { ...best.subject, frames: [frame] };
  const last = await run(name, subject);
  return isAlike(outcome, last) ? { subject, outcome: last } : best;
}
