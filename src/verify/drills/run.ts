/** Drills through every witness, each integer against the interpreter's with `===`. */
import { UnsupportedError } from '../../core/errors.js';
import { elements } from '../../ir/common.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { DrillResult, Witness } from '../../simulate/witness.js';
import {
  compareDrills,
  describeDivergence,
  explainDivergence,
  isEarlier,
  type Divergence,
} from '../divergence.js';
import { asError, type FirstDifference } from '../investigate.js';
import { createDrills, type DrillOptions, type MadeDrill } from './make.js';
import type { StageDrills } from './meter.js';

/** What the drills found of one witness. */
export interface WitnessDrills {
  readonly witness: string;
  readonly drills: number;
  /** Integers compared, and how many differed. */
  readonly values: number;
  readonly mismatches: number;
  /** The difference in the earliest stage, in topological order. */
  readonly first: FirstDifference | null;
  /** Why it was not drilled. */
  readonly skipped: string | null;
  /** What it died of. */
  readonly failed: string | null;
}

export interface DrillReport {
  /** Drills made. */
  readonly drills: number;
  readonly stages: readonly StageDrills[];
  readonly witnesses: readonly WitnessDrills[];
}

type Tally = { -readonly [K in keyof WitnessDrills]: WitnessDrills[K] };

/** Drills in one request, fewer where their tensors are large. */
const BATCH = 8;
const VALUES_A_BATCH = 2 ** 24;

function describe(graph: FixedGraph, number: number, drill: MadeDrill, d: Divergence): FirstDifference {
  const aim = drill.aims.find(
    (a) => a.stage === d.stage && a.y === d.y && a.x === d.x && a.channel === d.channel,
  );
  const frameName = aim?.text ?? 'values that aim at another sum';
  return {
    ...d,
    frame: number,
    frameName,
    text: `${frameName}: ${describeDivergence(graph, d)}`,
    trace: explainDivergence(graph, drill.given, d),
    minimal: null,
  };
}

function* batches(drills: Iterable<MadeDrill>, size: number): Generator<readonly MadeDrill[]> {
  let part: MadeDrill[] = [];
  for (const drill of drills) {
    part.push(drill);
    if (part.length < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

function count(
  graph: FixedGraph,
  tally: Tally,
  batch: readonly MadeDrill[],
  expected: readonly DrillResult[],
  answer: readonly DrillResult[],
): void {
  batch.forEach((drill, i) => {
    const { compared, different, first } = compareDrills(graph, expected[i]!, answer[i]!);
    tally.values += compared;
    tally.mismatches += different;
    if (first !== null && (tally.first === null || isEarlier(graph, first, tally.first)))
      tally.first = describe(graph, tally.drills, drill, first);
    tally.drills += 1;
  });
}

/** What `witness` says of `batch`; after a failure it is not asked again. */
async function ask(
  witness: Witness,
  tally: Tally,
  batch: readonly MadeDrill[],
): Promise<readonly DrillResult[]> {
  if (witness.drill === undefined || tally.skipped !== null || tally.failed !== null) return [];
  try {
    const results = await witness.drill(batch);
    if (results.length === batch.length) return results;
    tally.failed = `${results.length} answers to ${batch.length} drills`;
  } catch (error) {
    // A file of before drills may leave no way in between two stages; anything else is a failure.
    if (error instanceof UnsupportedError) tally.skipped = error.message;
    else tally.failed = asError(error).message;
  }
  return [];
}

/** Drives every stage of `graph` alone, in `definition` (the interpreter) and in each of `witnesses`. */
export async function runDrills(
  graph: FixedGraph,
  definition: Witness,
  witnesses: readonly Witness[],
  options: DrillOptions,
): Promise<DrillReport> {
  const values = [...fixedShapes(graph).values()].reduce((sum, shape) => sum + elements(shape), 0);
  const { drills, stages } = createDrills(graph, options);
  const tallies = witnesses.map((w): Tally => ({
    witness: w.name,
    drills: 0,
    values: 0,
    mismatches: 0,
    first: null,
    skipped: w.drill === undefined ? (w.undrilled ?? 'it cannot drive a stage alone') : null,
    failed: null,
  }));
  let made = 0;
  for (const batch of batches(drills, Math.max(1, Math.min(BATCH, Math.floor(VALUES_A_BATCH / values))))) {
    const [expected, ...answers] = await Promise.all([
      definition.drill!(batch),
      ...witnesses.map((w, k) => ask(w, tallies[k]!, batch)),
    ]);
    answers.forEach((answer, k) => {
      if (answer.length > 0) count(graph, tallies[k]!, batch, expected, answer);
    });
    made += batch.length;
  }
  return { drills: made, stages: stages(), witnesses: tallies };
}
