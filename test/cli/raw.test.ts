/** From words to decisions on the command line: simulated words, maps from dark frames, decisions, and what is refused on the way. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluateOutcome } from '../../src/index.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { createRandom } from '../../src/core/random.js';
import type { FrameSource } from '../../src/data/frames.js';
import { openFrames } from '../../src/data/open.js';
import { openCalibration } from '../../src/data/raw/cell-calibration.js';
import { rawDetector } from '../../src/data/raw/detectors.js';
import { openMaps } from '../../src/data/raw/maps-file.js';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import type { FrameMaps } from '../../src/ir/frame-maps.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { fromWords, frameMaps, RAW_IDS } from '../../src/passes/from-words.js';
import { interpret } from '../../src/simulate/interpret.js';
import { make } from '../hls/project.js';
import { writeHdf5 } from '../data/make-hdf5.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { answerOf as cli } from './run-cli.js';
import { writeRun } from './written-run.js';

const [HEIGHT, WIDTH, COUNT] = [40, 36, 20];
const folder = mkdtempSync(join(tmpdir(), 'vetoc-raw-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const fixed = { ...sampleFixedGraph(), threshold: 0 };
const GAINS = `${at('words.truth.h5')}#/pixel_gain`;
const RAW_MAPS = { maps: at('maps.h5'), gain: GAINS, photonEnergyEv: 9537 };
const ENERGY = ['--photon-energy', String(RAW_MAPS.photonEnergyEv)];
const MAPS = ['--maps', RAW_MAPS.maps, '--gain', RAW_MAPS.gain, ...ENERGY];

/** The network on `words`, calibrated as MAPS say. */
async function networkOn(words: FrameSource) {
  const { name, formats, integers } = await openCalibration(words, RAW_MAPS);
  return { graph: fromWords(fixed, rawDetector(name), formats), integers: integers(0, 'a frame') };
}

beforeAll(async () => {
  await writeRun(at('run'), fixed, dequantize(fixed));
  const size = ['--size', `${HEIGHT}x${WIDTH}`, '--workers', '0'];
  expect(
    await cli(
      'simulate',
      at('words.h5'),
      '--count',
      String(COUNT),
      '--raw',
      'jungfrau',
      '--variety',
      'standard',
      ...size,
    ),
  ).toMatch(/Words of photons of 9537 eV; dark frames of every gain stage in .*words\.darks\.h5/);
});

