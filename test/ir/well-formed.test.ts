import { describe, expect, it } from 'vitest';
import { format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder, type UnprovenNode } from '../../src/ir/build.js';
import { nodeId, sameShape, windowShape } from '../../src/ir/common.js';
import { consumers, findNode, fixedShapes, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { mayBeNegative } from '../../src/ir/may-be-negative.js';
import type { FixedNode, FloatNode } from '../../src/ir/ops/index.js';
import { verifyFixedGraph, verifyFloatGraph } from '../../src/ir/verify.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { clampedInput, counts, integers, NONE, smallGraph, weights } from './small-graphs.js';

const id = nodeId('x');
const inputs = [nodeId('clamp')];
const unit = { kernel: [1, 1], strides: [1, 1], padding: [0, 0, 0, 0] } as const;

describe('the builder', () => {
  const conv = {
    id,
    kind: 'conv2d',
    inputs,
    ...unit,
    groups: 1,
    weights: weights([1, 2], [0, 0]),
    activation: NONE,
    format: integers(9),
  } as const;
  const spread: UnprovenNode = { ...conv, id: nodeId('spread') };
  const from = [nodeId('spread')];

  it.each<[string, RegExp, readonly UnprovenNode[]]>([
    ['a missing input', /x reads nowhere, which was not added/, [{ ...conv, inputs: [nodeId('nowhere')] }]],
    ['no input at all', /x has no input/, [{ ...conv, inputs: [] }]],
    [
      'two inputs of an op that takes one',
      /x takes one input, not 2/,
      [{ ...conv, inputs: [...inputs, ...inputs] }],
    ],
    [
      'weights of another number',
      /x: 3 weights where the shape needs 2/,
      [{ ...conv, weights: weights([1, 2, 3], [0, 0]) }],
    ],
    [
      'input channels that no groups divide',
      /x: 1 → 2 channels do not divide into 2 groups/,
      [{ ...conv, groups: 2 }],
    ],
    [
      'output channels that no groups divide',
      /x: 2 → 3 channels do not divide into 2 groups/,
      [spread, { ...conv, inputs: from, groups: 2, weights: weights([1, 2, 3], [0, 0, 0]) }],
    ],
    [
      'a window larger than the image',
      /a window of 5 does not fit into 4/,
      [{ ...conv, kernel: [1, 5], weights: weights(new Array<number>(10).fill(1), [0, 0]) }],
    ],
    [
      'depthwise weights of another number',
      /x: 1 weights where the shape needs 2/,
      [spread, { ...conv, kind: 'depthwiseConv2d', inputs: from, weights: weights([1], [0]) }],
    ],
    ['a dense layer on an image', /x: a dense layer takes a vector, not 3×4/, [{ ...conv, kind: 'dense' }]],
    [
      'dense weights of another number',
      /x: 3 weights where the shape needs 2/,
      [
        { id: nodeId('all'), kind: 'globalMaxPool', inputs, format: counts(7) },
        { ...conv, kind: 'dense', inputs: [nodeId('all')], weights: weights([1, 2, 3], [0, 0]) },
      ],
    ],
    [
      'a crop that leaves the frame below',
      /x: crop of 3×1 at 1,0 leaves the 3×4 frame/,
      [{ id, kind: 'crop', inputs, offset: [1, 0], size: [3, 1], format: counts(7) }],
    ],
    [
      'a crop that leaves the frame on the right',
      /x: crop of 1×4 at 0,1 leaves/,
      [{ id, kind: 'crop', inputs, offset: [0, 1], size: [1, 4], format: counts(7) }],
    ],
    [
      'blocks that do not fill the columns',
      /x: 3×4 is not a whole number of 1×3 blocks/,
      [{ id, kind: 'bin', mode: 'max', inputs, factor: [1, 3], format: counts(7) }],
    ],
    [
      'blocks that do not fill the rows',
      /x: 3×4 is not a whole number of 2×1 blocks/,
      [{ id, kind: 'bin', mode: 'max', inputs, factor: [2, 1], format: counts(7) }],
    ],
    [
      'an empty range of counts',
      /x: empty range \[5, 5\]/,
      [{ id, kind: 'clamp', inputs, min: 5, max: 5, format: counts(3) }],
    ],
    [
      'an empty table',
      /x: empty table/,
      [{ id, kind: 'lut', inputs, first: 0, table: new Int32Array(0), format: counts(3) }],
    ],
    [
      'a table that starts too late',
      /x: input range \[0, 100\] leaves the table of 100 from 1/,
      [{ id, kind: 'lut', inputs, first: 1, table: new Int32Array(100), format: counts(3) }],
    ],
    [
      'a table that ends too early',
      /x: input range \[0, 100\] leaves the table of 100 from 0/,
      [{ id, kind: 'lut', inputs, first: 0, table: new Int32Array(100), format: counts(3) }],
    ],
    [
      'a mask of another size',
      /x: mask of 11 for 12 pixels/,
      [{ id, kind: 'mask', inputs, live: new Uint8Array(11), format: counts(7) }],
    ],
    [
      'a mask with a 2 in it',
      /x: a mask holds 0 and 1 only/,
      [{ id, kind: 'mask', inputs, live: new Uint8Array(12).fill(2, 11), format: counts(7) }],
    ],
    [
      'a mask on two channels',
      /x: a mask acts on one channel/,
      [spread, { id, kind: 'mask', inputs: from, live: new Uint8Array(24), format: integers(9) }],
    ],
    [
      'one term of a sum',
      /x has one input/,
      [{ id, kind: 'add', inputs, activation: NONE, format: counts(8) }],
    ],
    [
      'terms of different shape',
      /x: add of 3×4×2 and 3×4×1/,
      [spread, { id, kind: 'add', inputs: [...from, ...inputs], activation: NONE, format: integers(9) }],
    ],
    [
      'a concatenation of one',
      /x: concat takes at least two inputs/,
      [{ id, kind: 'concat', inputs, format: counts(7) }],
    ],
    [
      'a concatenation of images of different width',
      /x: concat of images of different size/,
      [
        { id: nodeId('part'), kind: 'crop', inputs, offset: [0, 0], size: [3, 3], format: counts(7) },
        { id, kind: 'concat', inputs: [...inputs, nodeId('part')], format: counts(7) },
      ],
    ],
    [
      'a concatenation of images of different height',
      /x: concat of images of different size/,
      [
        { id: nodeId('part'), kind: 'crop', inputs, offset: [0, 0], size: [2, 4], format: counts(7) },
        { id, kind: 'concat', inputs: [...inputs, nodeId('part')], format: counts(7) },
      ],
    ],
    [
      'windows with nothing in them above',
      /x: padding as large as the window/,
      [
        {
          id,
          kind: 'maxPool',
          inputs,
          kernel: [2, 2],
          strides: [1, 1],
          padding: [2, 0, 0, 0],
          format: counts(7),
        },
      ],
    ],
    [
      'windows with nothing in them on the right',
      /x: padding as large as the window/,
      [
        {
          id,
          kind: 'maxPool',
          inputs,
          kernel: [2, 2],
          strides: [1, 1],
          padding: [0, 0, 0, 2],
          format: counts(7),
        },
      ],
    ],
    [
      'an accumulator of 54 bits',
      /an accumulator needs more than 53 bits/,
      [{ id, kind: 'globalAvgPool', inputs, reciprocal: 2 ** 42, reciprocalFraction: 44, format: counts(7) }],
    ],
    [
      'an accumulator of 54 bits below zero',
      /an accumulator needs more than 53 bits/,
      [{ ...conv, weights: weights([-1, 0], [-(2 ** 52), 0]) }],
    ],
  ])('refuses %s', (_what, message, middle) => {
    expect(() => smallGraph([3, 4], 100, middle)).toThrow(message);
  });

  it('takes an accumulator of 53 bits', () => {
    const at = (bias: number): UnprovenNode => ({ ...conv, weights: weights([0, 0], [bias, 0], [52, 52]) });
    expect(smallGraph([3, 4], 100, [at(2 ** 52 - 1)]).nodes).toHaveLength(5);
    expect(smallGraph([3, 4], 100, [at(1 - 2 ** 52)]).nodes).toHaveLength(5);
  });

  it('tells what a consumer reads', () => {
    const builder = createFixedGraphBuilder();
    const clamp = clampedInput(builder, 3, 4, 100);
    expect(builder.output(clamp)).toEqual({
      range: { low: 0, high: 100 },
      format: counts(7),
      shape: [3, 4, 1],
    });
    expect(builder.output(nodeId('input')).range).toEqual({ low: 0, high: 65535 });
    expect(() => builder.output(id)).toThrow('no node x');
  });
});

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
            'proof' in n ? { proof: { ...n.proof, [field]: n.proof[field].slice(1) } } : {},
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

describe('a float graph', () => {
  const input: FloatNode = {
    id: nodeId('input'),
    kind: 'input',
    inputs: [],
    size: [1, 2],
    format: counts(16),
  };
  const dense: FloatNode = {
    id: nodeId('logits'),
    kind: 'dense',
    inputs: [nodeId('all')],
    weights: new Float32Array(2),
    bias: new Float32Array(2),
  };
  const all: FloatNode = { id: nodeId('all'), kind: 'globalMaxPool', inputs: [input.id] };
  const graph: FloatGraph = {
    name: 'float',
    nodes: [input, all, dense],
    output: dense.id,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 0,
  };
  const norm = (values: Float32Array<ArrayBuffer>): FloatNode => ({
    id: nodeId('norm'),
    kind: 'batchNorm',
    inputs: [all.id],
    gamma: values,
    beta: values,
    mean: values,
    variance: values,
    epsilon: 1,
  });

  it('passes as it is', () => {
    expect(verifyFloatGraph(graph)).toBe(graph);
    expect(
      verifyFloatGraph({ ...graph, nodes: [input, all, norm(new Float32Array(1)), dense] }).nodes,
    ).toHaveLength(4);
  });

  it.each<[string, RegExp, FloatGraph]>([
    ['an output that is no vector', /the output is not a vector/, { ...graph, output: input.id }],
    ['an output that is not there', /the output is not a vector/, { ...graph, output: id }],
    ['a class too many', /2 logits for 3 classes/, { ...graph, classNames: ['a', 'b', 'c'] }],
    ['no input in front', /does not start with its input/, { ...graph, nodes: [] }],
    [
      'parameters of another number of channels',
      /norm: 2 parameters for 1 channels/,
      { ...graph, nodes: [input, all, norm(new Float32Array(2)), dense] },
    ],
    [
      'preprocessing behind the network',
      /late: preprocessing cannot follow all/,
      {
        ...graph,
        nodes: [
          input,
          all,
          { id: nodeId('late'), kind: 'clamp', inputs: [all.id], min: 0, max: 1, format: counts(1) },
          dense,
        ],
      },
    ],
  ])('is refused with %s', (_what, message, wrong) => {
    expect(() => verifyFloatGraph(wrong)).toThrow(message);
  });

  it('says which tensors can be negative', () => {
    const clip = (min: number): FloatNode => ({
      id: nodeId('c'),
      kind: 'clip',
      inputs: [dense.id],
      min,
      max: 6,
    });
    const after = (inputIds: FloatNode['inputs']): FloatNode => ({ id, kind: 'add', inputs: inputIds });
    expect(mayBeNegative(graph.nodes, all.id)).toBe(false);
    expect(mayBeNegative(graph.nodes, dense.id)).toBe(true);
    expect(mayBeNegative([...graph.nodes, clip(0)], nodeId('c'))).toBe(false);
    expect(mayBeNegative([...graph.nodes, clip(-1)], nodeId('c'))).toBe(true);
    expect(mayBeNegative([...graph.nodes, clip(0), after([nodeId('c'), dense.id])], id)).toBe(true);
    expect(mayBeNegative([...graph.nodes, clip(0), after([nodeId('c'), all.id])], id)).toBe(false);
    expect(mayBeNegative([...graph.nodes, { id, kind: 'relu', inputs: [dense.id] }], id)).toBe(false);
  });
});
