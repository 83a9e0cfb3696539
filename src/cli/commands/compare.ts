/** `vetoc compare`: does the quantized network still find my hits? */
import { join } from 'node:path';
import type { Command } from 'commander';
import { writeFileAtomic } from '../../core/files.js';
import type { Frame } from '../../data/frames.js';
import { lsb } from '../../fixed/format.js';
import { findNode, type FixedGraph } from '../../ir/graph.js';
import type { FrameComparison } from '../../passes/compare-graphs.js';
import { comparisonPage, type Comparison, type Difference } from '../../report/comparison.js';
import type { NamedEvaluation } from '../../report/evaluation.js';
import { evaluate, hitOrMissOnly } from '../../statistics/metrics.js';
import { comparisonText } from '../../report/comparison-text.js';
import { say, sayJson, showEvents } from '../console.js';
import { evaluationsJson, evaluationTable } from '../../report/evaluation-text.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { openFrameArguments } from '../../run/open-frames.js';
import type { FrameOptionValues } from '../../run/frame-options.js';
import { compareStage, framePng } from '../../run/stages/compare.js';
import { loadRun, RUN_FILES } from '../../run/folder.js';
import { readGraph } from '../../ir/graph-files.js';
import {
  checkFrameSize,
  knownLabels,
  labelledByClass,
  unknownText,
  type KnownLabels,
} from '../../run/frames-for-network.js';
import { beginStage } from '../../run/events.js';

interface Options extends FrameOptionValues {
  readonly frames: string[];
  readonly pictures?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** More pictures would make a page that no browser likes; the table lists all. */
const MOST_PICTURES = 100;

function evaluations(
  frames: readonly FrameComparison[],
  { indices, labels }: KnownLabels,
  { hitClasses }: FixedGraph,
  byClass: boolean,
  { thresholds }: Comparison,
): readonly NamedEvaluation[] {
  if (labels.length === 0) return [];
  const known = indices.map((index) => frames[index]!);
  const measured = (name: string, logits: readonly ArrayLike<number>[], threshold: number) => {
    const input = { logits, labels, hitClasses, threshold };
    return { name, evaluation: evaluate(byClass ? input : hitOrMissOnly(input)), grouped: [] };
  };
  return [
    measured(
      'float',
      known.map((f) => f.floatLogits),
      thresholds.float,
    ),
    measured(
      'fixed',
      known.map((f) => f.fixedLogits),
      thresholds.fixed,
    ),
  ];
}

async function run(dir: string, options: Options): Promise<void> {
  const { fixed } = await loadRun(dir);
  const prepared = await readGraph(join(dir, RUN_FILES.preparedGraph), 'float');
  const { source } = await openFrameArguments(options.frames, options, showEvents());
  try {
    checkFrameSize(source, fixed);
    const pictures = new Map<number, Uint8Array>();
    const onDifference = async (d: Difference, frame: Frame): Promise<void> => {
      if (options.pictures === undefined && options.report === undefined) return;
      const png = framePng(frame);
      if (pictures.size < MOST_PICTURES) pictures.set(d.index, png);
      if (options.pictures !== undefined)
        await writeFileAtomic(join(options.pictures, `frame-${d.index}-kept-by-${d.keptBy}.png`), png);
    };
    const indices = Array.from({ length: source.count }, (_, i) => i);
    const { comparison, frames } = await compareStage(
      { prepared, fixed, source, indices, onDifference },
      beginStage(showEvents(), 'Compare'),
    );
    const byClass = labelledByClass(source, fixed);
    const known = knownLabels(source, fixed);
    const evaluated = evaluations(frames, known, fixed, byClass, comparison);
    if (options.report !== undefined)
      await writeFileAtomic(
        options.report,
        comparisonPage(`Fixed beside float: ${dir} on ${source.name}`, comparison, pictures),
      );
    if (options.json === true) {
      const unit = lsb(findNode(fixed, fixed.output).format);
      sayJson({
        run: dir,
        ...comparison,
        logitUnit: unit,
        evaluations: evaluationsJson(evaluated),
      });
      return;
    }
    if (evaluated.length > 0) say(`${evaluationTable(evaluated, byClass)}\n`);
    say(comparisonText(comparison));
    const unknown = unknownText(source, known);
    if (unknown !== '') say(`\n${unknown}`);
    if (options.report !== undefined) say(`\nThe page is ${options.report}.`);
  } finally {
    await source.close();
  }
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <file...>', 'frames to compare on, see below');
  addFrameOptions(command)
    .option('--report <file>', 'write a page with tables, veto curves and pictures')
    .option('--pictures <dir>', 'write a picture of every frame that is decided differently')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExample:\n  vetoc compare out/demo --frames night1.h5 --report out/differences.html`,
    )
    .action(run);
}
