/** An op says what it adds up twice: for bounds, channel by channel (`sum`), and value by value (`reads`). They must agree. */
import { describe, expect, it } from 'vitest';
import type { UnprovenNode } from '../../src/ir/build.js';
import { nodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { isSumming, OPS, readsOf, sumOf, type FixedNode } from '../../src/ir/ops/index.js';
import { factsOf } from '../../src/verify/trace.js';
import { zooNetwork } from '../hls/networks.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { pointwise } from './computed.js';
import { integers, NONE, smallGraph } from './small-graphs.js';

/** `source × weight` of every addend of channel `c`, in order. */
function addends(graph: FixedGraph, node: FixedNode, c: number): readonly string[] {
  const { sources } = factsOf(graph).get(node.id)!;
  const { channels, parts } = sumOf(node, sources)!;
  return parts
    .flatMap(({ source, weights, repeat }) => {
      const own = typeof weights === 'number' ? [weights] : [...weights].filter((_, i) => i % channels === c);
      return own.flatMap((weight) => Array.from({ length: repeat }, () => `${source} × ${weight}`));
    })
    .sort();
}

/** The same of what is read for the element of channel `c` at the top left. */
function readings(graph: FixedGraph, node: FixedNode, c: number): readonly string[] {
  const { sources, shape } = factsOf(graph).get(node.id)!;
  const found: string[] = [];
  readsOf(node, sources, [0, 0, c], shape, (source, _y, _x, _c, weight) => {
    found.push(`${source} × ${weight}`);
  });
  return found.sort();
}

const image = [nodeId('image')];
const vector = nodeId('vector');
const products: readonly UnprovenNode[] = [
  pointwise('image', [1, -2], [0, 5], integers(9)),
  { id: vector, kind: 'globalMaxPool', inputs: image, format: integers(9) },
  { id: nodeId('x'), kind: 'multiply', inputs: [...image, vector], activation: NONE, format: integers(18) },
];

const graphs = [
  ['of every op', zooNetwork()],
  ['with products', smallGraph([2, 3], 100, products)],
  ['with a residual', sampleFixedGraph({ weightBits: 5, activationBits: 5 })],
] as const;

describe.each(graphs)('what stages sum in the network %s', (_, graph) => {
  const summing = graph.nodes.filter(isSumming);

  it.each(summing.map((node) => [node.id, node] as const))('is what is read: %s', (_id, node) => {
    const { shape } = factsOf(graph).get(node.id)!;
    for (let c = 0; c < shape[2]; c++) expect(readings(graph, node, c)).toEqual(addends(graph, node, c));
  });
});

it('takes in every op that sums', () => {
  const seen = new Set(graphs.flatMap(([, graph]) => graph.nodes.filter(isSumming).map((n) => n.kind)));
  const all = Object.entries(OPS).flatMap(([kind, { traits }]) => ('sums' in traits ? [kind] : []));
  expect([...seen].sort()).toEqual(all.sort());
});
