/** The fast preprocessing of many frames: counts, what became of them, and the mantissas that the interpreter computes. */
import { describe, expect, it } from 'vitest';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { format } from '../../src/fixed/format.js';
import { nodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import type { FixedNode, PreprocessNode } from '../../src/ir/ops/index.js';
import { interpretTensors } from '../../src/simulate/interpret.js';
import { counts } from './small-graphs.js';
import { everyOpFrames, everyOpGraph } from './every-op.js';

const RAW = counts(16);
const node = (id: string, from: string) => ({ id: nodeId(id), inputs: [nodeId(from)], format: RAW });

/** `steps` behind an input, and a network that reads the nodes `read`. */
function graphOf(
  size: readonly [number, number],
  steps: readonly PreprocessNode[],
  read: readonly string[],
): FixedGraph {
  const nodes: FixedNode[] = [
    { id: nodeId('input'), kind: 'input', inputs: [], size, format: RAW },
    ...steps,
    ...read.map((id, i): FixedNode => ({ ...node(`read${i}`, id), kind: 'globalMaxPool' })),
  ];
  return {
    name: 'small',
    nodes,
    output: nodes.at(-1)!.id,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 0,
    reloadable: false,
  };
}

const FRAME = Uint16Array.of(
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
  17,
  18,
  19,
  20,
  21,
  22,
  23,
  65535,
);

/** Counts and mantissas of node `x` on a frame of 4 × 6 ascending pixels, the last of which is 65535. */
function made(steps: readonly PreprocessNode[], frame = FRAME): { counts: number[]; mantissas: number[] } {
  const preprocessor = createPreprocessor(graphOf([4, 6], steps, ['x']));
  const mantissas = [...preprocessor.run(frame)[0]!];
  expect(mantissas).toEqual([...interpretTensors(graphOf([4, 6], steps, ['x']), frame).get(nodeId('x'))!]);
  return { counts: [...preprocessor.counts(frame)[0]!], mantissas };
}

const clamp = (id: string, from: string, min: number, max: number): PreprocessNode => ({
  ...node(id, from),
  kind: 'clamp',
  min,
  max,
});

describe('the fast preprocessing', () => {
  it.each<[string, PreprocessNode, readonly number[]]>([
    [
      'crops',
      { ...node('x', 'input'), kind: 'crop', offset: [2, 1], size: [2, 3] },
      [14, 15, 16, 20, 21, 22],
    ],
    [
      'masks',
      {
        ...node('x', 'input'),
        kind: 'mask',
        live: Uint8Array.from({ length: 24 }, (_, i) => Number(i > 20)),
      },
      [...new Array<number>(21).fill(0), 22, 23, 65535],
    ],
    [
      'takes the brightest of blocks',
      { ...node('x', 'input'), kind: 'bin', mode: 'max', factor: [2, 3] },
      [9, 12, 21, 65535],
    ],
    [
      'takes the second brightest of blocks',
      { ...node('x', 'input'), kind: 'bin', mode: 'second', factor: [2, 3] },
      [8, 11, 20, 23],
    ],
    [
      'sums blocks, beyond 16 bits',
      { ...node('x', 'input'), kind: 'bin', mode: 'sum', factor: [2, 3] },
      [6 + 24, 15 + 33, 42 + 60, 16 + 17 + 18 + 22 + 23 + 65535],
    ],
    [
      'takes what stands out',
      { ...node('x', 'input'), kind: 'contrast', distance: 1 },
      [
        // Inside, the left neighbour is the darker of the brightest pair; at the sides, the one above; in corners none is.
        ...[1, 1, 1, 1, 1, 6],
        ...[6, 1, 1, 1, 1, 6],
        ...[6, 1, 1, 1, 1, 6],
        ...[19, 1, 1, 1, 1, 65535],
      ],
    ],
  ])('%s', (_what, step, expected) => {
    expect(made([step]).counts).toEqual(expected);
    expect(made([step]).mantissas).toEqual(expected);
  });

  it('finds the second brightest wherever it stands, and however bright the first', () => {
    const step: PreprocessNode = { ...node('x', 'input'), kind: 'bin', mode: 'second', factor: [4, 2] };
    const rows = [
      [9, 1, 5, 5, 0, 0],
      [2, 3, 1, 1, 0, 0],
      [4, 4, 5, 0, 0, 7],
      [0, 8, 2, 2, 0, 0],
    ];
    expect(made([step], Uint16Array.from(rows.flat())).counts).toEqual([8, 5, 0]);
  });

  it('takes frames that are higher than wide, and hands on counts of 32 bits', () => {
    const steps = (mode: 'max' | 'second' | 'sum'): PreprocessNode[] => [
      { ...node('x', 'input'), kind: 'bin', mode, factor: [3, 1] },
    ];
    const counted = (of: readonly PreprocessNode[], read = 'x'): Uint32Array =>
      createPreprocessor(graphOf([6, 1], of, [read])).counts(Uint16Array.of(5, 9, 7, 2, 1, 65535))[0]!;
    expect([...counted(steps('max'))]).toEqual([9, 65535]);
    expect([...counted(steps('second'))]).toEqual([7, 2]);
    expect([...counted(steps('sum'))]).toEqual([21, 65538]);
    // A part of sums keeps their width.
    const part: PreprocessNode = { ...node('part', 'x'), kind: 'crop', offset: [1, 0], size: [1, 1] };
    expect([...counted([...steps('sum'), part], 'part')]).toEqual([65538]);
    expect(counted([], 'input')).toEqual(Uint32Array.of(5, 9, 7, 2, 1, 65535));
  });

  it('goes on from what it made: crop, mask, blocks, contrast', () => {
    const crop: PreprocessNode = { ...node('a', 'input'), kind: 'crop', offset: [0, 1], size: [4, 4] };
    const sums: PreprocessNode = { ...node('b', 'a'), kind: 'bin', mode: 'sum', factor: [2, 1] };
    const live = Uint8Array.of(1, 1, 0, 1, 1, 1, 1, 1);
    const mask: PreprocessNode = { ...node('c', 'b'), kind: 'mask', live };
    const part: PreprocessNode = { ...node('x', 'c'), kind: 'crop', offset: [0, 1], size: [2, 3] };
    // Columns 2 to 5 of rows 1 and 2 (10, 12, masked, 16) and of rows 3 and 4 (34, 36, 38, 40): the last three.
    expect(made([crop, sums, mask, part]).counts).toEqual([12, 0, 16, 36, 38, 40]);
    // Of each row of two blocks the pairs beside are all that lies inside.
    const contrast: PreprocessNode = { ...node('x', 'b'), kind: 'contrast', distance: 1 };
    expect(made([crop, sums, contrast]).counts).toEqual([10, 2, 2, 16, 34, 2, 2, 40]);
  });

  it('limits counts and looks them up, in either order and alone', () => {
    const step: PreprocessNode = { ...node('step', 'input'), kind: 'crop', offset: [0, 0], size: [1, 6] };
    const table = (id: string, from: string, first: number, entries: readonly number[]): PreprocessNode => ({
      ...node(id, from),
      kind: 'lut',
      first,
      table: Int32Array.from(entries),
    });
    expect(made([step, clamp('x', 'step', 2, 4)]).mantissas).toEqual([2, 2, 3, 4, 4, 4]);
    const entries = [50, 40, 30, 20, 10, 60];
    expect(made([step, table('x', 'step', 1, entries)]).mantissas).toEqual(entries);
    const limited = clamp('clamp', 'step', 3, 5);
    const chain = made([step, limited, table('x', 'clamp', 2, [9, 7, 5, 3])]);
    expect(chain).toEqual({ counts: [1, 2, 3, 4, 5, 6], mantissas: [7, 7, 7, 5, 3, 3] });
    expect(made([step, table('lut', 'step', 1, entries), clamp('x', 'lut', 15, 45)]).mantissas).toEqual([
      45, 40, 30, 20, 15, 45,
    ]);
    const upside = table('lut', 'step', 1, [6, 5, 4, 3, 2, 1]);
    expect(made([step, upside, table('x', 'lut', 1, entries)]).mantissas).toEqual([60, 10, 20, 30, 40, 50]);
    const last = table('lut', 'clamp', 3, [10, 20, 30]);
    expect(made([step, limited, last, clamp('x', 'lut', 15, 25)]).mantissas).toEqual([
      15, 15, 15, 20, 25, 25,
    ]);
    // Of three, each acts on what the one before made.
    const twice = [step, limited, clamp('again', 'clamp', 1, 4), table('x', 'again', 3, [-1, -2])];
    expect(made(twice).mantissas).toEqual([-1, -1, -1, -2, -2, -2]);
  });

  it('equals the interpreter where views part, and hands on what the network reads in its order', () => {
    const graph = everyOpGraph();
    const preprocessor = createPreprocessor(graph);
    expect(preprocessor.boundary.map(({ id }) => id)).toEqual(['lut0', 'lut1', 'lut2']);
    for (const frame of everyOpFrames(4)) {
      const tensors = interpretTensors(graph, frame);
      const run = preprocessor.run(frame);
      preprocessor.boundary.forEach(({ id }, i) => {
        expect(run[i]).toEqual(tensors.get(id));
      });
    }
  });

  it('says what the network reads, how large one of its steps is, and which counts it comes from', () => {
    const steps: readonly PreprocessNode[] = [
      { ...node('bins', 'input'), kind: 'bin', mode: 'max', factor: [2, 3] },
      clamp('low', 'bins', 0, 9),
      {
        ...node('lut', 'low'),
        kind: 'lut',
        first: 0,
        table: new Int32Array(10),
        format: format(false, 8, 3),
      },
      clamp('high', 'bins', 5, 90),
    ];
    const { boundary, linear, rawSize } = createPreprocessor(
      graphOf([4, 6], steps, ['lut', 'high', 'input']),
    );
    expect(rawSize).toEqual([4, 6]);
    expect(boundary.map(({ id, shape, lsb, source }) => [id, shape, lsb, source])).toEqual([
      ['input', [4, 6, 1], 1, 0],
      ['lut', [2, 2, 1], 1 / 32, 1],
      ['high', [2, 2, 1], 1, 1],
    ]);
    expect(linear.map(({ id }) => id)).toEqual(['input', 'bins']);
    expect(createPreprocessor(graphOf([4, 6], steps, ['lut', 'high'])).linear.map(({ id }) => id)).toEqual([
      'bins',
    ]);
  });

  it.each<[string, readonly PreprocessNode[], object]>([
    ['single pixels', [{ ...node('x', 'input'), kind: 'crop', offset: [0, 0], size: [2, 2] }], {}],
    [
      'the brightest of six',
      [{ ...node('x', 'input'), kind: 'bin', mode: 'max', factor: [2, 3] }],
      { pixels: 6 },
    ],
    [
      'sums of six',
      [{ ...node('x', 'input'), kind: 'bin', mode: 'sum', factor: [2, 3] }],
      { mode: 'sum', pixels: 6 },
    ],
    [
      'the second brightest, which depends on neighbours',
      [{ ...node('x', 'input'), kind: 'bin', mode: 'second', factor: [1, 2] }],
      { pixels: 2, local: true },
    ],
    ['contrast', [{ ...node('x', 'input'), kind: 'contrast', distance: 1 }], { local: true }],
    [
      'the brightest of sums',
      [
        { ...node('sums', 'input'), kind: 'bin', mode: 'sum', factor: [2, 1] },
        { ...node('x', 'sums'), kind: 'bin', mode: 'max', factor: [1, 3] },
      ],
      { mode: 'sum', pixels: 6 },
    ],
  ])('says what its counts are: %s', (_what, steps, facts) => {
    const [linear] = createPreprocessor(graphOf([4, 6], steps, ['x'])).linear;
    expect(linear).toMatchObject({ id: 'x', mode: 'single', pixels: 1, local: false, ...facts });
  });

  it('has the output as its boundary where there is no network', () => {
    const graph = graphOf([4, 6], [clamp('x', 'input', 0, 5)], []);
    expect(createPreprocessor(graph).boundary.map(({ id }) => id)).toEqual(['x']);
  });

  it('refuses a graph without its input, counts behind a clamp, and a frame of another size', () => {
    const graph = graphOf([4, 6], [], ['input']);
    expect(() => createPreprocessor({ ...graph, nodes: [] })).toThrow('small does not start with its input');
    const late: PreprocessNode = { ...node('x', 'low'), kind: 'bin', mode: 'max', factor: [1, 1] };
    expect(() => createPreprocessor(graphOf([4, 6], [clamp('low', 'input', 0, 5), late], ['x']))).toThrow(
      'x acts on what a clamp or table made',
    );
    expect(() => createPreprocessor(graph).run(new Uint16Array(23))).toThrow(
      'a frame of 23 pixels for 4×6×1',
    );
  });
});
