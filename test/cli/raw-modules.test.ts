/** Raw words of a detector whose modules have files of their own: maps of all of them, and what repeats or misses is refused by name. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluateOutcome, VerificationRecord } from '../../src/index.js';
import { openFrames } from '../../src/data/open.js';
import { openMaps } from '../../src/data/raw/maps-file.js';
import { checkFrameSize } from '../../src/run/frames-for-network.js';
import { partOf } from '../../src/ir/modules.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { writeHdf5 } from '../data/make-hdf5.js';
import { make } from '../hls/project.js';
import { AT_NIGHT } from '../night.js';
import { moduleFrames, moduleGraph } from '../modules/small-detector.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { answerOf as cli } from './run-cli.js';
import { writeRun } from './written-run.js';

const [HEIGHT, WIDTH, COUNT, MODULES] = [40, 36, 6, 5];
const ROWS = HEIGHT / MODULES;
const folder = mkdtempSync(join(tmpdir(), 'vetoc-raw-modules-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const fixed = { ...sampleFixedGraph(), threshold: 0 };
const numbered = (count: number, first = 0): readonly number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** The frames of `from` as files of five modules; `trains` says for a module which frames it has, in this order. */
async function writeModules(
  name: string,
  from: string,
  trains: (module: number, all: readonly number[]) => readonly number[],
): Promise<string> {
  mkdirSync(at(name));
  const source = await openFrames(from);
  const frames: Uint16Array[] = [];
  for (let n = 0; n < source.count; n++) frames.push((await source.read(n)).pixels);
  await source.close();
  for (const module of numbered(MODULES, 1)) {
    const rows = trains(module, numbered(frames.length));
    if (rows.length === 0) continue;
    const group = `/INSTRUMENT/SPB_IRDA_JF/DET/JNGFR0${module}:daqOutput/data`;
    const size = ROWS * WIDTH;
    const data = new Uint16Array(rows.length * size);
    for (const [i, n] of rows.entries())
      data.set(frames[n]!.subarray((module - 1) * size, module * size), i * size);
    await writeHdf5(join(at(name), `RAW-R0001-JNGFR0${module}-S00000.h5`), {
      [`${group}/adc`]: { data, shape: [rows.length, ROWS, WIDTH] },
      [`${group}/trainId`]: { data: BigUint64Array.from(rows, (n) => BigInt(1000 + n)) },
    });
  }
  return at(name);
}

