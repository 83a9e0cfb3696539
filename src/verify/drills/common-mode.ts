/**
 * What drives a `commonMode` stage: segments whose pixels all lie at the limit, on both sides; as many of them as say something, and
 * one fewer; both ends of the format beside them; pairs on rounding ties; pixels that are no measurement. A case is a segment; as many as a frame has go into
 * one drill.
 */
import type { Random } from '../../core/random.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import type { NodeId } from '../../ir/common.js';
import { findNode, fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { CommonMode } from '../../ir/ops/common-mode.js';
import type { Aim } from './aim.js';

/** Pixels of a segment; what the format does not hold is its nearest end. */
interface Case {
  readonly text: string;
  readonly values: readonly number[];
}

export interface PendingCommonMode {
  readonly id: NodeId;
  readonly inputs: readonly NodeId[];
  /** Pixels of a segment. */
  readonly columns: number;
  readonly cases: readonly Case[];
  asked: number;
}

function casesOf(op: CommonMode, from: Format, random: Random): readonly Case[] {
  const { columns, limit, least } = op;
  const row = (value: (k: number) => number): readonly number[] =>
    Array.from({ length: columns }, (_, k) => value(k));
  /** `count` pixels at `side` times the limit, the others just beyond it. */
  const near = (count: number, side: 1 | -1): readonly number[] =>
    row((k) => (k < count ? side * limit : -side * (limit + 1)));
  const counts = [least - 1, least, least + 1, columns - 1, random.integer(1, columns)];
  const half = 2 ** Math.max(0, fractionBits(from) - fractionBits(op.format) - 1);
  const sides = [1, -1] as const;
  const where = (side: 1 | -1): string => (side > 0 ? 'above' : 'below');
  return [
    ...sides.map((side) => ({
      text: `every pixel at the limit ${where(side)} zero`,
      values: near(columns, side),
    })),
    ...counts
      .filter((count) => count >= 0 && count <= columns)
      .flatMap((count) =>
        sides.map((side) => ({
          text: `${count} pixels at the limit ${where(side)} zero`,
          values: near(count, side),
        })),
      ),
    ...sides.map((side) => ({
      text: `both ends of the format, the others at the limit ${where(side)} zero`,
      values: row((k) => [minMantissa(from), maxMantissa(from)][k] ?? side * limit),
    })),
    // Each with its opposite, so that nothing is taken away.
    {
      text: 'pairs on ties',
      values: row((k) => (k % 2 === 0 ? 1 : -1) * half * (4 * (k >> 2) + (k & 2 ? 3 : 1))),
    },
    { text: 'no measurement', values: row(() => 0) },
    { text: 'no measurement in every second pixel', values: row((k) => (k % 2 === 0 ? 0 : -limit)) },
    { text: 'any values', values: row(() => random.integer(-2 * limit, 2 * limit)) },
  ];
}

/** The `commonMode` stages of `graph` with all their cases. */
export const commonModesOf = (graph: FixedGraph, random: Random): readonly PendingCommonMode[] =>
  graph.nodes.flatMap((node): PendingCommonMode[] =>
    node.kind === 'commonMode'
      ? [
          {
            id: node.id,
            inputs: node.inputs,
            columns: node.columns,
            cases: casesOf(node, findNode(graph, node.inputs[0]!).format, random),
            asked: 0,
          },
        ]
      : [],
  );

/** Writes the next cases of `pending`, one a segment, into `given`. */
export function aimCommonMode(
  graph: FixedGraph,
  pending: PendingCommonMode,
  given: ReadonlyMap<NodeId, Int32Array>,
): readonly Aim[] {
  const node = findNode(graph, pending.id);
  if (node.kind !== 'commonMode') return [];
  const [from] = pending.inputs;
  const values = given.get(from!)!;
  const { format } = findNode(graph, from!);
  const [low, high] = [minMantissa(format), maxMantissa(format)];
  const width = fixedShapes(graph).get(pending.id)![1];
  const cases = pending.cases.slice(pending.asked, pending.asked + values.length / node.columns);
  pending.asked += cases.length;
  return cases.map((one, segment) => {
    const first = segment * node.columns;
    one.values.forEach((value, k) => (values[first + k] = Math.min(Math.max(value, low), high)));
    return { stage: pending.id, y: Math.floor(first / width), x: first % width, channel: 0, text: one.text };
  });
}
