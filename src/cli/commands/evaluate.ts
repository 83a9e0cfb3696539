/** `vetoc evaluate`: what a finished run does with other frames. */
import type { Command } from 'commander';
import type { FrameSource } from '../../data/frames.js';
import { UserError } from '../../core/errors.js';
import { lsb } from '../../fixed/format.js';
import { findNode, veto, type FixedGraph } from '../../ir/graph.js';
import type { NamedEvaluation } from '../../report/evaluation.js';
import { hitOrMissOnly } from '../../statistics/metrics.js';
import { showEvents, say, sayJson } from '../console.js';
import { table } from '../../core/table.js';
import { evaluateWithGroups } from '../../run/evaluation-groups.js';
import {
  confusionTable,
  evaluationJson,
  evaluationTable,
  expertTable,
  groupsTable,
  thresholdText,
} from '../../report/evaluation-text.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { wholeOption } from '../option-values.js';
import { openFrameArguments } from '../../run/open-frames.js';
import type { FrameOptionValues } from '../../run/frame-options.js';
import { scoreFixed } from '../../run/stages/score.js';
import { checkFrameSize, knownLabels, labelledByClass, unknownText } from '../../run/frames-for-network.js';
import { loadRun } from '../../run/folder.js';
import { beginStage } from '../../run/events.js';

interface Options extends FrameOptionValues {
  readonly frames: string[];
  readonly by?: string;
  readonly threshold?: number;
  readonly json?: boolean;
}

interface FrameDecision {
  readonly index: number;
  readonly file: string;
  readonly fileIndex: number;
  readonly group: string;
  readonly score: number;
  readonly keep: boolean;
  readonly hit: boolean | null;
}

/** Text metadata that several frames share: what a table can be grouped by, unless `--by` says it. */
function groupKey(source: FrameSource, by: string | undefined): string | null {
  if (by !== undefined) {
    if (source.count > 0 && source.meta(0)[by] === undefined)
      throw new UserError(`frames have no "${by}"`, {
        file: source.name,
        field: '--by',
        remedy: `use one of ${Object.keys(source.meta(0)).join(', ')}`,
      });
    return by;
  }
  return (
    ['family', 'style', 'source'].find((key) => source.count > 0 && source.meta(0)[key] !== undefined) ?? null
  );
}

function decide(
  source: FrameSource,
  graph: FixedGraph,
  logits: readonly Int32Array[],
  key: string | null,
): FrameDecision[] {
  return logits.map((row, index) => {
    const score = veto(row, graph.hitClasses);
    const origin = source.origin(index);
    return {
      index,
      file: origin.file,
      fileIndex: origin.index,
      group: key === null ? 'all' : String(source.meta(index)[key] ?? 'unknown'),
      score,
      keep: score >= graph.threshold,
      hit: source.label(index).hit,
    };
  });
}

/** Frames listed in a table's cell. */
const LISTED = 12;

/** Which frames were vetoed, hits first: losing those is what matters. */
function vetoedText(vetoed: readonly FrameDecision[]): string {
  const ordered = [...vetoed.filter((d) => d.hit === true), ...vetoed.filter((d) => d.hit !== true)];
  const listed = ordered.slice(0, LISTED).map((d) => `${d.fileIndex}${d.hit === true ? '!' : ''}`);
  const more = ordered.length - listed.length;
  return `${listed.join(' ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function groupTable(decisions: readonly FrameDecision[], key: string): string {
  const groups = [...new Set(decisions.map((d) => d.group))];
  return table(
    [key, 'frames', 'hits', 'hits vetoed', 'misses', 'misses kept', 'vetoed frames (! a hit)'],
    groups.map((group) => {
      const members = decisions.filter((d) => d.group === group);
      const hits = members.filter((d) => d.hit === true);
      const lost = hits.filter((d) => !d.keep);
      const misses = members.filter((d) => d.hit === false);
      return [
        group,
        String(members.length),
        String(hits.length),
        String(lost.length),
        String(misses.length),
        String(misses.filter((d) => d.keep).length),
        vetoedText(members.filter((d) => !d.keep)),
      ];
    }),
  );
}

/** All that is measured; accuracy over the classes only of frames that are labelled by class. */
function measuredText(measured: NamedEvaluation, byClass: boolean, classNames: readonly string[]): string {
  const { evaluation, grouped } = measured;
  // One group says what all the frames say.
  const telling = grouped.filter(({ groups }) => groups.size > 1);
  return [
    `${evaluationTable([measured], byClass)}\n${thresholdText(evaluation)}`,
    confusionTable(evaluation, classNames),
    expertTable(evaluation),
    ...telling.map((groups) => groupsTable(groups, byClass)),
  ].join('\n\n');
}

async function run(dir: string, options: Options): Promise<void> {
  const made = await loadRun(dir);
  const fixed = { ...made.fixed, threshold: options.threshold ?? made.fixed.threshold };
  const { source } = await openFrameArguments(options.frames, options, showEvents());
  try {
    checkFrameSize(source, fixed);
    const key = groupKey(source, options.by);
    const progress = beginStage(showEvents(), 'Evaluate');
    const indices = Array.from({ length: source.count }, (_, i) => i);
    const logits = await scoreFixed(fixed, source, indices, progress);
    progress.finish(`${logits.length} frames`);
    const decisions = decide(source, fixed, logits, key);
    const known = knownLabels(source, fixed);
    const unit = lsb(findNode(fixed, fixed.output).format);
    const { hitClasses, threshold } = fixed;
    const byClass = labelledByClass(source, fixed);
    const classNames = byClass ? fixed.classNames : ['miss', 'hit'];
    const measure = (): NamedEvaluation => {
      const labelled = known.indices.map((index) => logits[index]!);
      const input = { logits: labelled, labels: known.labels, hitClasses, threshold, unit };
      const counted = byClass ? input : hitOrMissOnly(input);
      return evaluateWithGroups('fixed', counted, source, known.indices, classNames);
    };
    const measured = known.indices.length === 0 ? null : measure();
    if (options.json === true) {
      sayJson({
        run: dir,
        threshold: fixed.threshold,
        evaluation: measured && evaluationJson(measured),
        unlabelled: source.count - known.indices.length,
        decisions,
      });
      return;
    }
    if (measured === null) say('The frames have no labels: decisions only.');
    else say(measuredText(measured, byClass, classNames));
    const unknown = unknownText(source, known);
    if (unknown !== '') say(`\n${unknown}`);
    say();
    say(groupTable(decisions, key ?? 'group'));
    const kept = decisions.filter((d) => d.keep).length;
    say(`\n${kept} of ${decisions.length} frames kept at threshold ${fixed.threshold}.`);
  } finally {
    await source.close();
  }
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <file...>', 'frames to evaluate on')
    .option('--by <meta>', 'group the table by this per-frame fact (default: family or style)')
    .option(
      '--threshold <score>',
      'keep scores from this up (default: the threshold of the run)',
      wholeOption('--threshold', -(2 ** 31), 2 ** 31 - 1),
    )
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExample:\n  vetoc evaluate out/demo --frames night1.h5 --by style`,
    )
    .action(run);
}
