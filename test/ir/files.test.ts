import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/ir/common.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import {
  GRAPH_VERSION,
  parseGraph,
  parseGraphText,
  printGraph,
  serializeGraph,
  type GraphFiles,
} from '../../src/ir/serialize.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { counts } from './small-graphs.js';

const graph = sampleFixedGraph();
const files = serializeGraph('fixed', graph);
const text = printGraph('fixed', graph);

const floats: FloatGraph = {
  name: 'a "quoted" name = with [brackets], %signs and @1',
  nodes: [
    { id: nodeId('input'), kind: 'input', inputs: [], size: [1, 2], format: counts(16) },
    { id: nodeId('all'), kind: 'globalMaxPool', inputs: [nodeId('input')] },
    {
      id: nodeId('logits'),
      kind: 'dense',
      inputs: [nodeId('all')],
      weights: Float32Array.of(0.1, -1e-30),
      bias: Float32Array.of(NaN, Infinity),
    },
  ],
  output: nodeId('logits'),
  classNames: ['a: {', 'b \\" d=2'],
  hitClasses: [true, false],
  threshold: -0.5,
};

describe('the files of a graph', () => {
  it('hold a float graph, whatever its names', () => {
    expect(parseGraph('float', serializeGraph('float', floats), 'float.json')).toEqual(floats);
    expect(parseGraphText('float', printGraph('float', floats), 'float.txt')).toEqual(floats);
  });

  it('begin with kind and version', () => {
    expect(files.json).toMatch(/^\{\n "vetoc": "fixed",\n "version": 1,\n "tensors": \[\n/);
  });

  it('start every tensor at a multiple of 8 bytes', () => {
    const { tensors } = JSON.parse(files.json) as {
      tensors: { offset: number; length: number; type: string }[];
    };
    const size = { i32: 4, u8: 1, f32: 4, f64: 8 } as Readonly<Record<string, number>>;
    tensors.forEach((t, i) => {
      expect(t.offset % 8).toBe(0);
      const end = t.offset + t.length * size[t.type]!;
      const next = tensors[i + 1]?.offset ?? files.bin.length;
      expect(next - end).toBeGreaterThanOrEqual(0);
      expect(next - end).toBeLessThan(8);
    });
  });

  it.each<[string, RegExp, GraphFiles]>([
    ['no JSON', /^f\.json: not JSON: .* — the file is damaged/, { ...files, json: '{' }],
    ['no header', /not a fixed graph of vetoc — name the fixed\.json/, { ...files, json: '{}' }],
    ['another kind', /not a fixed graph of vetoc/, serializeGraph('float', floats)],
    [
      'another version',
      /version: graph version 2, this vetoc reads version 1/,
      { ...files, json: files.json.replace(`"version": ${GRAPH_VERSION}`, '"version": 2') },
    ],
    [
      'too few bytes',
      /tensor data end at byte \d+, the \.bin has \d+ — the \.bin is truncated/,
      { ...files, bin: files.bin.subarray(0, files.bin.length - 8) },
    ],
    [
      'a reference to nothing',
      /no tensor 999 — write the graph again/,
      { ...files, json: files.json.replace(/"\$tensor": 0/, '"$tensor": 999') },
    ],
    [
      'an unknown field',
      /^f\.json: graph: Unrecognized key: "more" — write the graph again/,
      { ...files, json: files.json.replace('"threshold"', '"more": 1, "threshold"') },
    ],
    [
      'a field of the wrong type',
      /^f\.json: threshold: .*expected int.* — write the graph again/,
      { ...files, json: files.json.replace('"threshold": 5', '"threshold": 5.5') },
    ],
    [
      'a tensor of nothing',
      /lut: empty table — the file was changed by hand/,
      serializeGraph('fixed', {
        ...graph,
        nodes: graph.nodes.map((n) => (n.kind === 'lut' ? { ...n, table: new Int32Array(0) } : n)),
      }),
    ],
    [
      'an ill-formed graph',
      /there must be a hit class and a miss class — the file was changed by hand/,
      { ...files, json: files.json.replace(/"hitClasses": \[\s*false/, '"hitClasses": [true') },
    ],
  ])('are refused with %s', (_what, message, wrong) => {
    expect(() => parseGraph('fixed', wrong, 'f.json')).toThrow(message);
  });

  it('are not blamed where the verifier itself fails', () => {
    const largest = 2 ** 20;
    const [input, flat, mean, a, logits] = ['input', 'flat', 'mean', 'a', 'logits'].map(nodeId);
    const to = { format: counts(16) };
    const proof = {
      accumulatorMin: new Float64Array(1),
      accumulatorMax: new Float64Array(1),
      accumulatorFraction: new Int32Array(1),
      accumulatorWidth: 1,
      float32Exact: true,
      worstCase: false,
    };
    const huge: FixedGraph = {
      ...graph,
      nodes: [
        { id: input!, kind: 'input', inputs: [], size: [largest, largest], ...to },
        { id: flat!, kind: 'flatten', inputs: [input!], ...to },
        // A proof of 2^40 channels is more than an array holds.
        {
          id: mean!,
          kind: 'globalAvgPool',
          inputs: [flat!],
          reciprocal: 1,
          reciprocalFraction: 0,
          proof,
          ...to,
        },
        { id: a!, kind: 'globalMaxPool', inputs: [input!], ...to },
        { id: logits!, kind: 'concat', inputs: [a!, a!], ...to },
      ],
      output: logits!,
    };
    expect(() => parseGraph('fixed', serializeGraph('fixed', huge), 'f.json')).toThrow(RangeError);
  });
});

describe('the text of a graph', () => {
  it('has a line for each node, in order', () => {
    const nodes = text.split('\n').filter((line) => line.startsWith('%'));
    expect(nodes.map((line) => line.slice(1, line.indexOf(' ')))).toEqual(graph.nodes.map((n) => n.id));
    expect(text).toMatch(/^%add1 = add\(%depthwise1, %pool1\) /m);
    expect(text).toContain(`vetoc fixed ${GRAPH_VERSION}\n`);
  });

  it('may have empty lines, and spaces inside of brackets', () => {
    const spaced = text.replace('\n%pool1', '\n\n%pool1').replace(/=\[(\d),(\d)\]/g, '=[ $1, $2 ]');
    expect(spaced).toMatch(/^%pool1 .*strides=\[ 1, 1 \]/m);
    expect(parseGraphText('fixed', spaced, 'f.txt')).toEqual(graph);
  });

  it.each<[string, RegExp, string]>([
    ['no header', /line 1: not the text of a fixed graph/, text.slice(1)],
    ['another kind', /line 1: not the text of a fixed graph/, printGraph('float', floats)],
    ['another version', /graph version 12,/, text.replace(/^vetoc fixed 1/, 'vetoc fixed 12')],
    [
      'a tensor cut short',
      /^f\.txt: tensor @0 has the wrong length/,
      text.replace(/^@0 = (\w+)\[\d+\]/m, '@0 = $1[3]'),
    ],
    ['a broken value', /line 2: cannot read/, text.replace(/^name = .*$/m, 'name = "')],
    [
      'a long broken value, of which 40 characters are shown',
      /line 2: cannot read "a{39}$/,
      text.replace(/^name = .*$/m, `name = "${'a'.repeat(60)}`),
    ],
    ['a reference to nothing', /no tensor 999/, text.replace('=@0', '=@999')],
    [
      'a line of another kind',
      /line 2: neither a node, a tensor nor a fact/,
      text.replace(/^name = .*$/m, '?'),
    ],
    [
      'a field without a value',
      /f\.txt: line \d+: more is not a field with a value/,
      text.replace('%crop = crop(%input)', '%crop = crop(%input) more'),
    ],
    [
      'a value without a field',
      /f\.txt: line \d+: =5 is not a field with a value/,
      text.replace('%crop = crop(%input)', '%crop = crop(%input) =5'),
    ],
  ])('is refused with %s', (_what, message, wrong) => {
    expect(() => parseGraphText('fixed', wrong, 'f.txt')).toThrow(message);
  });
});
