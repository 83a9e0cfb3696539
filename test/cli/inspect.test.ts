import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFrames } from '../../src/data/open.js';
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
  expect([code, stderr.includes('vetoc:')]).toEqual([0, false]);
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
