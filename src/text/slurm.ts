/** Arrays of a cluster in words: their scripts, and what came of them. */
import { quoted } from '../run/shards/shard.js';
import type { ArrayOutcome, SlurmScripts } from '../run/slurm/array.js';

/** Failed tasks whose logs are told. */
const TOLD = 5;

/** Each script under its name, with the command that submits it. */
export const slurmScriptsText = ({ array, after }: SlurmScripts): string =>
  [array, ...(after === null ? [] : [after])]
    .map(({ file, text, submit }) => `# ${file}\n${text}# sbatch ${[...submit, file].map(quoted).join(' ')}`)
    .join('\n\n');

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `    ${line}`);

/** What is there, what failed with the last lines of its log, and how to go on. */
export function arrayOutcomeText(
  outcome: ArrayOutcome & {
    readonly folder?: string;
    readonly damaged?: readonly { readonly task: number; readonly problem: string }[];
  },
): string {
  const { tasks, failed, damaged = [], afterCode, afterLines, jobs, folder } = outcome;
  const lines = [`${tasks - failed.length - damaged.length} of ${tasks} tasks are whole`];
  for (const { task, log, lines: last } of failed.slice(0, TOLD))
    lines.push(`  task ${task} failed: ${log}`, ...indented(last.length > 0 ? last : ['(it wrote nothing)']));
  if (failed.length > TOLD)
    lines.push(`  and so did ${failed.slice(TOLD).map(({ task }) => task).join(', ')}`); // prettier-ignore
  for (const { task, problem } of damaged) lines.push(`  shard ${task} ${problem}`);
  if (jobs.after !== null && afterCode === null) lines.push('The merge did not run.');
  else if (afterCode !== null && afterCode !== 0)
    lines.push(`The merge ended with exit code ${afterCode}:`, ...indented(afterLines));
  else if (folder !== undefined) lines.push(`Joined in ${folder}.`);
  if (failed.length + damaged.length > 0)
    lines.push('Repeat the command when the cause is gone: it submits what is missing.');
  return lines.join('\n');
}