describe('vetoc darks', () => {
  it('finds pedestals and noise as they were put in, and says so on a page', async () => {
    const text = await cli(
      'darks',
      at('words.darks.h5'),
      '--detector',
      'jungfrau',
      '--serial',
      'M1',
      '--out',
      at('maps.h5'),
    );
    expect(text).toMatch(/G0 +60 +2\d\d\d\.\d +2[34]\.\d\d +0/);
    const maps = await openMaps(at('maps.h5'));
    expect(maps).toMatchObject({
      detector: 'jungfrau',
      serial: 'M1',
      height: HEIGHT,
      width: WIDTH,
      cells: 1,
    });
    const found = maps.cell(0).pedestals;
    maps.close();
    const truth = await openMaps(at('words.truth.h5'));
    const put = truth.cell(0).pedestals;
    truth.close();
    // 60 frames: a mean strays by an eighth of its noise, and by five times that at most among so few pixels.
    [24, 7, 7].forEach((noise, stage) => {
      const apart = found[stage]!.map((value, i) => Math.abs(value - put[stage]![i]!));
      expect(Math.max(...apart)).toBeLessThan((5 * noise) / Math.sqrt(60));
    });
    expect(readFileSync(at('maps.html'), 'utf8')).toMatch(
      /60 frames\. The middle good pixel has a pedestal of 2\d{3}\.\d ADU and a noise of 2[34]/,
    );
  });

  it('names bad pixels by why they are bad', async () => {
    const darks = await openFrames(at('words.darks.h5'));
    const writer = await createHdf5(at('bad.darks.h5'));
    const data = writer.growing('/entry/data/data', 'u2', [HEIGHT, WIDTH], 1, 'none');
    const random = createRandom(4);
    for (let n = 0; n < darks.count; n++) {
      const words = (await darks.read(n)).pixels.slice();
      words[5] = (words[5]! & 0xc000) | 1234;
      words[6] = (words[6]! & 0xc000) | random.integer(1500, 3500);
      words[WIDTH + 7] = 3000;
      data.append(words);
    }
    await darks.close();
    await writer.commit();
    const json: unknown = JSON.parse(
      await cli('darks', at('bad.darks.h5'), '--detector', 'jungfrau', '--out', at('bad.h5'), '--json'),
    );
    expect(json).toMatchObject({
      frames: 180,
      stages: [
        { stage: 'G0', bad: { noisy: 1, still: 2, unseen: 0, otherStage: 1 } },
        { stage: 'G1', bad: { noisy: 1, still: 1, unseen: 1, otherStage: 1 } },
        { stage: 'G2', bad: { noisy: 1, still: 1, unseen: 1, otherStage: 1 } },
      ],
    });
    const page = readFileSync(at('bad.html'), 'utf8');
    for (const [why, where] of [
      ['does not vary: dead, or at an end of its ADC', '(0, 5)'],
      ['noisier than four times the middle pixel', '(0, 6)'],
      ['in another gain stage than its frame', '(1, 7)'],
    ])
      expect(page.replace(/\s+/g, ' ')).toMatch(
        new RegExp(`${why}.{0,200}${where!.replace(/[()]/g, '\\$&')}`),
      );
  });

  it('refuses light, with the share of the pixels that saw it, and writes nothing', async () => {
    const darks = await openFrames(at('words.darks.h5'));
    for (const [name, share, photons, expected] of [
      ['spots', 0.05, 20, /has light in it: in spots, 5\.\d % of the pixels, in gain stage G0/],
      ['even', 1, 0.3, /has light in it: in most pixels, \d\d(\.\d)? % of the pixels, in gain stage G0/],
    ] as const) {
      const writer = await createHdf5(at(`${name}.h5`));
      const data = writer.growing('/entry/data/data', 'u2', [HEIGHT, WIDTH], 1, 'none');
      const random = createRandom(7);
      for (let n = 0; n < darks.count; n++) {
        const { pixels } = await darks.read(n);
        data.append(
          pixels.map((word, i) =>
            word < 16384 && i < share * pixels.length ? word + 390 * random.poisson(photons / 20) : word,
          ),
        );
      }
      await writer.commit();
      const asked = ['darks', at(`${name}.h5`), '--detector', 'jungfrau', '--out', at('lit.h5')];
      expect(await cli(...asked), name).toMatch(expected);
    }
    await darks.close();
    expect(existsSync(at('lit.h5')) || existsSync(at('lit.html'))).toBe(false);
  });

  it('takes words as they are, whatever their file says of counts', async () => {
    const darks = await openFrames(at('words.darks.h5'));
    const words = new Uint16Array(darks.count * HEIGHT * WIDTH);
    for (let n = 0; n < darks.count; n++) words.set((await darks.read(n)).pixels, n * HEIGHT * WIDTH);
    await darks.close();
    await writeHdf5(at('limited.h5'), {
      '/entry': { group: { NX_class: 'NXentry' } },
      '/entry/instrument': { group: { NX_class: 'NXinstrument' } },
      '/entry/instrument/detector': { group: { NX_class: 'NXdetector' } },
      '/entry/instrument/detector/saturation_value': { data: 3000 },
      '/entry/data/data': { data: words, shape: [words.length / HEIGHT / WIDTH, HEIGHT, WIDTH] },
    });
    expect(await cli('inspect', at('limited.h5'))).toMatch(/the largest trusted count is 3000/);
    await cli('darks', at('limited.h5'), '--detector', 'jungfrau', '--out', at('unlimited.h5'));
    const [own, plain] = [await openMaps(at('unlimited.h5')), await openMaps(at('maps.h5'))];
    expect(own.cell(0)).toEqual(plain.cell(0));
    own.close();
    plain.close();
  });

  it.each([
    [
      'frames of one stage alone',
      ['words.darks.h5[0:60]'],
      /exit 2: .*has 0 frames of gain stage G1, 0 frames of gain stage G2; maps need 20/,
    ],
    [
      'a file that is there',
      ['words.darks.h5', '--out', 'maps.h5'],
      /exit 2: .*maps\.h5: --out: already exists/,
    ],
    [
      'an AGIPD with one argument',
      ['words.darks.h5', '--detector', 'agipd'],
      /exit 2: .*are 1 arguments: .* give 3, of high, medium, low gain/,
    ],
  ])('refuses %s', async (_what, [frames, ...more], expected) => {
    const out = more[0] === '--out' ? ['--out', at(more[1]!)] : ['--out', at('other.h5'), ...more];
    const detector = more.includes('--detector') ? [] : ['--detector', 'jungfrau'];
    expect(await cli('darks', at(frames!), ...detector, ...out)).toMatch(expected);
    expect(existsSync(at('other.h5'))).toBe(false);
  });
});

