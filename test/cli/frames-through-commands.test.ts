/** What frames hold reaches what decides: overloads, memory cells and labels through `vetoc`'s commands. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { openFrames } from '../../src/data/open.js';
import { parseRecipe } from '../../src/run/recipe.js';
import { openRunFrames } from '../../src/run/stages/frames.js';
import { interpret } from '../../src/simulate/interpret.js';
import { writeHdf5 } from '../data/make-hdf5.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { runCli } from './run-cli.js';
import { TINY } from './tiny-recipe.js';
import { writeRun } from './written-run.js';
import { isMissing, testTool } from '../tools.js';

const [H, W, COUNT] = [40, 36, 12];
const SATURATION = 500;
const frames = sampleFrames(COUNT, H * W, 21);
const above = (pixels: Uint16Array): number => pixels.filter((value) => value > SATURATION).length;
/** What the network sees where an overload is shown as `value`. */
const shownAs = (value: number): number[] => {
  const graph = sampleFixedGraph();
  return frames.map(
    (frame) =>
      interpret(
        graph,
        Uint16Array.from(frame, (one) => (one > SATURATION ? value : one)),
      ).score,
  );
};
const largest = shownAs(SATURATION);
const hidden = shownAs(0);

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-through-'));
  const threshold = [...largest].sort((a, b) => a - b)[COUNT / 2]!;
  const fixed = { ...sampleFixedGraph(), threshold };
  await writeRun(at('run'), fixed, dequantize(fixed));
  await runCli('export', 'onnx', at('run'), '--dialect', 'fixed');
  await writeHdf5(at('night.nxs'), {
    '/': { group: { default: 'entry' } },
    '/entry': { group: { NX_class: 'NXentry', default: 'data' } },
    '/entry/definition': { data: 'NXmx' },
    '/entry/data': { group: { NX_class: 'NXdata', signal: 'data' } },
    '/entry/data/data': {
      data: Uint16Array.from(frames.flatMap((frame) => [...frame])),
      shape: [COUNT, H, W],
    },
    '/entry/instrument': { group: { NX_class: 'NXinstrument' } },
    '/entry/instrument/detector': { group: { NX_class: 'NXdetector' } },
    '/entry/instrument/detector/saturation_value': { data: Int32Array.of(SATURATION) },
    '/entry/data/hit': { data: Uint8Array.from(frames, (_, i) => Number(i % 3 === 0)) },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('overloads', () => {
  it('differ in what they do to a score, or the tests below would say nothing', () => {
    expect(frames.some((frame) => above(frame) > 0)).toBe(true);
    expect(largest).not.toEqual(hidden);
    expect(largest).not.toEqual(frames.map((frame) => interpret(sampleFixedGraph(), frame).score));
  });

  it.each([
    [[], largest],
    [['--overloads', 'largest'], largest],
    [['--overloads', 'mask'], hidden],
  ] as const)('are shown to score, filter, evaluate and audit as %j says', async (words, scores) => {
    const asked = [at('run'), '--frames', at('night.nxs'), ...words];
    const scored = await runCli('score', ...asked);
    expect([scored.code, scored.stderr]).toEqual([0, expect.any(String)]);
    const [head, ...rows] = scored.stdout.trim().split('\n');
    const column = head!.split(',').indexOf('score');
    expect(rows.map((row) => Number(row.split(',')[column]))).toEqual(scores);

    const list = at(`kept-${words.join('')}.lst`);
    const threshold = String([...scores].sort((a, b) => a - b)[4]!);
    expect((await runCli('filter', ...asked, '--list', list, '--threshold', threshold)).code).toBe(0);
    const kept = scores.flatMap((score, i) => (score >= Number(threshold) ? [i] : []));
    expect(readFileSync(list, 'utf8').match(/\d+$/gm)!.map(Number)).toEqual(kept);

    const judged = await runCli('evaluate', ...asked, '--threshold', threshold, '--json');
    const { decisions } = JSON.parse(judged.stdout) as { decisions: readonly { keep: boolean }[] };
    expect(decisions.flatMap(({ keep }, i) => (keep ? [i] : []))).toEqual(kept);

    const ledger = at(`ledger-${words.join('')}`);
    const audited = await runCli('audit', ...asked, '--reference', '0', '--threads', '1', '--out', ledger);
    expect([audited.code, audited.stderr]).toEqual([0, expect.any(String)]);
    const rowsOf = await runCli('audit', 'query', at('run'), 'SELECT frame, score FROM frames ORDER BY frame', '--out', ledger, '--json'); // prettier-ignore
    expect((JSON.parse(rowsOf.stdout) as readonly { score: number }[]).map(({ score }) => score)).toEqual(
      scores,
    );
  });

  it.each([
    [{}, SATURATION],
    [{ overloads: 'largest' }, SATURATION],
    [{ overloads: 'mask' }, 0],
  ] as const)('are shown to the network of a run whose recipe says %j', async (options, value) => {
    const asked = { ...TINY, classes: 'hits', frames: { kind: 'files', paths: [at('night.nxs')], options } };
    const { source } = await openRunFrames(parseRecipe(JSON.stringify(asked), 'tiny.json'), () => undefined);
    for (const [index, frame] of frames.entries()) {
      const { pixels } = await source.read(index);
      expect(pixels).toEqual(Uint16Array.from(frame, (one) => (one > SATURATION ? value : one)));
    }
    await source.close();
  });

  it('are counted apart from what is masked, which inspect says', async () => {
    const { stdout } = await runCli(
      'inspect',
      at('night.nxs'),
      '--frames',
      'all',
      '--json',
      '--overloads',
      'largest',
    );
    const { statistics } = JSON.parse(stdout) as {
      statistics: readonly { overloads: number; masked: number }[];
    };
    expect(statistics.map(({ overloads }) => overloads)).toEqual(frames.map(above));
    expect(statistics.map(({ masked }) => masked)).toEqual(frames.map(() => 0));
    const words = await runCli('inspect', at('night.nxs'));
    expect(words.stdout).toMatch(/masked +overloads/);
  });
});

describe('memory cells of a JUNGFRAU', () => {
  const TRAINS = [7, 8, 0];
  const CELLS = 4;
  const HALF = H / 2;
  /** Which of `frames` stands in a cell of a train; the third train is padding. */
  const frameAt = (train: number, cell: number): Uint16Array => frames[(train * CELLS + cell) % COUNT]!;
  const night = (): string => at('jungfrau');
  const KEPT_EVENTS = TRAINS.slice(0, 2).flatMap((id, train) =>
    Array.from({ length: CELLS }, (_, cell) => ({
      id,
      cell,
      score: interpret(sampleFixedGraph(), frameAt(train, cell)).score,
    })),
  );
  const threshold = [...KEPT_EVENTS].map(({ score }) => score).sort((a, b) => a - b)[4]!;

  beforeAll(async () => {
    mkdirSync(night());
    for (const module of [1, 2]) {
      const group = `/INSTRUMENT/SPB_IRDA_JF1M/DET/JNGFR0${module}:daqOutput/data`;
      const data = TRAINS.flatMap((_, train) =>
        Array.from({ length: CELLS }, (__, cell) => [
          ...frameAt(train, cell).subarray((module - 1) * HALF * W, module * HALF * W),
        ]),
      ).flat();
      await writeHdf5(join(night(), `CORR-R0034-JNGFR0${module}-S00000.h5`), {
        [`${group}/adc`]: { data: Uint16Array.from(data), shape: [3, CELLS, HALF, W] },
        [`${group}/trainId`]: { data: BigUint64Array.from(TRAINS, BigInt) },
        [`${group}/memoryCell`]: {
          data: Uint8Array.from({ length: 3 * CELLS }, (_, i) => i % CELLS),
          shape: [3, CELLS],
        },
      });
    }
  });

  it('are kept and dropped by train and cell, as EXtra-data reads', async () => {
    const out = at('CORR-R0034-REDU00-S00000.h5');
    const asked = [
      'filter',
      at('run'),
      '--frames',
      night(),
      '--exdf',
      out,
      '--threshold',
      String(threshold),
      '--json',
    ];
    const { code, stdout, stderr } = await runCli(...asked);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(JSON.parse(stdout)).toMatchObject({
      frames: 2 * CELLS,
      kept: KEPT_EVENTS.filter(({ score }) => score >= threshold).length,
    });
    const file = await openHdf5(out, out);
    const base = '/INSTRUMENT/SPB_IRDA_JF1M/REDU/SPI_HITFINDER:output/data';
    const column = (name: string): number[] =>
      Array.from(file.readAll(`${base}/${name}`) as ArrayLike<number>, Number);
    expect(column('trainId')).toEqual(KEPT_EVENTS.map(({ id }) => id));
    expect(column('pulseId')).toEqual(KEPT_EVENTS.map(({ cell }) => cell));
    expect(column('hitscore')).toEqual(KEPT_EVENTS.map(({ score }) => score));
    expect(column('hitFlag')).toEqual(KEPT_EVENTS.map(({ score }) => Number(score >= threshold)));
    file.close();
  });

  it('of one module are events of train and cell in lists, written and read', async () => {
    const one = join(night(), 'CORR-R0034-JNGFR01-S00000.h5');
    const list = at('cells.lst');
    writeFileSync(list, `${one} //1/2\n${one} //0/3\n`);
    const source = await openFrames(list);
    expect(source.count).toBe(2);
    expect((await source.read(0)).pixels).toEqual(frameAt(1, 2).slice(0, HALF * W));
    expect(source.origin(1)).toMatchObject({ index: 3, place: [0, 3] });
    await source.close();
    const labelled = await openFrames(one, { labels: list });
    expect(Array.from({ length: labelled.count }, (_, i) => labelled.label(i).hit)).toEqual(
      KEPT_EVENTS.map(({ id, cell }) => (id === 8 && cell === 2) || (id === 7 && cell === 3)),
    );
    await labelled.close();
    for (const [event, why] of [
      ['//5', /2 axes of frames \(train, cell\), not 1/],
      ['//1/9', /no such frame/],
      ['//2/0', /no such frame/],
    ] as const) {
      writeFileSync(list, `${one} ${event}\n`);
      await expect(openFrames(list)).rejects.toThrow(why);
    }
  });

  it('of all modules are in no list, since no file holds such a frame', async () => {
    const { code, stderr } = await runCli('filter', at('run'), '--frames', night(), '--list', at('none.lst'));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/holds one module of its frames.*--exdf/)]);
    expect(stderr).not.toContain('Score');
    const bare = await runCli('filter', at('run'), '--frames', at('night.nxs'), '--exdf', at('none.h5'));
    expect([bare.code, bare.stderr]).toEqual([
      2,
      expect.stringMatching(/frame 0 has no trainId and pulseId/),
    ]);
    expect(bare.stderr).not.toContain('Score');
  });

  const python = testTool('exfel');
  it.skipIf(isMissing(python))('are read back by EXtra-data from what filter wrote', async () => {
    mkdirSync(at('redu'));
    const out = join(at('redu'), 'CORR-R0034-REDU00-S00000.h5');
    await runCli('filter', at('run'), '--frames', night(), '--exdf', out, '--threshold', String(threshold));
    const script = `import json, sys
from extra_data import RunDirectory
out = RunDirectory(sys.argv[1])['SPB_IRDA_JF1M/REDU/SPI_HITFINDER:output']
print(json.dumps({k: out['data.' + k].ndarray().tolist() for k in ('trainId', 'pulseId', 'dataFlag')}))`;
    const done = spawnSync(python, ['-c', script, at('redu')], { encoding: 'utf8' });
    expect(JSON.parse(done.stdout)).toEqual({
      trainId: KEPT_EVENTS.map(({ id }) => id),
      pulseId: KEPT_EVENTS.map(({ cell }) => cell),
      dataFlag: KEPT_EVENTS.map(({ score }) => Number(score >= threshold)),
    });
  });
});

