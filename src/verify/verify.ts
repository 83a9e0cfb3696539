/**
 * Verification: the interpreter's integers against those of every other witness, frame by frame, with `===`.
 *
 * Frames stream through all witnesses at once. A witness that is missing makes the verdict `incomplete`, one that
 * breaks down makes it `different`; neither is ever `exact`.
 */
import { inputNode, type FixedGraph } from '../ir/graph.js';
import type { PrescaleQuestion } from '../ir/prescale.js';
import type { FrameResult, MissingWitness, Witness } from '../simulate/witness.js';
import { createCoverageMeter, type Coverage } from './coverage.js';
import { compareResults, isEarlier } from './divergence.js';
import { mapsOf, type FrameKind, type NamedFrame } from './frames.js';
import type { DrillOptions } from './drills/make.js';
import { runDrills, type DrillReport } from './drills/run.js';
import { prescaleQuestion } from './prescale.js';
import { asError, investigate, type FirstDifference, type Suspicion } from './investigate.js';

export interface WitnessReport {
  readonly witness: string;
  readonly version: string;
  readonly frames: number;
  /** Integers compared. */
  readonly values: number;
  readonly mismatches: number;
  readonly differentFrames: number;
  /** Frames that were decided with a prescale, too, and how many of them that alone kept; 0 where the file has none. */
  readonly prescaledFrames: number;
  readonly keptByPrescale: number;
  /** The difference in the earliest stage, in topological order, of the first frame that shows it. */
  readonly first: FirstDifference | null;
  /** Why a witness said nothing. */
  readonly skipped: string | null;
  /** What a witness died of. */
  readonly failed: string | null;
}

export type Verdict = 'exact' | 'different' | 'incomplete';

export interface Verification {
  readonly verdict: Verdict;
  /** How many frames of each kind. */
  readonly frames: Readonly<Partial<Record<FrameKind, number>>>;
  readonly witnesses: readonly WitnessReport[];
  readonly coverage: Coverage;
  /** Every stage driven alone; the witnesses are those that were not missing. Null where none was asked for. */
  readonly drills: DrillReport | null;
}

export interface VerifyOptions {
  /** Drills to make, if any. */
  readonly drills?: DrillOptions;
  /** How many of the first frames are compared in every intermediate tensor (all unless given). */
  readonly tensorFrames?: number;
  /**
   * On how many of those coverage is counted in all stages: it costs more than the interpreter does. 32 unless given.
   * On the others it is counted in small stages that have something left to show.
   */
  readonly coverageFrames?: number;
  /** Frames tried when shrinking a frame that differs: the fewer the larger they are, unless given; 0 for none. */
  readonly minimizeBudget?: number;
  readonly onProgress?: (done: number) => void;
}

/** Frames in one request, and requests under way at a time. */
const BATCH = 8;
const IN_FLIGHT = 3;

/** Values read to count one frame in a stage that is small enough to count in every frame. */
const SMALL_STAGE = 1e6;

interface Tally {
  frames: number;
  values: number;
  mismatches: number;
  differentFrames: number;
  prescaledFrames: number;
  keptByPrescale: number;
  earliest: Suspicion | null;
  failed: string | null;
}

type Answer = readonly FrameResult[] | Error;

/** What a witness says of the frames of a batch, with what comes with them. */
const answersTo = (witness: Witness, { frames, tensors, prescale }: Batch): ReturnType<Witness['run']> =>
  witness.run(
    frames.map(({ pixels }) => pixels),
    { tensors, prescale, ...mapsOf(frames) },
  );

/** What a witness says, or what it died of. */
async function ask(witness: Witness, batch: Batch): Promise<Answer> {
  try {
    const results = await answersTo(witness, batch);
    const { length } = batch.frames;
    return results.length === length ? results : new Error(`${results.length} answers to ${length} frames`);
  } catch (error) {
    return asError(error);
  }
}

function count(
  graph: FixedGraph,
  tally: Tally,
  batch: Batch,
  expected: readonly FrameResult[],
  answer: Answer,
): void {
  if (answer instanceof Error) {
    tally.failed ??= answer.message;
    return;
  }
  answer.forEach((result, i) => {
    const { compared, different, first } = compareResults(graph, expected[i]!, result);
    tally.frames += 1;
    tally.values += compared;
    tally.mismatches += different;
    if (result.prescaled !== undefined) {
      tally.prescaledFrames += 1;
      tally.keptByPrescale += Number(expected[i]!.prescaled?.byPrescale ?? false);
    }
    if (first === null) return;
    tally.differentFrames += 1;
    // A later frame may show the cause where this one shows a consequence.
    if (tally.earliest === null || isEarlier(graph, first, tally.earliest.divergence))
      tally.earliest = {
        frame: batch.start + i,
        named: batch.frames[i]!,
        prescale: batch.prescale[i]!,
        divergence: first,
      };
  });
}

interface Batch {
  readonly start: number;
  readonly frames: readonly NamedFrame[];
  readonly prescale: readonly PrescaleQuestion[];
  readonly tensors: boolean;
}

const batchOf = (start: number, frames: readonly NamedFrame[], tensorFrames: number): Batch => ({
  start,
  frames,
  prescale: frames.map((_, i) => prescaleQuestion(start + i)),
  tensors: start < tensorFrames,
});

