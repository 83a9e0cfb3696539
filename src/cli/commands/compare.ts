/** `vetoc compare`: does the quantized network still find my hits? */
import { join } from 'node:path';
import type { Command } from 'commander';
import { writeFileAtomic } from '../../core/files.js';
import { greyPicture, pngBytes } from '../../core/picture.js';
import type { FrameSource } from '../../data/frames.js';
import { lsb } from '../../fixed/format.js';
import { findNode, type FixedGraph } from '../../ir/graph.js';
import {
  compareGraphs,
  sqnrDb,
  type FrameComparison,
  type StageComparison,
} from '../../passes/compare-graphs.js';
import { mcnemar } from '../../passes/mcnemar.js';
import { evaluate } from '../../train/metrics.js';
import { say, sayJson, startProgress, table } from '../console.js';
import { evaluationJson, evaluationTable } from '../evaluation-text.js';
import {
  addFrameOptions,
  FRAME_HELP,
  openFrameArguments,
  type FrameOptionValues,
} from '../frame-arguments.js';
import { loadRun, readGraph, RUN_FILES } from '../run-folder.js';
import { checkFrameSize, labelsOf } from './evaluate.js';

interface Options extends FrameOptionValues {
  readonly frames: string[];
  readonly pictures?: string;
  readonly json?: boolean;
}

interface Difference {
  readonly index: number;
  readonly hit: boolean | null;
  readonly floatScore: number;
  readonly fixedScore: number;
  /** The network that keeps the frame. */
  readonly keptBy: 'float' | 'fixed';
  /** The first stage that makes the decision another; null when only the thresholds differ. */
  readonly partsAt: string | null;
}

/** Counts of `values` in `bins` equal bins from the smallest to the largest. */
export function histogram(
  values: readonly number[],
  bins = 11,
): { from: number; to: number; count: number }[] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const width = (high - low) / bins || 1;
  const counts = new Array<number>(bins).fill(0);
  for (const v of values) counts[Math.min(bins - 1, Math.floor((v - low) / width))]! += 1;
  return counts.map((count, k) => ({ from: low + k * width, to: low + (k + 1) * width, count }));
}

/** Frames decided rightly by one network alone, and what chance says of it. Null without labels. */
function paired(frames: readonly FrameComparison[], source: FrameSource) {
  let [hitsLost, hitsGained, missesKept, missesDropped] = [0, 0, 0, 0];
  for (const [i, { floatKeep, fixedKeep }] of frames.entries()) {
    const { hit } = source.label(i);
    if (hit === null) return null;
    if (floatKeep === fixedKeep) continue;
    if (hit && floatKeep) hitsLost += 1;
    else if (hit) hitsGained += 1;
    else if (floatKeep) missesDropped += 1;
    else missesKept += 1;
  }
  const pValue = mcnemar(hitsLost + missesKept, hitsGained + missesDropped);
  return { hitsLost, hitsGained, missesKept, missesDropped, mcnemarP: pValue };
}

function stageTable(stages: readonly StageComparison[], fixed: FixedGraph): string {
  return table(
    ['layer', 'op', 'format', 'SQNR dB', 'clipped', 'of', 'clipped under peaks', 'of'],
    stages.map((s) => {
      const node = findNode(fixed, s.id);
      const { signed, width, integer } = node.format;
      return [
        s.id,
        node.kind,
        `${signed ? '' : 'u'}fixed<${width},${integer}>`,
        sqnrDb(s).toFixed(1),
        String(s.clipped),
        String(s.values),
        s.underPeaks === 0 ? '–' : String(s.clippedUnderPeaks),
        s.underPeaks === 0 ? '–' : String(s.underPeaks),
      ];
    }),
  );
}

async function writePicture(dir: string, source: FrameSource, d: Difference): Promise<void> {
  const { pixels, height, width, mask } = await source.read(d.index);
  const name = `frame-${d.index}-kept-by-${d.keptBy}.png`;
  await writeFileAtomic(join(dir, name), pngBytes(greyPicture(pixels, height, width, { mask })));
}