describe('vetoc evaluate --raw', () => {
  it('decides as the network on words does, and says how far floating point is', async () => {
    const { decisions, difference } = JSON.parse(
      await cli('evaluate', at('run'), '--raw', at('words.h5'), ...MAPS, '--json'),
    ) as EvaluateOutcome;
    const words = await openFrames(at('words.h5'));
    const { graph, integers } = await networkOn(words);
    for (let n = 0; n < COUNT; n++) {
      const { score, keep } = interpret(
        graph,
        (await words.read(n)).pixels,
        false,
        undefined,
        frameMaps(integers),
      );
      expect(decisions[n]).toMatchObject({ score, keep });
    }
    await words.close();
    expect(difference!.bound).toBeLessThanOrEqual(0.01);
    expect(difference!.farthest).toBeLessThanOrEqual(0.5 + difference!.bound);
    expect(difference!.equal / difference!.livePixels).toBeGreaterThan(0.99);
    expect(difference!.decidedApart).toEqual([]);
    // Hot pixels are beyond what the last gain stage holds: saturated, and masked.
    const masked = COUNT * HEIGHT * WIDTH - difference!.livePixels;
    expect(masked).toBeGreaterThan(0);
    expect(masked).toBeLessThan(0.005 * COUNT * HEIGHT * WIDTH);
    expect(await cli('evaluate', at('run'), '--raw', at('words.h5'), ...MAPS)).toMatch(
      /Words of JUNGFRAU: pedestals ap_ufixed<\d+,14,.*products of \d+ bits\.\nThe rounding of the maps moves a count by 0\.00\d+ at most, by proof\..*\nWith counts of double precision all 20 frames are decided alike/,
    );
  });

  it('sees the photons that were there', async () => {
    const counted = await openFrames(at('words.h5'), { rawMaps: RAW_MAPS });
    const truth = await openFrames(`${at('words.h5')}#/entry/truth/photons`);
    let [apart, pixels] = [0, 0];
    for (let n = 0; n < COUNT; n++) {
      const [a, b] = [await counted.read(n), await truth.read(n)];
      a.pixels.forEach((count, i) => {
        // Hot pixels beyond what the last gain stage holds are saturated.
        if (a.mask?.[i] === 0) {
          expect(b.pixels[i]).toBeGreaterThan(10_000);
          return;
        }
        pixels += 1;
        // A few per cent of noise in the high stages, 24 ADU of 390 in the first.
        if (Math.abs(count - b.pixels[i]!) > 1 + 0.05 * b.pixels[i]!) apart += 1;
      });
    }
    expect(apart / pixels).toBeLessThan(0.001);
    await counted.close();
    await truth.close();
  });

  it('decides as before on frames whose rows were shifted, where it takes away what they have in common', async () => {
    const words = await openFrames(at('words.h5'));
    const writer = await createHdf5(at('shifted.h5'));
    const data = writer.growing('/entry/data/data', 'u2', [HEIGHT, WIDTH], 1, 'none');
    const random = createRandom(6);
    for (let n = 0; n < COUNT; n++) {
      const { pixels } = await words.read(n);
      // Up to 0.6 photons of 391 ADU, a row of 18 pixels.
      const shifts = Float64Array.from(
        { length: pixels.length / 18 },
        () => 235 * (2 * random.uniform() - 1),
      );
      data.append(
        pixels.map((word, i) =>
          word < 16384 ? Math.min(Math.max(word + shifts[Math.floor(i / 18)]!, 0), 16383) : word,
        ),
      );
    }
    await words.close();
    await writer.commit();
    const evaluate = async (file: string, ...more: string[]): Promise<EvaluateOutcome> =>
      JSON.parse(
        await cli('evaluate', at('run'), '--raw', at(file), ...MAPS, '--json', ...more),
      ) as EvaluateOutcome;
    const apart = (a: EvaluateOutcome, b: EvaluateOutcome): number =>
      a.decisions.reduce((sum, { score }, n) => sum + Math.abs(score - b.decisions[n]!.score), 0);
    const [plain, shifted] = [await evaluate('words.h5'), await evaluate('shifted.h5')];
    const mode = ['--common-mode', '18:0.85'];
    const back = await evaluate('shifted.h5', ...mode);
    expect(back.decisions.map(({ keep }) => keep)).toEqual(plain.decisions.map(({ keep }) => keep));
    expect(apart(back, plain)).toBeLessThan(apart(shifted, plain) / 4);
    expect(back.difference!.detector).toBe('JUNGFRAU, less what 18 pixels of a row have in common');
    expect(back.difference!.equal / back.difference!.livePixels).toBeGreaterThan(0.99);
    for (const [given, why] of [
      ['7', /--common-mode: 7 columns do not divide the 36 of a frame/],
      ['18:x', /--common-mode: '18:x' is no COLUMNS:LIMIT:LEAST/],
      ['18:0.75:19', /--common-mode: '18:0.75:19' is no COLUMNS:LIMIT:LEAST/],
    ] as const)
      expect(
        await cli('evaluate', at('run'), '--raw', at('words.h5'), ...MAPS, '--common-mode', given),
      ).toMatch(why);
    expect(await cli('evaluate', at('run'), '--frames', at('words.h5'), '--common-mode', '18')).toMatch(
      /exit 2: .*--common-mode: is said of no maps/,
    );
  });

  it('is refused, by name, with maps that are not those of the frames', async () => {
    const raw = ['evaluate', at('run'), '--raw', at('words.h5')];
    expect(await cli(...raw)).toMatch(
      /exit 2: .*--raw: are words, which need the maps of their detector — give --maps/,
    );
    expect(await cli('evaluate', at('run'))).toMatch(/exit 2: .*--frames: are not given/);
    expect(await cli(...raw, '--maps', at('maps.h5'))).toMatch(
      /exit 2: .*maps\.h5: pixel_gain: has no gains/,
    );
    expect(await cli(...raw, '--maps', at('maps.h5'), '--gain', '41,-1.44,-0.106')).toMatch(
      /exit 2: .*--photon-energy: counts of photons need their energy/,
    );
    expect(await cli(...raw, '--maps', at('maps.h5'), '--gain', '41,1.44,-0.106', ...ENERGY)).toMatch(
      /exit 2: .*--gain: 1440 good pixels of gain stage G1 have a gain that is none, the first at row 0, column 0: 1\.44/,
    );
    expect(await cli(...raw, '--maps', at('words.h5'), ...ENERGY)).toMatch(
      /exit 2: .*words\.h5: detector: does not say its detector/,
    );
    expect(await cli(...raw, ...MAPS, '--pedestal', 'x.npy')).toMatch(
      /exit 2: .*--pedestal: says pedestals, which are in the file of --maps/,
    );
    writeFileSync(at('no.h5'), 'nothing');
    expect(await cli(...raw, '--maps', at('no.h5'), ...ENERGY)).toMatch(/exit 2: .*no\.h5: holds no maps/);
  });

  it('is refused with maps of another size, age or stage, and with gains that are NaN', async () => {
    const written = async (
      name: string,
      change: {
        readonly width?: number;
        readonly made?: string;
        readonly bad?: number;
        readonly gain?: number;
      },
    ): Promise<string> => {
      const writer = await createHdf5(at(name));
      const shape = [3, HEIGHT, change.width ?? WIDTH];
      const pixels = shape[1]! * shape[2]!;
      const status = new Uint8Array(3 * pixels);
      if (change.bad !== undefined) status.fill(8, change.bad * pixels, (change.bad + 1) * pixels);
      writer.dataset('/pedestals', new Float32Array(3 * pixels).fill(2500), shape);
      writer.dataset('/pixel_status', status, shape);
      const gains = Float64Array.from(
        { length: 3 * pixels },
        (_, i) => [41, -1.44, -0.106][Math.floor(i / pixels)]!,
      );
      if (change.gain !== undefined) gains[2 * pixels + WIDTH + 3] = change.gain;
      writer.dataset('/pixel_gain', gains, shape);
      writer.attribute('/', 'detector', 'jungfrau');
      if (change.made !== undefined) writer.attribute('/', 'made', change.made);
      await writer.commit();
      return cli('evaluate', at('run'), '--raw', at('words.h5'), '--maps', at(name), ...ENERGY);
    };
    expect(await written('wide.h5', { width: WIDTH + 1 })).toMatch(
      /exit 2: .*wide\.h5: --maps: has maps of 40×37 pixels, the frames of .*words\.h5 have 40×36/,
    );
    expect(await written('stage.h5', { bad: 1 })).toMatch(
      /exit 2: .*stage\.h5: pedestals: gain stage G1 has no map/,
    );
    expect(await written('nan.h5', { gain: NaN })).toMatch(
      /exit 2: .*nan\.h5: pixel_gain: 1 good pixels of gain stage G2 have a gain that is none, the first at row 1, column 3: NaN/,
    );
    expect(await written('sign.h5', { gain: 2 })).toMatch(
      /of gain stage G2 have a gain that is none.*below 0/,
    );
    utimesSync(at('words.h5'), new Date('2026-10-20T00:00:00Z'), new Date('2026-10-20T00:00:00Z'));
    expect(await written('old.h5', { made: '2026-10-01T00:00:00Z' })).toMatch(
      /exit 2: .*old\.h5: --maps: has maps of 2026-10-01T00:00:00\.000Z, 19\.0 days from the frames/,
    );
    expect(
      await cli(
        'evaluate',
        at('run'),
        '--raw',
        at('words.h5'),
        '--maps',
        at('old.h5'),
        ...ENERGY,
        '--maps-age',
        '20',
      ),
    ).toContain('frames kept at threshold');
    utimesSync(at('words.h5'), new Date(), new Date());
  });
});

