/**
 * Where two witnesses part: the first stage, in topological order, whose integers differ, with pixel, channel and
 * both mantissas, and what went into it. Equality is `===`; there is no tolerance.
 */
import type { NodeId } from '../ir/common.js';
import { findNode, fixedShapes, type FixedGraph } from '../ir/graph.js';
import type { DrillResult, FrameResult } from '../simulate/witness.js';
import { traceElement, type Trace } from './trace.js';

export interface Divergence {
  /** The stage, or a part of the decision: `score`, `keep`, `by_prescale`, `keep with prescale`, `weight`. */
  readonly stage: string;
  readonly y: number;
  readonly x: number;
  readonly channel: number;
  readonly expected: number;
  /** Null when the witness said nothing there. */
  readonly found: number | null;
}

export interface Comparison {
  /** Integers compared, and how many differ. */
  readonly compared: number;
  readonly different: number;
  readonly first: Divergence | null;
}

/** Two's complement of `width` bits. */
export function binary(value: number, width: number): string {
  return BigInt.asUintN(width, BigInt(value)).toString(2).padStart(width, '0');
}

interface Tally {
  compared: number;
  different: number;
  first: {
    readonly stage: string;
    readonly index: number;
    readonly expected: number;
    readonly found: number | null;
  } | null;
}

function compareArrays(
  tally: Tally,
  stage: string,
  expected: ArrayLike<number>,
  found: ArrayLike<number> | undefined,
): void {
  const length = Math.max(expected.length, found?.length ?? 0);
  tally.compared += length;
  for (let i = 0; i < length; i++) {
    if (found?.[i] === expected[i]) continue;
    tally.different += 1;
    tally.first ??= { stage, index: i, expected: expected[i] ?? 0, found: found?.[i] ?? null };
  }
}

/** Where the first difference of `tally` lies. */
function comparison(graph: FixedGraph, { compared, different, first }: Tally): Comparison {
  if (first === null) return { compared, different, first: null };
  const shape = fixedShapes(graph).get(first.stage as NodeId) ?? [1, 1, 1];
  return {
    compared,
    different,
    first: {
      stage: first.stage,
      y: Math.floor(first.index / shape[2] / shape[1]),
      x: Math.floor(first.index / shape[2]) % shape[1],
      channel: first.index % shape[2],
      expected: first.expected,
      found: first.found,
    },
  };
}

/** The outcome with a prescale, where both were asked for it and have one. */
function comparePrescaled(tally: Tally, expected: FrameResult, found: FrameResult): void {
  const [a, b] = [expected.prescaled, found.prescaled];
  if (a === undefined || b === undefined) return;
  compareArrays(tally, 'by_prescale', [Number(a.byPrescale)], [Number(b.byPrescale)]);
  compareArrays(tally, 'keep with prescale', [Number(a.keep)], [Number(b.keep)]);
  compareArrays(tally, 'weight', [a.weight], [b.weight]);
}

interface Decision {
  readonly score: number;
  readonly keep: boolean;
}

function compareDecisions(tally: Tally, expected: Decision, found: Decision): void {
  compareArrays(tally, 'score', [expected.score], [found.score]);
  compareArrays(tally, 'keep', [Number(expected.keep)], [Number(found.keep)]);
}

/**
 * Compares what `found` says with the interpreter's `expected`: logits, score, keep and, where the interpreter has
 * them, all tensors (one that is missing counts as different).
 */
export function compareResults(graph: FixedGraph, expected: FrameResult, found: FrameResult): Comparison {
  const tally: Tally = { compared: 0, different: 0, first: null };
  if (expected.tensors.size > 0)
    for (const { id } of graph.nodes)
      compareArrays(tally, id, expected.tensors.get(id)!, found.tensors.get(id));
  compareArrays(tally, graph.output, expected.logits, found.logits);
  compareDecisions(tally, expected, found);
  comparePrescaled(tally, expected, found);
  return comparison(graph, tally);
}

/** The same for a drill: the stages that the interpreter was asked, and the decision. */
export function compareDrills(graph: FixedGraph, expected: DrillResult, found: DrillResult): Comparison {
  const tally: Tally = { compared: 0, different: 0, first: null };
  for (const { id } of graph.nodes) {
    const tensor = expected.tensors.get(id);
    if (tensor !== undefined) compareArrays(tally, id, tensor, found.tensors.get(id));
  }
  compareDecisions(tally, expected, found);
  return comparison(graph, tally);
}

const OF_THE_DECISION = ['score', 'keep', 'by_prescale', 'keep with prescale', 'weight'];

/** Place of a stage in topological order; what the decision is made of comes last. */
const placeOf = (graph: FixedGraph, stage: string): number => {
  const at = graph.nodes.findIndex((n) => n.id === stage);
  return at >= 0 ? at : graph.nodes.length + OF_THE_DECISION.indexOf(stage);
};

/** Whether `a` lies in an earlier stage than `b`. */
export const isEarlier = (graph: FixedGraph, a: Divergence, b: Divergence): boolean =>
  placeOf(graph, a.stage) < placeOf(graph, b.stage);

/** The bits that show both values: the stage's own width, or what a decision needs. */
function widthOf(graph: FixedGraph, d: Divergence): number {
  const own = graph.nodes.find((n) => n.id === d.stage)?.format.width ?? 2;
  return Math.max(
    own,
    ...[d.expected, d.found ?? 0].map((v) => (Math.abs(v) < 2 ** 52 ? v : 0).toString(2).length + 1),
  );
}

/** A divergence in words. */
export function describeDivergence(graph: FixedGraph, d: Divergence): string {
  const width = widthOf(graph, d);
  const found = d.found === null ? 'nothing' : `${d.found} (${binary(d.found, width)})`;
  return (
    `first difference in ${d.stage} at pixel (${d.y}, ${d.x}), channel ${d.channel}: ` +
    `expected ${d.expected} (${binary(d.expected, width)}), found ${found}`
  );
}

/** What went into the element where `d` shows; null for the decision, which reads the logits alone. */
export function explainDivergence(
  graph: FixedGraph,
  tensors: ReadonlyMap<NodeId, Int32Array>,
  d: Divergence,
): Trace | null {
  if (!graph.nodes.some((n) => n.id === d.stage)) return null;
  const { id } = findNode(graph, d.stage as NodeId);
  return traceElement(graph, tensors, id, d.y, d.x, d.channel);
}
