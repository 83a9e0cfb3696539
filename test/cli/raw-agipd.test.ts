/** AGIPD on the command line: words of gain, memory cells with maps of their own, and files as the European XFEL writes them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluateOutcome } from '../../src/index.js';
import { openFrames } from '../../src/data/open.js';
import { openFramesParallel } from '../../src/data/parallel.js';
import { openCalibration } from '../../src/data/raw/cell-calibration.js';
import { openMaps, type StoredMaps } from '../../src/data/raw/maps-file.js';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import type { FrameMaps } from '../../src/ir/frame-maps.js';
import { putCellMaps } from '../../src/data/raw/maps-writer.js';
import { rawDetector } from '../../src/data/raw/detectors.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { fromWords, frameMaps, RAW_IDS } from '../../src/passes/from-words.js';
import { checkCells } from '../../src/run/simulate-raw.js';
import { interpret } from '../../src/simulate/interpret.js';
import { make } from '../hls/project.js';
import { AT_NIGHT } from '../night.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { answerOf as cli } from './run-cli.js';
import { writeRun } from './written-run.js';

const [HEIGHT, WIDTH, COUNT, CELLS] = [40, 36, 12, 4];
const folder = mkdtempSync(join(tmpdir(), 'vetoc-agipd-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const fixed = { ...sampleFixedGraph(), threshold: 0 };
const ENERGY = 9537;
const RAW_MAPS = { maps: at('maps.h5'), gain: '7.7,0.22,0.052', photonEnergyEv: ENERGY };
const GAINS = ['--gain', RAW_MAPS.gain, '--photon-energy', String(ENERGY)];
const MAPS = ['--maps', RAW_MAPS.maps, ...GAINS];
/** Twenty frames of each memory cell, the least that make maps, of each setting. */
const ranges = (file: string): readonly string[] =>
  [0, 1, 2].map((stage) => `${file}[${240 * stage}:${240 * stage + 80}]`);
const DARKS = ranges(at('words.darks.h5'));
const XFEL = '/INSTRUMENT/SPB_DET_AGIPD1M-1/DET/3CH0:xtdf/image';

/** Frames of `from` as the European XFEL writes them, in order `order`; `cell` says the memory cell of a frame. */
async function writeXfel(
  name: string,
  from: string,
  order: readonly number[],
  cell: ((own: number) => number) | null,
): Promise<string> {
  const [words, gains] = [await openFrames(from), await openFrames(from, { gainWords: true })];
  const writer = await createHdf5(at(name));
  const data = writer.growing(`${XFEL}/data`, 'u2', [2, HEIGHT, WIDTH], 1, 'none');
  for (const n of order)
    data.append(Uint16Array.of(...(await words.read(n)).pixels, ...(await gains.read(n)).pixels));
  const column = (of: (n: number, i: number) => number): BigUint64Array =>
    BigUint64Array.from(order, (n, i) => BigInt(of(n, i)));
  writer.dataset(`${XFEL}/trainId`, column((_, i) => 1000 + Math.floor(i / CELLS)), [order.length, 1]); // prettier-ignore
  writer.dataset(
    `${XFEL}/pulseId`,
    column((_, i) => i % CELLS),
    [order.length, 1],
  );
  if (cell !== null)
    writer.dataset(
      `${XFEL}/cellId`,
      column((n) => cell(Number(words.meta(n)['cellId']))),
      [order.length, 1],
    );
  await writer.commit();
  await words.close();
  await gains.close();
  return at(name);
}

const all = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

beforeAll(async () => {
  await writeRun(at('run'), fixed, dequantize(fixed));
  const size = ['--size', `${HEIGHT}x${WIDTH}`, '--workers', '0'];
  await cli('simulate', at('words.h5'), '--count', String(COUNT), '--raw', 'agipd', '--variety', 'standard', ...size); // prettier-ignore
  await cli('darks', ...DARKS, '--detector', 'agipd', '--serial', 'A3', '--out', at('maps.h5'));
});

