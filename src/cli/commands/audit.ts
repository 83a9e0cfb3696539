/** `vetoc audit`: what did the veto do to a night of data, and was it right? */
import type { Command } from 'commander';
import { csvText } from '../../core/csv.js';
import { UserError } from '../../core/errors.js';
import { table } from '../../core/table.js';
import { auditFigures, exportAudit, queryAudit, writeAuditPage } from '../../run/audit/read.js';
import type { AuditExports, AuditPageRequest } from '../../run/audit/read.js';
import { audit, auditFolder, type AuditRequest } from '../../run/audit/start.js';
import { viewAudit, type ViewRequest } from '../../run/audit/view.js';
import { EXIT } from '../exit.js';
import { addFinderOptions, FINDER_HELP } from '../finder-options.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { wholeOption } from '../option-values.js';
import { say, sayJson, showEvents } from '../console.js';

const HELP = `${FINDER_HELP}
${FRAME_HELP}

Examples:
  vetoc audit out/demo --frames 'night1/*.cxi'
  vetoc audit report out/demo
  vetoc audit view out/demo
  vetoc audit query out/demo "SELECT file, file_index, spots FROM frames WHERE vetoed_with_peaks ORDER BY spots DESC"
  vetoc audit export out/demo --parquet night1.parquet --labels labels.csv

An interrupted audit continues where it was when the command is repeated.`;

interface StartOptions extends AuditRequest {
  readonly json?: boolean;
}

/** Where a ledger is. */
interface Place {
  readonly out?: string;
}

async function start(dir: string, given: Partial<StartOptions>): Promise<void> {
  const { frames } = given;
  if (frames === undefined)
    throw new UserError('no frames to audit', { field: '--frames', remedy: 'give --frames FILE…' });
  const options = { ...given, frames } as StartOptions;
  const stop = new AbortController();
  const onInterrupt = (): void => {
    process.stderr.write('\nfinishing the blocks in work; repeat the command to continue\n');
    stop.abort();
  };
  process.once('SIGINT', onInterrupt);
  try {
    const { ledger, outcome } = await audit(dir, options, stop.signal, showEvents());
    await ledger.close();
    if (!outcome.finished) process.exitCode = EXIT.checkFailed;
    if (options.json === true) sayJson({ ledger: ledger.path, ...outcome });
    else say(ledger.path);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

async function view(dir: string, options: ViewRequest & Place): Promise<void> {
  const stop = new AbortController();
  const onInterrupt = (): void => {
    stop.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onInterrupt);
  await viewAudit(dir, auditFolder(dir, options.out), options, stop.signal, showEvents(), (url) => {
    say(url);
    process.stderr.write('Open this address in a browser on this machine; Ctrl-C ends.\n');
  });
}

async function report(
  dir: string,
  options: Place & AuditPageRequest & { readonly json?: boolean },
): Promise<void> {
  const folder = auditFolder(dir, options.out);
  if (options.json === true) sayJson(await auditFigures(folder));
  else say(await writeAuditPage(folder, options));
}

const cell = (value: unknown): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Names come from files: nothing in them may steer the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');

async function query(
  dir: string,
  sql: string,
  options: Place & { readonly json?: boolean; readonly csv?: boolean; readonly limit: number },
): Promise<void> {
  const { columns, rows, cut } = await queryAudit(auditFolder(dir, options.out), sql, options.limit);
  const texts = rows.map((row) => row.map(cell));
  if (cut) process.stderr.write(`the first ${rows.length} rows; --limit gives more\n`);
  if (options.json === true)
    sayJson(rows.map((row) => Object.fromEntries(columns.map((name, k) => [name, row[k]!]))));
  else if (options.csv === true) {
    say(columns.map(csvText).join(','));
    // A negative number is no formula.
    for (const row of rows)
      say(row.map((value) => (typeof value === 'number' ? cell(value) : csvText(cell(value)))).join(','));
  } else
    say(
      table(
        columns,
        texts.map((row) => row.map(printable)),
      ),
    );
}

async function exportLedger(dir: string, options: Place & AuditExports): Promise<void> {
  const { csv, parquet, labels } = options;
  if (csv === undefined && parquet === undefined && labels === undefined)
    throw new UserError('nothing to export', { remedy: 'give --csv, --parquet or --labels with a file' });
  const count = await exportAudit(auditFolder(dir, options.out), options);
  for (const path of [csv, parquet]) if (path !== undefined) say(path);
  if (labels !== undefined) say(`${labels}: ${count} labels`);
}

export function define(command: Command): void {
  // Options behind a subcommand are the subcommand's: without this, audit's own --out would take them.
  command.parent?.enablePositionalOptions();
  command
    .argument('<run>', 'folder of a finished run')
    // Not a required option: commander would ask it of the subcommands too.
    .option('--frames <file...>', 'frames to audit, see below')
    .enablePositionalOptions();
  addFrameOptions(addFinderOptions(command))
    .option('-o, --out <dir>', 'folder of the ledger (default: RUN/audit)')
    .option(
      '--reference <n>',
      'training frames to compare with, 0 for none',
      wholeOption('--reference', 0, 100_000),
      512,
    )
    .option('--threads <n>', 'threads (default: one a core, at most 8)', wholeOption('--threads', 1, 256))
    .option('--json', 'print the outcome as JSON')
    .addHelpText('after', HELP)
    .action(start);
  registerReaders(command);
}

const addGeometry = (command: Command): Command =>
  command.option('--geometry <file.geom>', 'where the geometry file of the audit is now, if it was moved');

function registerReaders(parent: Command): void {
  const sub = (name: string, description: string): Command =>
    parent
      .command(name)
      .description(description)
      .argument('<run>', 'folder of the audited run')
      .option('-o, --out <dir>', 'folder of the ledger (default: RUN/audit)');
  addGeometry(sub('report', 'Write the audit as one self-contained HTML page.'))
    .option('--html <file>', 'the page (default: report.html beside the ledger)')
    .option('--pictures <n>', 'pictures for each flag', wholeOption('--pictures', 0, 1000), 8)
    .option('--json', 'print the figures as JSON instead')
    .addHelpText('after', '\nExample:\n  vetoc audit report out/demo')
    .action(report);
  addGeometry(sub('view', 'Serve a page on this machine to look through the frames and give verdicts.'))
    .option('--port <n>', 'port, 0 for any that is free', wholeOption('--port', 0, 65_535), 8017)
    .option(
      '--host <address>',
      'address to listen on; others than this machine’s own let strangers in',
      '127.0.0.1',
    )
    .addHelpText('after', '\nExample:\n  vetoc audit view out/demo')
    .action(view);
  sub('query', 'Ask the ledger in SQL; nothing but the ledger can be read, nothing written.')
    .argument('<select>', 'an SQL query on the view frames')
    .option('--json', 'print JSON')
    .option('--csv', 'print CSV')
    .option('--limit <n>', 'rows at most', wholeOption('--limit', 1, 10_000_000), 10_000)
    .addHelpText(
      'after',
      '\nExample:\n  vetoc audit query out/demo "SELECT keep, count(*) FROM frames GROUP BY keep"',
    )
    .action(query);
  sub('export', 'Write the ledger as CSV or Parquet, and verdicts as labels.')
    .option('--csv <file>', 'all frames as CSV')
    .option('--parquet <file>', 'all frames as Parquet')
    .option('--labels <file.csv>', 'frames with a verdict as labels for the next training')
    .addHelpText('after', '\nExample:\n  vetoc audit export out/demo --parquet night1.parquet')
    .action(exportLedger);
}
