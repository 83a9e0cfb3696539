/**
 * Work as an array of a cluster: scripts into a folder, submission of what is missing, and following it to its end. The truth
 * is what stands in the folder, never what the queue says: a task that Slurm calls done has made its part, or is named.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { PassingError, UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { jsonOrUndefined } from '../../core/json.js';
import { beginStage, type Emit } from '../events.js';
import { arrayText } from '../shards/gather.js';
import { activeJobs, arrayLimit, submit, type JobState } from './client.js';
import { afterScript, arrayScript } from './scripts.js';

export interface ArrayWork {
  readonly name: string;
  /** Folder of the results; scripts and logs go into `slurm/` there. */
  readonly folder: string;
  readonly tasks: number;
  /** Frames that a task works on; 1 where tasks are counted. */
  readonly sizeOf: (task: number) => number;
  /** Lines of bash, the last of which is the task's command. */
  readonly call: readonly string[];
  /** The command behind the array; null for none. */
  readonly after: string | null;
  /** Whether a task's result stands there: a cheap look, asked again and again. */
  readonly isDone: (task: number) => boolean;
  readonly countsFrames: boolean;
}

export interface SubmitOptions {
  /** Options for sbatch. */
  readonly sbatch: readonly string[];
  /** Folder in which the tasks' commands are given. */
  readonly cwd: string;
  /** Seconds between two looks at the queue. */
  readonly poll: number;
}

export interface SlurmScripts {
  readonly array: { readonly file: string; readonly text: string; readonly submit: readonly string[] };
  readonly after: { readonly file: string; readonly text: string; readonly submit: readonly string[] } | null;
}

/** Seconds that a result may take to be seen on a network disk after its task has ended. */
const SETTLE_MS = 5000;
/** Looks at the queue that may fail one after the other. */
const MOST_FAILED_LOOKS = 30;
const LAST_LINES = 8;

const folderOf = (work: ArrayWork): string => resolve(work.folder, 'slurm');
export const logOf = (work: ArrayWork, task: number): string => join(folderOf(work), `task-${task}.log`);
const exitFile = (work: ArrayWork): string => join(folderOf(work), 'after.exit');

const missingTasks = (work: ArrayWork): readonly number[] =>
  Array.from({ length: work.tasks }, (_, task) => task).filter((task) => !work.isDone(task));

/** The scripts and how they are submitted; `ARRAY` stands for the number of the array's job. */
export function slurmScripts(work: ArrayWork, { sbatch, cwd }: SubmitOptions): SlurmScripts {
  const missing = missingTasks(work);
  const at = folderOf(work);
  const facts = { cwd, name: work.name };
  const depends = missing.length === 0 ? [] : ['--dependency=afterok:ARRAY', '--kill-on-invalid-dep=yes'];
  return {
    array: {
      file: join(at, 'array.sh'),
      text: arrayScript({ ...facts, log: join(at, 'task-%a.log') }, work.call),
      submit: missing.length === 0 ? [] : [`--array=${arrayText(missing)}`, ...sbatch],
    },
    after:
      work.after === null
        ? null
        : {
            file: join(at, 'after.sh'),
            text: afterScript(
              { ...facts, name: `${work.name}-after`, log: join(at, 'after.log') },
              work.after,
              exitFile(work),
            ),
            submit: [...depends, ...sbatch],
          },
  };
}

const jobsSchema = z.strictObject({ array: z.string().nullable(), after: z.string().nullable() });
type Jobs = z.infer<typeof jobsSchema>;
const idsOf = ({ array, after }: Jobs): readonly string[] => [array, after].filter((id) => id !== null);

/** Jobs that were submitted before and are not ended. */
async function jobsAtWork(file: string): Promise<Jobs | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const known = jobsSchema.safeParse(jsonOrUndefined(text));
  if (!known.success) return null;
  return (await activeJobs(idsOf(known.data))).length > 0 ? known.data : null;
}

