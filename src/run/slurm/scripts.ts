/** The scripts that a cluster runs: plain bash, to be read, changed and submitted by hand. */
import { quoted } from '../shards/shard.js';

/** Exit codes after which a task is worth another try: a full disk or a lost node (75), and a kill from outside. */
const PASSING = '75|137|143';
/** Tries of one task beyond the first. */
const MOST_RESTARTS = 3;

export interface ScriptFacts {
  /** Name of the job. */
  readonly name: string;
  /** Folder that commands are given in. */
  readonly cwd: string;
  /** Where the job writes what it says; `%a` is the number of the task. */
  readonly log: string;
}

const head = ({ name, cwd, log }: ScriptFacts): readonly string[] => [
  '#!/bin/bash',
  `#SBATCH --job-name=${name}`,
  `#SBATCH --output=${log}`,
  '#SBATCH --open-mode=append',
  '#SBATCH --requeue',
  '# A task that is told to end writes what it has, and goes on from there.',
  '#SBATCH --signal=B:TERM@60',
  `cd ${quoted(cwd)} || exit 75`,
];

/** A task of an array: `call` runs in the background, so that the script can pass on signals. */
export const arrayScript = (facts: ScriptFacts, call: readonly string[]): string =>
  [
    ...head(facts),
    '',
    'task=',
    `trap '[ -z "$task" ] || kill -TERM "$task" 2>/dev/null' TERM`,
    ...call.slice(0, -1),
    `${call.at(-1)!} &`,
    'task=$!',
    'wait "$task"',
    'code=$?',
    '# A signal ends the wait, not the task.',
    'while kill -0 "$task" 2>/dev/null; do',
    '  wait "$task"',
    '  code=$?',
    'done',
    '# One that ended in between has its exit code still; 127: it was told already.',
    'wait "$task" 2>/dev/null',
    'last=$?',
    '[ "$last" = 127 ] || code=$last',
    'case $code in',
    `${PASSING})`,
    `  if [ "\${SLURM_RESTART_COUNT:-0}" -lt ${MOST_RESTARTS} ]; then`,
    '    echo "exit code $code may pass: the task goes back into the queue"',
    '    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"',
    '  fi',
    '  ;;',
    'esac',
    'exit "$code"',
    '',
  ].join('\n');

/** The job behind an array. Its exit code is written: of a job that never ran, Slurm says no more than of one that did. */
export const afterScript = (facts: ScriptFacts, call: string, exitFile: string): string =>
  [...head(facts), '', call, 'code=$?', `echo "$code" >${quoted(exitFile)}`, 'exit "$code"', ''].join('\n');
