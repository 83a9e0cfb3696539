/** The veto of a finished run applied to frames: those that it keeps, written as CXI. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { UserError } from '../core/errors.js';
import { goesOnFrom } from '../core/temporary.js';
import { version } from '../core/version.js';
import { expandArgument, parseFrameArgument } from '../data/arguments.js';
import type { FrameSource } from '../data/frames.js';
import { openFramesParallel } from '../data/parallel.js';
import type { BadFrame } from '../data/stream.js';
import type { Compression } from '../data/write/growing-dataset.js';
import { checkTogether } from '../data/write/kept-check.js';
import { checkEvents, writeKeptExdf } from '../data/write/kept-exdf.js';
import { checkListable, writeKeptList } from '../data/write/kept-list.js';
import { writeKeptFrames, type KeptReport } from '../data/write/kept-frames.js';
import { openJournal, UNREADABLE, type ScoreJournal } from '../data/write/score-journal.js';
import type { FixedGraph } from '../ir/graph.js';
import { prescaled } from '../ir/prescale.js';
import { beginStage, type Emit } from './events.js';
import { loadRun } from './folder.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';
import { tellingWarnings } from './open-frames.js';
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
  readonly threshold?: number;
  /** Keeps one in so many of the vetoed frames, too, by a hash of their number under `prescaleKey`; 0: none. */
  readonly prescale?: number;
  readonly prescaleKey?: number;
  readonly compression: Compression;
  /** Threads that read frames. */
  readonly readers: number;
  /** Forget the scores of a killed run. */
  readonly restart?: boolean;
  /** Replace the file if it exists. */
  readonly replace?: boolean;
}

export interface FilterOutcome {
  readonly frames: number;
  readonly kept: number;
  /** Vetoed frames among them, which the prescale keeps. */
  readonly keptByPrescale: number;
  readonly unreadable: number;
  readonly threshold: number;
  /** Frames labelled as hits, and those of them that were vetoed. */
  readonly hits: number;
  readonly hitsVetoed: number;
  /** Null where no frame was kept, or none was to be written. */
  readonly written: KeptReport | null;
  readonly skipped: readonly BadFrame[];
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
  const { out, list, exdf, replace } = options;
  const files = [out, list, exdf].filter((file) => file !== undefined);
  if (files.length === 0)
    throw new UserError('is missing', { field: '--out', remedy: 'say --out, --list or --exdf' });
  const taken = files.find((file) => existsSync(file) && replace !== true);
  if (taken !== undefined)
    throw new UserError('exists already', { file: taken, remedy: 'choose another name, or say --replace' });
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

/** What to filter with what, opened; the caller closes the source. */
export interface OpenedFilter {
  readonly fixed: FixedGraph;
  readonly source: FrameSource;
  /** Number of the first of these frames among all that are asked for. */
  readonly first: number;
  readonly skipped: readonly BadFrame[];
  readonly onBad: ((bad: BadFrame) => void) | null;
}

/** Throws `UserError`. */
export async function openFilter(dir: string, options: FilterRequest, emit: Emit): Promise<OpenedFilter> {
  const { fixed } = await loadRun(dir);
  const skipped: BadFrame[] = [];
  const report = (one: BadFrame): void => {
    skipped.push(one);
    emit({ event: 'skipped', ...one });
  };
  const onBad = options.skipBad === true ? report : null;
  return { fixed, source: tellingWarnings(await open(options, onBad), emit), first: 0, skipped, onBad };
}

/** Scores the frames that are open and writes `files`, which are those of `options`. */
export async function filterOpened(
  opened: OpenedFilter,
  options: FilterRequest,
  files: readonly string[],
  emit: Emit,
): Promise<FilterOutcome> {
  const { fixed, source, skipped, onBad } = opened;
  const threshold = options.threshold ?? fixed.threshold;
  const datasets = await namedDatasets(options.frames);
  if (options.out !== undefined)
    await checkTogether(source, (file) => datasets.get(file) ?? null, isAsStored(options));
  if (options.list !== undefined) checkListable(source);
  if (options.exdf !== undefined) checkEvents(source);
  const journalPath = goesOnFrom(`${files[0]}.scores`);
  if (options.restart === true) await rm(journalPath, { force: true });
  const asked = JSON.stringify([options.frames, frameOptions(options)]);
  const journal = await openJournal(journalPath, journalKey(fixed, source, asked));
  try {
    const scores = await score(fixed, source, journal, onBad, emit);
    const chosen = choose(scores, threshold, opened.first, options);
    const { kept, byPrescale } = chosen;
    const { out } = options;
    const written =
      kept.length === 0 || out === undefined
        ? null
        : await write(out, options, fixed, source, chosen, datasets, emit);
    if (options.list !== undefined) await writeKeptList(options.list, source, kept);
    if (options.exdf !== undefined)
      await writeKeptExdf(options.exdf, {
        source,
        scores,
        threshold,
        byPrescale,
        prescale: options.prescale ?? 0,
      });
    await journal.remove();
    return outcomeOf(source, chosen, written, skipped);
  } finally {
    await journal.close();
  }
}

/** Scores the frames and writes those that are kept; killed, the same request goes on where it stopped. */
export async function filterFrames(dir: string, options: FilterRequest, emit: Emit): Promise<FilterOutcome> {
  const files = filesOut(options);
  const opened = await openFilter(dir, options, emit);
  try {
    return await filterOpened(opened, options, files, emit);
  } finally {
    await opened.source.close();
  }
}

/** Which frames are kept: by their score, and of the others those that the prescale chooses by their number here. */
function choose(
  scores: Int32Array,
  threshold: number,
  first: number,
  { prescale = 0, prescaleKey = 0 }: FilterRequest,
): Chosen {
  const kept: number[] = [];
  const byPrescale = new Set<number>();
  scores.forEach((score, index) => {
    if (score === UNREADABLE) return;
    const answer = prescaled(score >= threshold, {
      number: BigInt(first + index),
      key: prescaleKey,
      n: prescale,
    });
    if (answer.keep) kept.push(index);
    if (answer.byPrescale) byPrescale.add(index);
  });
  return { scores, kept, byPrescale, threshold };
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
  progress.finish({ kind: 'counted', what: 'frames', count: done, knownBefore: before });
  return journal.scores;
}

interface Chosen {
  readonly scores: Int32Array;
  readonly kept: readonly number[];
  readonly byPrescale: ReadonlySet<number>;
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
      prescale: options.prescale ?? 0,
      frames: source.count,
    },
    compression: options.compression,
    onFrame: (done, total) => {
      progress.update(done, total, { of: 'frames', isTimed: true });
    },
  });
  progress.finish({ kind: 'written', frames: report.frames, pixelType: report.pixelType, file: out });
  return report;
}

function outcomeOf(
  source: FrameSource,
  { scores, kept, byPrescale, threshold }: Chosen,
  written: KeptReport | null,
  skipped: readonly BadFrame[],
): FilterOutcome {
  const unreadable = scores.reduce((n, score) => n + (score === UNREADABLE ? 1 : 0), 0);
  const isKept = new Set(kept);
  const hits = Array.from({ length: source.count }, (_, i) => i).filter((i) => source.label(i).hit === true);
  return {
    frames: source.count,
    kept: kept.length,
    keptByPrescale: byPrescale.size,
    unreadable,
    threshold,
    hits: hits.length,
    hitsVetoed: hits.filter((i) => !isKept.has(i) || byPrescale.has(i)).length,
    written,
    skipped,
  };
}
