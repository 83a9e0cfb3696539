/**
 * Shards of a command and their merge: together they are what one process makes, and nothing that is missing, cut off,
 * doubled or of another run, list or deal is ever joined.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dealt } from '../../src/run/shards/shard.js';
import { runCli, type CliResult } from '../cli/run-cli.js';
import { hashOf, writeShardedRun, type ShardedRun } from './sharded-run.js';

const OF = 3;
const root = mkdtempSync(join(tmpdir(), 'vetoc-shards-'));
const at = (name: string): string => join(root, name);
let made: ShardedRun;

const auditWords = (out: string, more: readonly string[] = []): string[] => [
  'audit',
  made.run,
  '--frames',
  ...made.files,
  '--reference',
  '0',
  '--threads',
  '1',
  '--out',
  out,
  ...more,
];

async function ok(...words: readonly string[]): Promise<CliResult> {
  const result = await runCli(...words);
  expect([result.code, result.stderr]).toEqual([0, expect.any(String)]);
  return result;
}

/** All frames, windows and settings of a ledger, as CSV. */
async function ledgerHash(folder: string): Promise<string> {
  const csv = `${folder}.csv`;
  await ok('audit', 'export', made.run, '--out', folder, '--csv', csv, '--replace');
  const windows = await ok('audit', 'query', made.run, 'SELECT * FROM windows ORDER BY first_frame', '--out', folder, '--json'); // prettier-ignore
  const report = await ok('audit', 'report', made.run, '--out', folder, '--json');
  return hashOf(csv) + windows.stdout + report.stdout;
}

beforeAll(async () => {
  made = await writeShardedRun(root, 5, 34);
  await ok(...auditWords(at('whole')));
  for (let i = 0; i < OF; i++) await ok(...auditWords(at('parts'), ['--shard', `${i}/${OF}`]));
}, 300_000);
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** The parts, to do something to them. */
function copied(name: string): string {
  cpSync(at('parts'), at(name), { recursive: true });
  return at(name);
}

const refused = async (folder: string): Promise<string> => {
  const { code, stderr } = await runCli('merge', folder);
  expect(code).toBe(2);
  expect(existsSync(join(folder, 'ledger.duckdb'))).toBe(false);
  return stderr;
};

describe('shards of an audit', () => {
  it('together are the ledger of one process, and stay it when they are merged again', async () => {
    const folder = copied('merged');
    await ok('merge', folder);
    const whole = await ledgerHash(at('whole'));
    expect(await ledgerHash(folder)).toBe(whole);
    await ok('merge', folder);
    expect(await ledgerHash(folder)).toBe(whole);
    const { stdout } = await ok('audit', 'query', made.run, 'SELECT count(*) AS n, count(DISTINCT frame) AS d FROM frames', '--out', folder, '--json'); // prettier-ignore
    expect(JSON.parse(stdout)).toEqual([{ n: made.frames, d: made.frames }]);
  });

  it('are read in place: the ledger holds no row, moves with its parts, and says where one is gone', async () => {
    const folder = copied('in-place');
    await ok('merge', folder);
    const { stdout } = await ok('audit', 'query', made.run, 'SELECT count(*) AS n FROM main.frame_rows', '--out', folder, '--json'); // prettier-ignore
    expect(JSON.parse(stdout)).toEqual([{ n: 0 }]);
    renameSync(folder, at('moved'));
    await ok('audit', 'report', made.run, '--out', at('moved'), '--json');
    rmSync(join(at('moved'), 'part-1-of-3.parquet'));
    const { code, stderr } = await runCli('audit', 'report', made.run, '--out', at('moved'), '--json');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/part-1-of-3\.parquet: is a part .* not there — vetoc merge/)]); // prettier-ignore
  });

  it('are made once: a shard that is whole is passed over, one that is cut off is made again', async () => {
    const folder = copied('again');
    const part = join(folder, 'part-1-of-3.parquet');
    const before = hashOf(part);
    const there = await ok(...auditWords(folder, ['--shard', '1/3']));
    expect(there.stdout).toMatch(/made before/);
    truncateSync(part, 1000);
    const again = await ok(...auditWords(folder, ['--shard', '1/3']));
    expect(again.stdout).not.toMatch(/made before/);
    expect(hashOf(part)).toBe(before);
    expect(readdirSync(folder).filter((name) => name.startsWith('work-'))).toEqual([]);
  });

  it('are every frame once, in order, from whole blocks on, however many shards there are', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.integer({ min: 1, max: 400 }), (count, of) => {
        const ranges = Array.from({ length: of }, (_, index) => dealt({ index, of }, count));
        ranges.forEach(({ from, to }, i) => {
          expect(from).toBe(i === 0 ? 0 : ranges[i - 1]!.to);
          expect(to).toBeGreaterThanOrEqual(from);
          expect(to === count || to % 32 === 0).toBe(true);
        });
        expect(ranges.at(-1)!.to).toBe(count);
        const blocks = ranges.map(({ from, to }) => Math.ceil((to - from) / 32));
        expect(Math.max(...blocks) - Math.min(...blocks)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('take their number from a task of an array', async () => {
    process.env['SLURM_ARRAY_TASK_ID'] = '2';
    try {
      const { stdout } = await ok(...auditWords(copied('task'), ['--shard', '3']));
      expect(stdout).toMatch(/^shard 2 of 3: .*made before/);
    } finally {
      delete process.env['SLURM_ARRAY_TASK_ID'];
    }
    const { code, stderr } = await runCli(...auditWords(at('task'), ['--shard', '3']));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/does not say which of the 3/)]);
  });

  it.each(['3/3', '0/0', '-1/3', 'x', '1/200000'])('%s is no shard', async (text) => {
    const { code, stderr } = await runCli(...auditWords(at('none'), [`--shard=${text}`]));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--shard/)]);
    expect(existsSync(at('none'))).toBe(false);
  });
});

