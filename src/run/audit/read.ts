/** What is made of a ledger that is there: figures, a page, answers to queries, exports. */
import { join } from 'node:path';
import type { FrameSource } from '../../data/frames.js';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import type { QueryAnswer } from '../../audit/database.js';
import { exportFrames, exportLabels, exportTemporary } from '../../audit/export.js';
import type { AuditIdentity } from '../../audit/identity.js';
import { openLedger, type Ledger } from '../../audit/ledger.js';
import { renderAuditReport } from '../../audit/report.js';
import { openSecondLook } from '../../audit/second-look.js';
import { openSpec } from '../../audit/setup.js';
import { summarizeAudit, type AuditSummary } from '../../audit/summary.js';
import { readGeometry } from '../../data/geometry/geometry.js';
import type { OpenFramesOptions } from '../../data/open.js';
import { frameGeometry } from '../../spotfind/geometry.js';

/** Where things of the audit are now, if not where they were. */
export interface Moved {
  readonly geometry?: string;
}

/** The figures, or a `UserError` when the audit has not got that far. */
export async function summaryOf(ledger: Ledger): Promise<AuditSummary> {
  const summary = await summarizeAudit(ledger);
  if (summary === null)
    throw new UserError('holds no frame yet', { file: ledger.path, remedy: 'let vetoc audit run' });
  return summary;
}

/**
 * What was audited, with its geometry file at `moved` where that is given. Throws `UserError` where the file cannot be
 * used: frames without its mask, and peaks without its panels, would not be those of the ledger.
 */
export async function withGeometry(
  identity: AuditIdentity,
  moved: string | undefined,
): Promise<AuditIdentity> {
  const { geometry: stated } = identity.frameOptions as OpenFramesOptions;
  if (stated === undefined) {
    if (moved === undefined) return identity;
    throw new UserError('the audit was made without a geometry file', {
      field: '--geometry',
      remedy: 'leave it out',
    });
  }
  const file = moved ?? stated;
  await readGeometry(file).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`the geometry file of the audit ${error.problem}`, {
      file,
      remedy: 'bring it back, or say where it is now: --geometry FILE',
    });
  });
  return { ...identity, frameOptions: { ...identity.frameOptions, geometry: file } };
}

/** Frames that were decided as they came: no file holds them, so that none can be read. */
function unstoredFrames({ run, count, height, width, classNames }: AuditIdentity): FrameSource {
  const file = `live ${run}`;
  return {
    name: file,
    count,
    height,
    width,
    classNames,
    origin: (index) => ({ file, index }),
    label: () => ({ label: null, hit: null, split: null, group: null }),
    meta: () => ({}),
    spots: () => null,
    notes: [],
    read: () =>
      Promise.reject(
        new UserError('is not stored: vetoc live decided it as it came', {
          file,
          remedy: 'look at kept frames in the CXI files of that session',
        }),
      ),
    close: () => Promise.resolve(),
  };
}

/** The audited frames again, as the ledger names them. */
export async function openAuditedFrames(identity: AuditIdentity): Promise<FrameSource> {
  if (identity.frames.length === 0) return unstoredFrames(identity);
  const source = await openSpec({
    kind: 'files',
    paths: identity.frames,
    options: identity.frameOptions as OpenFramesOptions,
  });
  if (source.count === identity.count && source.height === identity.height && source.width === identity.width)
    return source;
  await source.close();
  throw new UserError('are not the frames that were audited', {
    file: identity.frames.join(' '),
    remedy: 'bring the files back to where they were',
  });
}

/** The figures of the audit in `folder`. Throws `UserError` where there are none yet. */
export async function auditFigures(folder: string): Promise<AuditSummary> {
  const ledger = await openLedger(folder);
  try {
    return await summaryOf(ledger);
  } finally {
    await ledger.close();
  }
}

export interface AuditPageRequest extends Moved {
  /** The page; `report.html` beside the ledger unless given. */
  readonly html?: string;
  /** Pictures for each flag. */
  readonly pictures: number;
}

/** Writes the audit in `folder` as one page, and gives its path. */
export async function writeAuditPage(folder: string, options: AuditPageRequest): Promise<string> {
  const ledger = await openLedger(folder);
  try {
    const summary = await summaryOf(ledger);
    const identity = await withGeometry(ledger.identity, options.geometry);
    const source = await openAuditedFrames(identity);
    const path = options.html ?? join(folder, 'report.html');
    try {
      const read = (frame: number): ReturnType<FrameSource['read']> => source.read(frame);
      const { find, stated } = openSecondLook(identity, source);
      const page = await renderAuditReport(ledger, {
        summary,
        spots: (index, frame) =>
          find(frame, frameGeometry(source.meta(index), stated, frame.experiment)).spots,
        read: (frame) => read(frame).catch(() => null),
        pictures: options.pictures,
      });
      await writeFileAtomic(path, page);
    } finally {
      await source.close();
    }
    return path;
  } finally {
    await ledger.close();
  }
}

/** The answer of the ledger in `folder` to an SQL query on the view `frames`, `mostRows` of it. Throws `UserError`. */
export async function queryAudit(folder: string, sql: string, mostRows: number): Promise<QueryAnswer> {
  const ledger = await openLedger(folder);
  try {
    return await ledger.database.query(sql, mostRows).catch((error: unknown) => {
      if (error instanceof UserError) throw error;
      const text = error instanceof Error ? error.message : String(error);
      throw new UserError(text, { field: 'SELECT', remedy: 'the columns are those of the view frames' });
    });
  } finally {
    await ledger.close();
  }
}

export interface AuditExports {
  readonly csv?: string;
  readonly parquet?: string;
  readonly labels?: string;
}

/** Writes the files that are asked for; gives the number of labels, null where none were asked for. */
export async function exportAudit(
  folder: string,
  { csv, parquet, labels }: AuditExports,
): Promise<number | null> {
  const files = [csv, parquet].flatMap((path) => (path === undefined ? [] : [exportTemporary(path)]));
  const ledger = await openLedger(folder, { files });
  try {
    await summaryOf(ledger);
    if (csv !== undefined) await exportFrames(ledger, csv, 'csv');
    if (parquet !== undefined) await exportFrames(ledger, parquet, 'parquet');
    return labels === undefined ? null : await exportLabels(ledger, labels);
  } finally {
    await ledger.close();
  }
}
