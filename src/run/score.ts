/** A run's network over any number of frames at the machine's speed, scores to a file or a stream. */
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';
import { openFramesParallel } from '../data/parallel.js';
import type { BadFrame } from '../data/stream.js';
import { lsb } from '../fixed/format.js';
import { findNode } from '../ir/graph.js';
import { createCheckedOrt } from '../backends/onnx/ort/checked.js';
import { createOrtFloat } from '../backends/onnx/ort/float.js';
import type { OrtOptions, OrtProvider } from '../backends/onnx/ort/session.js';
import { scoreFrames } from '../simulate/score-frames.js';
import { beginStage, type Emit } from './events.js';
import { loadRun, RUN_FILES, type Run } from './folder.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';
import { checkFrameSize } from './frames-for-network.js';
import { tellingWarnings } from './open-frames.js';
import { partPath, runShard, type ShardOutcome } from './shards/folder.js';
import { sharedFacts, shardFolder, shardPlan } from './shards/plan.js';
import type { FrameRange, ShardWish } from './shards/shard.js';
import { hdf5Sink, SCORE_FORMATS, textSink } from './score-sinks.js';
import type { ScoredRow, ScoreFacts, ScoreFormat, ScoreSink } from './score-sinks.js';

export interface ScoreRequest extends FrameOptionValues {
  readonly frames: readonly string[];
  /** File to write; `stream` gets the scores unless given. */
  readonly out?: string;
  /** What the ending of `out` says, unless given. */
  readonly format?: ScoreFormat;
  readonly network: 'fixed' | 'float';
  readonly provider: OrtProvider;
  /** Frames in one call. */
  readonly batch: number;
  /** Threads of ONNX Runtime, and threads that read frames. */
  readonly threads: number;
  readonly readers: number;
  /** What became of a shard is printed as JSON; scores are no such thing. */
  readonly json?: boolean;
}

type Scores = Omit<ScoredRow, 'frame' | 'file' | 'index'>;

interface Scorer {
  run(frames: readonly Uint16Array[]): Promise<readonly Scores[]>;
  close(): Promise<void>;
}

/** The network in ONNX Runtime: the `fixed.onnx` that stands in the run, or its float graph. */
async function openScorer(run: Run, options: ScoreRequest, emit: Emit): Promise<Scorer> {
  const { batch, threads, provider } = options;
  const settings: OrtOptions = { batch, threads, provider };
  if (options.network === 'float') return createOrtFloat(run.float, settings);
  const file = run.path(RUN_FILES.fixedOnnx);
  const model = await readFile(file).catch(() => {
    throw new UserError('cannot be read', { file, remedy: 'write it again with vetoc export onnx' });
  });
  return createCheckedOrt(
    run.fixed,
    {
      ...settings,
      onFallback: (problem) => {
        emit({ event: 'warning', warning: { about: 'speed', problem } });
      },
    },
    model,
  );
}

const FORMAT_OF_ENDING: Readonly<Record<string, ScoreFormat>> = {
  csv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  h5: 'hdf5',
  hdf5: 'hdf5',
  parquet: 'parquet',
};

export function formatFor({ out, format }: Pick<ScoreRequest, 'out' | 'format'>): ScoreFormat {
  const chosen = format ?? (out === undefined ? 'csv' : FORMAT_OF_ENDING[out.split('.').at(-1) ?? '']);
  if (chosen === undefined)
    throw new UserError('has an ending that says no format', {
      file: out ?? '',
      field: '--out',
      remedy: `end it in .csv, .jsonl, .h5 or .parquet, or say --format ${SCORE_FORMATS.join('|')}`,
    });
  const title = { hdf5: 'HDF5', parquet: 'Parquet', csv: null, jsonl: null }[chosen];
  if (title !== null && out === undefined)
    throw new UserError(`${title} cannot be printed`, {
      field: '--format',
      remedy: `say --out FILE.${chosen === 'hdf5' ? 'h5' : chosen}`,
    });
  return chosen;
}

/** Opens the place `to` for scores: a file, or a stream for what can be printed. */
export async function openScoreSink(
  format: ScoreFormat,
  to: string | Writable,
  facts: ScoreFacts,
): Promise<ScoreSink> {
  if (format === 'hdf5') return hdf5Sink(to as string, facts);
  if (format === 'parquet') return (await import('./score-parquet.js')).parquetSink(to as string, facts);
  return textSink(format, to, facts);
}

export interface ScoreOutcome {
  readonly frames: number;
  readonly kept: number;
  /** Frames and files that could not be read. */
  readonly skipped: readonly BadFrame[];
}

