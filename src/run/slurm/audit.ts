/** `vetoc slurm audit`: an audit as an array of shards, and its merge. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { auditFolder, prepareAudit, type AuditRequest } from '../audit/start.js';
import type { Emit } from '../events.js';
import { partPath } from '../shards/folder.js';
import { gatherShards } from '../shards/gather.js';
import { dealt, quoted } from '../shards/shard.js';
import {
  runArray,
  slurmScripts,
  type ArrayOutcome,
  type ArrayWork,
  type SlurmScripts,
  type SubmitOptions,
} from './array.js';

export interface SlurmAuditRequest extends SubmitOptions {
  readonly audit: AuditRequest;
  readonly shards: number;
  /** The words of `vetoc audit` with its options, without a shard. */
  readonly words: readonly string[];
  /** The words that start vetoc on a node. */
  readonly vetoc: readonly string[];
}

export interface SlurmAuditOutcome extends ArrayOutcome {
  readonly folder: string;
  /** Shards whose part is there and not whole, and what is wrong. */
  readonly damaged: readonly { readonly task: number; readonly problem: string }[];
}

/** The work, once run, frames and options are known to fit: a mistake is said here and not by 200 tasks. */
async function workOf(dir: string, request: SlurmAuditRequest, emit: Emit): Promise<ArrayWork> {
  const { audit, shards, words, vetoc } = request;
  const { identity } = await prepareAudit(dir, audit, emit);
  const folder = auditFolder(dir, audit.out);
  const start = vetoc.map(quoted).join(' ');
  const threads = audit.threads === undefined ? ' --threads "${SLURM_CPUS_PER_TASK:-1}"' : '';
  const task = `${start} ${words.map(quoted).join(' ')}${threads}`;
  return {
    name: 'vetoc-audit',
    folder,
    tasks: shards,
    countsFrames: true,
    sizeOf: (index) => {
      const { from, to } = dealt({ index, of: shards }, identity.count);
      return to - from;
    },
    call: [`${task} --shard "$SLURM_ARRAY_TASK_ID/${shards}"`],
    after: `${start} merge ${quoted(resolve(folder))}`,
    isDone: (index) => existsSync(partPath(folder, { index, of: shards }, 'json')),
  };
}

/** The scripts, without writing or submitting anything. Throws `UserError`. */
export async function slurmAuditScripts(
  dir: string,
  request: SlurmAuditRequest,
  emit: Emit,
): Promise<SlurmScripts> {
  return slurmScripts(await workOf(dir, request, emit), request);
}

/** Submits the audit, follows it, and says what failed. Throws `UserError`. */
export async function slurmAudit(
  dir: string,
  request: SlurmAuditRequest,
  emit: Emit,
): Promise<SlurmAuditOutcome> {
  const work = await workOf(dir, request, emit);
  const outcome = await runArray(work, request, emit);
  const damaged =
    outcome.failed.length === work.tasks
      ? []
      : (await gatherShards(work.folder)).unmade.map(({ index, problem }) => ({ task: index, problem }));
  const failed = new Set(outcome.failed.map(({ task }) => task));
  return { ...outcome, folder: work.folder, damaged: damaged.filter(({ task }) => !failed.has(task)) };
}
