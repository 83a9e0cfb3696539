import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.js';
import { createProgram } from '../../src/cli/program.js';

const namesOf = async (name?: string): Promise<string[]> =>
  (await createProgram(name)).commands.map((command) => command.name());

describe('the commands', () => {
  it('are loaded one by one under the name that each gives itself, and listed together where none is named', async () => {
    const all = await namesOf();
    expect(all.slice(0, 4)).toEqual(['run', 'import', 'inspect', 'simulate']);
    for (const name of all) expect(await namesOf(name)).toEqual([name]);
    for (const name of ['--help', 'help', 'simulat', 'toString']) expect(await namesOf(name)).toEqual(all);
  });

  it('are listed by help, without being loaded, in the form that they have', async () => {
    for (const { name, usage, load } of COMMANDS) {
      const command = new Command(name);
      (await load()).define(command);
      expect(command.createHelp().subcommandTerm(command)).toBe(`${name} ${usage}`.trimEnd());
    }
  });
});
