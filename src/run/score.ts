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
}

type Scores = Omit<ScoredRow, 'file' | 'index'>;

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
};

function formatFor({ out, format }: ScoreRequest): ScoreFormat {
  const chosen = format ?? (out === undefined ? 'csv' : FORMAT_OF_ENDING[out.split('.').at(-1) ?? '']);
  if (chosen === undefined)
    throw new UserError('has an ending that says no format', {
      file: out ?? '',
      field: '--out',
      remedy: `end it in .csv, .jsonl or .h5, or say --format ${SCORE_FORMATS.join('|')}`,
    });
  if (chosen === 'hdf5' && out === undefined)
    throw new UserError('HDF5 cannot be printed', { field: '--format', remedy: 'say --out FILE.h5' });
  return chosen;
}

const openSink = (format: ScoreFormat, to: string | Writable, facts: ScoreFacts): Promise<ScoreSink> =>
  format === 'hdf5' ? hdf5Sink(to as string, facts) : textSink(format, to, facts);

export interface ScoreOutcome {
  readonly frames: number;
  readonly kept: number;
  /** Frames and files that could not be read. */
  readonly skipped: readonly BadFrame[];
}

/** Scores every frame of `source` batch by batch; reading threads work while a batch is computed. */
async function scoreAll(
  source: FrameSource,
  scorer: Scorer,
  sink: ScoreSink,
  { batch, skipBad }: ScoreRequest,
  onBad: (bad: BadFrame) => void,
  emit: Emit,
): Promise<Omit<ScoreOutcome, 'skipped'>> {
  const progress = beginStage(emit, 'Score');
  const indices = Array.from({ length: source.count }, (_, i) => i);
  const run = (pixels: readonly Uint16Array[]) => scorer.run(pixels);
  let [frames, kept] = [0, 0];
  for await (const scored of scoreFrames(source, { indices, batch, run, passOver: skipBad === true })) {
    const rows: ScoredRow[] = [];
    for (const one of scored)
      if (one.kind === 'bad') onBad(one.bad);
      else rows.push({ ...source.origin(one.index), ...one.result });
    await sink.add(rows);
    frames += rows.length;
    kept += rows.filter((r) => r.keep).length;
    progress.update(frames, source.count);
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

/** Scores the frames with the run in `dir`, into the file that is asked for or `stream`. Throws `UserError`. */
export async function scoreRun(
  dir: string,
  request: ScoreRequest,
  stream: Writable,
  emit: Emit,
): Promise<ScoreOutcome> {
  const format = formatFor(request);
  const loaded = await loadRun(dir);
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
    checkFrameSize(source, loaded.fixed);
    const scorer = await openScorer(loaded, request, emit);
    const sink = await openSink(format, request.out ?? stream, factsOf(dir, loaded, request.network));
    try {
      const outcome = await scoreAll(source, scorer, sink, request, report, emit);
      await sink.close();
      return { ...outcome, skipped };
    } catch (error) {
      await sink.discard();
      throw error;
    } finally {
      await scorer.close();
    }
  } finally {
    await source.close();
  }
}
