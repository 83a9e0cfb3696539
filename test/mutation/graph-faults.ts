/**
 * Faults of a generator: what it would emit if it had read one fact of the network wrongly. The emitted file is of the
 * changed graph, the interpreter runs the right one.
 */
import { nodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import type { FixedKind, FixedNode, FixedNodeOf } from '../../src/ir/ops/index.js';

export interface GraphFault {
  readonly name: string;
  readonly stage: string;
  readonly change: (graph: FixedGraph) => FixedGraph;
}

const on =
  <K extends FixedKind>(kind: K, id: string, change: (node: FixedNodeOf<K>) => Partial<FixedNodeOf<K>>) =>
  (graph: FixedGraph): FixedGraph => ({
    ...graph,
    nodes: graph.nodes.map((n) =>
      n.id === nodeId(id) && n.kind === kind ? ({ ...n, ...change(n as FixedNodeOf<K>) } as FixedNode) : n,
    ),
  });

export const GRAPH_FAULTS: readonly GraphFault[] = [
  {
    name: 'mask rows and columns exchanged',
    stage: 'mask',
    change: on('mask', 'mask', ({ live }) => ({
      live: live.map((_, i) => live[(i % 32) * 32 + Math.floor(i / 32)]!),
    })),
  },
  { name: 'sums for maxima in the binning', stage: 'bin', change: on('bin', 'bin', () => ({ mode: 'sum' })) },
  {
    name: 'a table that starts at 1',
    stage: 'lut',
    change: on('lut', 'lut', ({ table }) => ({
      table: table.map((v, i) => table[Math.max(0, i - 1)] ?? v),
    })),
  },
  {
    name: 'kernels transposed',
    stage: 'conv1',
    change: on('conv2d', 'conv1', ({ weights }) => ({
      weights: {
        ...weights,
        mantissas: weights.mantissas.map((_, i) => {
          const [tap, c] = [Math.floor(i / 6), i % 6];
          return weights.mantissas[((tap % 3) * 3 + Math.floor(tap / 3)) * 6 + c]!;
        }),
      },
    })),
  },
  {
    name: 'the groups of a convolution exchanged',
    stage: 'conv2',
    change: on('conv2d', 'conv2', ({ weights }) => ({
      weights: {
        ...weights,
        mantissas: weights.mantissas.map((_, i) => {
          const [k, c] = [Math.floor(i / 8), i % 8];
          return weights.mantissas[k * 8 + ((c + 4) % 8)]!;
        }),
      },
    })),
  },
  {
    name: 'the first row of a pool padded',
    stage: 'pool1',
    change: on('maxPool', 'pool1', () => ({ padding: [1, 1, 0, 0] })),
  },
  {
    name: 'an average over nine of a window of eight',
    stage: 'avg1',
    change: on('avgPool', 'avg1', () => ({ reciprocal: 512 })),
  },
];
