import { describe, expect, it } from 'vitest';
import { format } from '../../src/fixed/format.js';
import { nodeId, sameShape, windowShape } from '../../src/ir/common.js';
import { consumers, findNode, fixedShapes, type FixedGraph } from '../../src/ir/graph.js';
import type { FixedNode } from '../../src/ir/ops/index.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { integers, NONE, smallGraph, weights } from './small-graphs.js';

const id = nodeId('x');
const inputs = [nodeId('clamp')];
const unit = { kernel: [1, 1], strides: [1, 1], padding: [0, 0, 0, 0] } as const;

describe('a fixed graph', () => {
  const graph = sampleFixedGraph();
  const withNode = (name: string, change: (node: FixedNode) => object): FixedGraph => ({
    ...graph,
    nodes: graph.nodes.map((n) => (n.id === name ? ({ ...n, ...change(n) } as FixedNode) : n)),
  });
  const wider = ({ format: f }: FixedNode): object => ({ format: { ...f, width: f.width + 1 } });
  const changedWeights = (name: string, change: object): FixedGraph =>
    withNode(name, (n) => ('weights' in n ? { weights: { ...n.weights, ...change } } : {}));

  it('passes as it is', () => {
    expect(verifyFixedGraph(graph)).toBe(graph);
  });

  it.each<[string, RegExp, FixedGraph]>([
    [
      'an output that is no vector',
      /sample: the output is not a vector/,
      { ...graph, output: nodeId('conv2') },
    ],
    [
      'an output that is a column',
      /small: the output is not a vector/,
      { ...smallGraph([2, 1], 100, []), output: nodeId('clamp') },
    ],
    [
      'an output that is not there',
      /sample: the output is not a vector/,
      { ...graph, output: nodeId('nowhere') },
    ],
    ['a name too few', /sample: 2 logits for 1 classes/, { ...graph, classNames: ['miss'] }],
    ['a class too many', /hitClasses does not match/, { ...graph, hitClasses: [false, true, true] }],
    ['no hit class', /a hit class and a miss class/, { ...graph, hitClasses: [false, false] }],
    ['no miss class', /a hit class and a miss class/, { ...graph, hitClasses: [true, true] }],
    ['no input in front', /does not start with its input/, { ...graph, nodes: [] }],
    [
      'a node before its input',
      /reads .*, which does not stand before it/,
      { ...graph, nodes: [...graph.nodes].reverse() },
    ],
    [
      'two nodes of one name',
      /two nodes are called input/,
      { ...graph, nodes: [graph.nodes[0]!, ...graph.nodes] },
    ],
    [
      'a raw pixel with a sign',
      /a raw pixel is/,
      withNode('input', () => ({ format: format(true, 16, 16) })),
    ],
    [
      'a raw pixel with fraction bits',
      /a raw pixel is/,
      withNode('input', () => ({ format: format(false, 16, 15) })),
    ],
    ['a crop that changes the format', /crop: format .* does not follow/, withNode('crop', wider)],
    ['a mask that changes the format', /mask: format .* does not follow/, withNode('mask', wider)],
    ['bins wider than they need', /bin: needs ap_ufixed<16>/, withNode('bin', wider)],
    ['limited counts wider than they need', /clamp: needs ap_ufixed<10>/, withNode('clamp', wider)],
    [
      'limited counts with a sign',
      /clamp: needs ap_ufixed<10>/,
      withNode('clamp', () => ({ format: format(true, 10, 10) })),
    ],
    [
      'limited counts with fraction bits',
      /clamp: needs ap_ufixed<10>/,
      withNode('clamp', () => ({ format: format(false, 10, 9) })),
    ],
    [
      'a table entry above its format',
      /lut: a table entry does not fit/,
      withNode('lut', () => ({ format: format(false, 7, 0) })),
    ],
    [
      'a table entry below its format',
      /lut: a table entry does not fit/,
      withNode('lut', (n) => ('table' in n ? { table: n.table.map((v) => v - 1) } : {})),
    ],
    [
      'a weight above its width',
      /conv1: a weight does not fit 7 bits/,
      changedWeights('conv1', { width: 7 }),
    ],
    [
      'a bias that is no integer',
      /logits: a bias is not an integer/,
      changedWeights('logits', { bias: Float64Array.of(0.5, 0) }),
    ],
    [
      'a scale too few',
      /logits: a scale per output channel/,
      changedWeights('logits', { fraction: Int32Array.of(1) }),
    ],
    [
      'an unsigned wrap by the sign',
      /conv1: ap_ufixed has no sign/,
      withNode('conv1', ({ format: f }) => ({ format: { ...f, overflow: 'AP_WRAP_SM' } })),
    ],
    ['a pool that changes the format', /pool1: maxPool cannot change/, withNode('pool1', wider)],
    ['a concatenation of other formats', /concat1: concat cannot change/, withNode('concat1', wider)],
    ...(['accumulatorMin', 'accumulatorMax', 'accumulatorFraction'] as const).flatMap(
      (field): [string, RegExp, FixedGraph][] => [
        [
          `another ${field}`,
          /conv1: the recorded proof/,
          withNode('conv1', (n) =>
            'proof' in n
              ? { proof: { ...n.proof, [field]: n.proof[field].map((v, c) => (c === 5 ? v + 1 : v)) } }
              : {},
          ),
        ],
        [
          `a shorter ${field}`,
          /conv1: the recorded proof/,
          withNode('conv1', (n) =>
            'proof' in n ? { proof: { ...n.proof, [field]: n.proof[field].slice(0, -1) } } : {},
          ),
        ],
      ],
    ),
    ...(['accumulatorWidth', 'float32Exact', 'worstCase'] as const).map(
      (field): [string, RegExp, FixedGraph] => [
        `another ${field}`,
        /conv1: the recorded proof/,
        withNode('conv1', (n) =>
          'proof' in n
            ? { proof: { ...n.proof, [field]: field === 'accumulatorWidth' ? 50 : !n.proof[field] } }
            : {},
        ),
      ],
    ),
  ])('is refused with %s', (_what, message, wrong) => {
    expect(() => verifyFixedGraph(wrong)).toThrow(message);
  });

  it('takes weights up to both ends of their width', () => {
    const ends =
      (low: number, high: number): (() => FixedGraph) =>
      () =>
        smallGraph([1, 1], 1, [
          {
            id,
            kind: 'conv2d',
            inputs,
            ...unit,
            groups: 1,
            weights: weights([low, high], [0, 0], [0, 0], 4),
            activation: NONE,
            format: integers(9),
          },
        ]);
    expect(ends(-8, 7)().nodes).toHaveLength(5);
    expect(ends(-9, 7)).toThrow(/a weight does not fit 4 bits/);
    expect(ends(-8, 8)).toThrow(/a weight does not fit 4 bits/);
  });

  it('finds nodes, their readers and their shapes', () => {
    expect(findNode(graph, nodeId('pool1')).kind).toBe('maxPool');
    expect(() => findNode(graph, id)).toThrow('graph sample has no node x');
    expect(consumers(graph, nodeId('pool1')).map((n) => n.id)).toEqual(['depthwise1', 'add1']);
    expect(fixedShapes(graph).get(nodeId('conv1'))).toEqual([8, 8, 6]);
  });
});

describe('shapes', () => {
  it('differ in any extent', () => {
    expect(sameShape([1, 2, 3], [1, 2, 3])).toBe(true);
    for (const other of [
      [2, 2, 3],
      [1, 3, 3],
      [1, 2, 4],
    ] as const)
      expect(sameShape([1, 2, 3], other)).toBe(false);
  });

  it('count whole windows of the padded image', () => {
    const w = { kernel: [3, 2], strides: [2, 3], padding: [1, 2, 0, 3] } as const;
    expect(windowShape([6, 7, 1], w, 5)).toEqual([3, 4, 5]);
    expect(windowShape([2, 2, 1], { ...w, padding: [1, 0, 0, 0] }, 1)).toEqual([1, 1, 1]);
  });
});