describe('vetoc simulate --raw agipd --cells', () => {
  const simulate = (name: string, ...more: string[]): Promise<string> =>
    cli('simulate', at(name), '--count', '8', '--size', '32x36', '--workers', '0', ...more);
  const truthOf = async (name: string) => {
    const maps = await openMaps(at(name));
    const cells = all(maps.cells).map((cell) => maps.cell(cell));
    maps.close();
    return cells;
  };

  it('makes so many cells, each with maps of its own that do not depend on how many there are', async () => {
    for (const [name, ...cells] of [['four'], ['six', '--cells', '6'], ['one', '--cells', '1']] as const)
      expect(await simulate(`${name}.h5`, '--raw', 'agipd', ...cells)).toContain(`${name}.darks.h5`);
    const six = await truthOf('six.truth.h5');
    expect(six).toHaveLength(6);
    expect(await truthOf('four.truth.h5')).toEqual(six.slice(0, 4));
    expect(await truthOf('one.truth.h5')).toEqual(six.slice(0, 1));
    for (const stage of [0, 1, 2])
      expect(new Set(six.map(({ pedestals }) => pedestals[stage]![0])).size).toBe(6);
    const [frames, darks] = [await openFrames(at('six.h5')), await openFrames(at('six.darks.h5'))];
    for (const source of [frames, darks])
      for (const n of all(source.count)) expect(source.meta(n)['cellId']).toBe(n % 6);
    expect([frames.count, darks.count]).toEqual([8, 3 * 6 * 60]);
    // Words lie about the pedestals of their own cell.
    for (const n of all(6)) {
      const { pixels } = await darks.read(n);
      const apart = pixels.reduce((sum, word, i) => sum + word - six[n]!.pedestals[0]![i]!, 0) / pixels.length; // prettier-ignore
      // Five times the error of a mean of 1,152 words with 14 ADU of noise, and their rounding.
      expect(Math.abs(apart)).toBeLessThan((5 * 14.1) / Math.sqrt(pixels.length));
    }
    await frames.close();
    await darks.close();
  });

  it.each([
    ['0', ['--raw', 'agipd'], /exit 2: .*--cells/],
    ['353', ['--raw', 'agipd'], /exit 2: .*--cells/],
    ['1.5', ['--raw', 'agipd'], /exit 2: .*--cells/],
    [
      '6',
      ['--raw', 'jungfrau'],
      /exit 2: .*--cells: is said of JUNGFRAU, without memory cells — .*--raw agipd/,
    ],
    ['6', [], /exit 2: .*--cells: is said of photons, without memory cells/],
    ['6', ['--shard', '0/2'], /exit 2: .*--cells: is said of photons, without memory cells/],
  ] as const)('refuses %s cells with %j', async (cells, more, why) => {
    expect(await simulate('no.h5', '--cells', cells, ...more)).toMatch(why);
    expect(existsSync(at('no.h5')) || existsSync(at('no.darks.h5'))).toBe(false);
  });

  it('refuses as a library what the command line refuses by its range', () => {
    expect(() => {
      checkCells('agipd', 353);
    }).toThrow(/353 is not a whole number from 1 to 352/);
    expect(() => {
      checkCells('agipd', 352);
    }).not.toThrow();
  });
});

