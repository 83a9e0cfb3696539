/**
 * Where two witnesses part: the first stage, in topological order, whose integers differ, with pixel, channel and
 * both mantissas. Equality is `===`; there is no tolerance.
 */
import type { NodeId } from '../ir/common.js';
import { fixedShapes, type FixedGraph } from '../ir/graph.js';
import type { FrameResult } from '../simulate/witness.js';

export interface Divergence {
  /** The stage, or `score` or `keep` of the decision. */
  readonly stage: string;
  readonly y: number;
  readonly x: number;
  readonly channel: number;
  readonly expected: number;
  readonly found: number;
  /** Integers of this frame that were compared and that differ. */
  readonly compared: number;
  readonly different: number;
}

/** Two's complement, as wide as the wider of the two needs. */
export function binary(value: number, width: number): string {
  return BigInt.asUintN(width, BigInt(value)).toString(2).padStart(width, '0');
}

interface Place {
  readonly stage: string;
  readonly index: number;
  readonly expected: number;
  readonly found: number;
}

function compareArrays(
  stage: string,
  expected: Int32Array,
  found: Int32Array | undefined,
  places: Place[],
): number {
  for (let i = 0; i < expected.length; i++) {
    const value = found?.[i];
    if (value !== expected[i]) places.push({ stage, index: i, expected: expected[i]!, found: value ?? NaN });
  }
  return expected.length;
}

/** Compares what `found` says with the interpreter's `expected`: logits, score, keep, and all tensors they share. */
export function compareResults(
  graph: FixedGraph,
  expected: FrameResult,
  found: FrameResult,
): { readonly compared: number; readonly different: number; readonly first: Divergence | null } {
  const places: Place[] = [];
  let compared = 0;
  if (expected.tensors.size > 0)
    for (const { id } of graph.nodes)
      compared += compareArrays(id, expected.tensors.get(id)!, found.tensors.get(id), places);
  compared += compareArrays(graph.output, expected.logits, found.logits, places);
  compared += compareArrays('score', Int32Array.of(expected.score), Int32Array.of(found.score), places);
  compared += compareArrays(
    'keep',
    Int32Array.of(Number(expected.keep)),
    Int32Array.of(Number(found.keep)),
    places,
  );
  const [first] = places;
  if (first === undefined) return { compared, different: 0, first: null };
  const shape = fixedShapes(graph).get(first.stage as NodeId) ?? [1, 1, 1];
  return {
    compared,
    different: places.length,
    first: {
      stage: first.stage,
      y: Math.floor(first.index / shape[2] / shape[1]),
      x: Math.floor(first.index / shape[2]) % shape[1],
      channel: first.index % shape[2],
      expected: first.expected,
      found: first.found,
      compared,
      different: places.length,
    },
  };
}

/** A divergence in words. */
export function describeDivergence(d: Divergence): string {
  const width = Math.max(2, ...[d.expected, d.found].map((v) => Math.ceil(Math.log2(Math.abs(v) + 1)) + 1));
  return (
    `first difference in ${d.stage} at pixel (${d.y}, ${d.x}), channel ${d.channel}: ` +
    `expected ${d.expected} (${binary(d.expected, width)}), found ${d.found} (${Number.isNaN(d.found) ? 'nothing' : binary(d.found, width)})`
  );
}