describe('a merge names', () => {
  const command = (i: number, folder: string): string =>
    `vetoc ${auditWords(folder).join(' ')} --shard ${i}/3`;

  it('what is missing, and the command that makes it', async () => {
    const folder = copied('missing');
    // The folder moved, the command is the one that was given.
    rmSync(join(folder, 'part-0-of-3.json'));
    rmSync(join(folder, 'part-2-of-3.json'));
    const said = await refused(folder);
    expect(said).toMatch(/2 of 3 shards are not whole/);
    expect(said).toContain(`shard 0 is missing: ${command(0, at('parts'))}\n`);
    expect(said).toContain(`shard 2 is missing: ${command(2, at('parts'))}\n`);
    expect(said).toContain('--array=0,2');
  });

  it('a part that is cut off, or whose bytes are others', async () => {
    const folder = copied('damaged');
    truncateSync(join(folder, 'part-0-of-3.parquet'), 100);
    const bytes = readFileSync(join(folder, 'part-1-of-3.parquet'));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(folder, 'part-1-of-3.parquet'), bytes);
    const said = await refused(folder);
    expect(said).toMatch(
      /shard 0 is cut off: part-0-of-3\.parquet has 100 of \d+ bytes: vetoc audit .* --shard 0\/3/,
    );
    expect(said).toMatch(/shard 1 was changed: .*SHA-256.*: vetoc audit .* --shard 1\/3/);
  });

  it('a part that stands there twice', async () => {
    const folder = copied('doubled');
    for (const ending of ['json', 'parquet'])
      cpSync(join(folder, `part-0-of-3.${ending}`), join(folder, `part-1-of-3.${ending}`));
    expect(await refused(folder)).toMatch(
      /shard 1 is a copy of shard 0\/3 under another name: vetoc .* --shard 1\/3/,
    );
    // Even where its record was made to say otherwise, its rows are those of another shard.
    const record = readFileSync(join(folder, 'part-0-of-3.json'), 'utf8');
    const other = JSON.parse(readFileSync(join(at('parts'), 'part-1-of-3.json'), 'utf8')) as { from: number; to: number }; // prettier-ignore
    const forged = { ...(JSON.parse(record.replaceAll('part-0-of-3', 'part-1-of-3')) as object), shard: { index: 1, of: 3 }, from: other.from, to: other.to }; // prettier-ignore
    writeFileSync(join(folder, 'part-1-of-3.json'), JSON.stringify(forged));
    expect(await refused(folder)).toMatch(
      /part-1-of-3\.parquet: holds \d+ rows .* not one of each from .* --shard 1\/3/,
    );
  });

  it('a part of another run, of another list and of another reference', async () => {
    const folder = copied('others');
    const change = (i: number, from: RegExp, to: string): void => {
      const file = join(folder, `part-${i}-of-3.json`);
      writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
    };
    change(0, /"networkDigest": "\w+"/, '"networkDigest": "ffff"');
    change(1, /"framesDigest": "\w+"/, '"framesDigest": "eeee"');
    const said = await refused(folder);
    expect(said).toMatch(/shard 0 was made with another networkDigest .*: vetoc .* --shard 0\/3/);
    expect(said).toMatch(/shard 1 was made with another framesDigest .*: vetoc .* --shard 1\/3/);
    const compared = copied('compared');
    const file = join(compared, 'part-2-of-3.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"reference": "\w{16}"/, '"reference": "dddd"'));
    expect(await refused(compared)).toMatch(/reference\.json: is not the reference .* --shard 2\/3/);
  });

  it('a part of another deal', async () => {
    const folder = copied('deals');
    writeFileSync(join(folder, 'part-0-of-4.json'), '{}');
    expect(await refused(folder)).toMatch(/holds part-0-of-4\.json, a part of another deal than into 3/);
  });

  it('a folder without shards', async () => {
    expect(await refused(at('nowhere'))).toMatch(/holds no shards/);
  });
});

