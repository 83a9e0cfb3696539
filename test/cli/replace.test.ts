/** No command overwrites what is there: not one option that names something to be written, in any command. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.js';
import { createProgram } from '../../src/cli/program.js';
import { brightGraph } from '../explain/small-graphs.js';
import { sampleFloatGraph } from '../onnx/sample-float.js';
import { runCli } from './run-cli.js';
import { writeRun } from './written-run.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-replace-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What commands read, or say of files that they do not write. */
const READS = new Set([
  ...[
    '--frames',
    '--frame',
    '--mask',
    '--geometry',
    '--labels <source>',
    '--indexed',
    '--pedestal',
    '--gain',
    '--maps',
    '--raw',
  ],
  ...[
    '--model',
    '--ranges',
    '--calibrate',
    '--ap-types',
    '--firmware',
    '--judged',
    '--parameters',
    '--like',
    '--from',
  ],
]);

/** Ways in which a command refuses by itself: what stands in the way, and the words of the command. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  'run --out': ['run', 'demo', '--out', '@folder'],
  'simulate <out.h5>': ['simulate', '@file', '--count', '20', '--size', '64x64'],
  'darks --out': ['darks', '@frames', '--detector', 'integrating', '--out', '@file'],
  'quantize --out': ['quantize', '@run', '--out', '@folder'],
  'filter --out': ['filter', '@run', '--frames', '@frames', '--out', '@file'],
  'filter --list': ['filter', '@run', '--frames', '@frames', '--list', '@file'],
  'filter --exdf': ['filter', '@run', '--frames', '@frames', '--exdf', '@file'],
  'stress --out': ['stress', '@run', '--frames', '@frames', '--out', '@stress'],
};
/** Files of a run that its own commands write anew, and ledgers that go on. */
const GOES_ON = new Set(['audit --out', 'evaluate --out', 'slurm audit --out', 'slurm run --out', 'audit report --out', 'audit view --out', 'audit query --out', 'audit export --out', 'export onnx --out', 'export layers-model --out']); // prettier-ignore

interface Output {
  readonly name: string;
  readonly words: readonly string[];
  readonly flag: string;
}

/** Every option of `command` and those below it that takes a place, and is not read. */
function outputsOf(command: Command, words: readonly string[]): Output[] {
  const own = command.options
    .filter((o) => /<(file|dir|folder|out)/.test(o.flags))
    .filter((o) => !READS.has(o.long ?? '') && !READS.has(o.flags))
    .map((o) => ({ name: `${words.join(' ')} ${o.long!}`, words, flag: o.long! }));
  return [...own, ...command.commands.flatMap((sub) => outputsOf(sub, [...words, sub.name()]))];
}

let outputs: Output[];
const path = (name: string): string => join(folder, name);
beforeAll(async () => {
  outputs = [];
  for (const { name } of COMMANDS) {
    const program = await createProgram(name);
    outputs.push(
      ...outputsOf(
        program.commands.find((c) => c.name() === name)!,
        [name],
      ),
    );
  }
  await writeRun(path('run'), brightGraph(32), sampleFloatGraph());
  for (const dir of ['folder', 'stress']) mkdirSync(path(dir));
  for (const file of [
    'file',
    'folder/kept',
    'folder/regions.png',
    'folder/index.html',
    'folder/inversion.png',
    'stress/stress.json',
    'stress/stress.html',
  ])
    writeFileSync(path(file), 'precious');
});

/** Arguments and options that `command` cannot do without, none of which is ever looked at. */
function needed(command: Command): string[] {
  const given = command.registeredArguments.map(() => path('nothing.json'));
  const must = command.options.filter((o) => o.mandatory).flatMap((o) => [o.long!, path('nothing')]);
  return [...given, ...must];
}

async function commandOf(words: readonly string[]): Promise<Command> {
  let command = await createProgram(words[0]);
  for (const word of words) command = command.commands.find((c) => c.name() === word)!;
  return command;
}

describe('what is there', () => {
  it('is named by at least a dozen options, each of which is held here', () => {
    const guarded = outputs.filter(({ name }) => OWN[name] === undefined && !GOES_ON.has(name));
    expect(guarded.length).toBeGreaterThan(12);
    for (const name of Object.keys(OWN).filter((n) => n.includes('--')))
      expect(outputs.map((o) => o.name)).toContain(name);
  });

  it('is never overwritten, and nothing is begun', async () => {
    for (const { name, words, flag } of outputs) {
      if (OWN[name] !== undefined || GOES_ON.has(name)) continue;
      const rest = needed(await commandOf(words));
      for (const place of ['file', 'folder']) {
        const { code, stderr, stdout } = await runCli(...words, ...rest, flag, path(place));
        expect([name, code, stdout]).toEqual([name, 2, '']);
        expect(stderr).toContain(`${path(place)}: ${flag}: already exists; nothing was overwritten`);
        expect(stderr).toContain('--replace');
      }
      for (const yes of ['--replace', '--force']) {
        const { stderr } = await runCli(...words, ...rest, flag, path('file'), yes);
        expect([name, stderr]).not.toEqual([name, expect.stringContaining('already exists')]);
        expect([name, stderr]).not.toEqual([name, expect.stringContaining('unknown option')]);
      }
      expect(readFileSync(path('file'), 'utf8')).toBe('precious');
    }
  });

  it.each(Object.entries(OWN))('%s refuses it in its own words', async (_, words) => {
    const args = words.map((word) => (word.startsWith('@') ? path(word.slice(1)) : word));
    const { code, stderr } = await runCli(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/already|exists/)]);
    expect(stderr).toContain('--replace');
    for (const file of ['file', 'folder/kept', 'stress/stress.json'])
      expect(readFileSync(path(file), 'utf8')).toBe('precious');
  });

  it('is not shown twice in the help', async () => {
    const help = (await commandOf(['simulate'])).helpInformation();
    expect(help).toContain('--replace');
    expect(help).not.toContain('--force');
  });
});