/** Cuts the frames into batches, none of them across `tensorFrames`. */
async function* batches(
  frames: Iterable<NamedFrame> | AsyncIterable<NamedFrame>,
  tensorFrames: number,
): AsyncGenerator<Batch> {
  let start = 0;
  let part: NamedFrame[] = [];
  for await (const frame of frames) {
    part.push(frame);
    const end = start + part.length;
    if (part.length < BATCH && end !== tensorFrames) continue;
    yield batchOf(start, part, tensorFrames);
    start = end;
    part = [];
  }
  if (part.length > 0) yield batchOf(start, part, tensorFrames);
}

async function report(
  graph: FixedGraph,
  definition: Witness,
  witness: Witness,
  tally: Tally,
  budget: number,
): Promise<WitnessReport> {
  const { earliest, failed, ...counts } = tally;
  const found = earliest === null ? null : await investigate(graph, definition, witness, earliest, budget);
  return {
    witness: witness.name,
    version: witness.version,
    ...counts,
    first: found?.first ?? null,
    skipped: null,
    failed: failed ?? found?.failed ?? null,
  };
}

const missingReport = ({ name, reason }: MissingWitness): WitnessReport => ({
  witness: name,
  version: '',
  frames: 0,
  values: 0,
  mismatches: 0,
  differentFrames: 0,
  prescaledFrames: 0,
  keptByPrescale: 0,
  first: null,
  skipped: reason,
  failed: null,
});

/** Frames tried when shrinking: a quarter of a minute of the interpreter, whatever the frame's size. */
function shrinkBudget(graph: FixedGraph): number {
  const [height, width] = inputNode(graph).size;
  return Math.max(150, Math.min(2000, Math.floor(4e7 / (height * width))));
}

/** Compares `witnesses` with `definition` (the interpreter) on `frames`. */
export async function verify(
  graph: FixedGraph,
  definition: Witness,
  witnesses: readonly (Witness | MissingWitness)[],
  frames: Iterable<NamedFrame> | AsyncIterable<NamedFrame>,
  options: VerifyOptions = {},
): Promise<Verification> {
  const {
    tensorFrames = Infinity,
    coverageFrames = 32,
    minimizeBudget = shrinkBudget(graph),
    onProgress,
  } = options;
  const present = witnesses.filter((w): w is Witness => 'run' in w);
  const tallies = present.map((): Tally => ({
    frames: 0,
    values: 0,
    mismatches: 0,
    differentFrames: 0,
    prescaledFrames: 0,
    keptByPrescale: 0,
    earliest: null,
    failed: null,
  }));
  const meter = createCoverageMeter(graph);
  const kinds: Partial<Record<FrameKind, number>> = {};
  let done = 0;

  function measure({ tensors }: FrameResult, frame: number): void {
    if (frame < coverageFrames) meter.add(tensors);
    else {
      const open = new Set(meter.unseen(SMALL_STAGE).keys());
      if (coverageFrames > 0 && open.size > 0) meter.add(tensors, open);
    }
  }

  async function run(batch: Batch): Promise<void> {
    const [expected, ...answers] = await Promise.all([
      answersTo(definition, batch),
      ...present.map((w, k) =>
        tallies[k]!.failed === null ? ask(w, batch) : Promise.resolve(new Error('failed before')),
      ),
    ]);
    answers.forEach((answer, k) => {
      count(graph, tallies[k]!, batch, expected, answer);
    });
    expected.forEach((result, i) => {
      if (batch.tensors) measure(result, batch.start + i);
      meter.decide(result.score);
    });
    for (const { kind } of batch.frames) kinds[kind] = (kinds[kind] ?? 0) + 1;
    done += batch.frames.length;
    onProgress?.(done);
  }

  const underWay: Promise<void>[] = [];
  for await (const batch of batches(frames, tensorFrames)) {
    underWay.push(run(batch));
    // An error must not go unhandled while others are awaited; it surfaces where its own turn comes.
    underWay.at(-1)!.catch(() => undefined);
    if (underWay.length >= IN_FLIGHT) await underWay.shift();
  }
  for (const rest of underWay) await rest;

  const reports: WitnessReport[] = [];
  for (const w of witnesses)
    reports.push(
      'run' in w
        ? await report(graph, definition, w, tallies[present.indexOf(w)]!, minimizeBudget)
        : missingReport(w),
    );
  const drills =
    options.drills === undefined ? null : await runDrills(graph, definition, present, options.drills);
  return {
    verdict: verdictOf(reports, drills, done),
    frames: kinds,
    witnesses: reports,
    coverage: meter.result(),
    drills,
  };
}

/** A witness that cannot be drilled is of a run from before drills: that is said in words and changes nothing. */
function verdictOf(reports: readonly WitnessReport[], drills: DrillReport | null, frames: number): Verdict {
  const asked = [...reports, ...(drills?.witnesses ?? [])];
  if (asked.some((r) => r.mismatches > 0 || r.failed !== null)) return 'different';
  return reports.some((r) => r.skipped !== null) || reports.length === 0 || frames === 0
    ? 'incomplete'
    : 'exact';
}
