/** The program with all its commands. */
import { Command } from 'commander';
import { registerCommands } from './commands/index.js';
import { version } from './version.js';

/** Errors are thrown, never exited on, so that `main` alone sets the exit code. */
export function createProgram(): Command {
  const program = new Command('vetoc')
    .description('A compiler from detector frames to veto decisions.')
    .version(version())
    .showHelpAfterError('(vetoc COMMAND --help shows the options)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false });
  registerCommands(program);
  const strict = (command: Command): void => {
    command.exitOverride();
    command.commands.forEach(strict);
  };
  strict(program);
  return program;
}
