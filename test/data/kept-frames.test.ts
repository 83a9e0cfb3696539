/** What `vetoc filter` writes: kept frames with everything that their files said of them, and scores that survive a kill. */
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { journalKey, scoreSeries } from '../../src/run/stages/filter.js';
import { openHdf5, type Hdf5File } from '../../src/data/hdf5/file.js';
import type { FrameSource } from '../../src/data/frames.js';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { openFrames } from '../../src/data/open.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { writeKeptFrames, type KeptReport } from '../../src/data/write/kept-frames.js';
import { openJournal, UNREADABLE } from '../../src/data/write/score-journal.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { beginStage, silence } from '../../src/run/events.js';

const [H, W] = [24, 30];
const DETECTOR = '/entry_1/instrument_1/detector_1';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-kept-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Frame `n` of the test files. */
const frame = (n: number): Int16Array => Int16Array.from({ length: H * W }, (_, i) => 100 * n + i);

/** Five frames as Cheetah writes them, with peak lists, facts of the beam and a mask for the run. */
async function cheetahFile(path: string): Promise<void> {
  const writer = await createHdf5(path);
  const data = writer.growing(`${DETECTOR}/data`, 'i2', [H, W], 1, 'gzip');
  for (let n = 0; n < 5; n++) data.append(frame(n));
  writer.attribute(`${DETECTOR}/data`, 'numEvents', 5);
  writer.dataset(
    `${DETECTOR}/mask_shared`,
    Uint16Array.from({ length: H * W }, (_, i) => (i === 3 ? 8 : 0)),
    [H, W],
  );
  writer.dataset(`${DETECTOR}/distance`, Float64Array.of(0.1), []);
  writer.softLink('/entry_1/data_1', DETECTOR);
  writer.dataset('/entry_1/result_1/nPeaks', Int32Array.of(0, 1, 2, 0, 1));
  const peaks = Float32Array.of(0, 0, 1.5, 0, 2.5, 7, 0, 0, 4.25, 0);
  for (const name of ['peakXPosRaw', 'peakYPosRaw'])
    writer.dataset(`/entry_1/result_1/${name}`, peaks, [5, 2]);
  writer.dataset('/LCLS/photon_energy_eV', Float64Array.of(9500, 9501, 9502, 9503, 9504));
  writer.strings('/LCLS/eventTimeString', ['a', 'b', 'c', 'd', 'e']);
  writer.strings('/entry_1/sample_name', ['lysozyme'], [1]);
  await writer.commit();
}

interface Kept {
  readonly report: KeptReport;
  readonly file: Hdf5File;
  readonly source: FrameSource;
}

async function keep(from: string | readonly string[], kept: readonly number[], name: string): Promise<Kept> {
  const source = await openFrames(from);
  const path = join(folder, name);
  const report = await writeKeptFrames(path, {
    source,
    kept,
    scores: Int32Array.from({ length: source.count }, (_, i) => 10 * i - 7),
    datasetOf: () => null,
    asStored: true,
    attributes: { creator: 'test', threshold: -5 },
  });
  await source.close();
  return { report, file: await openHdf5(path, name), source: await openFrames(path) };
}

describe('kept frames of a Cheetah file', () => {
  let kept: Kept;
  beforeAll(async () => {
    const path = join(folder, 'run.cxi');
    await cheetahFile(path);
    kept = await keep(path, [1, 2, 4], 'kept.cxi');
  });
  afterAll(async () => {
    kept.file.close();
    await kept.source.close();
  });

  it('are the stored pixels in their stored type, through the data and its link, one frame a chunk', () => {
    const info = kept.file.info('/entry_1/data_1/data');
    expect([info.shape, info.pixelType, info.chunks]).toEqual([[3, H, W], 'int16', [1, H, W]]);
    for (const [row, n] of [1, 2, 4].entries())
      expect(kept.file.read(info, [row, 0, 0], [1, H, W])).toEqual(frame(n));
    expect(kept.file.attribute(`${DETECTOR}/data`, 'numEvents')).toEqual(Int32Array.of(3));
    expect(kept.file.readAll('/cxi_version')).toEqual(Int32Array.of(150));
  });

  it('keep their peak lists, in pixel indices, and their facts; the mask and the sample are copied', async () => {
    const { source, file } = kept;
    expect([0, 1, 2].map((i) => source.spots(i)!.map(({ x, y }) => [x, y]))).toEqual([
      [[1.5, 1.5]],
      [
        [2.5, 2.5],
        [7, 7],
      ],
      [[4.25, 4.25]],
    ]);
    expect([0, 1, 2].map((i) => source.meta(i)['photon_energy_eV'])).toEqual([9501, 9502, 9504]);
    expect(file.readAll('/LCLS/eventTimeString')).toEqual(['b', 'c', 'e']);
    expect(file.readAll('/entry_1/sample_name')).toEqual(['lysozyme']);
    expect((await source.read(0)).mask![3]).toBe(0);
    expect((file.readAll(`${DETECTOR}/mask_shared`) as Uint16Array)[3]).toBe(8);
    expect(kept.report.left).toEqual([]);
  });

  it('come with scores, their numbers in the series, and where they are from', () => {
    const { file } = kept;
    expect(file.readAll('/vetoc/score')).toEqual(Int32Array.of(3, 13, 33));
    expect(file.readAll('/vetoc/frame')).toEqual(Int32Array.of(1, 2, 4));
    expect(file.readAll('/vetoc/all_scores')).toEqual(Int32Array.of(-7, 3, 13, 23, 33));
    expect(file.attribute('/vetoc', 'threshold')).toEqual(Int32Array.of(-5));
    const path = join(folder, 'run.cxi');
    expect(file.readAll('/entry_1/experiment_identifier')).toEqual([1, 2, 4].map((n) => `${path}//${n}`));
  });
});

