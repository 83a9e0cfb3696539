/** The preprocessing module against its plain twin and the definition, on whatever a recipe can ask for. */
import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.js';
import { RAW_DETECTORS } from '../../src/data/raw/detectors.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { format } from '../../src/fixed/format.js';
import {
  preprocessNodes,
  preprocessSchema,
  type PreprocessInput,
} from '../../src/frontends/network/preprocess.js';
import { nodeId, type NodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import type { FixedNode } from '../../src/ir/ops/index.js';
import { createFastPreprocessor } from '../../src/live/simd/preprocess.js';
import { fromWords } from '../../src/passes/from-words.js';
import { interpretTensors } from '../../src/simulate/interpret.js';
import { sampleFixedGraph } from '../sample-graphs.js';

/** `nodes`, and one that reads all of `outputs`: a network that is as small as can be. */
const graphOf = (nodes: readonly FixedNode[], outputs: readonly NodeId[]): FixedGraph => ({
  ...sampleFixedGraph(),
  nodes: [
    ...nodes,
    {
      id: nodeId('all'),
      kind: 'concat',
      inputs: [...outputs, outputs[0]!],
      format: nodes.find(({ id }) => id === outputs[0])!.format,
    },
  ],
  output: nodeId('all'),
});

/** Counts as a detector has them, up to the largest. */
function frameOf(random: Random, pixels: number): Uint16Array {
  const most = random.pick([3, 4095, 65535]);
  return Uint16Array.from({ length: pixels }, () =>
    random.uniform() < 0.9 ? random.integer(0, 9) : random.uniform() < 0.9 ? random.integer(0, most) : 65535,
  );
}

const sized = (random: Random, most: number): [number, number] => [
  random.integer(1, most),
  random.integer(1, most),
];

function drawn(random: Random): { readonly graph: FixedGraph; readonly size: readonly [number, number] } {
  const factor = random.pick<[number, number]>([[1, 1], [4, 4], sized(random, 9)]);
  const blocks = sized(random, 20).map((n) => n + 8) as [number, number];
  const size: [number, number] = [
    blocks[0] * factor[0] + random.integer(0, 5),
    blocks[1] * factor[1] + random.integer(0, 5),
  ];
  const channel = (): NonNullable<PreprocessInput['channels']>[number] => {
    const clampMin = random.pick([0, 0, 7]);
    return {
      bin: factor[0] * factor[1] > 1 ? random.pick(['max', 'second', 'sum']) : 'max',
      contrast: random.pick([null, 1, 2, random.integer(1, 8)]),
      clampMin,
      clampMax: clampMin + random.pick([1, 255, 4095, 60_000]),
      table: random.pick(['linear', 'sqrt', 'log']),
    };
  };
  const options: PreprocessInput = {
    factor,
    bits: random.integer(2, 16),
    causal: random.uniform() < 0.5,
    channels: Array.from({ length: random.integer(1, 4) }, channel),
  };
  const mask =
    random.uniform() < 0.5
      ? null
      : Uint8Array.from({ length: size[0] * size[1] }, () => Number(random.uniform() < 0.9));
  const { nodes, outputs } = preprocessNodes(preprocessSchema.parse(options), size, mask);
  return { graph: graphOf(nodes, outputs), size };
}

/** Both on one frame, the module's behind a frame of others. */
function compare(graph: FixedGraph, frame: Uint16Array): void {
  const fast = createFastPreprocessor(graph)!;
  const right = createPreprocessor(graph).run(frame);
  const outs = right.map((tensor) => new Float32Array(2 * tensor.length).fill(-1));
  fast.run(frame.slice().fill(9), outs, 0);
  fast.run(frame, outs, 1);
  const defined = interpretTensors(graph, frame);
  expect(fast.boundary.map(({ id }) => id)).toEqual(createPreprocessor(graph).boundary.map(({ id }) => id));
  right.forEach((tensor, i) => {
    expect(Int32Array.from(outs[i]!.subarray(tensor.length))).toEqual(tensor);
    expect(tensor).toEqual(defined.get(fast.boundary[i]!.id));
  });
}

describe('the module', () => {
  it('gives the mantissas of whatever a recipe asks for: masks, blocks, contrasts, tables', () => {
    const random = createRandom(3);
    for (let i = 0; i < 120; i++) {
      const { graph, size } = drawn(random);
      compare(graph, frameOf(random, size[0] * size[1]));
    }
  });

  it('gives counts as they are where nothing follows, and limits alone where only those do', () => {
    const random = createRandom(4);
    const wide = format(false, 20, 20);
    const input: FixedNode = {
      id: nodeId('input'),
      kind: 'input',
      inputs: [],
      size: [9, 21],
      format: format(false, 16, 16),
    };
    const sum: FixedNode = {
      id: nodeId('sum'),
      kind: 'bin',
      inputs: [input.id],
      mode: 'sum',
      factor: [3, 3],
      format: wide,
    };
    const again: FixedNode = {
      id: nodeId('again'),
      kind: 'contrast',
      inputs: [sum.id],
      distance: 1,
      format: wide,
    };
    const held: FixedNode = {
      id: nodeId('held'),
      kind: 'clamp',
      inputs: [again.id],
      min: 5,
      max: 70_000,
      format: wide,
    };
    for (const nodes of [[input], [input, sum], [input, sum, again], [input, sum, again, held]])
      compare(graphOf(nodes, [nodes.at(-1)!.id]), frameOf(random, 9 * 21));
  });

  it('leaves to its twin what it does not know: blocks of what a table made', () => {
    const { nodes, outputs } = preprocessNodes(preprocessSchema.parse({ factor: 2 }), [16, 16]);
    const after: FixedNode = {
      id: nodeId('after'),
      kind: 'bin',
      inputs: [outputs[0]!],
      mode: 'max',
      factor: [2, 2],
      format: format(false, 8, 0),
    };
    expect(createFastPreprocessor(graphOf([...nodes, after], [after.id]))).toBeNull();
  });

  it('leaves a network of raw words to its twin: its counts are made in front of all else', () => {
    const formats = { pedestal: format(false, 16, 14), factor: format(true, 10, 6) };
    const raw = fromWords(sampleFixedGraph(), RAW_DETECTORS.jungfrau, formats);
    expect(createFastPreprocessor(raw)).toBeNull();
    expect(createFastPreprocessor(sampleFixedGraph())).not.toBeNull();
  });
});
