import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/ir/common.js';
import { quantizerOf, type FloatGraph, type Quantizer } from '../../src/ir/graph.js';
import { mayBeNegative } from '../../src/ir/may-be-negative.js';
import type { FloatNode } from '../../src/ir/ops/index.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { counts } from './small-graphs.js';

const id = nodeId('x');

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
  const quantizer: Quantizer = { scale: 0.5, min: 0, max: 3, rounding: 'AP_RND' };
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
    const rounded = { ...graph, quantizers: { all: quantizer, logits: quantizer } };
    expect(verifyFloatGraph(rounded)).toBe(rounded);
    expect([quantizerOf(rounded, all.id), quantizerOf(rounded, input.id)]).toEqual([quantizer, null]);
    expect(quantizerOf(graph, all.id)).toBe(null);
    expect(
      verifyFloatGraph({ ...graph, nodes: [input, all, norm(new Float32Array(1)), dense] }).nodes,
    ).toHaveLength(4);
  });

  it.each<[string, RegExp, FloatGraph]>([
    ['an output that is no vector', /the output is not a vector/, { ...graph, output: input.id }],
    [
      'an output that is a column',
      /the output is not a vector/,
      { ...graph, nodes: [{ ...input, size: [2, 1] }, all, dense], output: input.id },
    ],
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
    [
      'a rounding of a node that is not there',
      /float: a quantizer of nowhere, which is no node/,
      { ...graph, quantizers: { all: quantizer, nowhere: quantizer } },
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
