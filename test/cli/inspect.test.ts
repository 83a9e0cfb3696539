import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFrames } from '../../src/data/open.js';
import { writeHdf5 } from '../data/make-hdf5.js';
import { runCli } from './run-cli.js';

const F = 'test/data/fixtures';
const folder = mkdtempSync(join(tmpdir(), 'vetoc-inspect-'));
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  for (const name of ['a', 'b', 'c']) copyFileSync(`${F}/three.edf`, at(`${name}.edf`));
  writeFileSync(at('b.edf'), readFileSync(`${F}/three.edf`).subarray(0, 700));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Printed {
  readonly files: readonly Record<string, unknown>[];
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly statistics: readonly Record<string, number>[];
  readonly bad: readonly unknown[];
}

async function inspected(...words: readonly string[]): Promise<Printed> {
  const { code, stdout, stderr } = await runCli('inspect', ...words, '--json');
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('vetoc:')]);
  return JSON.parse(stdout) as Printed;
}

describe('vetoc inspect', () => {
  it('says what each file is, and measures frames over all of them', async () => {
    const printed = await inspected(`${F}/big.tif`, `${F}/pages.tif[0:2]`, '--frames', 'all');
    expect(printed.files).toMatchObject([
      {
        format: 'TIFF',
        frames: 1,
        frameShape: [24, 40],
        pixelType: 'uint16',
        storage: '1 strip, uncompressed',
      },
      { format: 'TIFF', frames: 3, frameShape: [24, 40], pixelType: 'uint16' },
    ]);
    expect([printed.frames, printed.height, printed.width]).toEqual([3, 24, 40]);
    const source = await openFrames(`${F}/pages.tif`);
    const pixels = Array.from((await source.read(1)).pixels).sort((a, b) => a - b);
    await source.close();
    expect(printed.statistics.map((one) => one['fileIndex'])).toEqual([0, 0, 1]);
    expect(printed.statistics[2]).toMatchObject({
      min: pixels[0],
      max: pixels.at(-1),
      mean: pixels.reduce((a, b) => a + b, 0) / pixels.length,
      zeros: pixels.filter((value) => value === 0).length,
      masked: 0,
    });
  });

  it('draws a frame', async () => {
    await inspected(`${F}/pages.tif`, '--png', at('one.png'), '--frame', '2');
    const { width, height } = decode(readFileSync(at('one.png')));
    expect([width, height]).toEqual([40, 24]);
  });

  it('passes over a file that cannot be read when it is told to, and counts it', async () => {
    const printed = await inspected(at('*.edf'), '--skip-bad');
    expect([printed.frames, printed.bad.length]).toEqual([6, 1]);
    expect(printed.bad[0]).toMatchObject({
      file: at('b.edf'),
      problem: expect.stringContaining('truncated'),
    });
  });

  it('lists what was taken from where, and what was left unused, as JSON and in words', async () => {
    const [H, W] = [16, 20];
    const file = await writeHdf5(at('noted.nxs'), {
      '/entry': { group: { NX_class: 'NXentry' } },
      '/entry/definition': { data: 'NXmx' },
      '/entry/data': { group: { NX_class: 'NXdata' } },
      '/entry/data/data': { data: new Uint16Array(2 * H * W).fill(3), shape: [2, H, W] },
      '/entry/data/hit': { data: Uint8Array.of(1, 255) },
      '/entry/instrument': { group: { NX_class: 'NXinstrument' } },
      '/entry/instrument/beam/incident_wavelength': {
        data: Float64Array.of(1.25),
        attributes: { units: 'angstrom' },
      },
      '/entry/instrument/detector': { group: { NX_class: 'NXdetector' } },
      '/entry/instrument/detector/distance': { data: Float64Array.of(0.12), attributes: { units: 'm' } },
      '/entry/instrument/detector/saturation_value': { data: Int32Array.of(900) },
      '/entry/instrument/detector/pixel_mask': { data: new Uint32Array(H * W), shape: [H, W] },
      '/entry/instrument/detector/hot_mask': { data: new Uint32Array(H * W), shape: [H, W] },
    });
    const geometry = at('noted.geom');
    writeFileSync(
      geometry,
      `wavelength = 1.3 A\nclen = 0.2\nres = 10000\nwibble = 3\ndata = /entry/data/data\ndim0 = %\ndim1 = ss\ndim2 = fs\np/min_fs = 0\np/max_fs = ${W - 1}\np/min_ss = 0\np/max_ss = ${H - 1}\np/fs = x\np/ss = y\np/corner_x = -10\np/corner_y = -8\n`,
    );
    const labels = at('noted.csv');
    writeFileSync(labels, `file,frame,hit\n${file},0,0\n`);
    const words = [file, '--geometry', geometry, '--labels', labels];
    const { notes } = (await inspected(...words)) as unknown as {
      notes: readonly { kind: string; about: string; field: string | null; file: string; text: string }[];
    };
    const found = (kind: string, about: string, field: string | RegExp): string | undefined =>
      notes.find(
        (note) =>
          note.kind === kind &&
          note.about === about &&
          (typeof field === 'string' ? note.field === field : field.test(`${note.field}`)),
      )?.text;
    const detector = '/entry/instrument/detector';
    expect(found('taken', 'mask', `${detector}/pixel_mask`)).toMatch(/not zero means bad/);
    expect(found('warning', 'mask', `${detector}/hot_mask`)).toMatch(/not used/);
    expect(found('taken', 'values', `${detector}/saturation_value`)).toMatch(/largest trusted count is 900/);
    expect(notes.filter(({ about, file: of }) => about === 'geometry' && of === geometry)).not.toEqual([]);
    expect(
      notes.some(({ kind, text, field }) => kind === 'warning' && /wibble/.test(`${field} ${text}`)),
    ).toBe(true);
    expect(found('warning', 'labels', '/entry/data/hit')).toMatch(/neither 0 nor 1/);
    const { stdout } = await runCli('inspect', ...words);
    for (const { text, field } of notes)
      expect(stdout).toContain(`${field ?? ''}${field === null ? '' : ': '}${text}`);
    expect(stdout).toMatch(/geometry .*1\.3000 Å.*200\.00 mm away/);
    const strict = await runCli('inspect', ...words, '--strict');
    expect([strict.code, strict.stdout, strict.stderr]).toEqual([
      2,
      '',
      expect.stringMatching(/hot_mask|wibble/),
    ]);
  });

  it.each([
    [[`${F}/filters.h5`], /holds several datasets that could be frames: \/bitshuffle/],
    [[`${F}/pages.tif`, '--png', 'x.png', '--frame', '-1'], /--frame/],
    [['nothing.cxi'], /nothing\.cxi: does not exist/],
  ])('refuses %j in one message', async (words, problem) => {
    const { code, stdout, stderr } = await runCli('inspect', ...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(problem);
    expect(stderr).not.toMatch(/\n +at /);
  });
});