describe('the serial number of a detector', () => {
  beforeAll(async () => {
    const words = await openFrames(at('words.h5'));
    const writer = await createHdf5(at('serial.h5'));
    writer.group('/entry', { NX_class: 'NXentry' });
    writer.group('/entry/instrument', { NX_class: 'NXinstrument' });
    writer.group('/entry/instrument/detector', { NX_class: 'NXdetector' });
    writer.strings('/entry/instrument/detector/serial_number', ['M2'], []);
    const data = writer.growing('/entry/data/data', 'u2', [HEIGHT, WIDTH], 1, 'none');
    for (let n = 0; n < 2; n++) data.append((await words.read(n)).pixels);
    await words.close();
    await writer.commit();
  });

  it('is that of the maps, or they are refused', async () => {
    const refused =
      /exit 2: .*maps\.h5: --maps: has maps of the detector M1, the frames of .*serial\.h5 are of M2/;
    expect(await cli('evaluate', at('run'), '--raw', at('serial.h5'), ...MAPS)).toMatch(refused);
    expect(await cli('inspect', at('serial.h5'), ...MAPS)).toMatch(refused);
    expect(await cli('inspect', at('serial.h5'))).toMatch(/serialNumber +M2/);
  });

  it('is that of the dark frames, or what is stated is refused', async () => {
    const asked = ['darks', at('serial.h5'), '--detector', 'jungfrau', '--out', at('wrong.h5')];
    expect(await cli(...asked, '--serial', 'M9')).toMatch(
      /exit 2: .*serial\.h5: --serial: is of the detector M2, not of M9/,
    );
    expect(existsSync(at('wrong.h5'))).toBe(false);
  });
});

