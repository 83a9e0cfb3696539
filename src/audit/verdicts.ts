/**
 * What people said of decisions: a file of JSON lines beside the ledger, a line a verdict, the last one of a frame counts.
 *
 * Not a table of the ledger: whoever may write a DuckDB file shuts everyone else out, and a page that is looked at all day
 * would keep queries, exports and a second viewer from their ledger. A line is appended in one write.
 */
import { appendFile, readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { VERDICTS } from './schema.js';
import { jsonOrUndefined } from '../core/json.js';

export const VERDICTS_FILE = 'verdicts.jsonl';

const verdictSchema = z.strictObject({
  frame: z.int().min(0),
  /** Null withdraws what was said before. */
  verdict: z.enum(VERDICTS).nullable(),
  note: z.string(),
  /** ISO time. */
  at: z.string(),
});
export type SavedVerdict = z.infer<typeof verdictSchema>;

/** The verdict of each frame, in the order in which they were given. A last line without its end is not there yet. */
export async function readVerdicts(file: string): Promise<readonly SavedVerdict[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  const saved = new Map<number, SavedVerdict>();
  text
    .split('\n')
    .slice(0, -1)
    .forEach((line, i) => {
      const verdict = parseLine(line);
      if (verdict === null)
        throw new UserError(`line ${i + 1} is no verdict`, {
          file,
          remedy: 'mend or take out that line: each is an object of frame, verdict, note and at',
        });
      saved.delete(verdict.frame);
      saved.set(verdict.frame, verdict);
    });
  return [...saved.values()];
}

const parseLine = (line: string): SavedVerdict | null =>
  verdictSchema.safeParse(jsonOrUndefined(line)).data ?? null;

export async function appendVerdict(file: string, verdict: SavedVerdict): Promise<void> {
  await appendFile(file, `${JSON.stringify(verdict)}\n`);
}

/** Changes whenever the file does; 'none' where there is none. */
export async function verdictsStamp(file: string): Promise<string> {
  return stat(file).then(
    ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
    () => 'none',
  );
}
