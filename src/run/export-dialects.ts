/** The networks of a finished run in the dialects of a back end. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Backend, DialectExport, DialectOptions } from '../backends/backend.js';
import { BACKENDS } from '../backends/index.js';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { version } from '../core/version.js';
import { renewChecksums } from './checksums.js';
import { loadRun } from './folder.js';
import { onWords, writeIntegerMaps, type RawWish } from './raw-network.js';
import { recipeHash } from './recipe.js';

export interface ExportDialectsRequest extends RawWish {
  readonly dialects: readonly string[];
  /** Folder; that of the back end in the run unless given. */
  readonly out?: string;
  /** Also put out the tensor of every node. */
  readonly intermediates?: boolean;
  /** Give the dialect that knows it a second input: frame number, key and N of the prescale. */
  readonly prescale?: boolean;
}

export interface WrittenDialect {
  readonly dialect: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** What whoever runs the file should know. */
  readonly notes: readonly string[];
}

type DialectBackend = Backend & { readonly export: DialectExport };

const isDialects = (backend: Backend): backend is DialectBackend => backend.export?.kind === 'dialects';

/** The back ends that write single files, by name. */
export const DIALECT_BACKENDS: readonly DialectBackend[] = BACKENDS.filter(isDialects);

/** Writes the files. Throws `UserError`, or `UnsupportedError` where a dialect cannot say the network. */
export async function exportDialects(
  name: string,
  dir: string,
  request: ExportDialectsRequest,
): Promise<readonly WrittenDialect[]> {
  const backend = DIALECT_BACKENDS.find((one) => one.name === name);
  if (backend === undefined) throw new UserError(`no back end ${name} has dialects`);
  const { dialects } = backend.export;
  const asked = request.dialects.map((dialect) => {
    const known = Object.hasOwn(dialects, dialect) ? dialects[dialect] : undefined;
    if (known !== undefined) return { dialect, ...known };
    throw new UserError(`there is no dialect ${dialect}`, {
      field: '--dialect',
      remedy: `use ${Object.keys(dialects).join(', ')}`,
    });
  });
  for (const { name: flag, only } of backend.export.flags)
    if (request[flag] === true && only !== null && !request.dialects.includes(only))
      throw new UserError(`${flag} stands in the dialect ${only} alone`, {
        field: `--${flag}`,
        remedy: `add --dialect ${only}, or leave it out`,
      });
  const run = await loadRun(dir);
  const raw = await onWords(run.fixed, request);
  const networks = raw === null ? run : { ...run, fixed: raw.graph };
  const facts: DialectOptions = {
    producerVersion: version(),
    recipeHash: recipeHash(run.recipe),
    intermediates: request.intermediates ?? false,
    prescale: request.prescale ?? false,
  };
  // All are emitted before the first is written: a dialect that cannot be leaves no half of an export.
  const models = asked.map(({ dialect, file, emit, notes }) => ({
    dialect,
    file,
    content: emit(networks, facts),
    notes: notes?.(networks) ?? [],
  }));
  const folder = request.out ?? run.path(backend.folder);
  if (raw !== null) await writeIntegerMaps(join(folder, 'maps.h5'), raw);
  const written: WrittenDialect[] = [];
  for (const { dialect, file: inFolder, content, notes } of models) {
    const file = join(folder, inFolder);
    await writeFileAtomic(file, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    written.push({ dialect, file, bytes: content.length, sha256, notes });
  }
  await renewChecksums(
    dir,
    written.map(({ file }) => file),
  );
  return written;
}
