/**
 * SHA-256 of the files of a finished run, in `files.json` beside them: a damaged file is noticed when the run is opened, not
 * when its decisions have been believed.
 *
 * What `vetoc verify` compares bit by bit (`hls/`, `rtl/`), and what it writes, is not among them: there a difference is
 * the answer. Pages and pictures are not either. Files that were added later are nobody's damage.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { jsonOrUndefined } from '../core/json.js';

const CHECKSUMS = 'files.json';
const NOT_COVERED = [
  /^(hls|rtl|report|explain|audit|hls-[^/]*)\//,
  /^verify\.json$/,
  /^files\.json$/,
  /(^|\/)\./,
];

const schema = z.strictObject({
  version: z.literal(1),
  /** SHA-256 by path inside the run, with `/`. */
  sha256: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});
type Checksums = z.infer<typeof schema>;

const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
const covered = (path: string): boolean => !NOT_COVERED.some((pattern) => pattern.test(path));

async function write(dir: string, sha256: Checksums['sha256']): Promise<void> {
  const ordered = Object.fromEntries(Object.entries(sha256).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFileAtomic(
    join(dir, CHECKSUMS),
    `${JSON.stringify({ version: 1, sha256: ordered }, null, 2)}\n`,
  );
}

/** Writes the checksums of the run in `dir`: the last thing before it has its name. */
export async function writeChecksums(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter(covered);
  const hashes = await Promise.all(
    paths.map(async (path) => [path, hashOf(await readFile(join(dir, path)))]),
  );
  await write(dir, Object.fromEntries(hashes) as Checksums['sha256']);
}

/** The checksums of the run in `dir`; null for one of a vetoc that wrote none. Throws `UserError`. */
async function readChecksums(dir: string): Promise<Checksums | null> {
  const file = join(dir, CHECKSUMS);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const parsed = schema.safeParse(jsonOrUndefined(text));
  if (!parsed.success) throw damaged(file);
  return parsed.data;
}

const damaged = (
  file: string,
  what = 'is damaged: it is not as it was when the run was finished',
): UserError =>
  new UserError(what, { file, remedy: 'bring the run back from where it was made, or run its recipe again' });

/** Throws `UserError` naming the first file of the run in `dir` that is gone or not as it was. */
export async function checkFiles(dir: string): Promise<void> {
  const checksums = await readChecksums(dir);
  if (checksums === null) return;
  for (const [path, sha256] of Object.entries(checksums.sha256)) {
    const file = join(dir, path);
    const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw damaged(file, 'is missing: it was there when the run was finished');
      throw error;
    });
    if (hashOf(content) !== sha256) throw damaged(file);
  }
}

/** Takes over `files`, as far as they are in the run in `dir`, as they are now: what wrote them meant to. */
export async function renewChecksums(dir: string, files: readonly string[]): Promise<void> {
  const checksums = await readChecksums(dir);
  if (checksums === null) return;
  const sha256 = { ...checksums.sha256 };
  for (const file of files) {
    const path = relative(dir, file).split(sep).join('/');
    if (!path.startsWith('..') && covered(path)) sha256[path] = hashOf(await readFile(file));
  }
  await write(dir, sha256);
}
