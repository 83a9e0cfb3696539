import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { format } from '../../src/fixed/format.js';
import { activationSchema } from '../../src/ir/activations.js';
import { pairSchema, paddingSchema, proofSchema, weightsSchema } from '../../src/ir/common.js';
import { fixedGraphSchema, floatGraphSchema } from '../../src/ir/graph.js';
import { fixedNodeSchema } from '../../src/ir/ops/index.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { weights } from './small-graphs.js';

const graph = sampleFixedGraph();
const node = (id: string): object => graph.nodes.find((n) => n.id === id)!;
const proof = {
  accumulatorMin: Float64Array.of(0),
  accumulatorMax: Float64Array.of(1),
  accumulatorFraction: Int32Array.of(0),
  float32Exact: true,
  worstCase: false,
};

type Row = readonly [
  what: string,
  schema: z.ZodType,
  least: number,
  most: number,
  put: (n: number) => unknown,
];

const within: readonly Row[] = [
  ['heights and widths', pairSchema, 1, 2 ** 20, (n) => [n, n]],
  ['padding', paddingSchema, 0, 4096, (n) => [n, n, n, n]],
  ['bits of a weight', weightsSchema, 2, 16, (width) => weights([1], [0], [0], width)],
  ['bits of an accumulator', proofSchema, 1, 53, (accumulatorWidth) => ({ ...proof, accumulatorWidth })],
  [
    'fraction bits of a slope',
    activationSchema,
    0,
    15,
    (alphaFraction) => ({ kind: 'leakyRelu', alphaMantissa: 1, alphaFraction }),
  ],
  [
    'a slope of one channel',
    activationSchema,
    -(2 ** 20),
    2 ** 20,
    (slope) => ({ kind: 'prelu', alphaMantissas: [1, slope], alphaFraction: 3 }),
  ],
  [
    'fraction bits of slopes of channels',
    activationSchema,
    0,
    15,
    (alphaFraction) => ({ kind: 'prelu', alphaMantissas: [1, -1], alphaFraction }),
  ],
  [
    'the distance of a contrast',
    fixedNodeSchema,
    1,
    8,
    (distance) => ({ id: 'x', kind: 'contrast', inputs: ['y'], distance, format: format(false, 16, 16) }),
  ],
  ['reciprocals', fixedNodeSchema, 1, 2 ** 20, (reciprocal) => ({ ...node('avg1'), reciprocal })],
  [
    'fraction bits of a reciprocal',
    fixedNodeSchema,
    0,
    48,
    (reciprocalFraction) => ({ ...node('avg1'), reciprocalFraction }),
  ],
  ['characters of a name', fixedGraphSchema, 1, 100, (n) => ({ ...graph, name: 'é'.repeat(n) })],
  [
    'characters of a class name',
    fixedGraphSchema,
    1,
    100,
    (n) => ({ ...graph, classNames: ['miss', 'é'.repeat(n)] }),
  ],
  ['characters of a node name', fixedNodeSchema, 1, 63, (n) => ({ ...node('input'), id: 'a'.repeat(n) })],
];

const atLeast: readonly (readonly [what: string, schema: z.ZodType, least: number, put: Row[4]])[] = [
  ['groups', fixedNodeSchema, 1, (groups) => ({ ...node('conv1'), groups })],
  ['the lower limit of counts', fixedNodeSchema, 0, (min) => ({ ...node('clamp'), min })],
  ['the upper limit of counts', fixedNodeSchema, 1, (max) => ({ ...node('clamp'), max })],
  ['the first row of a crop', fixedNodeSchema, 0, (row) => ({ ...node('crop'), offset: [row, 5] })],
  ['the first column of a crop', fixedNodeSchema, 0, (column) => ({ ...node('crop'), offset: [5, column] })],
  ['the first entry of a table', fixedNodeSchema, 0, (first) => ({ ...node('lut'), first })],
  [
    'a slope',
    activationSchema,
    0,
    (alphaMantissa) => ({ kind: 'leakyRelu', alphaMantissa, alphaFraction: 0 }),
  ],
  [
    'classes',
    fixedGraphSchema,
    2,
    (n) => ({ ...graph, classNames: Array.from({ length: n }, (_, i) => `class ${i}`) }),
  ],
];

describe('the fields of a graph file', () => {
  it.each(within)('have limits: %s', (what, schema, least, most, put) => {
    for (const n of [least, most]) expect(schema.safeParse(put(n)).success, `${n} ${what}`).toBe(true);
    for (const n of [least - 1, most + 1])
      expect(schema.safeParse(put(n)).success, `${n} ${what}`).toBe(false);
  });

  it.each(atLeast)('have a least value: %s', (what, schema, least, put) => {
    for (const n of [least, least + 1]) expect(schema.safeParse(put(n)).success, `${n} ${what}`).toBe(true);
    expect(schema.safeParse(put(least - 1)).success, `${least - 1} ${what}`).toBe(false);
  });

  it('hold slopes of a channel at least', () => {
    const prelu = { kind: 'prelu', alphaMantissas: [], alphaFraction: 3 };
    expect(activationSchema.safeParse(prelu).success).toBe(false);
  });

  it('hold roundings of a scale above 0, in a mode that there is', () => {
    const rounding = { scale: 2 ** -1074, min: -1, max: 1, rounding: 'AP_RND' };
    const parsed = (change: object): boolean => {
      const quantizers = { x: { ...rounding, ...change } };
      const facts = {
        name: 'a',
        nodes: [],
        output: 'x',
        classNames: ['a', 'b'],
        hitClasses: [],
        threshold: 0,
      };
      return floatGraphSchema.safeParse({ ...facts, quantizers }).success;
    };
    expect(parsed({})).toBe(true);
    for (const wrong of [
      { scale: 0 },
      { scale: -1 },
      { min: '1' },
      { max: null },
      { rounding: 'AP_SAT' },
      { more: 1 },
    ])
      expect(parsed(wrong), JSON.stringify(wrong)).toBe(false);
  });

  it('hold one line of text as a name, and an identifier as the name of a node', () => {
    for (const name of ['a\nb', 'a\u0000', 'a\u007f'])
      expect(fixedGraphSchema.safeParse({ ...graph, name }).success).toBe(false);
    for (const id of ['1a', '_a', 'A', 'a-b', 'a b'])
      expect(fixedNodeSchema.safeParse({ ...node('input'), id }).success).toBe(false);
    expect(fixedNodeSchema.safeParse({ ...node('input'), id: 'a_9' }).success).toBe(true);
  });
});
