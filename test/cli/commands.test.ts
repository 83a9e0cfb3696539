import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';

const namesOf = async (name?: string): Promise<string[]> =>
  (await createProgram(name)).commands.map((command) => command.name());

describe('the commands', () => {
  it('are loaded one by one under the name that each gives itself, and together where none is named', async () => {
    const all = await namesOf();
    expect(all.slice(0, 4)).toEqual(['run', 'import', 'inspect', 'simulate']);
    for (const name of all) expect(await namesOf(name)).toEqual([name]);
    for (const name of ['--help', 'help', 'simulat', 'toString']) expect(await namesOf(name)).toEqual(all);
  });
});
