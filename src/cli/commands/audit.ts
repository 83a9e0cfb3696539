/** `vetoc audit`: what did the veto do to a night of data, and was it right? */
import type { Command } from 'commander';
import {
  audit,
  type AuditExports,
  auditFigures,
  auditShard,
  auditFolder,
  type AuditPageRequest,
  type AuditRequest,
  type DecisionMeterOptions,
  exportAudit,
  meterDecisions,
  queryAudit,
  viewAudit,
  type ViewRequest,
  writeAuditPage,
} from '../../index.js';
import { UserError } from '../../core/errors.js';
import { AUDIT_HELP, meteredText, queryCsv, queryRows, queryText } from '../../text/index.js';
import { EXIT } from '../exit.js';
import { endGracefully } from '../interrupt.js';
import { addAuditOptions, addBound } from '../audit-options.js';
import { wholeOption } from '../option-values.js';
import { answer, type Asked, say, sayJson, showEvents } from '../console.js';
import { addShardOption, answerShard, type Sharded } from '../shard-option.js';
import { output } from '../outputs.js';

interface StartOptions extends AuditRequest, Sharded {
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
  const calm = endGracefully(() => {
    process.stderr.write('\nfinishing the blocks in work; repeat the command to continue\n');
    stop.abort();
  });
  try {
    if (options.shard !== undefined) {
      answerShard(options, await auditShard(dir, options, options.shard, stop.signal, showEvents()));
      return;
    }
    const { ledger, outcome, metered } = await audit(dir, options, stop.signal, showEvents());
    await ledger.close();
    if (!outcome.finished || metered?.verdict === 'beyond') process.exitCode = EXIT.checkFailed;
    answer(options, { ledger: ledger.path, ...outcome, metered }, () =>
      [ledger.path, ...(metered === null ? [] : [meteredText(metered)])].join('\n'),
    );
  } finally {
    calm();
  }
}

async function view(dir: string, options: ViewRequest & Place): Promise<void> {
  const stop = new AbortController();
  endGracefully(stop.abort.bind(stop));
  await viewAudit(dir, auditFolder(dir, options.out), options, stop.signal, showEvents(), (url) => {
    say(url);
    process.stderr.write('Open this address in a browser on this machine; Ctrl-C ends.\n');
  });
}

async function report(dir: string, options: Asked<Place & AuditPageRequest>): Promise<void> {
  const folder = auditFolder(dir, options.out);
  if (options.json === true) sayJson(await auditFigures(folder));
  else say(await writeAuditPage(folder, options));
}

async function query(
  dir: string,
  sql: string,
  options: Place & { readonly json?: boolean; readonly csv?: boolean; readonly limit: number },
): Promise<void> {
  const found = await queryAudit(auditFolder(dir, options.out), sql, options.limit);
  if (found.cut) process.stderr.write(`the first ${found.rows.length} rows; --limit gives more\n`);
  answer(options, queryRows(found), () => (options.csv === true ? queryCsv : queryText)(found));
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
  addShardOption(addAuditOptions(command))
    .option('--json', 'print the outcome as JSON')
    .addHelpText('after', AUDIT_HELP)
    .action(start);
  registerReaders(command);
  registerMeter(command);
}

const addGeometry = (command: Command): Command =>
  command.option('--geometry <file.geom>', 'where the geometry file of the audit is now, if it was moved');

async function meter(decisions: string, options: DecisionMeterOptions): Promise<void> {
  const night = await meterDecisions(decisions, options);
  if (night.verdict === 'beyond') process.exitCode = EXIT.checkFailed;
  answer(options, night, () => meteredText(night));
}

function registerMeter(parent: Command): void {
  addBound(
    parent
      .command('meter')
      .description("How many hits the veto lost, from the firmware's decision words; no frame is read.")
      .argument('<decisions>', 'decision words as the DMA wrote them, 32 bytes a frame')
      .requiredOption('--judged <file.csv>', 'number,hit (1 or 0) of the kept frames that were judged')
      .option('--look <n>', 'which look at a growing file this is', wholeOption('--look', 1, 1000), 1)
      .option('--json', 'print JSON'),
  )
    .addHelpText('after', '\nExample:\n  vetoc audit meter decisions.bin --judged indexed.csv --lose 1%')
    .action(meter);
}

function registerReaders(parent: Command): void {
  const sub = (name: string, description: string): Command =>
    parent
      .command(name)
      .description(description)
      .argument('<run>', 'folder of the audited run')
      .option('-o, --out <dir>', 'folder of the ledger (default: RUN/audit)');
  addGeometry(sub('report', 'Write the audit as one self-contained HTML page.'))
    .addOption(output('--html <file>', 'the page (default: report.html beside the ledger)'))
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
    .addOption(output('--csv <file>', 'all frames as CSV'))
    .addOption(output('--parquet <file>', 'all frames as Parquet'))
    .addOption(output('--labels <file.csv>', 'frames with a verdict as labels for the next training'))
    .addHelpText('after', '\nExample:\n  vetoc audit export out/demo --csv decisions.csv')
    .action(exportLedger);
}
