/**
 * Verification: the interpreter's integers against those of every other witness, frame by frame, with `===`.
 *
 * A witness that is missing makes the verdict `incomplete`, never `exact`.
 */
import type { FixedGraph } from '../ir/graph.js';
import type { Witness } from '../simulate/witness.js';
import { compareResults, describeDivergence, type Divergence } from './divergence.js';

export interface WitnessReport {
  readonly witness: string;
  readonly version: string;
  readonly frames: number;
  /** Integers compared. */
  readonly values: number;
  readonly mismatches: number;
  /** The first frame (by number) that differs, and where. */
  readonly first: (Divergence & { readonly frame: number; readonly text: string }) | null;
  /** Why a witness said nothing. */
  readonly skipped: string | null;
}

export type Verdict = 'exact' | 'different' | 'incomplete';

export interface Verification {
  readonly verdict: Verdict;
  readonly witnesses: readonly WitnessReport[];
}

export interface VerifyOptions {
  /** How many of the first frames are compared in every intermediate tensor; logits and decision in all. */
  readonly tensorFrames: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A witness that could not be had, and why. */
export interface MissingWitness {
  readonly name: string;
  readonly reason: string;
}

const BATCH = 16;

interface Tally {
  frames: number;
  values: number;
  mismatches: number;
  first: WitnessReport['first'];
}

/** Compares `witnesses` with `definition` (the interpreter) on `frames`. */
export async function verify(
  graph: FixedGraph,
  definition: Witness,
  witnesses: readonly (Witness | MissingWitness)[],
  frames: readonly Uint16Array[],
  options: VerifyOptions,
): Promise<Verification> {
  const present = witnesses.filter((w): w is Witness => 'run' in w);
  const tallies = present.map((): Tally => ({ frames: 0, values: 0, mismatches: 0, first: null }));
  for (let start = 0; start < frames.length;) {
    const tensors = start < options.tensorFrames;
    const end = Math.min(frames.length, tensors ? options.tensorFrames : start + BATCH);
    const part = frames.slice(start, end);
    const expected = await definition.run(part, { tensors });
    const found = await Promise.all(present.map((w) => w.run(part, { tensors })));
    found.forEach((results, w) => {
      const tally = tallies[w]!;
      results.forEach((result, i) => {
        const { compared, different, first } = compareResults(graph, expected[i]!, result);
        tally.frames += 1;
        tally.values += compared;
        tally.mismatches += different;
        if (first !== null && tally.first === null)
          tally.first = { ...first, frame: start + i, text: describeDivergence(first) };
      });
    });
    start = end;
    options.onProgress?.(start, frames.length);
  }
  const reports = witnesses.map((w): WitnessReport => {
    if (!('run' in w))
      return {
        witness: w.name,
        version: '',
        frames: 0,
        values: 0,
        mismatches: 0,
        first: null,
        skipped: w.reason,
      };
    return { witness: w.name, version: w.version, ...tallies[present.indexOf(w)]!, skipped: null };
  });
  const different = reports.some((r) => r.mismatches > 0);
  const incomplete = reports.some((r) => r.skipped !== null) || reports.length === 0 || frames.length === 0;
  return { verdict: different ? 'different' : incomplete ? 'incomplete' : 'exact', witnesses: reports };
}
