/**
 * `--json` of every command: the whole of one JSON value on stdout or nothing, whatever goes wrong; of commands that tell
 * events, whole lines whose last one is `result` or `error`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.js';
import { createProgram } from '../../src/cli/program.js';
import { createRandom } from '../../src/core/random.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { runCli } from './run-cli.js';
import { writeRun } from './written-run.js';

const [H, W, COUNT] = [40, 36, 24];
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-json-'));
  const fixed = { ...sampleFixedGraph(), threshold: 0 };
  await writeRun(at('run'), fixed, dequantize(fixed));
  const writer = await createHdf5(at('night.h5'));
  const data = writer.growing('/entry/data/data', 'u2', [H, W], 1, 'gzip');
  for (const frame of sampleFrames(COUNT, H * W, 5)) data.append(frame);
  writer.dataset(
    '/entry/data/hit',
    Uint8Array.from({ length: COUNT }, (_, i) => i % 2),
  );
  await writer.commit();
  const words = await createHdf5(at('words.h5'));
  const dark = words.growing('/entry/data/data', 'u2', [H, W], 1, 'none');
  const random = createRandom(3);
  for (let n = 0; n < 24; n++)
    dark.append(Uint16Array.from({ length: H * W }, () => Math.round(2000 + 20 * random.normal())));
  await words.commit();
  // Opens well, and one of its later frames does not unpack.
  const bytes = readFileSync(at('night.h5'));
  const streams: number[] = [];
  for (let i = bytes.indexOf(Buffer.of(0x78)); i >= 0; i = bytes.indexOf(Buffer.of(0x78), i + 1))
    if ([0x01, 0x5e, 0x9c, 0xda].includes(bytes[i + 1]!)) streams.push(i);
  const damaged = Buffer.from(bytes);
  damaged.fill(0xee, streams[COUNT >> 1]! + 2, streams[COUNT >> 1]! + 60);
  writeFileSync(at('damaged.h5'), damaged);
  writeFileSync(at('bad.bin'), Buffer.alloc(33));
  writeFileSync(at('bad.csv'), 'number,hit\n1,2\n');
  writeFileSync(at('bad.onnx'), 'no model');
  writeFileSync(at('bad.json'), '{ "name": 3 }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The commands with `--json`, as they are typed. */
async function withJson(): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = (command: Command, name: string): void => {
    if (command.options.some((option) => option.long === '--json')) found.push(name);
    for (const sub of command.commands) walk(sub, `${name} ${sub.name()}`);
  };
  for (const { name } of COMMANDS) {
    const program = await createProgram(name);
    walk(
      program.commands.find((command) => command.name() === name)!,
      name,
    );
  }
  return found;
}

interface Asked {
  /** What fails, each in its way: before, or in the midst of the work. */
  readonly fail: readonly (readonly string[])[];
  /** What works, where that takes no compiler and no training. */
  readonly work?: readonly string[];
  /** Events, a line each. */
  readonly events?: true;
}

