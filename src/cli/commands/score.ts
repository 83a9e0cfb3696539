/** `vetoc score`: a run's network over any number of frames at the machine's speed, scores to a file or stdout. */
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { ORT_PROVIDERS } from '../../backends/onnx/index.js';
import { READING_THREADS } from '../../data/index.js';
import { SCORE_FORMATS, type ScoreRequest, scoreRun, scoreShard } from '../../index.js';
import { type Asked, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { wholeOption } from '../option-values.js';
import { addShardOption, answerShard, type Sharded } from '../shard-option.js';
import { output } from '../outputs.js';

async function run(dir: string, options: Asked<ScoreRequest> & Sharded): Promise<void> {
  if (options.shard !== undefined)
    return answerShard(options, await scoreShard(dir, options, options.shard, showEvents()));
  const { skipped } = await scoreRun(dir, options, process.stdout, showEvents());
  if (skipped.length > 0) process.stderr.write(`${skipped.length} skipped\n`);
}

export function define(command: Command): void {
  const cores = availableParallelism();
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <what...>', 'frames to score')
    .addOption(
      output('--out <file>', 'where to write: .csv, .jsonl, .h5 or .parquet (default: CSV on stdout)'),
    )
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
    .option('--readers <n>', 'threads that read frames', wholeOption('--readers', 1, 64), READING_THREADS)
    .option('--json', 'with --shard: print JSON');
  addFrameOptions(addShardOption(command))
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExamples:\n  vetoc score out/demo --frames night1.h5 --out scores.csv\n  vetoc score out/demo --frames 'night/*.cbf' --out scores.h5 --skip-bad`,
    )
    .action(run);
}
