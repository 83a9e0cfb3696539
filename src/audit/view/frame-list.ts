/**
 * The list of frames that the page shows: filters and order as the page asks for them, parsed strictly, as SQL.
 * No text of a request reaches the database but as a bound value.
 */
import { z } from 'zod';
import { FLAG_NAMES, type FlagName } from '../flags.js';
import { frameRowOf, type Ledger } from '../ledger.js';
import type { PlainRow, SqlValue } from '../database.js';
import type { FrameRow } from '../rows.js';
import { VERDICTS, type Verdict } from '../schema.js';

/** What the list can be ordered by: names of the page, columns of the view. */
export const SORTS = {
  frame: 'frame',
  score: 'score',
  margin: 'abs(margin)',
  float: 'float_score',
  spots: 'spots',
  snr: 'strongest_snr',
  resolution: 'coalesce(resolution_a, -resolution_px)',
  distance: 'distance',
  flags: 'flag_count',
} as const;

const whole = z.coerce.number().int().min(0);

/** Filters of the list; all of them hold together. */
export const listQuerySchema = z.strictObject({
  flag: z.enum(['any', ...FLAG_NAMES]).optional(),
  decision: z.enum(['kept', 'vetoed']).optional(),
  verdict: z.enum(['none', ...VERDICTS]).optional(),
  /** Frames of the review sample. */
  sample: z.literal('1').optional(),
  /** Where the frames carry the truth: decided against it. */
  wrong: z.literal('1').optional(),
  /** Part of the file's name. */
  file: z.string().max(200).optional(),
  sort: z.enum(Object.keys(SORTS) as [keyof typeof SORTS]).default('frame'),
  order: z.enum(['asc', 'desc']).default('asc'),
  offset: whole.default(0),
  limit: whole.max(500).default(100),
});
export type ListQuery = z.infer<typeof listQuerySchema>;

/** A row of the list with what stands beside it in the ledger. */
export interface ListedFrame extends FrameRow {
  readonly flags: readonly FlagName[];
  readonly verdict: Verdict | null;
  readonly note: string | null;
}

function conditions(query: ListQuery): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const parts: string[] = [];
  const values: SqlValue[] = [];
  if (query.flag === 'any') parts.push('flag_count > 0');
  else if (query.flag !== undefined) parts.push(query.flag);
  if (query.decision !== undefined) parts.push(query.decision === 'kept' ? 'keep' : 'NOT keep');
  if (query.verdict === 'none') parts.push('verdict IS NULL');
  else if (query.verdict !== undefined) parts.push(`verdict = '${query.verdict}'`);
  if (query.sample !== undefined) parts.push('frame IN (SELECT frame FROM review_sample)');
  if (query.wrong !== undefined) parts.push('hit IS NOT NULL AND hit <> keep');
  if (query.file !== undefined && query.file !== '') {
    parts.push('contains(lower(file), lower(?))');
    values.push(query.file);
  }
  return { sql: parts.length === 0 ? 'true' : parts.join(' AND '), values };
}

export function listedFrame(row: PlainRow): ListedFrame {
  return {
    ...frameRowOf(row),
    flags: FLAG_NAMES.filter((name) => row[name] === true),
    verdict: row['verdict'] as Verdict | null,
    note: row['note'] as string | null,
  };
}

/** A page of the list and how many frames pass the filters. */
export async function listFrames(
  { database }: Ledger,
  query: ListQuery,
): Promise<{ readonly total: number; readonly frames: readonly ListedFrame[] }> {
  const { sql, values } = conditions(query);
  const [count] = await database.select(`SELECT count(*)::INTEGER AS n FROM frames WHERE ${sql}`, values);
  const rows = await database.select(
    `SELECT * FROM frames WHERE ${sql} ORDER BY ${SORTS[query.sort]} ${query.order} NULLS LAST, frame
     LIMIT ${query.limit} OFFSET ${query.offset}`,
    values,
  );
  return { total: count!['n'] as number, frames: rows.map(listedFrame) };
}

/** One frame of the list; null when it has no row. */
export async function findFrame({ database }: Ledger, frame: number): Promise<ListedFrame | null> {
  const [row] = await database.select('SELECT * FROM frames WHERE frame = ?', [frame]);
  return row === undefined ? null : listedFrame(row);
}
