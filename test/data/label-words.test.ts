/** Labels as text, empty values and fractions; rows of other files, of no frame, and over several lines. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hitOfValue, isNoClass } from '../../src/data/labels/label-values.js';
import { describeNote, warningsOf } from '../../src/data/notes.js';
import { openFrames, type OpenFramesOptions } from '../../src/data/open.js';
import { writeHdf5, type MadeDataset } from './make-hdf5.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-label-words-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

const frames = { data: new Uint16Array(4 * 64).fill(1), shape: [4, 8, 8] };
const file = (beside: Readonly<Record<string, MadeDataset>> = {}, name = `${made++}.h5`): Promise<string> =>
  writeHdf5(join(folder, name), { '/data/data': frames, ...beside });

interface Labelled {
  readonly hits: readonly (boolean | null)[];
  readonly labels: readonly (number | null)[];
  readonly warnings: string;
}

async function labelled(
  argument: string | readonly string[],
  options: OpenFramesOptions = {},
): Promise<Labelled> {
  const source = await openFrames(argument, options);
  try {
    const all = Array.from({ length: source.count }, (_, i) => source.label(i));
    const warnings = warningsOf(source.notes).map(describeNote).join('\n');
    return { hits: all.map(({ hit }) => hit), labels: all.map(({ label }) => label), warnings };
  } finally {
    await source.close();
  }
}

const byTable = async (text: string, argument?: string | readonly string[]): Promise<Labelled> => {
  const path = join(folder, `${made++}.csv`);
  writeFileSync(path, text);
  return labelled(argument ?? (await file({}, 'u.h5')), { labels: path });
};

describe('values of labels', () => {
  it.each([
    [1, true],
    ['1', true],
    ['0', false],
    ['HIT', true],
    [' Miss ', false],
    ['', null],
    ['  ', null],
    ['unknown', null],
    ['maybe', null],
    ['constructor', null],
    [0.5, null],
    ['18446744073709551615', null],
  ])('%j says %j', (value, hit) => {
    expect(hitOfValue(value)).toBe(hit);
  });

  it('that are empty are no class', () => {
    expect(['', '-1', '255', '?', NaN].map(isNoClass)).toEqual([true, true, true, true, true]);
    expect(['3', 'Weak', 'hit', 0].map(isNoClass)).toEqual([false, false, false, false]);
  });
});

describe('a dataset of labels', () => {
  const of = async (data: MadeDataset['data']): Promise<Labelled> =>
    labelled(await file(), {
      labels: `${await writeHdf5(join(folder, `${made++}.h5`), { '/lab': { data } })}#/lab`,
    });

  it('of words says hits and misses; others and nothing are unknown and said', async () => {
    const { hits, warnings } = await of(['Hit', 'MISS', '', '??']);
    expect(hits).toEqual([true, false, null, null]);
    expect(warnings).toMatch(/\/lab: 2 of 4 frames are neither 0 nor 1 \('': 1, '\?\?': 1\)/);
  });

  it('of digits as text is as numbers are', async () => {
    expect((await of(['1', '0', '', '255'])).hits).toEqual([true, false, null, null]);
  });

  it('of names of classes says classes', async () => {
    const { labels, hits } = await of(['Weak', 'Blank', '', 'strong']);
    expect(labels).toEqual([2, 0, null, 4]);
    expect(hits).toEqual([true, false, null, true]);
  });

  it('of other words is refused', async () => {
    await expect(of(['ice', 'Blank', '', '?'])).rejects.toThrow(/\/lab: frame 0 has the label 'ice'/);
  });

  it('of 0, 1 and fractions says hits and misses, and that fractions are unknown', async () => {
    const { hits, warnings } = await of(Float64Array.of(1, 0, NaN, 0.5));
    expect(hits).toEqual([true, false, null, null]);
    expect(warnings).toMatch(/2 of 4 frames are neither 0 nor 1 \(NaN: 1, 0.5: 1\)/);
    await expect(of(Float64Array.of(0.1, 0.2, 0.9, 0.5))).rejects.toThrow(/frame 0 has the label 0.1/);
  });

  it('beside the frames is read the same way', async () => {
    const beside = await labelled(
      await file({
        '/data/hit': { data: ['hit', '0', '', 'no'] },
        '/data/indexable': { data: ['1', '', '0', '1'] },
      }),
    );
    expect(beside.hits).toEqual([true, false, null, false]);
    expect(beside.warnings).toMatch(/\/data\/hit: 1 of 4 frames are neither 0 nor 1 \('': 1\)/);
  });
});

describe('a table of labels', () => {
  it('with rows of files that are not given counts and says them', async () => {
    const { hits, warnings } = await byTable('file,frame,hit\nu.h5,0,1\nzz.h5,0,1\nyy.h5,3,0\n');
    expect(hits).toEqual([true, null, null, null]);
    expect(warnings).toMatch(/row 2: 2 of 3 rows name files that are not among the frames, first zz\.h5 0/);
  });

  it('with such rows alone is refused', async () => {
    await expect(byTable('file,frame,hit\nzz.h5,0,1\n')).rejects.toThrow(
      /labels no frame: row 1 names zz\.h5 0/,
    );
  });

  it.each(['-1', '4'])('with a row of frame %s of four is refused', async (frame) => {
    await expect(byTable(`file,frame,hit\nu.h5,0,1\nu.h5,${frame},0\n`)).rejects.toThrow(
      new RegExp(`row 2 names the event ${frame} of .*u.h5, which has 4 frames, numbered from 0`),
    );
    await expect(byTable(`frame,hit\n0,1\n${frame},0\n`)).rejects.toThrow(
      new RegExp(`row 2 names frame ${frame}, which is not there`),
    );
  });

  it('has ends of lines, commas and quotes inside quotes', async () => {
    const { hits, warnings } = await byTable(
      'file,frame,hit,note\r\nu.h5,0,1,"a, b"\r\nu.h5,1,0,"two\r\n\r\n# lines"\r\nu.h5,3,0,"c ""d"" e"\r\n',
    );
    expect(hits).toEqual([true, false, null, false]);
    expect(warnings).toMatch(/note: this column is not used/);
  });

  it('with a quote that does not end says where it begins', async () => {
    await expect(byTable('file,frame,hit\nu.h5,0,1\n"u.h5,1,0\nu.h5,2,0\n')).rejects.toThrow(
      /line 3 has a quote that does not end/,
    );
  });

  it('without a column of files says that its numbers count over all of them', async () => {
    const { hits, warnings } = await byTable('frame,hit\n0,1\n5,0\n', [await file(), await file()]);
    expect(hits).toEqual([true, null, null, null, null, false, null, null]);
    expect(warnings).toMatch(/frame: its numbers count over all 8 frames of several files/);
    expect((await byTable('frame,hit\n0,1\n')).warnings).toBe('');
  });
});
