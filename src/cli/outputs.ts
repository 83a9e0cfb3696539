/** Options that name what a command writes: what is there is never overwritten unless the command is told so. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { UserError } from '../core/errors.js';

/** With the files that tell that a folder is in use; without them any file does. */
const outputs = new WeakMap<Option, readonly string[] | null>();

/** An option that names a file or a folder to be written; `marks`: what is always written into the folder. */
export function output(flags: string, description: string, marks: readonly string[] | null = null): Option {
  const option = new Option(flags, description);
  outputs.set(option, marks);
  return option;
}

function isTaken(path: string, marks: readonly string[] | null): boolean {
  if (!existsSync(path)) return false;
  if (!statSync(path).isDirectory()) return true;
  return marks === null ? readdirSync(path).length > 0 : marks.some((mark) => existsSync(join(path, mark)));
}

function refuse(command: Command): void {
  const { replace, force, shard } = command.opts<{ replace?: boolean; force?: boolean; shard?: object }>();
  if (force === true) command.setOptionValue('replace', true);
  // Shards share a folder, and replace nothing in it.
  if (replace === true || force === true || shard !== undefined) return;
  for (const option of command.options) {
    const marks = outputs.get(option);
    if (marks === undefined) continue;
    const path = command.getOptionValue(option.attributeName()) as string | undefined;
    if (path !== undefined && isTaken(path, marks))
      throw new UserError('already exists; nothing was overwritten', {
        file: path,
        field: option.long ?? option.flags,
        remedy: 'name another place, or say --replace',
      });
  }
}

/** Gives `command` and those below it `--replace` where they write, with `--force` as another word for it. */
export function guardOutputs(command: Command): void {
  command.commands.forEach(guardOutputs);
  const has = (long: string): boolean => command.options.some((option) => option.long === long);
  if (!has('--replace') && !command.options.some((option) => outputs.has(option))) return;
  if (!has('--replace')) command.option('--replace', 'replace what stands there');
  command.addOption(new Option('--force', 'the same as --replace').hideHelp());
  command.hook('preAction', (_, called) => {
    if (called === command) refuse(command);
  });
}