/** Scores frames of `source` batch by batch; reading threads work while a batch is computed. */
async function scoreAll(
  source: FrameSource,
  { from, to }: FrameRange,
  scorer: Scorer,
  sink: ScoreSink,
  { batch, skipBad }: ScoreRequest,
  onBad: (bad: BadFrame) => void,
  emit: Emit,
): Promise<Omit<ScoreOutcome, 'skipped'>> {
  const progress = beginStage(emit, 'Score');
  const indices = Array.from({ length: to - from }, (_, i) => from + i);
  const run = (pixels: readonly Uint16Array[]) => scorer.run(pixels);
  let [frames, kept] = [0, 0];
  for await (const scored of scoreFrames(source, { indices, batch, run, passOver: skipBad === true })) {
    const rows: ScoredRow[] = [];
    for (const one of scored)
      if (one.kind === 'bad') onBad(one.bad);
      else rows.push({ ...source.origin(one.index), ...one.result, frame: one.index });
    await sink.add(rows);
    frames += rows.length;
    kept += rows.filter((r) => r.keep).length;
    progress.update(frames, indices.length);
  }
  progress.finish({ kind: 'counted', what: 'frames', count: frames, kept });
  return { frames, kept };
}

const factsOf = (dir: string, { fixed, float }: Run, network: 'fixed' | 'float'): ScoreFacts => ({
  run: dir,
  network,
  classNames: fixed.classNames,
  threshold: network === 'fixed' ? fixed.threshold : float.threshold,
  lsb: network === 'fixed' ? lsb(findNode(fixed, fixed.output).format) : 1,
});

/** What to score with what, opened. */
interface Opened {
  readonly run: Run;
  readonly source: FrameSource;
  readonly skipped: BadFrame[];
  readonly report: (bad: BadFrame) => void;
}

async function openScoring(dir: string, request: ScoreRequest, emit: Emit): Promise<Opened> {
  const run = await loadRun(dir);
  const skipped: BadFrame[] = [];
  const report = (one: BadFrame): void => {
    skipped.push(one);
    emit({ event: 'skipped', ...one });
  };
  const onBadFile = (error: UserError): void => {
    report({ file: error.place.file ?? '', index: -1, problem: error.problem });
  };
  const opened = await openFramesParallel(request.frames, {
    ...frameOptions(request),
    workers: request.readers,
    ...(request.skipBad === true ? { onBadFile } : {}),
  });
  const source = tellingWarnings(opened, emit);
  try {
    checkFrameSize(source, run.fixed);
    return { run, source, skipped, report };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Scores the frames of `range` into `to`, in `format`. */
async function scoreInto(
  { run, source, report }: Opened,
  range: FrameRange,
  request: ScoreRequest,
  open: (facts: ScoreFacts) => Promise<ScoreSink>,
  emit: Emit,
): Promise<Omit<ScoreOutcome, 'skipped'>> {
  const scorer = await openScorer(run, request, emit);
  try {
    const sink = await open(factsOf(run.dir, run, request.network));
    try {
      const outcome = await scoreAll(source, range, scorer, sink, request, report, emit);
      await sink.close();
      return outcome;
    } catch (error) {
      await sink.discard();
      throw error;
    }
  } finally {
    await scorer.close();
  }
}

/** Scores the frames with the run in `dir`, into the file that is asked for or `stream`. Throws `UserError`. */
export async function scoreRun(
  dir: string,
  request: ScoreRequest,
  stream: Writable,
  emit: Emit,
): Promise<ScoreOutcome> {
  if (request.json === true)
    throw new UserError('is for shards: scores may go to stdout themselves', {
      field: '--json',
      remedy: 'say --format jsonl for a JSON object a frame',
    });
  const format = formatFor(request);
  const opened = await openScoring(dir, request, emit);
  const { source, skipped } = opened;
  try {
    const open = (facts: ScoreFacts) => openScoreSink(format, request.out ?? stream, facts);
    const outcome = await scoreInto(opened, { from: 0, to: source.count }, request, open, emit);
    return { ...outcome, skipped };
  } finally {
    await source.close();
  }
}

/** Scores a shard of the frames into a Parquet part in the folder `request.out`. Throws `UserError`. */
export async function scoreShard(
  dir: string,
  request: ScoreRequest,
  wish: ShardWish,
  emit: Emit,
): Promise<ShardOutcome> {
  const { network, provider, batch, skipBad = false } = request;
  const folder = shardFolder(request.out);
  const opened = await openScoring(dir, request, emit);
  const { run, source, skipped } = opened;
  try {
    const facts = factsOf(dir, run, network);
    const what = {
      ...sharedFacts(run, source, request),
      network,
      provider,
      // Sums in float may depend on the batch.
      batch,
      skipBad,
    };
    const plan = shardPlan('score', wish, source.count, what, { run: dir, frames: request.frames, facts });
    return await runShard(folder, plan, wish, async (range) => {
      const part = partPath(folder, wish, 'parquet');
      const open = (own: ScoreFacts) => openScoreSink('parquet', part, own);
      const outcome = await scoreInto(opened, range, request, open, emit);
      return { files: [part], facts: { ...outcome, skipped } };
    });
  } finally {
    await source.close();
  }
}