/** RUN, FRAMES, DAMAGED, OUT stand for files of the test. */
const ASKED: Readonly<Record<string, Asked>> = {
  run: { fail: [['none.json'], ['BADJSON'], ['demo', '--out', 'RUN']], events: true },
  import: { fail: [['none.onnx'], ['BADONNX', '--frames', 'FRAMES', '--out', 'OUT']] },
  inspect: {
    fail: [['none.h5'], ['DAMAGED', '--frames', 'all'], ['FRAMES', '--mask', 'none.npy']],
    work: ['FRAMES', '--frames', '3'],
  },
  simulate: {
    fail: [
      ['OUT.h5', '--count', '-1'],
      ['FRAMES/x.h5', '--count', '2', '--size', '32x32'],
    ],
    work: ['OUT.h5', '--count', '4', '--size', '64x64', '--workers', '0'],
  },
  plan: {
    fail: [
      ['--detector', 'agipd-1m', '--frames', '9', '--hits', '10', '--lose', '0', '--keep-misses', '0'],
      ['--detector', 'nowhere'],
    ],
    work: ['--detector', 'agipd-1m', '--frames', '9', '--hits', '1', '--lose', '0', '--keep-misses', '1%'],
  },
  darks: {
    fail: [
      ['none.h5', '--detector', 'jungfrau', '--out', 'OUT.maps.h5'],
      ['FRAMES', '--detector', 'integrating', '--out', 'OUT.lit.h5'],
    ],
    work: ['WORDS', '--detector', 'integrating', '--out', 'OUT.maps.h5'],
  },
  evaluate: {
    fail: [
      ['none', '--frames', 'FRAMES'],
      ['RUN', '--raw', 'FRAMES'],
      ['RUN', '--frames', 'DAMAGED'],
    ],
    work: ['RUN', '--frames', 'FRAMES'],
  },
  threshold: {
    fail: [
      ['RUN', '--frames', 'FRAMES', '--lose', '0.001%'],
      ['RUN', '--frames', 'DAMAGED', '--lose', '50%'],
    ],
    work: ['RUN', '--frames', 'FRAMES', '--lose', '50%'],
  },
  stress: {
    fail: [
      ['none', '--frames', 'FRAMES'],
      ['RUN', '--frames', 'DAMAGED', '--only', 'pedestal'],
    ],
    work: ['RUN', '--frames', 'FRAMES', '--only', 'pedestal', '--most', '12'],
  },
  filter: {
    fail: [
      ['RUN', '--frames', 'FRAMES'],
      ['RUN', '--frames', 'DAMAGED', '--list', 'OUT.lst'],
    ],
    work: ['RUN', '--frames', 'FRAMES', '--list', 'OUT2.lst'],
  },
  spotfind: { fail: [['none.h5'], ['DAMAGED']], work: ['FRAMES'] },
  compare: {
    fail: [
      ['none', '--frames', 'FRAMES'],
      ['RUN', '--frames', 'DAMAGED'],
    ],
  },
  quantize: {
    fail: [
      ['none', '--out', 'OUT'],
      ['RUN', '--frames', 'DAMAGED', '--out', 'OUT3'],
    ],
  },
  estimate: { fail: [['none'], ['RUN', '--target', 'nowhere']], work: ['RUN'] },
  verify: { fail: [['none'], ['RUN', '--frames', 'DAMAGED', '--dry-run']] },
  targets: { fail: [['nowhere']], work: [] },
  recipes: { fail: [['nowhere']], work: [] },
  runs: { fail: [['none']], work: ['RUN'] },
  diff: { fail: [['none', 'RUN']], work: ['RUN', 'RUN', '--frames', 'FRAMES'] },
  explain: {
    fail: [
      ['none', '--frame', 'FRAMES[0]', '--out', 'OUT'],
      ['RUN', '--frame', 'DAMAGED[12]', '--out', 'OUT4'],
    ],
  },
  why: {
    fail: [
      ['none', 'FRAMES#0'],
      ['RUN', 'FRAMES#99', '--out', 'OUT5'],
    ],
  },
  'why invert': { fail: [['RUN', '--frame', 'FRAMES[0]', '--layer', 'nowhere', '--out', 'OUT6']] },
  'why check': { fail: [['none', '--frames', 'FRAMES']] },
  'explain invert': { fail: [['RUN', '--frame', 'FRAMES[0]', '--layer', 'nowhere', '--out', 'OUT']] },
  'explain check': {
    fail: [
      ['none', '--frames', 'FRAMES'],
      ['RUN', '--frames', 'DAMAGED'],
    ],
  },
  audit: {
    fail: [
      ['none', '--frames', 'FRAMES'],
      ['RUN', '--frames', 'none.h5'],
    ],
    work: ['RUN', '--frames', 'FRAMES', '--reference', '0', '--threads', '1', '--out', 'LEDGER'],
  },
  score: {
    fail: [
      ['none', '--frames', 'FRAMES'],
      ['RUN', '--frames', 'FRAMES'],
      ['RUN', '--frames', 'DAMAGED', '--shard', '1/2', '--out', 'OUT9'],
    ],
  },
  merge: { fail: [['none'], ['RUN'], ['none', '--plan', '1e9'], ['RUN', '--plan', 'many']] },
  'slurm audit': {
    fail: [
      ['none', '--frames', 'FRAMES', '--shards', '2'],
      ['RUN', '--frames', 'none.h5', '--shards', '2', '--dry-run'],
    ],
    work: ['RUN', '--frames', 'FRAMES', '--shards', '2', '--out', 'OUT', '--dry-run'],
  },
  'slurm run': {
    fail: [['none.json', '--seeds', '2', '--out', 'OUT', '--dry-run']],
    work: ['demo', '--seeds', '2', '--out', 'OUT', '--dry-run'],
  },
  'audit meter': {
    fail: [
      ['none.bin', '--judged', 'BADCSV'],
      ['BADBIN', '--judged', 'BADCSV'],
    ],
  },
  'audit report': { fail: [['RUN', '--out', 'none']], work: ['RUN', '--out', 'LEDGER'] },
  'audit query': {
    fail: [
      ['RUN', 'SELECT 1 FROM nowhere', '--out', 'LEDGER'],
      ['RUN', "SELECT error('x')", '--out', 'LEDGER'],
    ],
    work: ['RUN', 'SELECT count(*) FROM frames', '--out', 'LEDGER'],
  },
  'export onnx': {
    fail: [['none'], ['RUN', '--dialect', 'nothing']],
    work: ['RUN', '--dialect', 'fixed', '--out', 'OUT5'],
  },
  'export hls': {
    fail: [
      ['none', '--out', 'OUT'],
      ['RUN', '--out', 'OUT7'],
    ],
  },
  'export rtl': {
    fail: [
      ['none', '--out', 'OUT'],
      ['RUN', '--out', 'OUT8'],
    ],
  },
  'export weights': { fail: [['none', '--out', 'OUT']] },
};

