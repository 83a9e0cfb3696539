/** One shard of an audit: its frames into a ledger of its own, and from there into a Parquet part. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exportTemporary, writeRows } from '../../audit/export.js';
import { LEDGER_FILE, openLedgerForAudit } from '../../audit/ledger.js';
import { partName } from '../../audit/parts.js';
import { parseReference, printReference } from '../../audit/reference-text.js';
import type { Reference } from '../../audit/reference.js';
import { UserError } from '../../core/errors.js';
import { goesOnFrom } from '../../core/temporary.js';
import type { Emit } from '../events.js';
import { partPath, runShard, writeOnce, type ShardOutcome } from '../shards/folder.js';
import { shardPlan } from '../shards/plan.js';
import type { ShardWish } from '../shards/shard.js';
import { auditFolder, prepareAudit, sitting, type AuditRequest } from './start.js';

/** The reference that the shards in a folder share: what they compare with must not differ by their machines. */
const REFERENCE_FILE = 'reference.json';

/** The shared reference of the shards in `folder`, or null. */
export async function sharedReference(folder: string): Promise<Reference | null> {
  const path = join(folder, REFERENCE_FILE);
  if (!existsSync(path)) return null;
  return parseReference(await readFile(path, 'utf8'));
}

/** Which reference a part was made with. */
export const referenceDigest = (reference: Reference): string =>
  createHash('sha256').update(printReference(reference)).digest('hex').slice(0, 16);

/**
 * Makes the part of a shard, or finds it made. Killed, the same command goes on from the blocks that were written; two that
 * work on one shard at once get in each other's way at its ledger, which one of them holds. Throws `UserError`.
 */
export async function auditShard(
  dir: string,
  options: AuditRequest,
  wish: ShardWish,
  signal: AbortSignal,
  emit: Emit,
): Promise<ShardOutcome> {
  const folder = auditFolder(dir, options.out);
  if (existsSync(join(folder, LEDGER_FILE)) && !existsSync(join(folder, 'shards.json')))
    throw new UserError('holds the ledger of an audit that was not dealt into shards', {
      file: folder,
      field: '--out',
      remedy: 'give the shards a folder of their own',
    });
  const prepared = await prepareAudit(dir, options, emit);
  const { identity } = prepared;
  const { run, frames, ...what } = identity;
  const plan = shardPlan('audit', wish, identity.count, what, { run, frames });
  const work = goesOnFrom(join(folder, `work-${partName(wish.index, wish.of)}`));
  const resumed = existsSync(work);
  const done = await runShard(folder, plan, wish, async (range) => {
    const part = partPath(folder, wish, 'parquet');
    const ledger = await openLedgerForAudit(work, identity, { files: [exportTemporary(part)] });
    try {
      const shared = await sharedReference(folder);
      if (shared !== null && (await ledger.reference()) === null) await ledger.setReference(shared);
      const outcome = await sitting(ledger, prepared, options, signal, emit, {
        range,
        settleReference: async (mine) => {
          await writeOnce(join(folder, REFERENCE_FILE), printReference(mine));
          return (await sharedReference(folder))!;
        },
      });
      if (!outcome.finished) return null;
      await writeRows(ledger, part);
    } finally {
      await ledger.close();
    }
    const facts = { reference: referenceDigest((await sharedReference(folder))!) };
    return { files: [part], facts, resumed };
  });
  if (done.state !== 'stopped') await rm(work, { recursive: true, force: true });
  return done;
}
