/** The list of commands, in the order of `vetoc --help`. */
import type { Command } from 'commander';

const COMMANDS: readonly ((program: Command) => void)[] = [];

export function registerCommands(program: Command): void {
  for (const register of COMMANDS) register(program);
}