describe('vetoc darks of an AGIPD', () => {
  it('finds pedestals, noise and thresholds of every memory cell and stage as they were put in', async () => {
    const [found, truth] = [await openMaps(at('maps.h5')), await openMaps(at('words.truth.h5'))];
    expect(found).toMatchObject({
      detector: 'agipd',
      serial: 'A3',
      height: HEIGHT,
      width: WIDTH,
      cells: CELLS,
    });
    for (let cell = 0; cell < CELLS; cell++) {
      const [own, put] = [found.cell(cell), truth.cell(cell)];
      own.pedestals.forEach((map, stage) => {
        const apart = map.map((value, i) => Math.abs(value - put.pedestals[stage]![i]!));
        // Five times the error of a mean of 20 frames with 14 ADU of noise.
        expect(Math.max(...apart)).toBeLessThan((5 * 14) / Math.sqrt(20));
      });
      own.thresholds!.forEach((map, k) => {
        const apart = map.map((value, i) => Math.abs(value - put.thresholds![k]![i]!));
        expect(Math.max(...apart)).toBeLessThan((5 * 90) / Math.sqrt(2 * 20));
      });
      expect(own.status.flatMap((map) => [...map]).filter((bits) => bits !== 0).length).toBeLessThan(5);
    }
    // Cells differ by far more than that: the maps of another one would not have passed.
    const means = all(CELLS).map(
      (cell) => truth.cell(cell).pedestals[0]!.reduce((a, b) => a + b) / (HEIGHT * WIDTH),
    );
    expect(Math.max(...means) - Math.min(...means)).toBeGreaterThan(50);
    found.close();
    truth.close();
    const page = readFileSync(at('maps.html'), 'utf8').replace(/\s+/g, ' ');
    expect(page).toMatch(/240 dark frames.*Gain stage medium.*of all 4 cells together/);
  });

  it('makes the same maps of the files of the European XFEL, whatever the order of the cells in them', async () => {
    const order = [...all(80).filter((n) => n % 4 > 1), ...all(80).filter((n) => n % 4 < 2)];
    const files = await Promise.all(
      [0, 1, 2].map(
        (stage) =>
        writeXfel(`RAW-R000${stage}-AGIPD03-S00000.h5`, at('words.darks.h5'), order.map((n) => n + 240 * stage), (own) => own + 8), // prettier-ignore
      ),
    );
    expect(await cli('darks', ...files, '--detector', 'agipd', '--out', at('xfel.h5'))).toMatch(
      /240 frames of 4 memory cells/,
    );
    const [found, like] = [await openMaps(at('xfel.h5')), await openMaps(at('maps.h5'))];
    expect(found.cells).toBe(12);
    for (let cell = 0; cell < CELLS; cell++) {
      const [own, other] = [found.cell(8 + cell), like.cell(cell)];
      own.pedestals.forEach((map, stage) => {
        expect(Math.max(...map.map((value, i) => Math.abs(value - other.pedestals[stage]![i]!)))).toBeLessThan(1e-2); // prettier-ignore
      });
      expect(own.status).toEqual(other.status);
    }
    expect(found.cell(3).status[0]!.every((bits) => bits === 8)).toBe(true);
    found.close();
    like.close();
  });

  it('refuses settings in another order, a missing one, and files without words of gain or cells', async () => {
    const darks = (...frames: string[]): Promise<string> =>
      cli('darks', ...frames, '--detector', 'agipd', '--out', at('other.h5'));
    expect(await darks(DARKS[0]!, DARKS[2]!, DARKS[1]!)).toMatch(
      /exit 2: .*has words of gain that do not rise with the setting: the middle pixel of memory cell 0 has 8\d\d\d in medium and 7\d\d\d in low gain/,
    );
    expect(await darks(at('words.darks.h5'))).toMatch(
      /exit 2: .*are 1 arguments: the words do not say which gain setting was forced — give 3, of high, medium, low gain in this order/,
    );
    expect(await darks(DARKS[0]!, DARKS[1]!, `${at('words.darks.h5')}[480:500]`)).toMatch(
      /exit 2: .*has 5 frames of gain stage low of memory cell 0; maps need 20/,
    );
    const photons = `${at('words.h5')}#/entry/truth/photons`;
    expect(await darks(photons, photons, photons)).toMatch(
      /exit 2: .*has no words of gain beside its frames/,
    );
    const files = await Promise.all(
      [0, 1, 2].map((stage) => writeXfel(`no-cells${stage}.h5`, at('words.darks.h5'), [240 * stage], null)),
    );
    expect(await darks(...files)).toMatch(
      /exit 2: .*no-cells0\.h5: cellId: does not say the memory cell of frame 0, and each cell has maps of its own/,
    );
    const far = await writeXfel('far.h5', at('words.darks.h5'), [0], () => 352);
    expect(await darks(far, far, far)).toMatch(
      /exit 2: .*far\.h5: cellId: has a frame of memory cell 352; AGIPD has cells 0 to 351/,
    );
    expect(existsSync(at('other.h5')) || existsSync(at('other.html'))).toBe(false);
  });

  it('refuses light in one memory cell by its name', async () => {
    const [words, gains] = [
      await openFrames(at('words.darks.h5')),
      await openFrames(at('words.darks.h5'), { gainWords: true }),
    ];
    const writer = await createHdf5(at('lit.darks.h5'));
    const data = writer.growing('/entry/data/data', 'u2', [HEIGHT, WIDTH], 1, 'none');
    const beside = writer.growing('/entry/data/gain', 'u2', [HEIGHT, WIDTH], 1, 'none');
    const lit = (n: number): boolean => n < 240 && n % 8 === 2;
    for (const n of all(words.count)) {
      const { pixels } = await words.read(n);
      data.append(pixels.map((word, i) => (lit(n) && i % 10 === 0 ? word + 400 : word)));
      beside.append((await gains.read(n)).pixels);
    }
    writer.dataset(
      '/entry/data/cellId',
      Uint16Array.from(all(words.count), (n) => n % 4),
    );
    await writer.commit();
    await words.close();
    await gains.close();
    const files = ranges(at('lit.darks.h5'));
    expect(await cli('darks', ...files, '--detector', 'agipd', '--out', at('lit.h5'))).toMatch(
      /exit 2: .*has light in it: in spots, 10\.0 % of the pixels, in gain stage high of memory cell 2/,
    );
    expect(existsSync(at('lit.h5'))).toBe(false);
  });
});

