/** Slurm's own commands: submitting, and what became of what was submitted. */
import { PassingError, UserError } from '../../core/errors.js';
import { runProcess } from '../../simulate/process.js';

/** Seconds that one of them may take before the controller is said not to answer. */
const PATIENCE = 60;

async function slurm(command: string, args: readonly string[]): Promise<string> {
  const ended = await runProcess(command, args, { timeoutSeconds: PATIENCE });
  if (ended.kind === 'missing')
    throw new UserError('is not there', {
      file: command,
      remedy: 'give this command where jobs are submitted, or see its scripts with --dry-run',
    });
  if (ended.kind === 'timeout')
    throw new PassingError(`does not answer within ${PATIENCE} s`, {
      file: command,
      remedy: 'repeat the command when the controller of Slurm is back',
    });
  if (ended.code === 0) return ended.stdout;
  const said = ended.stderr.trim().split('\n').at(-1) ?? '';
  const passing = /unable to contact|temporarily|timed out|connection (refused|reset)|too many jobs|QOSMax/i;
  const Problem = passing.test(said) ? PassingError : UserError;
  throw new Problem(`says: ${said}`, { file: command, remedy: 'look at the options behind --' });
}

/** Submits `script`, and gives the number of the job. Throws `UserError`. */
export async function submit(args: readonly string[], script: string): Promise<string> {
  const said = await slurm('sbatch', ['--parsable', ...args, script]);
  const [, id] = /^(\d+)/.exec(said.trim()) ?? [];
  if (id === undefined) throw new UserError(`gave no job: ${said.trim()}`, { file: 'sbatch' });
  return id;
}

export interface JobState {
  /** Number of the task in its array; null of a job that is none. */
  readonly task: number | null;
  readonly job: string;
  /** As Slurm calls it: PENDING, RUNNING, COMPLETING… */
  readonly state: string;
  readonly reason: string;
}

/** The tasks of `jobs` that are not ended yet. */
export async function activeJobs(jobs: readonly string[]): Promise<readonly JobState[]> {
  if (jobs.length === 0) return [];
  const said = await slurm('squeue', ['-h', '-r', '-j', jobs.join(','), '-o', '%F|%K|%T|%r']).catch(
    (error: unknown) => {
      // Jobs that ended long ago are forgotten.
      if (error instanceof UserError && /invalid job id/i.test(error.message)) return '';
      throw error;
    },
  );
  return said
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [job = '', task = '', state = '', reason = ''] = line.split('|');
      return { job, task: /^\d+$/.test(task) ? Number(task) : null, state, reason };
    });
}

/** One more than the largest number of a task in an array; null where Slurm does not say. */
export async function arrayLimit(): Promise<number | null> {
  const [, limit] = /MaxArraySize\s*=\s*(\d+)/.exec(await slurm('scontrol', ['show', 'config'])) ?? [];
  return limit === undefined ? null : Number(limit);
}
