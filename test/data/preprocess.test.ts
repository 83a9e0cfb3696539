import { describe, expect, it } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { floatShapes, type FloatGraph } from '../../src/ir/graph.js';
import { interpretTensors } from '../../src/simulate/interpret.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import type { FixedGraph } from '../../src/ir/graph.js';

const classes = { classNames: ['miss', 'hit'], hitClasses: [false, true] };

/** The preprocessing of `graph` alone, as a fixed graph that the interpreter runs. */
const preprocessOnly = (graph: FloatGraph): FixedGraph => ({
  ...graph,
  nodes: createPreprocessor(graph) && (graph.nodes.filter((n) => 'format' in n) as FixedGraph['nodes']),
  output: createPreprocessor(graph).boundary[0]!.id,
  threshold: 0,
  reloadable: false,
});

describe('the fast preprocessing', () => {
  it('equals the interpreter on a graph with crop, mask, bin, clamp and table', () => {
    const graph = sampleFixedGraph();
    const preprocessor = createPreprocessor(graph);
    for (const frame of sampleFrames(4, 40 * 36)) {
      const tensors = interpretTensors(graph, frame);
      const mantissas = preprocessor.run(frame);
      preprocessor.boundary.forEach(({ id }, t) => {
        expect(mantissas[t]).toEqual(tensors.get(id));
      });
    }
  });

  it.each([
    { factor: 1, channels: [{ bin: 'max' as const, table: 'linear' as const, clampMin: 10, clampMax: 200 }] },
    { factor: [2, 3] as [number, number], channels: [{ bin: 'sum' as const, table: 'log' as const }] },
    {
      factor: 4,
      bits: 6,
      channels: [
        { bin: 'max' as const, clampMax: 65535, table: 'sqrt' as const },
        { bin: 'sum' as const, clampMax: 1023, clampMin: 5 },
      ],
    },
    {
      factor: 4,
      channels: [{ contrast: 2 }, { bin: 'second' as const, contrast: 1 }, { bin: 'second' as const }],
    },
    {
      factor: 2,
      causal: true,
      channels: [{ contrast: 2 }, { bin: 'second' as const, contrast: 1 }, { bin: 'sum' as const }],
    },
  ])('equals the interpreter for %j', (options) => {
    const mask = Uint8Array.from({ length: 50 * 62 }, (_, i) => (i % 11 === 4 ? 0 : 1));
    const preprocess = preprocessNodes(preprocessSchema.parse(options), [50, 62], mask);
    const graph = createNetwork({ network: 'veto-nano', preprocess, classes, seed: 1 });
    const preprocessor = createPreprocessor(graph);
    expect(preprocessor.boundary.map((b) => b.id)).toEqual(preprocess.outputs);
    for (const frame of sampleFrames(3, 50 * 62, 5)) {
      const tensors = interpretTensors(preprocessOnly(graph), frame);
      preprocessor.run(frame).forEach((mantissas, t) => {
        expect(mantissas).toEqual(tensors.get(preprocess.outputs[t]!));
      });
    }
  });

  it('fills the whole range of the input', () => {
    for (const table of ['linear', 'sqrt', 'log'] as const) {
      const { nodes } = preprocessNodes(
        preprocessSchema.parse({ channels: [{ table, clampMax: 999 }] }),
        [8, 8],
      );
      const lut = nodes.find((n) => n.kind === 'lut');
      expect([lut?.table[0], lut?.table.at(-1)]).toEqual([0, 255]);
    }
  });
});

describe('preprocessing that waits for nothing beyond the frame', () => {
  const options = {
    factor: 2,
    causal: true,
    channels: [{ contrast: 2 }, { bin: 'sum' as const, contrast: 3 }, {}],
  };

  it('leaves out as many rows and columns of blocks as its widest contrast reaches, in every channel', () => {
    const { nodes, outputs } = preprocessNodes(preprocessSchema.parse(options), [32, 40]);
    const shapes = floatShapes({ nodes } as FloatGraph);
    expect(outputs.map((id) => shapes.get(id))).toEqual(Array(3).fill([13, 17, 1]));
    // The channel that reaches furthest needs no cut.
    const cut = nodes
      .filter((node) => node.kind === 'crop')
      .map(({ inputs, offset }) => [...inputs, ...offset]);
    expect(cut).toEqual([
      ['contrast_0', 0, 0],
      ['bin_2', 0, 0],
    ]);
  });

  it('shows everything where nothing is compared with its surroundings', () => {
    const { nodes } = preprocessNodes(preprocessSchema.parse({ factor: 2, causal: true }), [32, 40]);
    expect(nodes.map((node) => node.kind)).toEqual(['input', 'bin', 'clamp', 'lut']);
  });

  it('is refused where nothing would be left', () => {
    expect(() => preprocessNodes(preprocessSchema.parse(options), [6, 40])).toThrow(
      /preprocess\.causal.*3 away leaves nothing of 3×20 blocks/,
    );
  });
});

describe('preprocessing that does not fit the frame', () => {
  it('is refused with the field and the remedy', () => {
    const crop = { offset: [0, 0] as [number, number], size: [64, 64] as [number, number] };
    expect(() => preprocessNodes(preprocessSchema.parse({ crop }), [32, 32])).toThrow(
      /preprocess\.crop.*leaves the 32×32 frame/,
    );
    const odd = { offset: [0, 0] as [number, number], size: [30, 32] as [number, number] };
    expect(() => preprocessNodes(preprocessSchema.parse({ crop: odd }), [64, 64])).toThrow(
      /not a whole number of 4×4/,
    );
  });
});