describe('a shard is not made', () => {
  const refusedWith = async (words: readonly string[], what: RegExp): Promise<void> => {
    const { code, stderr } = await runCli(...words);
    expect([code, stderr]).toEqual([2, expect.stringMatching(what)]);
  };

  it('in a folder with another deal, list, run or option', async () => {
    const folder = copied('settled');
    const names = readdirSync(folder);
    await refusedWith(auditWords(folder, ['--shard', '0/4']), /another number of shards \(3, here 4\)/);
    await refusedWith(auditWords(folder, ['--shard', '0/3', '-p', 'min_snr=7']), /another finderParameters/);
    const [first, second, ...others] = made.files;
    const reordered = ['audit', made.run, '--frames', second!, first!, ...others, '--reference', '0', '--out', folder, '--shard', '0/3']; // prettier-ignore
    await refusedWith(reordered, /another framesDigest/);
    expect(readdirSync(folder)).toEqual(names);
  });

  it('in a folder with a ledger of one process, nor the other way round', async () => {
    await refusedWith(auditWords(at('whole'), ['--shard', '0/3']), /not dealt into shards/);
    await refusedWith(auditWords(at('parts')), /holds the shards of a command — join them with vetoc merge/);
  });
});

describe('shards of score', () => {
  const words = (out: string): string[] => ['score', made.run, '--frames', ...made.files, '--out', out];

  it('merge to the same files as of one process, in every format', async () => {
    const folder = at('scores');
    for (let index = 0; index < OF; index++) {
      const { stdout } = await ok(...words(folder), '--shard', `${index}/${OF}`, '--json');
      expect(JSON.parse(stdout)).toMatchObject({ shard: { index, of: OF }, state: 'made' });
    }
    expect((await runCli('merge', folder)).stderr).toMatch(/scores are joined into a file — say --out/);
    for (const ending of ['csv', 'jsonl', 'parquet']) {
      const [one, merged] = [at(`one.${ending}`), at(`joined.${ending}`)];
      await ok(...words(one));
      await ok('merge', folder, '--out', merged);
      expect(hashOf(merged)).toBe(hashOf(one));
      expect((await runCli('merge', folder, '--out', merged)).stderr).toMatch(/exists/);
      await ok('merge', folder, '--out', merged, '--replace');
      expect(hashOf(merged)).toBe(hashOf(one));
    }
  });
});

describe('what frames would cost', () => {
  interface Part {
    took?: { seconds: number; cpuSeconds: number };
    readonly files: readonly { readonly bytes: number }[];
  }
  const recordOf = (folder: string, index: number): string => join(folder, `part-${index}-of-${OF}.json`);
  const partOf = (folder: string, index: number): Part =>
    JSON.parse(readFileSync(recordOf(folder, index), 'utf8')) as Part;

  it('is reckoned from processor time and bytes of the parts that are there, and names its limits', async () => {
    const folder = copied('costs');
    const measured = [0, 1].map((index) => {
      const part = partOf(folder, index);
      expect(part.took!.cpuSeconds).toBeGreaterThan(0);
      part.took = [
        { seconds: 2, cpuSeconds: 4 },
        { seconds: 2, cpuSeconds: 2 },
      ][index]!;
      writeFileSync(recordOf(folder, index), JSON.stringify(part));
      return part.files[0]!.bytes;
    });
    rmSync(recordOf(folder, 2));
    const { stdout } = await ok('merge', folder, '--plan', '1e9', '--hours', '2', '--cores', '4', '--json');
    const bytesPerFrame = (measured[0]! + measured[1]!) / 128;
    // 64 frames in 4 s and 64 in 2 s of a core.
    expect(JSON.parse(stdout)).toMatchObject({
      measured: { parts: 2, frames: 128, rate: 128 / 6, slowest: 16, busy: 1.5, bytesPerFrame },
      coreHours: (1e9 * 6) / 128 / 3600,
      coreHoursAtMost: 1e9 / 16 / 3600,
      bytes: 1e9 * bytesPerFrame,
      shards: Math.ceil((1e9 * 6) / 128 / (2 * 4 * 3600)),
      arrays: 2,
      ledgers: 1,
      limits: [expect.stringMatching(/^1628 tasks are 2 arrays: MaxArraySize takes 1000 in one/)],
    });
    const words = await ok('merge', folder, '--plan', '1e10', '--hours', '1', '--cores', '2');
    expect(words.stdout).toMatch(/core hours {2}130,209, 173,612 at the slowest part's rate/);
    expect(words.stdout).toMatch(/Limit: 7 folders with a ledger each/);
    expect(existsSync(join(folder, 'ledger.duckdb'))).toBe(false);
  });

  it('is not reckoned from a part that one process went on with from another, nor from none', async () => {
    const folder = at('resumed');
    mkdirSync(join(folder, `work-part-0-of-${OF}`), { recursive: true });
    await ok(...auditWords(folder, ['--shard', `0/${OF}`]));
    expect(partOf(folder, 0).took).toBeUndefined();
    const { code, stderr } = await runCli('merge', folder, '--plan', '1e9');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/holds no part that was made in one go/)]);
  });
});

