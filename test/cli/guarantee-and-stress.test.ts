/** `vetoc threshold` and `vetoc stress` from the command line, on a network whose decisions follow from brightness alone. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { beginStage, silence } from '../../src/run/events.js';
import { stress, type StressCurve } from '../../src/run/stress/measure.js';
import { unseenFrames } from '../../src/run/unseen-frames.js';
import { interpret } from '../../src/simulate/interpret.js';
import { brightGraph } from '../explain/small-graphs.js';
import { sampleFloatGraph } from '../onnx/sample-float.js';
import { runCli } from './run-cli.js';
import { writeRun } from './written-run.js';

const SIDE = 32;
const graph = brightGraph(SIDE);
const even = (level: number): Uint16Array => new Uint16Array(SIDE * SIDE).fill(level);
/** Sixty hits from 50 counts a pixel up, forty misses from 4 up; 44 counts and more are kept. */
const levels = [
  ...Array.from({ length: 60 }, (_, i) => 50 + i),
  ...Array.from({ length: 40 }, (_, i) => 4 + (i % 36)),
];
const hits = levels.map((_, i) => i < 60);
const score = (level: number): number => interpret(graph, even(level)).score;

let folder: string;
const at = (name: string): string => join(folder, name);

const isIndexable = (i: number): boolean => (hits[i]! ? i % 2 === 0 : i === 60 || i === 95);

