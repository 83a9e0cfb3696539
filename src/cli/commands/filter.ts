/** `vetoc filter`: applies a run's network to frames and writes those it keeps as CXI. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { expandArgument, parseFrameArgument } from '../../data/arguments.js';
import type { FrameSource } from '../../data/frames.js';
import { openFramesParallel } from '../../data/parallel.js';
import { READING_THREADS } from '../../data/reading-threads.js';
import type { BadFrame } from '../../data/stream.js';
import { COMPRESSIONS, type Compression } from '../../data/write/growing-dataset.js';
import { writeKeptFrames, type KeptReport } from '../../data/write/kept-frames.js';
import { checkTogether } from '../../data/write/kept-check.js';
import { writeKeptExdf } from '../../data/write/kept-exdf.js';
import { writeKeptList } from '../../data/write/kept-list.js';
import { openJournal, UNREADABLE } from '../../data/write/score-journal.js';
import type { FixedGraph } from '../../ir/graph.js';
import { say, sayJson, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { frameOptions, type FrameOptionValues } from '../../run/frame-options.js';
import { wholeOption } from '../option-values.js';
import { journalKey, networkHash, scoreSeries } from '../../run/stages/filter.js';
import { loadRun } from '../../run/folder.js';
import { version } from '../../core/version.js';
import { beginStage } from '../../run/events.js';
import { tellWarnings } from '../../run/open-frames.js';

interface Options extends FrameOptionValues {
  readonly frames: string[];
  readonly out?: string;
  readonly list?: string;
  readonly exdf?: string;
  readonly threshold?: string;
  readonly compression: Compression;
  readonly readers: number;
  readonly restart?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
At least one of --out, --list and --exdf says where to. The scores are kept in OUT.scores while the command runs: killed, the same command goes on where it stopped.
The file has CXI's layout (/entry_1/data_1/data, mask, experiment_identifier), the scores in /vetoc/score, and everything
else that the frames' files hold under its old name, without the rows of vetoed frames.

Examples:
  vetoc filter out/veto --frames run12.cxi --out kept.cxi
  vetoc filter out/veto --frames 'night/*.cbf' --out kept.cxi --threshold -20 --skip-bad
  vetoc filter out/veto --frames run12.cxi --list kept.lst
  vetoc filter out/veto --frames 'r0007/CORR-R0007-AGIPD*-S*.h5' --exdf CORR-R0007-REDU00-S00000.h5`;

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <frames...>', 'frames to filter')
    .option('-o, --out <file.cxi>', 'write the kept frames, with all that their files say of them')
    .option('--list <file.lst>', 'write the kept frames as a list for indexamajig')
    .option('--exdf <file.h5>', 'write all decisions as extra-redu does, by train and pulse, for EXtra-data')
    .option('--threshold <score>', 'keep scores from this up (default: the threshold of the run)')
    .addOption(
      new Option('--compression <name>', 'of the frames written').choices(COMPRESSIONS).default('gzip'),
    )
    .option('--readers <n>', 'threads that read frames', wholeOption('--readers', 1, 64), READING_THREADS)
    .option('--restart', 'forget the scores of a killed run')
    .option('--force', 'replace the file if it exists')
    .option('--json', 'print a summary as JSON');
  addFrameOptions(command).addHelpText('after', `${FRAME_HELP}\n${EXAMPLES}`).action(run);
}

function thresholdOf(options: Options, graph: FixedGraph): number {
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
function filesOut(options: Options): readonly string[] {
  const { out, list, exdf, force } = options;
  const files = [out, list, exdf].filter((file) => file !== undefined);
  if (files.length === 0)
    throw new UserError('is missing', { field: '--out', remedy: 'say --out, --list or --exdf' });
  const taken = files.find((file) => existsSync(file) && force !== true);
  if (taken !== undefined)
    throw new UserError('exists already', { file: taken, remedy: 'choose another name or add --force' });
  return files;
}

async function open(options: Options, onBad: ((bad: BadFrame) => void) | null): Promise<FrameSource> {
  const asked = { ...frameOptions(options), workers: options.readers };
  if (onBad === null) return openFramesParallel(options.frames, asked);
  const onBadFile = (error: UserError): void => {
    onBad({ file: error.place.file ?? '', index: -1, problem: error.problem });
  };
  return openFramesParallel(options.frames, { ...asked, onBadFile });
}

/** Whether the frames are copied in the type that they are stored in. */
const isAsStored = ({ assemble, pedestal, scale }: Options): boolean =>
  assemble !== true && pedestal === undefined && scale === undefined;