describe('vetoc evaluate --raw of an AGIPD', () => {
  it('decides as the network on words does, each frame with the maps of its own memory cell', async () => {
    const { decisions, difference } = JSON.parse(
      await cli('evaluate', at('run'), '--raw', at('words.h5'), ...MAPS, '--json'),
    ) as EvaluateOutcome;
    const [words, gains] = [
      await openFrames(at('words.h5')),
      await openFrames(at('words.h5'), { gainWords: true }),
    ];
    const { name, formats, integers } = await openCalibration(words, RAW_MAPS);
    const graph = fromWords(fixed, rawDetector(name), formats);
    let others = 0;
    for (const n of all(COUNT)) {
      const { pixels } = await words.read(n);
      const gain = (await gains.read(n)).pixels;
      const score = (cell: number): number =>
        interpret(graph, pixels, false, undefined, frameMaps(integers(cell, 'it'), gain)).score;
      expect(words.meta(n)['cellId']).toBe(n % CELLS);
      expect(decisions[n]!.score).toBe(score(n % CELLS));
      if (score((n + 1) % CELLS) !== decisions[n]!.score) others += 1;
    }
    // With the maps of another cell the scores would be others.
    expect(others).toBeGreaterThan(COUNT / 2);
    await words.close();
    await gains.close();
    expect(difference!.detector).toBe('AGIPD');
    expect(difference!.farthest).toBeLessThanOrEqual(0.5 + difference!.bound);
    expect(difference!.equal / difference!.livePixels).toBeGreaterThan(0.99);
    expect(difference!.decidedApart).toEqual([]);
  });

  it('sees the same in files of the European XFEL, on this thread and on others', async () => {
    const order = [5, 3, 0, 10];
    const file = await writeXfel('RAW-R0009-AGIPD03-S00000.h5', at('words.h5'), order, (own) => own);
    const own = await openFrames(at('words.h5'), { rawMaps: RAW_MAPS });
    for (const workers of [0, 2]) {
      const frames = await openFramesParallel(file, { rawMaps: { ...RAW_MAPS }, workers });
      for (const [i, n] of order.entries())
        expect((await frames.read(i)).pixels).toEqual((await own.read(n)).pixels);
      await frames.close();
    }
    const photons = await openFrames(`${at('words.h5')}#/entry/truth/photons`);
    let apart = 0;
    for (const n of all(COUNT)) {
      const [a, b] = [(await own.read(n)).pixels, (await photons.read(n)).pixels];
      // 14 ADU are a fifth of a photon; in the second stage, beyond 95 photons, they are seven.
      a.forEach((count, i) => (apart += Math.abs(count - b[i]!) > 1 + 0.25 * b[i]! ? 1 : 0));
    }
    expect(apart / (COUNT * HEIGHT * WIDTH)).toBeLessThan(0.002);
    await own.close();
    await photons.close();
  });

  it('is refused where a frame has no cell, a cell no map, or the maps no thresholds or gains', async () => {
    const evaluate = (raw: string, ...maps: string[]): Promise<string> =>
      cli('evaluate', at('run'), '--raw', raw, ...maps);
    expect(await evaluate(await writeXfel('none.h5', at('words.h5'), [0, 1], null), ...MAPS)).toMatch(
      /exit 2: .*none\.h5: cellId: does not say the memory cell of frame 0/,
    );
    const later = await writeXfel('later.h5', at('words.h5'), [0, 1, 2], (own) => (own === 2 ? 77 : own));
    expect(await evaluate(later, ...MAPS)).toMatch(
      /exit 2: .*maps\.h5: --maps: has no map of memory cell 77, of which frame 2 of .*later\.h5 is/,
    );
    const seldom = await writeXfel('seldom.h5', at('words.h5'), [0], () => 3);
    expect(await evaluate(seldom, '--maps', at('xfel.h5'), ...GAINS)).toMatch(
      /exit 2: .*xfel\.h5: --maps: has no map of memory cell 3, of which frame 0 of .*seldom\.h5 is/,
    );
    expect(await evaluate(`${at('words.h5')}#/entry/truth/photons`, ...MAPS)).toMatch(
      /exit 2: .*(has no words of gain|does not say the memory cell)/,
    );
    const own = await openMaps(at('maps.h5'));
    const written = async (
      name: string,
      thresholds: readonly (readonly Float64Array[])[] | null,
    ): Promise<string> => {
      const writer = await createHdf5(at(name));
      const put = putCellMaps(writer, { detector: 'agipd' }, [HEIGHT, WIDTH]);
      for (const cell of all(CELLS)) {
        const { pedestals, status } = own.cell(cell);
        put({
          pedestals,
          pixel_status: status,
          ...(thresholds === null ? {} : { thresholds: thresholds[cell]! }),
        });
      }
      await writer.commit();
      return evaluate(at('words.h5'), '--maps', at(name), ...GAINS);
    };
    expect(await written('bare.h5', null)).toMatch(
      /exit 2: .*bare\.h5: thresholds: is missing, and the gain stage is what a word of gain is above/,
    );
    const falling = all(CELLS).map((cell) => own.cell(cell).thresholds!.map((map) => map.slice()));
    falling[2]![1]![WIDTH + 4] = falling[2]![0]![WIDTH + 4]! - 1;
    expect(await written('falling.h5', falling)).toMatch(
      /exit 2: .*falling\.h5: thresholds: 1 good pixels of gain stage high of memory cell 2 have a threshold that is none, the first at row 1, column 4/,
    );
    own.close();
    expect(await evaluate(at('words.h5'), '--maps', at('maps.h5'))).toMatch(
      /exit 2: .*pixel_gain: has no gains/,
    );
  });
});