async function writeLevels(
  name: string,
  wanted: (i: number) => boolean,
  { labelled = true, indexed = false } = {},
): Promise<void> {
  const chosen = [...levels.keys()].filter(wanted);
  const writer = await createHdf5(at(name));
  const data = writer.growing('/entry/data/data', 'u2', [SIDE, SIDE], 1, 'gzip');
  for (const i of chosen) data.append(even(levels[i]!));
  if (labelled)
    writer.dataset(
      '/entry/data/hit',
      Uint8Array.from(chosen, (i) => Number(hits[i])),
    );
  // Every other hit can be indexed, and two misses.
  if (indexed)
    writer.dataset(
      '/entry/data/indexable',
      Uint8Array.from(chosen, (i) => Number(isIndexable(i))),
    );
  await writer.commit();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-stress-'));
  await writeRun(at('run'), graph, sampleFloatGraph());
  await writeLevels('night.h5', () => true);
  await writeLevels('hits.h5', (i) => hits[i]!);
  await writeLevels('bare.h5', () => true, { labelled: false });
  await writeLevels('few.h5', (i) => i < 3 || !hits[i]!);
  await writeLevels('indexed.h5', () => true, { indexed: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('vetoc threshold', () => {
  const ask = (file: string, ...more: readonly string[]) =>
    runCli('threshold', at('run'), '--frames', at(file), ...more);

  it('is the score of the hit that carries the guarantee, with what it brings', async () => {
    const { code, stdout } = await ask('night.h5', '--lose', '5%', '--hit-rate', '0.4%', '--json');
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as { framesKept: { value: number; high: number } };
    // 59 hits are the fewest for 5 %: of 60 none may be lost.
    expect(found).toMatchObject({
      threshold: score(50),
      rank: 1,
      hits: 60,
      hitsBelow: 0,
      lost: 0.05,
      confidence: 0.95,
      level: 2 ** -10,
      missesRejected: { value: 1 },
      precision: { value: 1 },
      leftOut: 0,
    });
    expect(found.framesKept.value).toBeCloseTo(0.004, 12);
    expect(found.framesKept.high).toBeGreaterThan(0.05);
  });

  it('allows for hits that are lost where the bound is wide, and evaluate takes the number', async () => {
    const { stdout } = await ask('night.h5', '--lose', '0.2', '--json');
    const found = JSON.parse(stdout) as { threshold: number; rank: number; hitsBelow: number };
    // P(Binomial(60, 0.2) ≤ 6) = 3.0 %, ≤ 7 = 6.7 %: the seventh hit may be the lowest kept, the eighth not.
    expect([found.rank, found.hitsBelow, found.threshold]).toEqual([7, 6, score(56)]);
    const judged = await runCli(
      ...[
        'evaluate',
        at('run'),
        '--frames',
        at('night.h5'),
        '--threshold',
        String(found.threshold),
        '--json',
      ],
    );
    const { threshold, decisions } = JSON.parse(judged.stdout) as {
      threshold: number;
      decisions: readonly { hit: boolean; keep: boolean }[];
    };
    expect(threshold).toBe(found.threshold);
    expect(decisions.filter((d) => d.hit && !d.keep)).toHaveLength(6);
    // The number is that of `filter`, too, and of the firmware's register, which its bench sets to a score and one above.
    const list = at('kept.lst');
    const filtered = await runCli(
      ...['filter', at('run'), '--frames', at('night.h5'), '--threshold', String(found.threshold)],
      ...['--list', list],
    );
    expect(filtered.code).toBe(0);
    const kept = readFileSync(list, 'utf8').trim().split('\n');
    expect(kept.map((line) => Number(/\/\/(\d+)$/.exec(line)?.[1]))).toEqual(
      decisions.flatMap((d, i) => (d.keep ? [i] : [])),
    );
  });

  it('says what the threshold brings where hits are rare', async () => {
    const { stdout } = await ask('night.h5', '--lose', '20%', '--hit-rate', '0.4%');
    // Of 60 hits 6 are lost, no miss is kept: of a million frames 4,000 are hits and 400 of them are lost.
    expect(stdout).toMatch(/data reduction: frames rejected, 0\.4 % of all being hits +99\.64 %/);
    expect(stdout).toMatch(/precision: hits among the frames kept +100 %/);
    expect(stdout).toMatch(/hits lost in a million frames +400 +\d+ to \d+/);
  });

  it('says in words what a level is and what the guarantee is not', async () => {
    const { stdout } = await ask('night.h5', '--lose', '5%');
    expect(stdout).toContain(`Threshold ${score(50)} levels (a level is ${2 ** -10} of the logits`);
    expect(stdout).toContain('at most 5 % of the hits are lost, with confidence 95 %');
    expect(stdout).toContain('hits of the same source');
  });

  it.each([
    ['too few hits', 'night.h5', ['--lose', '0.1%'], /at least 2995 hits/],
    ['no misses', 'hits.h5', ['--lose', '5%'], /hits\.h5: --frames: there are no misses/],
    ['no labels', 'bare.h5', ['--lose', '5%'], /bare\.h5: --labels: has frames that are labelled neither/],
    ['no share', 'night.h5', ['--lose', 'few'], /--lose: 'few' is not a share/],
    ['a share of more than all', 'night.h5', ['--lose', '120%'], /--lose: '120%' is not a share/],
    ['no loss at all', 'night.h5', ['--lose', '0'], /0 is no share of hits/],
  ])('refuses %s', async (_what, file, more, message) => {
    const { code, stderr } = await ask(file, ...more);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe('stress', () => {
  const source = framesFromArrays({
    height: SIDE,
    width: SIDE,
    frames: levels.map(even),
    labels: hits.map((hit) => ({ hit })),
  });
  const curves = (names: readonly ('pedestal' | 'saturation' | 'gain')[]): Promise<readonly StressCurve[]> =>
    stress(
      {
        graph,
        source,
        frames: unseenFrames(source),
        names,
        promised: { mostLost: 0.1, leastRejected: 0.8 },
        trained: { pedestal: { low: 1, high: 12 } },
        seed: 1,
      },
      beginStage(silence, 'Stress'),
    );

  it('counts hits lost and misses rejected at every strength, and finds where the promise breaks', async () => {
    const [pedestal, saturation] = await curves(['pedestal', 'saturation']);
    const kept = (added: number): number =>
      levels.filter((level, i) => !hits[i]! && level + added >= 44).length;
    expect(pedestal!.points.map((p) => [p.strength, p.missesRejected.count, p.hitsLost.count])).toEqual(
      [0, 2, 5, 10, 20, 40, 80].map((added) => [added, 40 - kept(added), 0]),
    );
    // Of 40 misses 8 may be kept; 5 counts more keep 0, 10 keep 5, 20 keep 15.
    expect([pedestal!.breaksAt, pedestal!.surelyBreaksAt]).toEqual([20, 20]);
    expect(pedestal!.trained).toEqual([1, 12]);
    expect(saturation!.points.map((p) => p.hitsLost.count)).toEqual([0, 0, 0, 0, 0, 60]);
    expect([saturation!.breaksAt, saturation!.trained]).toEqual([30, null]);
  });

  it('tells a promise that is surely broken from one that a few frames break', async () => {
    const [gain] = await curves(['gain']);
    const first = gain!.points.find((p) => p.strength === gain!.breaksAt)!;
    const sure = gain!.points.find((p) => p.strength === gain!.surelyBreaksAt)!;
    expect(first.missesRejected.value).toBeLessThan(0.8);
    expect(sure.missesRejected.high).toBeLessThan(0.8);
    expect(gain!.breaksAt!).toBeLessThanOrEqual(gain!.surelyBreaksAt!);
  });
});

describe('vetoc stress', () => {
  const ask = (...more: readonly string[]) =>
    runCli('stress', at('run'), '--frames', at('night.h5'), ...more);

  it('writes the curves as JSON and as a page, prints them, and overwrites nothing', async () => {
    const out = ['--only', 'pedestal', '--lose', '10%', '--reject', '80%', '--out', at('stress')];
    const { code, stdout } = await ask(...out);
    expect(code).toBe(0);
    expect(stdout).toMatch(/pedestal +counts more on every live pixel +no +20 +20/);
    const { curves, promised } = JSON.parse(readFileSync(at('stress/stress.json'), 'utf8')) as {
      curves: readonly StressCurve[];
      promised: object;
    };
    expect([curves[0]!.breaksAt, promised]).toEqual([20, { mostLost: 0.1, leastRejected: 0.8 }]);
    const page = readFileSync(at('stress/stress.html'), 'utf8');
    expect(page).toContain('counts more on every live pixel');
    expect(page.match(/<svg/g)).toHaveLength(1);
    const again = await ask(...out);
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringMatching(/stress\.json: --out: is there already/),
    ]);
  });

  it('takes fewer frames evenly from hits and misses', async () => {
    const { stdout } = await ask('--only', 'pedestal', '--most', '20', '--json');
    const [curve] = (JSON.parse(stdout) as { curves: readonly StressCurve[] }).curves;
    expect(curve!.points[0]).toMatchObject({ hitsLost: { total: 12 }, missesRejected: { total: 8 } });
  });

  it('refuses frames without labels and too few hits, and writes nothing', async () => {
    for (const [file, message] of [
      ['bare.h5', /bare\.h5: --labels: has frames that are labelled neither/],
      ['few.h5', /few\.h5: --frames: 3 hits are too few to see what a veto loses/],
    ] as const) {
      const asked = ['--only', 'pedestal', '--out', at('never')];
      const { code, stderr } = await runCli('stress', at('run'), '--frames', at(file), ...asked);
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
      expect(existsSync(at('never'))).toBe(false);
    }
  });

  it('refuses a nuisance that it does not know by name', async () => {
    const { code, stderr } = await ask('--only', 'pedestal,fog', '--out', at('never'));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--only: there is no nuisance 'fog'/)]);
    expect(existsSync(at('never'))).toBe(false);
  });
});

describe('patterns that can be indexed', () => {
  const table = (name: string, text: string): string => {
    writeFileSync(at(name), text);
    return at(name);
  };

  it('are counted beside the hits by evaluate, and by judges at equal reduction', async () => {
    const ask = ['--frames', at('indexed.h5'), '--threshold', String(score(56)), '--beside', 'peakfinder8'];
    const { code, stdout } = await runCli('evaluate', at('run'), ...ask, '--json');
    expect(code).toBe(0);
    const said = JSON.parse(stdout) as {
      evaluation: { indexable: Record<string, { count: number; total: number }> };
      beside: readonly { judge: string; framesKept: { count: number } }[];
    };
    // Below 56 stand the hits 0 to 5, three of which index, and both of the misses that do.
    expect(said.evaluation.indexable).toMatchObject({
      kept: { count: 27, total: 32 },
      amongHits: { count: 27, total: 30 },
      amongMisses: { count: 0, total: 2 },
    });
    expect(said.beside).toMatchObject([
      { judge: 'the labels', framesKept: { count: 60 }, indexableKept: { count: 30, total: 32 } },
      { judge: graph.name, framesKept: { count: 54 }, hitsKept: { count: 54 }, indexableKept: { count: 27 } },
      // It sees no spot at all, and keeps the first frames.
      { judge: 'peakfinder8', framesKept: { count: 54 }, indexableKept: { count: 27 } },
    ]);
    const { stdout: text } = await runCli('evaluate', at('run'), ...ask);
    expect(text).toMatch(/label \\ network +hit +miss +indexable lost/);
    expect(text).toMatch(/hit +54 +6 +3\/30 \[/);
    expect(text).toMatch(/peakfinder8 +0 spots or more +54\/100/);
  });

  it('come from a file of their own, and are counted by stress', async () => {
    const rows = levels.map((_, i) => `${i},${Number(isIndexable(i))}`);
    const indexed = table('indexed.csv', `frame,indexable\n${rows.join('\n')}\n`);
    const ask = ['--frames', at('night.h5'), '--indexed', indexed, '--only', 'saturation'];
    const { stdout } = await runCli('stress', at('run'), ...ask, '--json');
    const [curve] = (JSON.parse(stdout) as { curves: readonly StressCurve[] }).curves;
    const lost = curve!.points.map(({ indexableLost }) => [indexableLost!.count, indexableLost!.total]);
    expect(lost.at(0)).toEqual([2, 32]);
    expect(lost.at(-1)).toEqual([32, 32]);
  });

  it('are counted by threshold', async () => {
    const { stdout } = await runCli(
      'threshold',
      at('run'),
      '--frames',
      at('indexed.h5'),
      '--lose',
      '20%',
      '--json',
    );
    expect(JSON.parse(stdout)).toMatchObject({ hitsBelow: 6, indexableLost: { count: 5, total: 32 } });
  });

  it('refuses a judge without a name, and a folder that is no run', async () => {
    const ask = (judges: string) =>
      runCli('evaluate', at('run'), '--frames', at('night.h5'), '--beside', judges);
    expect(await ask('peakfinder8,,')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--beside'),
    });
    expect(await ask(at('nowhere'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not a finished run'),
    });
  });
});
