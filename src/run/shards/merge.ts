/** `vetoc merge`: the parts of all shards as one, once they are all there and whole. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { identitySchema, type AuditIdentity } from '../../audit/identity.js';
import { joinLedger } from '../../audit/join.js';
import { openLedger } from '../../audit/ledger.js';
import { meteredNight, type MeteredNight } from '../../audit/meter.js';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { referenceDigest, sharedReference } from '../audit/shard.js';
import { beginStage, type Emit } from '../events.js';
import { evaluateKnown, type EvaluateOutcome, type EvaluateRequest } from '../evaluate.js';
import { loadRun } from '../folder.js';
import { formatFor, openScoreSink } from '../score.js';
import type { ScoreFacts } from '../score-sinks.js';
import type { ShardedCommand, ShardPart, ShardPlan } from './folder.js';
import { gatherShards, unmadeError } from './gather.js';
import { shardCommand } from './shard.js';

export interface MergeRequest {
  /** File for what can be one file: scores. */
  readonly out?: string;
  /** Replace it if it exists. */
  readonly replace?: boolean;
}

export interface MergeOutcome {
  readonly kind: ShardedCommand;
  readonly folder: string;
  readonly shards: number;
  readonly frames: number;
  /** What was written: the ledger, the file of scores, or the list of the parts' files. */
  readonly written: string;
  /** Of evaluations: what the decisions come to. */
  readonly evaluation: EvaluateOutcome | null;
  /** Of audits with a prescale: what the kept misses say of the hits lost. */
  readonly metered: MeteredNight | null;
}

interface Whole {
  readonly folder: string;
  readonly plan: ShardPlan;
  readonly parts: readonly ShardPart[];
}

/** The parts in `folder` as one. Throws `UserError` where one is missing or not whole, with the command that makes it. */
export async function mergeShards(folder: string, request: MergeRequest, emit: Emit): Promise<MergeOutcome> {
  const progress = beginStage(emit, 'Check');
  const gathered = await gatherShards(folder, (done, total) => {
    progress.update(done, total);
  });
  const { plan, parts, unmade } = gathered;
  if (unmade.length > 0) throw unmadeError(folder, gathered);
  progress.finish({ kind: 'counted', what: 'parts', count: parts.length });
  const whole = { folder, plan, parts };
  const { kind, of, count } = plan;
  const outcome = { kind, folder, shards: of, frames: count, metered: null, evaluation: null };
  if (kind === 'audit') return { ...outcome, ...(await mergeAudit(whole, emit)) };
  if (kind === 'score') return { ...outcome, written: await mergeScores(whole, request, emit) };
  if (kind === 'evaluate')
    return { ...outcome, written: folder, evaluation: await mergeEvaluation(whole, emit) };
  return { ...outcome, written: await listParts(whole) };
}

/** Of a part whose content is not what its record says. */
const remedyFor = ({ plan }: Whole, { shard }: ShardPart): string =>
  `remove it, and give again: ${shardCommand(plan.command, shard)}`;

async function mergeAudit(
  whole: Whole,
  emit: Emit,
): Promise<{ readonly written: string; readonly metered: MeteredNight | null }> {
  const { folder, plan, parts } = whole;
  const identity: AuditIdentity = identitySchema.parse({ ...plan.what, ...plan.where });
  const reference = await sharedReference(folder);
  const digest = reference === null ? null : referenceDigest(reference);
  const other = parts.find((part) => part.facts['reference'] !== digest);
  if (reference === null || other !== undefined)
    throw new UserError('is not the reference that the part was made with', {
      file: join(folder, 'reference.json'),
      remedy: remedyFor(whole, other ?? parts[0]!),
    });
  const progress = beginStage(emit, 'Join');
  const written = await joinLedger(folder, {
    identity,
    reference,
    parts: parts.map((part) => {
      const { file, bytes } = part.files[0]!;
      return { file, bytes, from: part.from, to: part.to, remedy: remedyFor(whole, part) };
    }),
    onPart: (done, total) => {
      progress.update(done, total);
    },
  });
  progress.finish({ kind: 'counted', what: 'frames', count: plan.count });
  const ledger = await openLedger(folder);
  try {
    return { written, metered: await meteredNight(ledger) };
  } finally {
    await ledger.close();
  }
}

async function mergeScores(
  { folder, plan, parts }: Whole,
  { out, replace }: MergeRequest,
  emit: Emit,
): Promise<string> {
  if (out === undefined)
    throw new UserError('scores are joined into a file', {
      field: '--out',
      remedy: 'say --out FILE.csv, .h5 or .parquet',
    });
  if (existsSync(out) && replace !== true)
    throw new UserError('exists already', { file: out, remedy: 'choose another name, or say --replace' });
  const format = formatFor({ out });
  const facts = plan.where['facts'] as ScoreFacts;
  const { parquetRows } = await import('../score-parquet.js');
  const sink = await openScoreSink(format, out, facts);
  const progress = beginStage(emit, 'Join');
  let frames = 0;
  try {
    for (const part of parts)
      for await (const rows of parquetRows(join(folder, part.files[0]!.file), facts, part)) {
        await sink.add(rows);
        frames += rows.length;
        progress.update(frames, plan.count);
      }
    await sink.close();
  } catch (error) {
    await sink.discard();
    throw error;
  }
  progress.finish({ kind: 'counted', what: 'frames', count: frames });
  return out;
}

/** The evaluation of all frames: pixels are not read again. */
async function mergeEvaluation({ folder, plan, parts }: Whole, emit: Emit): Promise<EvaluateOutcome> {
  const { run, request } = plan.where as { readonly run: string; readonly request: EvaluateRequest };
  const { classNames } = (await loadRun(run)).fixed;
  const { parquetRows } = await import('../score-parquet.js');
  const logits: Int32Array[] = [];
  for (const part of parts)
    for await (const rows of parquetRows(join(folder, part.files[0]!.file), { classNames }, part))
      logits.push(...rows.map((row) => Int32Array.from(row.logits)));
  return evaluateKnown(run, request, plan, logits, emit);
}

/** Parts that stay files of their own, as a list for CrystFEL and for `--frames`. */
async function listParts({ folder, parts }: Whole): Promise<string> {
  const path = join(folder, 'parts.lst');
  const files = parts.flatMap((part) => part.files.map(({ file }) => join(folder, file)));
  await writeFileAtomic(path, files.map((file) => `${file}\n`).join(''));
  return path;
}