async function submitAll(work: ArrayWork, options: SubmitOptions): Promise<Jobs> {
  const limit = await arrayLimit();
  if (limit !== null && work.tasks >= limit)
    throw new UserError(`${work.tasks} tasks are more than this cluster takes in an array`, {
      field: 'MaxArraySize',
      remedy: `ask for at most ${limit - 1}`,
    });
  const { array, after } = slurmScripts(work, options);
  await rm(exitFile(work), { force: true });
  await writeFileAtomic(array.file, array.text);
  if (after !== null) await writeFileAtomic(after.file, after.text);
  const arrayJob = array.submit.length === 0 ? null : await submit(array.submit, array.file);
  const words = (after?.submit ?? []).map((word) =>
    word.replace('afterok:ARRAY', `afterok:${arrayJob ?? ''}`),
  );
  return { array: arrayJob, after: after === null ? null : await submit(words, after.file) };
}

export interface FailedTask {
  readonly task: number;
  readonly log: string;
  /** The last lines that it wrote. */
  readonly lines: readonly string[];
}

export interface ArrayOutcome {
  readonly jobs: Jobs;
  readonly tasks: number;
  /** Tasks without their result. */
  readonly failed: readonly FailedTask[];
  /** Exit code of the job behind the array; null where it did not run, or there is none. */
  readonly afterCode: number | null;
  /** What that job said last. */
  readonly afterLines: readonly string[];
}

async function lastLines(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .trimEnd()
    .split('\n')
    .slice(-LAST_LINES)
    .filter((line) => line !== '');
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Submits what is missing, or finds it submitted, and follows it to its end. Throws `UserError`. */
export async function runArray(work: ArrayWork, options: SubmitOptions, emit: Emit): Promise<ArrayOutcome> {
  await mkdir(folderOf(work), { recursive: true });
  const record = join(folderOf(work), 'jobs.json');
  let jobs = await jobsAtWork(record);
  if (jobs === null) {
    jobs = await submitAll(work, options);
    await writeFileAtomic(record, JSON.stringify(jobs));
  }
  await follow(work, jobs, options, emit);
  const failed: FailedTask[] = [];
  for (const task of missingTasks(work))
    failed.push({ task, log: logOf(work, task), lines: await lastLines(logOf(work, task)) });
  const code = (await readFile(exitFile(work), 'utf8').catch(() => '')).trim();
  return {
    jobs,
    tasks: work.tasks,
    failed,
    afterCode: /^\d+$/.test(code) ? Number(code) : null,
    afterLines: work.after === null ? [] : await lastLines(join(folderOf(work), 'after.log')),
  };
}

async function follow(work: ArrayWork, jobs: Jobs, { poll }: SubmitOptions, emit: Emit): Promise<void> {
  const progress = beginStage(emit, work.name);
  const sizes = Array.from({ length: work.tasks }, (_, task) => work.sizeOf(task));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let [failedLooks, frames] = [0, 0];
  for (;;) {
    let active: readonly JobState[] | null = null;
    try {
      active = await activeJobs(idsOf(jobs));
      failedLooks = 0;
    } catch (error) {
      if (!(error instanceof PassingError) || ++failedLooks > MOST_FAILED_LOOKS) throw error;
    }
    const done = sizes.map((_, task) => work.isDone(task));
    frames = sizes.reduce((sum, size, task) => sum + (done[task] === true ? size : 0), 0);
    const running = (active ?? []).filter(({ task, state }) => task !== null && state === 'RUNNING').length;
    const tasks = done.filter(Boolean).length;
    progress.update(frames, total, {
      of: 'tasks',
      tasks,
      total: work.tasks,
      running,
      timed: work.countsFrames,
    });
    if (active?.length === 0) break;
    await pause(1000 * poll);
  }
  // What was written last may not be seen here yet.
  const settled = Date.now() + SETTLE_MS;
  const afterIsOpen = (): boolean => jobs.after !== null && !existsSync(exitFile(work));
  while (Date.now() < settled && (missingTasks(work).length > 0 || afterIsOpen())) await pause(200);
  progress.finish({ kind: 'counted', what: work.countsFrames ? 'frames' : 'runs', count: frames });
}
