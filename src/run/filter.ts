/** The veto of a finished run applied to frames: those that it keeps, written as CXI. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { UserError } from '../core/errors.js';
import { version } from '../core/version.js';
import { expandArgument, parseFrameArgument } from '../data/arguments.js';
import type { FrameSource } from '../data/frames.js';
import { openFramesParallel } from '../data/parallel.js';
import type { BadFrame } from '../data/stream.js';
import type { Compression } from '../data/write/growing-dataset.js';
import { checkTogether } from '../data/write/kept-check.js';
import { writeKeptExdf } from '../data/write/kept-exdf.js';
import { writeKeptList } from '../data/write/kept-list.js';
import { writeKeptFrames, type KeptReport } from '../data/write/kept-frames.js';
import { openJournal, UNREADABLE, type ScoreJournal } from '../data/write/score-journal.js';
import type { FixedGraph } from '../ir/graph.js';
import { beginStage, type Emit } from './events.js';
import { loadRun } from './folder.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';
import { tellWarnings } from './open-frames.js';
import { journalKey, networkHash, scoreSeries } from './stages/filter.js';

export interface FilterRequest extends FrameOptionValues {
  readonly frames: readonly string[];
  /**
   * At least one file to write: the kept frames as CXI, a list of them for indexamajig, all decisions as extra-redu writes
   * them. Scores are kept beside the first while the work goes on.
   */
  readonly out?: string;
  readonly list?: string;
  readonly exdf?: string;
  /** Keeps scores from this up; the threshold of the run unless given. */
  readonly threshold?: string;
  readonly compression: Compression;
  /** Threads that read frames. */
  readonly readers: number;
  /** Forget the scores of a killed run. */
  readonly restart?: boolean;
  /** Replace the file if it exists. */
  readonly force?: boolean;
}

export interface FilterOutcome {
  readonly frames: number;
  readonly kept: number;
  readonly unreadable: number;
  readonly threshold: number;
  /** Frames labelled as hits, and those of them that were vetoed. */
  readonly hits: number;
  readonly hitsVetoed: number;
  /** Null where no frame was kept, or none was to be written. */
  readonly written: KeptReport | null;
  readonly skipped: readonly BadFrame[];
}

function thresholdOf(options: FilterRequest, graph: FixedGraph): number {
  if (options.threshold === undefined) return graph.threshold;
  const value = Number(options.threshold);
  if (options.threshold.trim() !== '' && Number.isInteger(value)) return value;
  throw new UserError(`'${options.threshold}' is not a whole number`, {
    field: '--threshold',
    remedy: `scores are whole numbers; the run's threshold is ${graph.threshold}`,
  });
}

/** The dataset that the arguments name for each file. */
async function namedDatasets(texts: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const named = new Map<string, string>();
  for (const text of texts) {
    const argument = parseFrameArgument(text);
    if (argument.dataset === null) continue;
    for (const file of await expandArgument(argument)) {
      const other = named.get(file);
      if (other !== undefined && other !== argument.dataset) {
        throw new UserError(`is named with two datasets, ${other} and ${argument.dataset}`, {
          file,
          field: '--frames',
          remedy: 'filter them one after the other',
        });
      }
      named.set(file, argument.dataset);
    }
  }
  return named;
}

/** The files to write. Throws `UserError` where there are none, or one exists. */
function filesOut(options: FilterRequest): readonly string[] {
  const { out, list, exdf, force } = options;
  const files = [out, list, exdf].filter((file) => file !== undefined);
  if (files.length === 0)
    throw new UserError('is missing', { field: '--out', remedy: 'say --out, --list or --exdf' });
  const taken = files.find((file) => existsSync(file) && force !== true);
  if (taken !== undefined)
    throw new UserError('exists already', { file: taken, remedy: 'choose another name or add --force' });
  return files;
}

async function open(options: FilterRequest, onBad: ((bad: BadFrame) => void) | null): Promise<FrameSource> {
  const asked = { ...frameOptions(options), workers: options.readers };
  if (onBad === null) return openFramesParallel(options.frames, asked);
  const onBadFile = (error: UserError): void => {
    onBad({ file: error.place.file ?? '', index: -1, problem: error.problem });
  };
  return openFramesParallel(options.frames, { ...asked, onBadFile });
}

/** Whether the frames are copied in the type that they are stored in. */
const isAsStored = ({ assemble, pedestal, scale }: FilterRequest): boolean =>
  assemble !== true && pedestal === undefined && scale === undefined;