const without3 = (module: number, all: readonly number[]): readonly number[] => (module === 3 ? [] : all);
const DARKS = ['--detector', 'jungfrau', '--out'];
const raw = (file: string, maps: string): readonly string[] => [
  ...['evaluate', at('run'), '--raw', file, '--maps', maps],
  ...['--gain', `${at('words.truth.h5')}#/pixel_gain`, '--photon-energy', '9537'],
];
const scores = async (...args: readonly string[]): Promise<readonly number[]> => {
  const text = await cli(...args, '--json');
  expect(text).toMatch(/^\{/);
  return (JSON.parse(text) as EvaluateOutcome).decisions.map(({ score }) => score);
};

beforeAll(async () => {
  await writeRun(at('run'), fixed, dequantize(fixed));
  const size = ['--size', `${HEIGHT}x${WIDTH}`, '--workers', '0', '--variety', 'standard'];
  await cli('simulate', at('words.h5'), '--count', String(COUNT), '--raw', 'jungfrau', ...size);
  await cli('darks', at('words.darks.h5'), ...DARKS, at('maps.h5'));
  await writeModules('whole', at('words.h5'), (_, all) => all);
  await writeModules('lame', at('words.h5'), without3);
  await writeModules('dark', at('words.darks.h5'), (_, all) => all);
  await writeModules('lame-dark', at('words.darks.h5'), without3);
  const live = Uint8Array.from({ length: HEIGHT * WIDTH }, (_, i) =>
    Number(Math.floor(i / WIDTH / ROWS) !== 2),
  );
  await writeHdf5(at('mask.h5'), { '/mask': { data: live, shape: [HEIGHT, WIDTH] } });
  live[2 * ROWS * WIDTH + 5] = 1;
  await writeHdf5(at('porous.h5'), { '/mask': { data: live, shape: [HEIGHT, WIDTH] } });
});

const HAS_NO_FILE = /exit 2: .*JNGFR01-S00000\.h5: module 03 has no file, and /;

describe('modules in files of their own', () => {
  it('have maps together, and decisions as in one file', async () => {
    await cli('darks', at('dark'), ...DARKS, at('joined.h5'));
    const [joined, single] = [await openMaps(at('joined.h5')), await openMaps(at('maps.h5'))];
    expect(joined.cell(0)).toEqual(single.cell(0));
    joined.close();
    single.close();
    expect(await scores(...raw(at('whole'), at('joined.h5')))).toEqual(
      await scores(...raw(at('words.h5'), at('maps.h5'))),
    );
  });

  it('make no maps where one is missing, unless it is called dead', async () => {
    for (const more of [[], ['--mask', at('porous.h5')]])
      expect(await cli('darks', at('lame-dark'), ...DARKS, at('none.h5'), ...more)).toMatch(HAS_NO_FILE);
    expect(existsSync(at('none.h5')) || existsSync(at('none.html'))).toBe(false);
    await cli('darks', at('lame-dark'), ...DARKS, at('dead.h5'), '--mask', at('mask.h5'));
    const [dead, single] = [await openMaps(at('dead.h5')), await openMaps(at('maps.h5'))];
    const [own, all] = [dead.cell(0), single.cell(0)];
    const isDead = (i: number): boolean => Math.floor(i / WIDTH / ROWS) === 2;
    own.status.forEach((map, stage) => {
      expect(map.every((bits, i) => (isDead(i) ? bits !== 0 : bits === all.status[stage]![i]))).toBe(true);
    });
    dead.close();
    single.close();
  });

  it('are not decided on where one is missing, unless it is called dead or bad files may be left out', async () => {
    expect(await cli(...raw(at('lame'), at('maps.h5')))).toMatch(HAS_NO_FILE);
    expect(await cli(...raw(at('lame'), at('maps.h5')), '--mask', at('porous.h5'))).toMatch(HAS_NO_FILE);
    const known = await scores(...raw(at('words.h5'), at('maps.h5')), '--mask', at('mask.h5'));
    expect(await scores(...raw(at('lame'), at('maps.h5')), '--mask', at('mask.h5'))).toEqual(known);
    expect(await scores(...raw(at('lame'), at('maps.h5')), '--skip-bad')).toEqual(known);
    expect(known).not.toEqual(await scores(...raw(at('words.h5'), at('maps.h5'))));
    // Pedestals in floating point lie module behind module as well.
    const pedestal = `${at('maps.h5')}#/pedestals`;
    const energy = ['--gain', '41,-1.44,-0.106', '--photon-energy', '9537'];
    const float = ['evaluate', at('run'), '--pedestal', pedestal, ...energy, '--frames'];
    expect(await cli(...float, at('lame'))).toMatch(HAS_NO_FILE);
    expect(await scores(...float, at('lame'), '--mask', at('mask.h5'))).toEqual(
      await scores(...float, at('words.h5'), '--mask', at('mask.h5')),
    );
  });

  it('that a geometry has panels of are asked for, of counts too', async () => {
    const panels = (without: number | null): string =>
      numbered(MODULES)
        .filter((module) => module !== without)
        .map((m) =>
          Object.entries({
            min_fs: 0, max_fs: WIDTH - 1, min_ss: m * ROWS, max_ss: (m + 1) * ROWS - 1,
            corner_x: 0, corner_y: m * (ROWS + 1), fs: 'x', ss: 'y', res: 10000, clen: 0.1,
          })
            .map(([key, value]) => `m${m}/${key} = ${value}\n`)
            .join(''),
        )
        .join(''); // prettier-ignore
    writeFileSync(at('all.geom'), panels(null));
    writeFileSync(at('four.geom'), panels(2));
    const counts = ['evaluate', at('run'), '--frames', at('lame')];
    expect(await cli(...counts, '--geometry', at('all.geom'))).toMatch(
      /exit 2: .*module 03 has no file, and .*all\.geom has panels there — .*--mask/,
    );
    const plain = await scores(...counts);
    expect(await scores(...counts, '--geometry', at('four.geom'))).toEqual(plain);
    expect(await scores(...counts, '--geometry', at('all.geom'), '--mask', at('mask.h5'))).toEqual(plain);
    expect(await scores(...counts, '--geometry', at('all.geom'), '--skip-bad')).toEqual(plain);
  });

  it('that a network is split by are asked for', async () => {
    const run = (...more: string[]): Promise<string> =>
      cli('run', '--split', 'modules=5', '--frames', at('lame'), '--out', at('split'), ...more);
    expect(await run()).toMatch(/exit 2: .*module 03 has no file, and the network has a front end for each/);
    expect(await run('--mask', at('mask.h5'))).toMatch(/exit 2: .*no labelled frames/);
    expect(existsSync(at('split'))).toBe(false);
    const frames = await openFrames(at('lame'));
    const graph = await moduleGraph(MODULES, [ROWS, WIDTH]);
    expect(() => {
      checkFrameSize(frames, graph);
    }).toThrow(/module 03 has no file, and the network has a front end for each/);
    expect(() => {
      checkFrameSize(frames, fixed);
    }).not.toThrow();
    await frames.close();
  });

  it.each(AT_NIGHT ? ['hls', 'rtl'] : ['hls'])(
    'have firmware on raw words, each front end with the maps of its module: %s',
    async (form) => {
      const graph = { ...(await moduleGraph(MODULES, [ROWS, WIDTH])), threshold: 0 };
      await writeRun(at(`parts-${form}`), graph, dequantize(graph));
      mkdirSync(at(`parts-${form}/hls/golden`), { recursive: true });
      const [counts] = moduleFrames(1, HEIGHT * WIDTH);
      for (const k of numbered(MODULES))
        writeFileSync(at(`parts-${form}/hls/golden/module-${k}.bin`), partOf(counts!, k, MODULES));
      const maps = ['--maps', at('words.truth.h5'), '--photon-energy', '9537'];
      const out = at(`${form}-parts`);
      await cli('export', form, at(`parts-${form}`), '--out', out, ...maps);
      // Maps of one module are not those of another.
      const own = numbered(MODULES).map((k) => readFileSync(join(out, `golden/module-${k}.maps.bin`)));
      expect(own.map(({ length }) => length)).toEqual(own.map(() => 4 * 6 * ROWS * WIDTH));
      expect(own[0]!.equals(own[1]!)).toBe(false);
      expect(readFileSync(join(out, 'front/golden/maps.bin')).equals(own[0]!)).toBe(true);
      const { code, output } = await make(join(out, 'front'), 'check');
      expect([code, output]).toEqual([0, expect.stringContaining('PASS damaged maps')]);
      const assembly = await make(out, 'assembly');
      expect([assembly.code, assembly.output]).toEqual([0, expect.stringContaining('are as they should be')]);
    },
    600_000,
  );

  it('agree with the whole in every integer, words of each module with its maps', async () => {
    const record = JSON.parse(
      await cli('verify', at('parts-hls'), '--raw', at('words.h5'), '--maps', at('words.truth.h5'), '--photon-energy', '9537', '--aimed', '2', '--random', '2', '--tries', '0', '--witness', 'ort', 'csim', '--drills', '4', '--json'), // prettier-ignore
    ) as VerificationRecord;
    expect(record.verdict).toBe('exact');
    expect(record.witnesses.map((w) => [w.witness, w.values > 1e5, w.mismatches])).toEqual([
      ['onnxruntime', true, 0],
      ['csim', true, 0],
    ]);
    expect(record.drills!.witnesses.map((w) => w.mismatches)).toEqual([0, 0]);
  }, 300_000);

  it('that lack an event, or have one twice, are named', async () => {
    const lacking = await writeModules('lacking', at('words.h5'), (module, all) =>
      module === 5 ? all.filter((n) => n !== 4) : all,
    );
    const named =
      /exit 2: .*JNGFR05-S00000\.h5: module 05 lacks event 1004, which other modules have — .*sequences/;
    expect(await cli(...raw(lacking, at('maps.h5')))).toMatch(named);
    expect(await cli('darks', lacking, ...DARKS, at('none.h5'))).toMatch(named);
    const known = await scores(...raw(at('words.h5'), at('maps.h5')));
    expect(await scores(...raw(`${lacking}[0:4]`, at('maps.h5')))).toEqual(known.slice(0, 4));
    const twice = await writeModules('twice', at('words.h5'), (module, all) =>
      module === 5 ? [...all, 3] : all,
    );
    const repeats = /exit 2: .*JNGFR05-S00000\.h5: holds the event 1003:0, which this module has already/;
    expect(await cli(...raw(twice, at('maps.h5')))).toMatch(repeats);
    expect(await cli('darks', twice, ...DARKS, at('none.h5'))).toMatch(repeats);
    expect(await cli(...raw(at('words.h5'), `${at('maps.h5')},${at('words.truth.h5')}`))).toMatch(
      /exit 2: .*words\.truth\.h5: \/pedestals: holds pedestals, as .*maps\.h5 does/,
    );
    expect(existsSync(at('none.h5'))).toBe(false);
  });
});