describe('kept frames of other files', () => {
  it('keep the identifiers that their file gave them', async () => {
    const path = join(folder, 'named.cxi');
    const writer = await createHdf5(path);
    const data = writer.growing(`${DETECTOR}/data`, 'i2', [H, W], 1, 'gzip');
    for (let n = 0; n < 3; n++) data.append(frame(n));
    writer.strings('/entry_1/experiment_identifier', ['shot a', 'shot b', 'shot c']);
    await writer.commit();
    const { file, source, report } = await keep(path, [0, 2], 'kept-named.cxi');
    expect(file.readAll('/entry_1/experiment_identifier')).toEqual(['shot a', 'shot c']);
    expect(file.readAll('/vetoc/source_index')).toEqual(Int32Array.of(0, 2));
    expect(report.left).toEqual([]);
    file.close();
    await source.close();
  });

  it('of a camera say distance and pixel size in metres, as CXI does', async () => {
    const path = join(folder, 'camera.img');
    const header =
      '{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=30;\nSIZE2=24;\nPIXEL_SIZE=0.08;\nDISTANCE=57.5;\nWAVELENGTH=1.0;\n}\n';
    writeFileSync(path, Buffer.concat([Buffer.from(header.padEnd(512)), Buffer.alloc(2 * H * W, 1)]));
    const { file, source } = await keep(path, [0], 'kept-camera.cxi');
    expect(file.readAll(`${DETECTOR}/distance`)).toEqual(Float64Array.of(0.0575));
    for (const axis of ['x', 'y'])
      expect(file.readAll(`${DETECTOR}/${axis}_pixel_size`)).toEqual(Float64Array.of(0.08 / 1000));
    expect(file.readAll('/entry_1/instrument_1/source_1/energy')).toEqual(
      Float64Array.of(12398.419843320026 * 1.602176634e-19),
    );
    file.close();
    await source.close();
  });

  it('of LCLS2 small data: events in order of time, ragged values of the kept events alone', async () => {
    const { file, source, report } = await keep('test/data/fixtures/smalldata.h5', [0, 1], 'small.cxi');
    expect(file.readAll('/hsd/var_peaks_len')).toEqual(Int32Array.of(2, 1));
    expect(file.readAll('/hsd/var_peaks')).toEqual(Float64Array.of(1, 2, 3));
    expect(file.readAll('/evr/code')).toEqual(Int32Array.of(40, 41));
    expect(report.carried).toContain('/hsd/var_peaks');
    file.close();
    await source.close();
    const last = await keep('test/data/fixtures/smalldata.h5', [1, 2], 'last.cxi');
    expect(last.file.readAll('/hsd/var_peaks')).toEqual(Float64Array.of(3));
    expect(last.file.readAll('/hsd/var_peaks_len')).toEqual(Int32Array.of(1, 0));
    last.file.close();
    await last.source.close();
  });

  it('of an NXmx file stay one: the old path of the data leads to the kept frames', async () => {
    const path = join(folder, 'eiger_master.h5');
    const writer = await createHdf5(path);
    writer.group('/entry', { NX_class: 'NXentry' });
    writer.strings('/entry/definition', ['NXmx'], [1]);
    writer.dataset(
      '/entry/data/data',
      Uint16Array.from({ length: 3 * H * W }, (_, i) => i),
      [3, H, W],
    );
    writer.dataset('/entry/instrument/detector/pixel_mask', new Uint32Array(H * W), [H, W]);
    writer.dataset('/entry/instrument/detector/distance', Float64Array.of(0.2), []);
    writer.attribute('/entry/instrument/detector/distance', 'units', 'm');
    await writer.commit();
    const { file, source } = await keep(path, [2], 'nx.h5');
    expect(file.softLink('/entry/data/data')).toBe(`${DETECTOR}/data`);
    expect((file.readAll('/entry/data/data') as Uint16Array)[0]).toBe(2 * H * W);
    expect(file.attribute('/entry/instrument/detector/distance', 'units')).toEqual(['m']);
    expect(file.attribute('/entry', 'NX_class')).toEqual(['NXentry']);
    file.close();
    await source.close();
  });

  it('of plain pictures: pixels, identifiers, and one frame a row', async () => {
    const { file, source } = await keep('test/data/fixtures/three.edf', [0, 2], 'edf.cxi');
    const before = await openFrames('test/data/fixtures/three.edf');
    for (const [row, n] of [0, 2].entries())
      expect((await source.read(row)).pixels).toEqual((await before.read(n)).pixels);
    expect(file.readAll('/vetoc/source_index')).toEqual(Int32Array.of(0, 2));
    file.close();
    await Promise.all([source.close(), before.close()]);
  });

  it('of files that do not go together are refused, and nothing is left behind', async () => {
    const other = join(folder, 'other.cxi');
    const writer = await createHdf5(other);
    writer.dataset(`${DETECTOR}/data`, new Float32Array(2 * H * W), [2, H, W]);
    await writer.commit();
    const files = [join(folder, 'run.cxi'), other];
    await expect(keep(files, [0, 6], 'mixed.cxi')).rejects.toThrow(/other\.cxi: has frames of .* float32/);
    expect(existsSync(join(folder, 'mixed.cxi'))).toBe(false);
    expect(existsSync(join(folder, 'mixed.cxi.partial'))).toBe(false);
  });
});