async function run(dir: string, options: Options): Promise<void> {
  const { fixed } = await loadRun(dir);
  const prepared = await readGraph(join(dir, RUN_FILES.preparedGraph), 'float');
  const { source } = await openFrameArguments(options.frames, options);
  try {
    checkFrameSize(source, fixed);
    const progress = startProgress('Compare');
    const comparison = compareGraphs(prepared, fixed);
    const frames: FrameComparison[] = [];
    const differences: Difference[] = [];
    for (let index = 0; index < source.count; index++) {
      const { pixels } = await source.read(index);
      const frame = comparison.add(pixels, source.spots(index));
      frames.push(frame);
      progress.update(index + 1, source.count, 'frames');
      if (frame.floatKeep === frame.fixedKeep) continue;
      const difference: Difference = {
        index,
        hit: source.label(index).hit,
        floatScore: frame.floatScore,
        fixedScore: frame.fixedScore,
        keptBy: frame.floatKeep ? 'float' : 'fixed',
        partsAt: comparison.partingStage(pixels),
      };
      differences.push(difference);
      if (options.pictures !== undefined) await writePicture(options.pictures, source, difference);
    }
    progress.finish(`${source.count} frames, ${differences.length} decided differently`);
    report(dir, options, { fixed, prepared, source, frames, differences, stages: comparison.stages() });
  } finally {
    await source.close();
  }
}

interface Findings {
  readonly fixed: FixedGraph;
  readonly prepared: { readonly threshold: number };
  readonly source: FrameSource;
  readonly frames: readonly FrameComparison[];
  readonly differences: readonly Difference[];
  readonly stages: readonly StageComparison[];
}

function report(dir: string, options: Options, found: Findings): void {
  const { fixed, prepared, source, frames, differences, stages } = found;
  const { hitClasses } = fixed;
  const labels = labelsOf(source, fixed);
  const unit = lsb(findNode(fixed, fixed.output).format);
  const evaluations =
    labels === null
      ? []
      : [
          {
            name: 'float',
            evaluation: evaluate({
              logits: frames.map((f) => f.floatLogits),
              labels,
              hitClasses,
              threshold: prepared.threshold,
            }),
          },
          {
            name: 'fixed',
            evaluation: evaluate({
              logits: frames.map((f) => f.fixedLogits),
              labels,
              hitClasses,
              threshold: fixed.threshold * unit,
            }),
          },
        ];
  const pairs = paired(frames, source);
  const bins = histogram(frames.map((f) => f.fixedScore - f.floatScore));
  if (options.json === true) {
    sayJson({
      run: dir,
      frames: frames.length,
      thresholds: { float: prepared.threshold, fixed: fixed.threshold * unit },
      evaluations: Object.fromEntries(evaluations.map((e) => [e.name, evaluationJson(e.evaluation)])),
      curves: Object.fromEntries(
        evaluations.map((e) => [
          e.name,
          e.evaluation.curve.points.map((p) => [p.missesRejected.value, p.hitsKept.value]),
        ]),
      ),
      paired: pairs,
      stages: stages.map((s) => ({ ...s, sqnrDb: sqnrDb(s) })),
      scoreDifference: bins,
      differences,
    });
    return;
  }
  if (evaluations.length > 0) say(`${evaluationTable(evaluations)}\n`);
  say(stageTable(stages, fixed));
  say('\nScore of fixed minus score of float:');
  const most = Math.max(...bins.map((b) => b.count));
  for (const { from, to, count } of bins)
    say(
      `${from.toFixed(3).padStart(9)} … ${to.toFixed(3).padEnd(9)} ${'█'.repeat(Math.round((40 * count) / most))} ${count}`,
    );
  if (pairs !== null)
    say(
      `\nHits lost ${pairs.hitsLost}, gained ${pairs.hitsGained}; misses newly kept ${pairs.missesKept}, newly dropped ` +
        `${pairs.missesDropped}; McNemar's exact test p = ${pairs.mcnemarP.toPrecision(2)}.`,
    );
  if (differences.length === 0) return;
  say(
    `\nFrames decided differently (thresholds: float ${prepared.threshold.toFixed(3)}, fixed ${(fixed.threshold * unit).toFixed(3)}):`,
  );
  say(
    table(
      ['frame', 'is', 'kept by', 'float score', 'fixed score', 'parts at'],
      differences.map((d) => [
        String(d.index),
        d.hit === null ? '?' : d.hit ? 'hit' : 'miss',
        d.keptBy,
        d.floatScore.toFixed(3),
        d.fixedScore.toFixed(3),
        d.partsAt ?? 'the threshold',
      ]),
    ),
  );
}

export function registerCompare(program: Command): void {
  const command = program
    .command('compare')
    .description(
      'Compare the fixed-point network of a run with its float network, frame by frame and layer by layer.',
    )
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <file...>', 'frames to compare on, see below');
  addFrameOptions(command)
    .option('--pictures <dir>', 'write a picture of every frame that is decided differently')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExample:\n  vetoc compare out/demo --frames night1.h5 --pictures out/differences`,
    )
    .action(run);
}
