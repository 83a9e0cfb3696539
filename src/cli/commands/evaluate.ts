/** `vetoc evaluate`: what a finished run does with other frames. */
import type { Command } from 'commander';
import { table } from '../../core/table.js';
import {
  confusionTable,
  evaluationJson,
  evaluationTable,
  expertTable,
  groupsTable,
  thresholdText,
} from '../../report/evaluation-text.js';
import type { NamedEvaluation } from '../../report/evaluation.js';
import { evaluateRun, type EvaluateRequest, type FrameDecision } from '../../run/evaluate.js';
import { say, sayJson, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { wholeOption } from '../option-values.js';

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

async function run(dir: string, options: EvaluateRequest & { readonly json?: boolean }): Promise<void> {
  const { threshold, decisions, measured, unlabelled, ...of } = await evaluateRun(dir, options, showEvents());
  if (options.json === true) {
    sayJson({ run: dir, threshold, evaluation: measured && evaluationJson(measured), unlabelled, decisions });
    return;
  }
  if (measured === null) say('The frames have no labels: decisions only.');
  else say(measuredText(measured, of.byClass, of.classNames));
  if (of.unknown !== '') say(`\n${of.unknown}`);
  say();
  say(groupTable(decisions, of.groupedBy ?? 'group'));
  const kept = decisions.filter((d) => d.keep).length;
  say(`\n${kept} of ${decisions.length} frames kept at threshold ${threshold}.`);
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
