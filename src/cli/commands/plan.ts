/** `vetoc plan`: what a veto would bring an experiment. */
import { Option, type Command } from 'commander';
import { PLANNED_DETECTOR_NAMES, type PlanRequest, planVeto } from '../../index.js';
import { PLAN_HELP, planText } from '../../text/index.js';
import { answer, type Asked } from '../console.js';
import { positiveOption, shareOption, wholeOption } from '../option-values.js';

export function define(command: Command): void {
  command
    .addOption(
      new Option('--detector <name>', 'detector').choices(PLANNED_DETECTOR_NAMES).makeOptionMandatory(),
    )
    .requiredOption('--frames <n>', 'frames of the experiment', wholeOption('--frames', 1, 1e15))
    .option('--hits <n>', 'hits among them', wholeOption('--hits', 0, 1e15))
    .option('--hit-rate <share>', 'or their share: 0.4%', shareOption('--hit-rate'))
    .requiredOption('--lose <share>', 'share of hits that the veto loses', shareOption('--lose'))
    .requiredOption('--keep-misses <share>', 'share of misses that it keeps', shareOption('--keep-misses'))
    .option('--rate <n>', 'frames a second; of AGIPD trains', positiveOption('--rate'))
    .option('--cells <n>', 'memory cells that are used', wholeOption('--cells', 1, 1e4))
    .option('--latency <µs>', 'from the last pixel of a frame to its decision', positiveOption('--latency'))
    .option('--json', 'print JSON')
    .addHelpText('after', PLAN_HELP)
    .action((options: Asked<PlanRequest>) => {
      const plan = planVeto(options);
      answer(options, plan, () => planText(plan));
    });
}
