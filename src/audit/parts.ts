/**
 * A ledger over Parquet parts: the rows stay where the shards of an audit wrote them, and DuckDB reads them in place.
 *
 * The parts are an explicit list with their sizes, never a pattern: one file that is cut off would fail all of them, and one
 * that somebody put there would be counted.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { sqlText } from './database.js';

export const partsSchema = z
  .array(
    z
      .strictObject({
        /** Name in the ledger's folder. */
        file: z.string().regex(/^[\w.-]+$/),
        bytes: z.int().min(0),
        rows: z.int().min(0),
      })
      .readonly(),
  )
  .readonly();
export type LedgerParts = z.infer<typeof partsSchema>;

/** How `shard` of `of` is called among its kind, in names that sort in the order of the frames. */
export const partName = (shard: number, of: number): string =>
  `part-${String(shard).padStart(String(of).length, '0')}-of-${of}`;

/** The Parquet parts in `folder`, which a ledger there may read. */
export async function partFilesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^part-\d+-of-\d+\.parquet$/.test(name)).map((name) => join(folder, name));
}

/** Throws `UserError` where a part is not there as it was joined. */
export async function checkParts(folder: string, parts: LedgerParts): Promise<void> {
  for (const { file, bytes } of parts) {
    const found = await stat(join(folder, file)).catch(() => null);
    if (found?.size === bytes) continue;
    throw new UserError(
      found === null
        ? 'is a part of the ledger and is not there'
        : `is a part of the ledger and has ${found.size} bytes, not ${bytes}`,
      { file: join(folder, file), remedy: `vetoc merge ${folder} says how to make it again` },
    );
  }
}

/** The rows of `parts`, as SQL reads them: in the order of the list. */
export const partsRelation = (folder: string, parts: LedgerParts): string =>
  `read_parquet([${parts.map(({ file }) => sqlText(join(folder, file))).join(', ')}])`;
