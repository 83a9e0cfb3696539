/** What an op says that it reads is what it computes with: from the reads alone, every element comes out again. */
import { describe, expect, it } from 'vitest';
import { RAW_DETECTORS } from '../../src/data/raw/detectors.js';
import { castNumber } from '../../src/fixed/cast.js';
import { format } from '../../src/fixed/format.js';
import { activated, limitsOf, slopesOf } from '../../src/ir/activations.js';
import { dispatch, type Table } from '../../src/ir/dispatch.js';
import { fixedShapes } from '../../src/ir/graph.js';
import {
  isGiven,
  isSumming,
  OPS,
  readsOf,
  sumOf,
  type ComputedNode,
  type SummingKind,
  type SummingNode,
} from '../../src/ir/ops/index.js';
import { fromWords } from '../../src/passes/from-words.js';
import { contrastWindow } from '../../src/ir/ops/contrast.js';
import type { SourceFacts } from '../../src/ir/ops/record.js';
import { activationOf } from '../../src/ir/prove.js';
import { interpretTensors } from '../../src/simulate/interpret.js';
import { fuzzMaps } from '../fuzz/maps.js';
import { everyOpFrames, everyOpGraph } from './every-op.js';

const DETECTOR = RAW_DETECTORS.jungfrau;
const MAPS = { pedestal: format(false, 16, 14), factor: format(true, 12, -2) };
const COMMON_MODE = { columns: 5, limit: 300, least: 2 };
const graph = fromWords(everyOpGraph(), DETECTOR, MAPS, COMMON_MODE);
/** Words of every gain stage, and of none. */
const FRAMES = everyOpFrames(3).map((frame, n) => frame.map((_, i) => (i * 7919 + n * 104729) % 65536));
const shapes = fixedShapes(graph);
const nodes = new Map(graph.nodes.map((n) => [n.id, n]));

/** The products that are read, in order: 0 where a position lies in the padding, which `inside` leaves out. */
interface Reads {
  readonly all: readonly number[];
  readonly inside: readonly number[];
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const one = ({ all }: Reads): number => {
  expect(all).toHaveLength(1);
  return all[0]!;
};
const most = ({ inside }: Reads): number => Math.max(...inside);

/** Elements of ops that do not sum. */
const moved: Table<Exclude<ComputedNode, { kind: SummingKind }>, [reads: Reads], number> = {
  calibrate({ adcBits, select, limits, format: to }, { all: [word, ...maps] }) {
    const [bits, adc] = [Math.floor(word! / 2 ** adcBits), word! % 2 ** adcBits];
    const stage = select.by === 'bits' ? select.stages[bits]! : null;
    if (stage === null || adc < limits[stage]![0] || adc > limits[stage]![1]) return 0;
    const difference = adc * 2 ** 2 - maps[stage]!;
    return castNumber(difference * maps[limits.length + stage]!, 2 + 14, to);
  },
  commonMode({ limit, least, reciprocalFraction, format: to }, { all }) {
    const dark = all.filter((value) => value !== 0 && Math.abs(value) <= limit);
    const mean = dark.length < least ? 0 : Math.floor(2 ** reciprocalFraction / dark.length + 0.5);
    if (all[0] === 0) return 0;
    return castNumber(all[0]! * 2 ** reciprocalFraction - total(dark) * mean, 8 + reciprocalFraction, to);
  },
  crop: (_op, reads) => one(reads),
  mask: (_op, { all }) => total(all),
  bin({ mode }, { all }) {
    if (mode === 'sum') return total(all);
    return [...all].sort((a, b) => b - a)[mode === 'max' ? 0 : 1]!;
  },
  contrast(_op, { all }) {
    const pairs = [0, 1, 2, 3].map((i) => Math.min(all[i]!, all[8 - i]!));
    return Math.max(0, all[4]! - Math.max(...pairs));
  },
  clamp: ({ min, max }, reads) => Math.min(Math.max(one(reads), min), max),
  lut: ({ first, table }, reads) => table[one(reads) - first]!,
  table: ({ first, table }, reads) => table[one(reads) - first]!,
  maxPool: (_op, reads) => most(reads),
  globalMaxPool: (_op, reads) => most(reads),
  upsample: (_op, reads) => one(reads),
  concat: (_op, reads) => one(reads),
  flatten: (_op, reads) => one(reads),
};

/** The element of a stage that adds: the sum with its bias, activated, rounded, limited. */
function added(node: SummingNode, sources: readonly SourceFacts[], reads: Reads, c: number): number {
  const { bias, fraction, channels } = sumOf(node, sources)!;
  expect(channels).toBe(shapes.get(node.id)![2]);
  const activation = activationOf(node);
  const slopes = slopesOf(activation);
  const sum = total(reads.all) + (bias?.[c] ?? 0);
  const value = castNumber(activated(slopes, sum, c), fraction(c) + slopes.fraction, node.format);
  const limits = limitsOf(activation);
  return limits === null ? value : Math.min(Math.max(value, limits.min), limits.max);
}

describe.each(graph.nodes.filter((node) => !isGiven(node)))('$id', (node) => {
  const shape = shapes.get(node.id)!;
  const sources = node.inputs.map((id) => ({ shape: shapes.get(id)!, format: nodes.get(id)!.format }));

  it('computes every element of what it reads', () => {
    for (const [n, frame] of FRAMES.entries()) {
      const tensors = interpretTensors(graph, frame, fuzzMaps(graph, n + 1)[n]);
      const valueOf = (source: number, y: number, x: number, c: number): number | undefined => {
        const [height, width, channels] = sources[source]!.shape;
        const isInside = y >= 0 && y < height && x >= 0 && x < width;
        return isInside ? tensors.get(node.inputs[source]!)![(y * width + x) * channels + c]! : undefined;
      };
      const elements: number[] = [];
      for (let y = 0; y < shape[0]; y++)
        for (let x = 0; x < shape[1]; x++)
          for (let c = 0; c < shape[2]; c++) {
            const read: (number | undefined)[] = [];
            readsOf(node, sources, [y, x, c], shape, (source, iy, ix, channel, weight, times) => {
              const value = valueOf(source, iy, ix, channel);
              const factor = times === undefined ? 1 : valueOf(times, 0, 0, channel)!;
              read.push(value === undefined ? undefined : value * weight * factor);
            });
            const reads = {
              all: read.map((v) => v ?? 0),
              inside: read.filter((v) => v !== undefined),
            };
            if (isSumming(node)) elements.push(added(node, sources, reads, c));
            else if (!isGiven(node)) elements.push(dispatch(moved, node, reads));
          }
      expect(elements).toEqual([...tensors.get(node.id)!]);
    }
  });
});

it('is shown of every op', () => {
  const fixed = Object.entries(OPS).flatMap(([kind, op]) => (op.fixed === null ? [] : [kind]));
  expect([...new Set(graph.nodes.map((n) => n.kind))].sort()).toEqual(fixed.sort());
});

it('reads of a contrast what the line buffer of a back end holds', () => {
  expect(contrastWindow({ distance: 3 })).toEqual({
    kernel: [7, 7],
    strides: [1, 1],
    padding: [3, 3, 3, 3],
  });
});

it('reads nothing for a raw pixel', () => {
  readsOf(graph.nodes[0]!, [], [0, 0, 0], [1, 1, 1], () => {
    throw new Error('a raw pixel reads nothing');
  });
});
