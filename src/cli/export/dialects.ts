/** `vetoc export BACKEND` for back ends of single files: the graphs of a finished run in any dialect. */
import type { Command } from 'commander';
import { DIALECT_BACKENDS, exportDialects, type ExportDialectsRequest } from '../../index.js';
import { dialectsText } from '../../text/index.js';
import { answer } from '../console.js';
import { addMapsOptions } from '../frame-arguments.js';

interface Options extends Omit<ExportDialectsRequest, 'dialects'> {
  readonly dialect: string[];
  readonly json?: boolean;
}

/** Adds such back ends to `vetoc export`. */
export function addDialectExports(parent: Command): void {
  for (const { name, description, folder, export: form } of DIALECT_BACKENDS) {
    const names = Object.keys(form.dialects);
    const summary = (dialect: string): string => form.dialects[dialect]!.summary;
    const list = names.map((dialect) => `  ${dialect.padEnd(9)} ${summary(dialect)}`).join('\n');
    const command = parent
      .command(name)
      .description(description)
      .argument('<run>', 'folder of a finished run')
      .option('--dialect <names...>', `which files: ${names.join(', ')}`, [...form.usual])
      .option('--out <folder>', `where to write (default: ${folder}/ in the run)`)
      .option('--json', 'print JSON');
    addMapsOptions(command);
    for (const flag of form.flags) command.option(`--${flag.name}`, flag.description);
    command
      .addHelpText(
        'after',
        `\nDialects:\n${list}\n\nExample:\n  vetoc export ${name} out/demo --dialect ${names.slice(0, 2).join(' ')}`,
      )
      .action(async (run: string, { dialect, ...options }: Options) => {
        const files = await exportDialects(name, run, { ...options, dialects: dialect });
        answer(options, { run, files }, () => dialectsText(files, summary));
      });
  }
}
