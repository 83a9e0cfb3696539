/** The examples of every command's help, out of the help that the program prints. */
import type { Command } from 'commander';
import { COMMANDS } from '../../../src/cli/commands/index.js';
import { createProgram } from '../../../src/cli/program.js';

export interface CommandExamples {
  /** As one calls it: `audit view`. */
  readonly path: string;
  readonly hasCommands: boolean;
  readonly examples: readonly string[];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

/** The lines between "Example(s):" and the next empty line; one that ends in a backslash goes on. */
export function examplesIn(help: string): readonly string[] {
  const [, after = ''] = help.split(/^Examples?:\n/m);
  const [block = ''] = after.split(/\n\s*\n/);
  return block
    .trimEnd()
    .split(/(?<!\\)\n/)
    .map((line) => line.replace(/^ {2}/, ''))
    .filter((line) => line !== '');
}

const below = (command: Command, path: string): readonly CommandExamples[] => [
  { path, hasCommands: command.commands.length > 0, examples: examplesIn(helpOf(command)) },
  ...command.commands.flatMap((sub) => below(sub, `${path} ${sub.name()}`)),
];

export async function everyExample(): Promise<readonly CommandExamples[]> {
  const found: CommandExamples[] = [];
  for (const { name } of COMMANDS) {
    const program = await createProgram(name);
    found.push(
      ...below(
        program.commands.find((command) => command.name() === name)!,
        name,
      ),
    );
  }
  return found;
}