describe('frames that are read when they are asked for', () => {
  it('keep their own labels, facts and pixels in every order, through lists, ranges, threads and filter', async () => {
    mkdirSync(at('many'));
    // 40 files of one form with other counts, hits and numbers in each.
    const expected: { file: string; index: number; hit: boolean; pulse: number; pixel: number }[] = [];
    for (let n = 0; n < 40; n++) {
      const count = 1 + (n % 3);
      const file = join(at('many'), `run-${n}.h5`);
      const hits = Array.from({ length: count }, (_, f) => Number((n * 7 + f * 3) % 5 < 2));
      const pixels = new Uint16Array(count * H * W);
      for (let f = 0; f < count; f++) {
        pixels.fill(100 * f + n, f * H * W, (f + 1) * H * W);
        expected.push({ file, index: f, hit: hits[f] === 1, pulse: 1000 * n + f, pixel: 100 * f + n });
      }
      await writeHdf5(file, {
        '/entry/data/data': { data: pixels, shape: [count, H, W] },
        '/entry/data/hit': { data: Uint8Array.from(hits) },
        '/entry/data/pulse': { data: Int32Array.from(hits, (_, f) => 1000 * n + f) },
      });
    }
    const seen = async (
      argument: string | readonly string[],
      order: (count: number) => readonly number[],
    ) => {
      const source = await openFrames(argument);
      const rows: unknown[] = [];
      for (const i of order(source.count)) {
        const { file, index } = source.origin(i);
        const pixel = (await source.read(i)).pixels[5];
        rows[i] = { file, index, hit: source.label(i).hit, pulse: source.meta(i)['pulse'], pixel };
      }
      await source.close();
      return rows;
    };
    const forwards = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
    const shuffled = (count: number): number[] =>
      forwards(count).sort((a, b) => ((a * 37) % count) - ((b * 37) % count));
    expect(await seen(at('many'), forwards)).toEqual(expected);
    expect(await seen(at('many'), shuffled)).toEqual(expected);
    expect(await seen(`${at('many')}[3:60:4]`, shuffled)).toEqual(
      expected.slice(3, 60).filter((_, i) => i % 4 === 0),
    );
    const list = at('some.lst');
    const some = [70, 3, 41, 12].map((i) => expected[i]!);
    writeFileSync(list, some.map(({ file, index }) => `${file} //${index}\n`).join(''));
    expect(await seen(list, shuffled)).toEqual(some);
    const scores = expected.map(
      ({ pixel }) => interpret(sampleFixedGraph(), new Uint16Array(H * W).fill(pixel)).score,
    );
    const judged = await runCli('evaluate', at('run'), '--frames', at('many'), '--json');
    const { decisions, threshold } = JSON.parse(judged.stdout) as {
      threshold: number;
      decisions: readonly { hit: boolean; keep: boolean }[];
    };
    expect(decisions.map(({ hit, keep }) => [hit, keep])).toEqual(
      expected.map(({ hit }, i) => [hit, scores[i]! >= threshold]),
    );
  });
});
