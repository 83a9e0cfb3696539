/** `vetoc score`: a run's network over any number of frames at the machine's speed, scores to a file or stdout. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { openFramesParallel } from '../../data/parallel.js';
import { READING_THREADS } from '../../data/reading-threads.js';
import { streamFrames, type BadFrame } from '../../data/stream.js';
import { lsb } from '../../fixed/format.js';
import { findNode } from '../../ir/graph.js';
import { createCheckedOrt } from '../../simulate/ort-checked.js';
import { createOrtFloat } from '../../simulate/ort-float.js';
import { ORT_PROVIDERS, type OrtOptions, type OrtProvider } from '../../simulate/ort-session.js';
import { showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { frameOptions, type FrameOptionValues } from '../../run/frame-options.js';
import { wholeOption } from '../option-values.js';
import { loadRun, RUN_FILES, type Run } from '../../run/folder.js';
import {
  hdf5Sink,
  SCORE_FORMATS,
  textSink,
  type ScoredRow,
  type ScoreFacts,
  type ScoreFormat,
  type ScoreSink,
} from '../../run/score-sinks.js';
import { checkFrameSize } from '../../run/frames-for-network.js';
import { beginStage } from '../../run/events.js';
import { tellWarnings } from '../../run/open-frames.js';

interface Options extends FrameOptionValues {
  readonly frames: string[];
  readonly out?: string;
  readonly format?: ScoreFormat;
  readonly network: 'fixed' | 'float';
  readonly provider: OrtProvider;
  readonly batch: number;
  readonly threads: number;
  readonly readers: number;
}

interface Scorer {
  run(frames: readonly Uint16Array[]): Promise<readonly Omit<ScoredRow, 'file' | 'index'>[]>;
  close(): Promise<void>;
}

const warn = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The network in ONNX Runtime: the `fixed.onnx` that stands in the run, or its float graph. */
async function openScorer(run: Run, options: Options): Promise<Scorer> {
  const { batch, threads, provider } = options;
  const settings: OrtOptions = { batch, threads, provider };
  if (options.network === 'float') return createOrtFloat(run.float, settings);
  const file = run.path(RUN_FILES.fixedOnnx);
  const model = await readFile(file).catch(() => {
    throw new UserError('cannot be read', { file, remedy: 'write it again with vetoc export onnx' });
  });
  return createCheckedOrt(run.fixed, { ...settings, onFallback: warn }, model);
}

const FORMAT_OF_ENDING: Readonly<Record<string, ScoreFormat>> = {
  csv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  h5: 'hdf5',
  hdf5: 'hdf5',
};

function formatFor({ out, format }: Options): ScoreFormat {
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

const openSink = (format: ScoreFormat, out: string | undefined, facts: ScoreFacts): Promise<ScoreSink> =>
  format === 'hdf5' ? hdf5Sink(out!, facts) : textSink(format, out ?? process.stdout, facts);

/** Scores every frame of `source` batch by batch; reading threads work while a batch is computed. */
async function scoreAll(
  source: FrameSource,
  scorer: Scorer,
  sink: ScoreSink,
  options: Options,
  onBad: ((bad: BadFrame) => void) | undefined,
): Promise<{ readonly frames: number; readonly kept: number }> {
  const progress = beginStage(showEvents(), 'Score');
  let frames = 0;
  let kept = 0;
  let pixels: Uint16Array[] = [];
  let places: { readonly file: string; readonly index: number }[] = [];
  const flush = async (): Promise<void> => {
    const results = await scorer.run(pixels);
    await sink.add(results.map((result, i) => ({ ...places[i]!, ...result })));
    frames += results.length;
    kept += results.filter((r) => r.keep).length;
    progress.update(frames, source.count);
    pixels = [];
    places = [];
  };
  const stream = streamFrames(source, {
    ahead: 2 * options.batch,
    ...(onBad === undefined ? {} : { onBad }),
  });
  for await (const { index, frame } of stream) {
    pixels.push(frame.pixels);
    places.push(source.origin(index));
    if (pixels.length === options.batch) await flush();
  }
  if (pixels.length > 0) await flush();
  progress.finish(`${frames} frames, ${kept} kept`);
  return { frames, kept };
}

async function run(dir: string, options: Options): Promise<void> {
  const format = formatFor(options);
  const loaded = await loadRun(dir);
  const bad: BadFrame[] = [];
  const report = (one: BadFrame): void => {
    bad.push(one);
    warn(`skipped ${one.file}${one.index < 0 ? '' : ` frame ${one.index}`}: ${one.problem}`);
  };
  const skips = options.skipBad === true;
  const source = await openFramesParallel(options.frames, {
    ...frameOptions(options),
    workers: options.readers,
    ...(skips
      ? {
          onBadFile: (error: UserError) => {
            report({ file: error.place.file ?? '', index: -1, problem: error.problem });
          },
        }
      : {}),
  });
  tellWarnings(source, showEvents());
  try {
    checkFrameSize(source, loaded.fixed);
    const scorer = await openScorer(loaded, options);
    const fixed = options.network === 'fixed';
    const facts: ScoreFacts = {
      run: dir,
      network: options.network,
      classNames: loaded.fixed.classNames,
      threshold: fixed ? loaded.fixed.threshold : loaded.float.threshold,
      lsb: fixed ? lsb(findNode(loaded.fixed, loaded.fixed.output).format) : 1,
    };
    const sink = await openSink(format, options.out, facts);
    try {
      await scoreAll(source, scorer, sink, options, skips ? report : undefined);
      await sink.close();
    } catch (error) {
      await sink.discard();
      throw error;
    } finally {
      await scorer.close();
    }
    if (bad.length > 0) warn(`${bad.length} skipped`);
  } finally {
    await source.close();
  }
}

export function define(command: Command): void {
  const cores = availableParallelism();
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <what...>', 'frames to score')
    .option('--out <file>', 'where to write: .csv, .jsonl or .h5 (default: CSV on stdout)')
    .addOption(new Option('--format <format>', 'instead of what the ending says').choices(SCORE_FORMATS))
    .addOption(
      new Option('--network <which>', 'the fixed-point network or its float reference')
        .choices(['fixed', 'float'])
        .default('fixed'),
    )
    .addOption(
      new Option('--provider <name>', 'what ONNX Runtime runs on').choices(ORT_PROVIDERS).default('cpu'),
    )
    .option('--batch <n>', 'frames in one call', wholeOption('--batch', 1, 4096), 16)
    .option('--threads <n>', 'threads of ONNX Runtime', wholeOption('--threads', 1, 1024), cores)
    .option('--readers <n>', 'threads that read frames', wholeOption('--readers', 1, 64), READING_THREADS);
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExamples:\n  vetoc score out/demo --frames night1.h5 --out scores.csv\n  vetoc score out/demo --frames 'night/*.cbf' --out scores.h5 --skip-bad`,
    )
    .action(run);
}