describe('vetoc export --maps of an AGIPD', () => {
  it('writes an ONNX file and the integer maps of every cell, with which it decides as evaluate does', async () => {
    await cli('export', 'onnx', at('run'), '--dialect', 'fixed', '--out', at('onnx'), ...MAPS);
    const { decisions } = JSON.parse(
      await cli('evaluate', at('run'), '--raw', at('words.h5'), ...MAPS, '--json'),
    ) as EvaluateOutcome;
    const file = await openHdf5(at('onnx/maps.h5'), 'maps.h5');
    const ids = [RAW_IDS.pedestals, RAW_IDS.factors, RAW_IDS.thresholds];
    const [words, gains] = [
      await openFrames(at('words.h5')),
      await openFrames(at('words.h5'), { gainWords: true }),
    ];
    const { name, formats } = await openCalibration(words, RAW_MAPS);
    const graph = fromWords(fixed, rawDetector(name), formats);
    const ort = await createOrtWitness(graph, { threads: 1 }, readFileSync(at('onnx/fixed.onnx')));
    for (const n of all(COUNT)) {
      const maps: FrameMaps = new Map([
        [RAW_IDS.gains, Int32Array.from((await gains.read(n)).pixels)],
        ...ids.map((id) => {
          const info = file.info(`/${id}.maps`);
          const start = [n % CELLS, 0, 0, 0];
          return [id, file.read(info, start, [1, ...info.shape.slice(1)]) as Int32Array] as const;
        }),
      ]);
      const [found] = await ort.run([(await words.read(n)).pixels], { maps: [maps] });
      expect(found!.score).toBe(decisions[n]!.score);
    }
    await ort.close();
    file.close();
    await words.close();
    await gains.close();
  });

  describe.each([
    ['hls', []],
    ['rtl', ['--pixels-per-clock', '4']],
  ] as const)('as a project of %s', (form, options) => {
    const golden = (name: string): Buffer => readFileSync(at(`${form}/golden/${name}.bin`));

    beforeAll(async () => {
      mkdirSync(at('run/hls/golden'), { recursive: true });
      const photons = await openFrames(`${at('words.h5')}#/entry/truth/photons`);
      const counts = [3, 4].map(async (n) => [...(await photons.read(n)).pixels]);
      const frames = Uint16Array.from((await Promise.all(counts)).flat());
      await photons.close();
      writeFileSync(at('run/hls/golden/frames.bin'), frames);
      // The first memory cell that has maps is number 8.
      const maps = ['--maps', at('xfel.h5'), ...GAINS];
      expect(await cli('export', form, at('run'), '--out', at(form), ...options, ...maps)).toContain(
        at(form),
      );
    });

    it('has golden words of each gain stage, of the first memory cell that has maps', async () => {
      const maps = await openMaps(at('xfel.h5'));
      const { pedestals, status, thresholds } = maps.cell(8);
      maps.close();
      const [words, found] = [golden('frames'), golden('input')];
      const counts = readFileSync(at('run/hls/golden/frames.bin'));
      // Words of gain lie behind pedestals and factors, a frame's maps in the order of the graph.
      const gains = golden('maps').subarray(4 * 6 * HEIGHT * WIDTH);
      const seen = [0, 0, 0];
      const edges = new Set<number>();
      const gainsOf = RAW_MAPS.gain.split(',').map(Number);
      let unmapped = 0;
      for (let k = 0; k < 2 * HEIGHT * WIDTH; k++) {
        const i = k % (HEIGHT * WIDTH);
        const gain = gains.readInt32LE(4 * i);
        const stage = thresholds!.filter((map) => gain > map[i]!).length;
        thresholds!.forEach((map) => edges.add(gain - Math.floor(map[i]!)));
        const [word, count] = [words.readUInt16LE(2 * k), counts.readUInt16LE(2 * k)];
        seen[stage]! += 1;
        if (status[stage]![i] !== 0) {
          unmapped += 1;
          expect(found.readInt32LE(4 * k)).toBe(0);
          continue;
        }
        const unit = (gainsOf[stage]! * ENERGY) / 1000;
        const adc = Math.min(Math.max(Math.round(pedestals[stage]![i]! + count * unit), 0), 16382);
        expect(word).toBe(adc);
        // Half a unit of the ADC, and half a photon.
        if (adc < 16382) expect(Math.abs(found.readInt32LE(4 * k) - count)).toBeLessThanOrEqual(0.5 / unit + 0.5 + 0.01); // prettier-ignore
      }
      expect(seen).toEqual([960, 960, 960]);
      // At a threshold, and the next word above.
      expect(edges.has(0) && edges.has(1)).toBe(true);
      expect(unmapped).toBeLessThan(20);
    });

    it('says how words of gain come in, and that no set serves for another frame', () => {
      const readme = readFileSync(at(`${form}/README.md`), 'utf8').replace(/\s+/g, ' ');
      expect(/\| gain_words \| \d+ to \d+ \| 1 \| `(ap_\w+<16, 16)/.exec(readme)?.[1]).toBe(
        'ap_ufixed<16, 16',
      );
      expect(readme.includes('no set serves for another one')).toBe(true);
      expect(readme.includes('in a circle')).toBe(false);
    });

    // The simulator of the RTL is long in the making.
    if (AT_NIGHT || form === 'hls')
      it('passes its make check', async () => {
        const { code, output } = await make(at(form), 'check');
        expect([code, output]).toEqual([0, expect.stringMatching(form === 'hls' ? /PASS 2 frames/ : /PASS: 0 differences/)]); // prettier-ignore
        expect(output).toContain('PASS damaged maps: frames kept and flagged, the next one right');
      }, 300_000);
  });

  it('is refused where no memory cell has maps, with formats that are given, too', async () => {
    const writer = await createHdf5(at('blind.h5'));
    const put = putCellMaps(writer, { detector: 'agipd' }, [HEIGHT, WIDTH]);
    const flat = (value: number): Float32Array => new Float32Array(HEIGHT * WIDTH).fill(value);
    for (const cell of [2, 3])
      put({
        pedestals: [1, 2, 3].map((stage) => flat(1000 * cell + stage)),
        pixel_status: [8, 8, 8].map(flat),
        thresholds: [6000, 8000].map(flat),
      });
    await writer.commit();
    const asked = ['export', 'hls', at('run'), '--out', at('blind'), '--maps', at('blind.h5'), ...GAINS];
    for (const formats of [[], ['--map-formats', 'ap_ufixed<23,14>,ap_fixed<25,4>']])
      expect(await cli(...asked, ...formats)).toMatch(
        /exit 2: .*blind\.h5: pedestals: has no map of any memory cell: every pixel is bad/,
      );
    expect(existsSync(at('blind'))).toBe(false);
  });
});

describe('maps that others wrote', () => {
  type Kind = 'pedestals' | 'status' | 'thresholds';
  /** Own maps with other axes: `place` says where a value of `[cell, stage, y, x]` stands. */
  const turned = (
    maps: StoredMaps,
    kind: Kind,
    stages: number,
    place: (cell: number, stage: number, y: number, x: number) => number,
  ): Float32Array => {
    const values = new Float32Array(CELLS * stages * HEIGHT * WIDTH);
    for (let cell = 0; cell < CELLS; cell++)
      maps.cell(cell)[kind]!.forEach((map, stage) => {
        map.forEach((value, i) => {
          values[place(cell, stage, Math.floor(i / WIDTH), i % WIDTH)] = value;
        });
      });
    return values;
  };

  it.each([
    ['pycalibration, a constant a file', 'Offset', 'BadPixelsDark', 'ThresholdsDark', true],
    ['Cheetah, in one file', 'AnalogOffset', 'Badpixel', 'threshold', false],
  ] as const)('are read as they stand: %s', async (_who, offset, bad, threshold, isCalcat) => {
    const own = await openMaps(at('maps.h5'));
    const kinds = [
      [offset, 'pedestals', 3],
      [bad, 'status', 3],
      // Behind the thresholds stand the words of gain themselves.
      [threshold, 'thresholds', isCalcat ? 5 : 2],
    ] as const;
    const files = kinds.map(([name]) => at(isCalcat ? `${name}.h5` : 'cheetah.h5'));
    const writers = await Promise.all([...new Set(files)].map((file) => createHdf5(file)));
    for (const [i, [name, kind, stages]] of kinds.entries()) {
      const writer = writers[i % writers.length]!;
      const values = turned(own, kind, stages, (cell, stage, y, x) =>
        isCalcat
          ? ((x * HEIGHT + y) * CELLS + cell) * stages + stage
          : ((stage * CELLS + cell) * HEIGHT + y) * WIDTH + x,
      );
      const shape = isCalcat ? [WIDTH, HEIGHT, CELLS, stages] : [stages, CELLS, HEIGHT, WIDTH];
      writer.dataset(isCalcat ? `/AGIPD_SIV1_AGIPDV11_M305/${name}/0/data` : `/${name}`, values, shape);
      if (!isCalcat) writer.attribute('/', 'detector', 'agipd');
    }
    for (const writer of writers) await writer.commit();
    const found = await openMaps([...new Set(files)].join(','));
    expect(found).toMatchObject({ detector: 'agipd', height: HEIGHT, width: WIDTH, cells: CELLS });
    for (let cell = 0; cell < CELLS; cell++) expect(found.cell(cell)).toEqual(own.cell(cell));
    found.close();
    own.close();
    const score = async (maps: string): Promise<number[]> => {
      const { decisions } = JSON.parse(
        await cli('evaluate', at('run'), '--raw', at('words.h5'), '--maps', maps, ...GAINS, '--json'),
      ) as EvaluateOutcome;
      return decisions.map((one) => one.score);
    };
    expect(await score([...new Set(files)].join(','))).toEqual(await score(at('maps.h5')));
  });

  it("are read as psana writes them, segments stacked, and refused where they don't say their detector", async () => {
    const writer = await createHdf5(at('psana.h5'));
    const values = Float32Array.from({ length: 3 * 2 * 4 * 5 }, (_, i) => i);
    writer.dataset('/pedestals', values, [3, 2, 4, 5]);
    writer.dataset('/pixel_status', new Uint16Array(values.length), [3, 2, 4, 5]);
    await writer.commit();
    await expect(openMaps(at('psana.h5'))).rejects.toThrow(/does not say its detector/);
    const named = await createHdf5(at('named.h5'));
    named.attribute('/', 'detector', 'jungfrau');
    named.dataset('/pedestals', values, [3, 2, 4, 5]);
    named.dataset('/pixel_status', new Uint16Array(values.length), [3, 2, 4, 5]);
    await named.commit();
    const maps = await openMaps(at('named.h5'));
    expect(maps).toMatchObject({ height: 8, width: 5, cells: 1 });
    expect([...maps.cell(0).pedestals[1]!]).toEqual([...values.subarray(40, 80)]);
    maps.close();
  });
});