describe('vetoc export --maps', () => {
  it('writes an ONNX file that takes words, with the integers that its inputs for maps take', async () => {
    await cli('export', 'onnx', at('run'), '--dialect', 'fixed', 'qdq', '--out', at('onnx'), ...MAPS);
    const { decisions } = JSON.parse(
      await cli('evaluate', at('run'), '--raw', at('words.h5'), ...MAPS, '--json'),
    ) as EvaluateOutcome;
    const file = await openHdf5(at('onnx/maps.h5'), 'maps.h5');
    const maps: FrameMaps = new Map(
      [RAW_IDS.pedestals, RAW_IDS.factors].map((id) => [id, file.readAll(`/${id}.maps`) as Int32Array]),
    );
    file.close();
    const words = await openFrames(at('words.h5'));
    const { graph } = await networkOn(words);
    const frames = await Promise.all(
      Array.from({ length: COUNT }, async (_, n) => (await words.read(n)).pixels),
    );
    await words.close();
    for (const dialect of ['fixed', 'qdq']) {
      const ort = await createOrtWitness(graph, { threads: 1 }, readFileSync(at(`onnx/${dialect}.onnx`)));
      const found = await ort.run(frames, { maps: frames.map(() => maps) });
      expect(found.map(({ score }) => score)).toEqual(decisions.map(({ score }) => score));
      await ort.close();
    }
  });

  it('writes firmware with golden words and their maps', async () => {
    await mkdir(at('run/hls/golden'), { recursive: true });
    const photons = await openFrames(`${at('words.h5')}#/entry/truth/photons`);
    const counts = (await photons.read(3)).pixels;
    await photons.close();
    writeFileSync(
      at('run/hls/golden/frames.bin'),
      Buffer.from(counts.buffer, counts.byteOffset, counts.byteLength),
    );
    await cli('export', 'hls', at('run'), '--out', at('firmware'), ...MAPS);
    expect(readFileSync(at('firmware/golden/maps.bin'))).toHaveLength(4 * 6 * HEIGHT * WIDTH);
    // Words of every count come back as that count.
    const made = readFileSync(at('firmware/golden/input.bin'));
    const masked = counts.filter((count, i) => made.readInt32LE(4 * i) !== count && count < 10_000).length;
    expect(masked).toBe(0);
    expect(readFileSync(at('firmware/README.md'), 'utf8')).toContain('**Maps in** (AXI4-Stream `maps`');
  });

  it('writes a set of other maps for firmware that is there: nothing else of it changes', async () => {
    const readme = readFileSync(at('firmware/README.md'), 'utf8');
    const formats = /--map-formats '(ap_ufixed<\d+,14>,ap_fixed<\d+,-?\d+>)'/.exec(readme)![1]!;
    const others = (energy: string): string[] => [
      '--maps',
      at('words.truth.h5'),
      '--photon-energy',
      energy,
      '--map-formats',
      formats,
    ];
    const exported = ['export', 'hls', at('run'), '--out'];
    expect(await cli(...exported, at('other'), ...others('5000'))).not.toMatch(/^exit/);
    const files = (folder: string): readonly string[] =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => relative(folder, join(file.parentPath, file.name)))
        .sort();
    expect(files(at('other'))).toEqual(files(at('firmware')));
    const changed = files(at('other')).filter(
      (file) => !readFileSync(join(at('other'), file)).equals(readFileSync(join(at('firmware'), file))),
    );
    expect(changed).toEqual(
      ['factors', 'frames', 'maps', 'maps_set', 'pedestals', 'words'].map((name) => `golden/${name}.bin`),
    );
    expect(
      JSON.parse(
        await cli('evaluate', at('run'), '--raw', at('words.h5'), ...others('5000'), '--json'),
      ) as EvaluateOutcome,
    ).toMatchObject({ difference: { decidedApart: [] } });

    expect(await cli(...exported, at('far'), ...others('500'))).toMatch(
      /exit 2: .*--map-formats: a factor of gain stage G2 is -\S+, beyond ap_fixed</,
    );
    for (const [wrong, why] of [
      ['ap_fixed<8,4>', /'ap_fixed<8,4>' is no two formats/],
      ['ap_ufixed<8,14>,ap_fixed<8,4>', /pedestals no coarser than an ADC unit/],
      ['ap_ufixed<30,14>,ap_fixed<30,4>', /needs products of 60 bits/],
    ] as const)
      expect(await cli(...exported, at('far'), ...MAPS, '--map-formats', wrong)).toMatch(why);
    expect(await cli(...exported, at('far'), '--map-formats', formats)).toMatch(/is said of no maps/);
    expect(existsSync(at('far'))).toBe(false);
  });

  it('writes RTL with the same golden words and maps, whose bench finds nothing that differs', async () => {
    await cli('export', 'rtl', at('run'), '--pixels-per-clock', '4', '--out', at('rtl'), ...MAPS);
    for (const file of ['maps.bin', 'input.bin', 'decisions.bin'])
      expect(readFileSync(at(`rtl/golden/${file}`))).toEqual(readFileSync(at(`firmware/golden/${file}`)));
    expect(readFileSync(at('rtl/README.md'), 'utf8')).toContain('**Maps in** (AXI4-Stream `maps`');
    const { code, output } = await make(at('rtl'), 'check');
    expect([code, output]).toEqual([0, expect.stringContaining('PASS: 0 differences')]);
    expect(output).toContain('PASS damaged maps: frames kept and flagged, the next one right');
  }, 300_000);

  it('is refused where there is no such form, or nothing to export', async () => {
    expect(await cli('export', 'rtl', at('run'), '--target', 'ulx3s', '--out', at('none'), ...MAPS)).toMatch(
      /exit 2: .*the board ULX3S: not supported: .*pedestals: starts at raw words: its serial line brings no maps/,
    );
    expect(await cli('export', 'hls', at('run'), '--out', at('none'), '--gain', '1,2,3')).toMatch(
      /exit 2: .*--gain: is said of no maps — give --maps/,
    );
    expect(existsSync(at('none'))).toBe(false);
  });
});
