/** The program with its commands. */
import { Command } from 'commander';
import { addCommands } from './commands/index.js';
import { guardOutputs } from './outputs.js';
import { version } from '../core/version.js';

/**
 * The program with the command called `name`, or with the names of all. Errors are thrown, never exited on, so that `main` alone sets
 * the exit code.
 */
export async function createProgram(name?: string): Promise<Command> {
  const program = new Command('vetoc')
    .description('A compiler from detector frames to veto decisions.')
    .version(version())
    .showHelpAfterError('(vetoc COMMAND --help shows the options)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false });
  await addCommands(program, name);
  const strict = (command: Command): void => {
    command.exitOverride();
    command.commands.forEach(strict);
  };
  guardOutputs(program);
  strict(program);
  return program;
}