/** Scores the frames and writes those that are kept; killed, the same request goes on where it stopped. */
export async function filterFrames(dir: string, options: FilterRequest, emit: Emit): Promise<FilterOutcome> {
  const files = filesOut(options);
  const { fixed } = await loadRun(dir);
  const threshold = thresholdOf(options, fixed);
  const skipped: BadFrame[] = [];
  const report = (one: BadFrame): void => {
    skipped.push(one);
    emit({ event: 'skipped', ...one });
  };
  const onBad = options.skipBad === true ? report : null;
  const source = await open(options, onBad);
  tellWarnings(source, emit);
  try {
    const datasets = await namedDatasets(options.frames);
    if (options.out !== undefined)
      await checkTogether(source, (file) => datasets.get(file) ?? null, isAsStored(options));
    const journalPath = `${files[0]}.scores`;
    if (options.restart === true) await rm(journalPath, { force: true });
    const asked = JSON.stringify([options.frames, frameOptions(options)]);
    const journal = await openJournal(journalPath, journalKey(fixed, source, asked));
    try {
      const scores = await score(fixed, source, journal, onBad, emit);
      const kept = keptIndices(scores, threshold);
      const chosen = { scores, kept, threshold };
      const { out } = options;
      const written =
        kept.length === 0 || out === undefined
          ? null
          : await write(out, options, fixed, source, chosen, datasets, emit);
      if (options.list !== undefined) await writeKeptList(options.list, source, kept);
      if (options.exdf !== undefined) await writeKeptExdf(options.exdf, { source, scores, threshold });
      await journal.remove();
      return outcomeOf(source, chosen, written, skipped);
    } finally {
      await journal.close();
    }
  } finally {
    await source.close();
  }
}

function keptIndices(scores: Int32Array, threshold: number): number[] {
  const kept: number[] = [];
  scores.forEach((score, index) => {
    if (score !== UNREADABLE && score >= threshold) kept.push(index);
  });
  return kept;
}

async function score(
  graph: FixedGraph,
  source: FrameSource,
  journal: ScoreJournal,
  onBad: ((bad: BadFrame) => void) | null,
  emit: Emit,
): Promise<Int32Array> {
  const before = journal.scores.length;
  const progress = beginStage(emit, 'Score');
  const done = await scoreSeries(graph, source, journal, onBad, progress);
  const known = before === 0 ? '' : `, ${before} known from before`;
  progress.finish(`${done} frames${known}`);
  return journal.scores;
}

interface Chosen {
  readonly scores: Int32Array;
  readonly kept: readonly number[];
  readonly threshold: number;
}

async function write(
  out: string,
  options: FilterRequest,
  graph: FixedGraph,
  source: FrameSource,
  chosen: Chosen,
  datasets: ReadonlyMap<string, string>,
  emit: Emit,
): Promise<KeptReport> {
  const progress = beginStage(emit, 'Write');
  const started = performance.now();
  const report = await writeKeptFrames(out, {
    source,
    kept: chosen.kept,
    scores: chosen.scores,
    datasetOf: (file) => datasets.get(file) ?? null,
    asStored: isAsStored(options),
    attributes: {
      creator: `vetoc ${version()} filter`,
      network: networkHash(graph),
      threshold: chosen.threshold,
      frames: source.count,
    },
    compression: options.compression,
    onFrame: (done, total) => {
      progress.update(
        done,
        total,
        `frames, ${((1000 * done) / (performance.now() - started)).toFixed(0)} frames/s`,
      );
    },
  });
  progress.finish(`${report.frames} frames of ${report.pixelType} to ${out}`);
  return report;
}

function outcomeOf(
  source: FrameSource,
  { scores, kept, threshold }: Chosen,
  written: KeptReport | null,
  skipped: readonly BadFrame[],
): FilterOutcome {
  const unreadable = scores.reduce((n, score) => n + (score === UNREADABLE ? 1 : 0), 0);
  const isKept = new Set(kept);
  const hits = Array.from({ length: source.count }, (_, i) => i).filter((i) => source.label(i).hit === true);
  return {
    frames: source.count,
    kept: kept.length,
    unreadable,
    threshold,
    hits: hits.length,
    hitsVetoed: hits.filter((i) => !isKept.has(i)).length,
    written,
    skipped,
  };
}