const places = (): readonly (readonly [string, string])[] => [
  ['RUN', at('run')],
  ['FRAMES', at('night.h5')],
  ['WORDS', at('words.h5')],
  ['DAMAGED', at('damaged.h5')],
  ['BADJSON', at('bad.json')],
  ['BADONNX', at('bad.onnx')],
  ['BADCSV', at('bad.csv')],
  ['BADBIN', at('bad.bin')],
  ['LEDGER', at('ledger')],
  ['OUT', at('out')],
  ['none', at('none')],
];
const named = (word: string): string => {
  const place = places().find(([name]) => word.startsWith(name));
  return place === undefined ? word : place[1] + word.slice(place[0].length);
};

/** Throws unless `text` is nothing, or one JSON value; with `events`, a JSON object a line. */
function parsed(text: string, events: boolean): readonly unknown[] {
  if (text === '') return [];
  expect(text.endsWith('\n')).toBe(true);
  return events
    ? text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
    : [JSON.parse(text)];
}

describe('--json', () => {
  it('of every command is asked for below', async () => {
    expect([...(await withJson())].sort()).toEqual(Object.keys(ASKED).sort());
  });

  const all = Object.entries(ASKED);
  it.each(
    all.flatMap(([command, { fail, events }]) =>
      fail.map((words) => [command, words, events === true] as const),
    ),
  )('%s %j fails in words, with whole JSON or nothing', async (command, words, events) => {
    const { code, stdout, stderr } = await runCli(...command.split(' '), ...words.map(named), '--json');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^(vetoc|error): /m)]);
    const said = parsed(stdout, events);
    if (events && said.length > 0)
      expect(said.at(-1)).toMatchObject({ event: 'error', problem: expect.any(String) });
  });

  it.each(all.flatMap(([command, { work }]) => (work === undefined ? [] : [[command, work] as const])))(
    '%s %j is one whole JSON value',
    async (command, words) => {
      const { code, stdout, stderr } = await runCli(...command.split(' '), ...words.map(named), '--json');
      expect([code, stderr]).toEqual([expect.toSatisfy((n: number) => n < 2), expect.any(String)]);
      expect(parsed(stdout, false)).toHaveLength(1);
    },
  );
});
