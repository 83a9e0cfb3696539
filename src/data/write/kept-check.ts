/**
 * Whether files can be filtered into one: frames of one shape and type, and per-frame datasets that all of them have.
 * Asked before the frames are scored, which may take hours.
 */
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../frames.js';
import type { Hdf5File } from '../hdf5/file.js';
import { carriedTree } from './carried.js';
import { fileCursor, type OpenFile } from './kept-files.js';
import { hasColumn } from './kept-columns.js';

/** What the kept frames of `open` come with. */
function columnsOf({ raw, hdf5 }: OpenFile): readonly Parameters<typeof hasColumn>[1][] {
  if (hdf5 === null || raw.dataset === null) return [];
  const rows = hdf5.info(raw.dataset).shape[0]!;
  const tree = carriedTree(hdf5, { count: rows, frameShape: raw.frameShape, dataset: raw.dataset });
  return [...tree.perFrame, ...tree.ragged.map(({ values }) => values)];
}

/** Attributes that say what the numbers of a column stand for. */
const MEANINGS = ['names', 'meaning', 'class_names_json', 'units'];

const wordsAt = (hdf5: Hdf5File, path: string): string =>
  JSON.stringify(MEANINGS.map((name) => hdf5.attribute(path, name)));

interface FileColumns {
  readonly file: string;
  readonly columns: ReturnType<typeof columnsOf>;
  /** What stands beside each column. */
  readonly words: readonly string[];
}

/**
 * Refuses files of `source` that cannot stand in one file of kept frames. `asStored`: the frames are copied in their own
 * type.
 */
export async function checkTogether(
  source: FrameSource,
  datasetOf: (file: string) => string | null,
  asStored: boolean,
): Promise<void> {
  const files = new Set<string>();
  for (let i = 0; i < source.count; i++) files.add(source.origin(i).file);
  if (files.size < 2) return;
  const cursor = fileCursor(datasetOf, source.origin(0).joined === true);
  let first: (FileColumns & { readonly kind: string }) | null = null;
  try {
    for (const file of files) {
      const open = await cursor.at(file).catch((error: unknown) => {
        // Whoever reads the frames says what is wrong with a file, or passes it over.
        if (error instanceof UserError) return null;
        throw error;
      });
      if (open === null) continue;
      const kind = `${open.raw.frameShape.join('×')} ${open.raw.pixelType}`;
      const columns = columnsOf(open);
      const { hdf5 } = open;
      const words = columns.map(({ path }) => (hdf5 === null ? '' : wordsAt(hdf5, path)));
      first ??= { file, kind, columns, words };
      if (asStored && kind !== first.kind) {
        throw new UserError(`has frames of ${kind}, ${first.file} of ${first.kind}`, {
          file,
          remedy: 'filter files of one kind together',
        });
      }
      checkColumns(first, { file, columns, words }, hdf5);
    }
  } finally {
    await cursor.close();
  }
}

function checkColumns(first: FileColumns, other: FileColumns, hdf5: Hdf5File | null): void {
  const refuse = (field: string, problem: string): never => {
    throw new UserError(problem, { file: other.file, field, remedy: 'filter files of one kind together' });
  };
  const lacking = first.columns.find((column) => hdf5 === null || !hasColumn(hdf5, column));
  if (lacking !== undefined)
    refuse(lacking.path, `is missing, or of another type or shape than in ${first.file}`);
  const renamed = first.columns.findIndex(
    ({ path }, i) => hdf5 !== null && wordsAt(hdf5, path) !== first.words[i],
  );
  if (renamed >= 0)
    refuse(first.columns[renamed]!.path, `means other things by its numbers than in ${first.file}`);
  const paths = new Set(first.columns.map(({ path }) => path));
  const more = other.columns.find(({ path }) => !paths.has(path));
  if (more !== undefined) refuse(more.path, `is not in ${first.file}`);
}
