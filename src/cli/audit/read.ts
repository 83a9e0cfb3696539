/** The commands on a ledger that is there: report, query, export. */
import { join } from 'node:path';
import type { FrameSource } from '../../data/frames.js';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { exportFrames, exportLabels } from '../../audit/export.js';
import type { AuditIdentity } from '../../audit/identity.js';
import { openLedger, type Ledger } from '../../audit/ledger.js';
import { renderAuditReport } from '../../audit/report.js';
import { openSecondLook } from '../../audit/second-look.js';
import { openSpec } from '../../audit/setup.js';
import { summarizeAudit, type AuditSummary } from '../../audit/summary.js';
import { readGeometry } from '../../data/geometry.js';
import type { OpenFramesOptions } from '../../data/open.js';
import { frameGeometry } from '../../spotfind/geometry.js';
import { say, sayJson, table } from '../console.js';
import { auditFolder } from './start.js';

interface Place {
  readonly out?: string;
}

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

/** The audited frames again, as the ledger names them. */
export async function openAuditedFrames(identity: AuditIdentity): Promise<FrameSource> {
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

export async function report(
  dir: string,
  options: Place & Moved & { readonly html?: string; readonly pictures: number; readonly json?: boolean },
): Promise<void> {
  const folder = auditFolder(dir, options.out);
  const ledger = await openLedger(folder, 'read');
  try {
    const summary = await summaryOf(ledger);
    if (options.json === true) {
      sayJson(summary);
      return;
    }
    const identity = await withGeometry(ledger.identity, options.geometry);
    const source = await openAuditedFrames(identity);
    const path = options.html ?? join(folder, 'report.html');
    try {
      const read = (frame: number): ReturnType<FrameSource['read']> => source.read(frame);
      const { find, stated } = await openSecondLook(identity, source);
      const page = await renderAuditReport(ledger, {
        summary,
        spots: (index, frame) => find(frame, frameGeometry(source.meta(index), stated)).spots,
        read: (frame) => read(frame).catch(() => null),
        pictures: options.pictures,
      });
      await writeFileAtomic(path, page);
    } finally {
      await source.close();
    }
    say(path);
  } finally {
    await ledger.close();
  }
}

export async function query(
  dir: string,
  sql: string,
  options: Place & { readonly json?: boolean; readonly csv?: boolean },
): Promise<void> {
  const ledger = await openLedger(auditFolder(dir, options.out), 'read');
  try {
    const { columns, rows } = await ledger.database.table(sql).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      throw new UserError(text, { field: 'SELECT', remedy: 'the columns are those of the view frames' });
    });
    const texts = rows.map((row) => row.map(cell));
    if (options.json === true)
      sayJson(rows.map((row) => Object.fromEntries(columns.map((name, k) => [name, row[k]!]))));
    else if (options.csv === true)
      for (const row of [columns, ...texts])
        say(row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','));
    else
      say(
        table(
          columns,
          texts.map((row) => row.map(printable)),
        ),
      );
  } finally {
    await ledger.close();
  }
}

const cell = (value: unknown): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Names come from files: nothing in them may steer the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');

export async function exportLedger(
  dir: string,
  options: Place & { readonly csv?: string; readonly parquet?: string; readonly labels?: string },
): Promise<void> {
  const { csv, parquet, labels } = options;
  if (csv === undefined && parquet === undefined && labels === undefined)
    throw new UserError('nothing to export', { remedy: 'give --csv, --parquet or --labels with a file' });
  const ledger = await openLedger(auditFolder(dir, options.out), 'write');
  try {
    await summaryOf(ledger);
    if (csv !== undefined) await exportFrames(ledger, csv, 'csv');
    if (parquet !== undefined) await exportFrames(ledger, parquet, 'parquet');
    const count = labels === undefined ? null : await exportLabels(ledger, labels);
    for (const path of [csv, parquet]) if (path !== undefined) say(path);
    if (labels !== undefined) say(`${labels}: ${count} labels`);
  } finally {
    await ledger.close();
  }
}