describe('shards of other commands', () => {
  const shards = async (words: readonly string[]): Promise<void> => {
    for (let i = 0; i < OF; i++) await ok(...words, '--shard', `${i}/${OF}`);
  };
  const frames = (): string[] => ['--frames', ...made.files];
  const json = async (...words: readonly string[]): Promise<unknown> =>
    JSON.parse((await ok(...words, '--json')).stdout);
  const lines = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n');

  it('evaluate: measures of all frames are those of one process', async () => {
    const words = ['evaluate', made.run, ...frames(), '--threshold', '5'];
    await shards([...words, '--out', at('evaluated')]);
    const { evaluation } = (await json('merge', at('evaluated'))) as { evaluation: { decisions: unknown } };
    const one = (await json(...words)) as { decisions: { length: number } };
    expect(evaluation.decisions).toEqual(one.decisions);
    expect(one.decisions).toHaveLength(made.frames);
    const words2 = (await ok('merge', at('evaluated'))).stdout;
    expect(words2.startsWith((await ok(...words)).stdout.trimEnd())).toBe(true);
  });

  it('filter: kept frames, those of the prescale among them, are those of one process', async () => {
    const words = ['filter', made.run, ...frames(), '--threshold', '100', '--prescale', '3'];
    await shards([...words, '--out', at('filtered')]);
    await ok('merge', at('filtered'));
    await ok(...words, '--out', at('kept.cxi'));
    const kept = async (...files: readonly string[]): Promise<string[]> => {
      const out = at(`kept-${files.length}.csv`);
      await ok('score', made.run, '--frames', ...files, '--out', out, '--replace');
      return lines(out).slice(1).map((line) => line.split(',').slice(2).join(',')); // prettier-ignore
    };
    const one = await kept(at('kept.cxi'));
    expect(one.length).toBeGreaterThan(20);
    expect(await kept(...lines(join(at('filtered'), 'parts.lst')))).toEqual(one);
    const other = ['filter', made.run, ...frames(), '--threshold', '101', '--prescale', '3', '--out', at('filtered'), '--shard', '0/3']; // prettier-ignore
    expect((await runCli(...other)).stderr).toMatch(/another threshold \(100, here 101\)/);
    expect((await runCli(...other.slice(0, -4), '--list', 'x.lst', '--out', at('l'), '--shard', '0/3')).stderr).toMatch(/--list: is not made of a shard/); // prettier-ignore
  });

  it('simulate and spotfind: frames and their spots are those of one process', async () => {
    const simulate = ['--count', '70', '--seed', '3', '--size', '64x64', '--workers', '0'];
    await shards(['simulate', at('simulated'), ...simulate]);
    await ok('merge', at('simulated'));
    await ok('simulate', at('one.h5'), ...simulate);
    const find = ['--pixel-size', '0.1'];
    const spots = async (name: string, ...files: readonly string[]): Promise<string[]> => {
      await ok('spotfind', ...files, ...find, '--csv', at(name));
      // A spot is a line; where its frame was read comes first.
      return lines(at(name)).slice(1).map((line) => line.split(',').slice(2).join(',')); // prettier-ignore
    };
    const one = await spots('spots-one.csv', at('one.h5'));
    expect(one.length).toBeGreaterThan(50);
    const parts = lines(join(at('simulated'), 'parts.lst'));
    expect(parts).toHaveLength(OF);
    expect(await spots('spots-parts.csv', ...parts)).toEqual(one);
    await shards(['spotfind', at('one.h5'), ...find, '--out', at('spots')]);
    await ok('merge', at('spots'));
    const facts = readdirSync(at('spots'))
      .filter((name) => /^part-.*json$/.test(name))
      .map((name) => (JSON.parse(readFileSync(join(at('spots'), name), 'utf8')) as { facts: { spots: number } }).facts); // prettier-ignore
    expect(facts.reduce((sum, { spots: n }) => sum + n, 0)).toBe(one.length);
  });
});