describe('scoring a series', () => {
  const graph = sampleFixedGraph();
  const frames = sampleFrames(100, 40 * 36, 5);
  const series = framesFromArrays({ height: 40, width: 36, frames });
  const silent = beginStage(silence, 'test');
  const key = journalKey(graph, series, '[]');

  /** All scores in one go. */
  async function uninterrupted(): Promise<Int32Array> {
    const journal = await openJournal(join(folder, 'whole.scores'), key);
    await scoreSeries(graph, series, journal, null, silent);
    const { scores } = journal;
    await journal.remove();
    return scores;
  }

  it('goes on where a kill stopped it, past a torn entry, and reads no frame twice', async () => {
    const path = join(folder, 'killed.scores');
    const dying = {
      ...series,
      read: (i: number) => (i < 70 ? series.read(i) : Promise.reject(new Error('killed'))),
    };
    const first = await openJournal(path, key);
    await expect(scoreSeries(graph, dying, first, null, silent)).rejects.toThrow('killed');
    await first.close();
    appendFileSync(path, Buffer.of(1, 2, 3));
    const second = await openJournal(path, key);
    const known = second.scores.length;
    expect(known).toBe(64);
    const asked: number[] = [];
    const watched = { ...series, read: (i: number) => (asked.push(i), series.read(i)) };
    await scoreSeries(graph, watched, second, null, silent);
    expect(asked).toEqual(Array.from({ length: 36 }, (_, i) => 64 + i));
    expect(second.scores).toEqual(await uninterrupted());
    await second.close();
  });

  it('refuses the scores of another network or of other frames', async () => {
    const path = join(folder, 'killed.scores');
    const other = journalKey(sampleFixedGraph({ seed: 2 }), series, '[]');
    await expect(openJournal(path, other)).rejects.toThrow(/scores of another run \(network\).*--restart/);
    await expect(openJournal(path, journalKey(graph, series, '["b.h5"]'))).rejects.toThrow(/asked/);
    const moved = { ...graph, threshold: graph.threshold + 1 };
    expect(journalKey(moved, series, '[]')).toEqual(key);
  });

  it('marks a frame that cannot be read, and scores the others as ever', async () => {
    const broken = {
      ...series,
      read: (i: number) => (i === 33 ? Promise.reject(new UserError('is corrupt', {})) : series.read(i)),
    };
    const journal = await openJournal(join(folder, 'bad.scores'), key);
    const bad: number[] = [];
    await scoreSeries(graph, broken, journal, (one) => bad.push(one.index), silent);
    const expected = await uninterrupted();
    expected[33] = UNREADABLE;
    expect(journal.scores).toEqual(expected);
    expect(bad).toEqual([33]);
    await journal.remove();
    expect(existsSync(join(folder, 'bad.scores'))).toBe(false);
  });
});