async function run(dir: string, options: Options): Promise<void> {
  const files = filesOut(options);
  const { fixed } = await loadRun(dir);
  const threshold = thresholdOf(options, fixed);
  const bad: BadFrame[] = [];
  const report = (one: BadFrame): void => {
    bad.push(one);
    process.stderr.write(
      `skipped ${one.file}${one.index < 0 ? '' : ` frame ${one.index}`}: ${one.problem}\n`,
    );
  };
  const source = await open(options, options.skipBad === true ? report : null);
  tellWarnings(source, showEvents());
  try {
    const datasets = await namedDatasets(options.frames);
    if (options.out !== undefined)
      await checkTogether(source, (file) => datasets.get(file) ?? null, isAsStored(options));
    const journalPath = `${files[0]}.scores`;
    if (options.restart === true) await rm(journalPath, { force: true });
    const asked = JSON.stringify([options.frames, frameOptions(options)]);
    const journal = await openJournal(journalPath, journalKey(fixed, source, asked));
    try {
      const scores = await score(fixed, source, journal, options.skipBad === true ? report : null);
      const kept = keptIndices(scores, threshold);
      const { out } = options;
      const written =
        kept.length === 0 || out === undefined
          ? null
          : await write(out, options, fixed, source, { scores, kept, threshold });
      if (options.list !== undefined) await writeKeptList(options.list, source, kept);
      if (options.exdf !== undefined) await writeKeptExdf(options.exdf, { source, scores, threshold });
      await journal.remove();
      summarize(options, source, scores, kept, threshold, written, bad);
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
  journal: Awaited<ReturnType<typeof openJournal>>,
  onBad: ((bad: BadFrame) => void) | null,
): Promise<Int32Array> {
  const before = journal.scores.length;
  const progress = beginStage(showEvents(), 'Score');
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
  options: Options,
  graph: FixedGraph,
  source: FrameSource,
  chosen: Chosen,
): Promise<KeptReport> {
  const datasets = await namedDatasets(options.frames);
  const progress = beginStage(showEvents(), 'Write');
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

function summarize(
  options: Options,
  source: FrameSource,
  scores: Int32Array,
  kept: readonly number[],
  threshold: number,
  written: KeptReport | null,
  bad: readonly BadFrame[],
): void {
  const unreadable = scores.reduce((n, score) => n + (score === UNREADABLE ? 1 : 0), 0);
  const isKept = new Set(kept);
  let hits = 0;
  let hitsVetoed = 0;
  for (let i = 0; i < source.count; i++) {
    if (source.label(i).hit !== true) continue;
    hits++;
    if (!isKept.has(i)) hitsVetoed++;
  }
  if (options.json === true) {
    const labelled = hits === 0 ? {} : { hits, hitsVetoed };
    const { list = null, exdf = null } = options;
    const out = written === null ? null : options.out;
    sayJson({
      out,
      list,
      exdf,
      frames: source.count,
      kept: kept.length,
      unreadable,
      threshold,
      ...labelled,
      ...(written === null
        ? {}
        : { pixelType: written.pixelType, carried: written.carried, left: written.left }),
      skipped: bad,
    });
    return;
  }
  const share = ((100 * kept.length) / source.count).toFixed(1);
  say(
    `${kept.length} of ${source.count} frames kept (${share} %) at threshold ${threshold}; ${unreadable} could not be read.`,
  );
  if (hits > 0) say(`Of ${hits} frames labelled as hits, ${hitsVetoed} were vetoed.`);
  if (written === null && options.out !== undefined)
    say(`${options.out} was not written, because no frame is kept.`);
  else if (written !== null && written.carried.length > 0)
    say(`Carried along: ${written.carried.join(', ')}`);
  for (const { path, why } of written?.left ?? []) say(`Not carried along: ${path} (${why})`);
}
