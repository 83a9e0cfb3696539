/** Labels that people and programs write: which frames they mean, and what is said where they mean none. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseEvent, readList } from '../../src/data/crystfel/lists.js';
import type { FrameSource } from '../../src/data/frames.js';
import { indexedFrames } from '../../src/data/labels/indexed-frames.js';
import { labelFrames } from '../../src/data/labels/label-frames.js';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { describeNote } from '../../src/data/notes.js';
import { openFrames } from '../../src/data/open.js';
import { concatenateFrames, selectFrames } from '../../src/data/source.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-labels-'));

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** Frames that say they are of the file `name` in the folder of this test. */
const frames = (name: string, count = 4, classNames?: readonly string[]): FrameSource =>
  framesFromArrays({
    name: join(folder, name),
    height: 1,
    width: 1,
    frames: Array.from({ length: count }, () => Uint16Array.of(0)),
    ...(classNames === undefined ? {} : { classNames }),
  });

const hitsOf = (source: FrameSource): readonly (boolean | null)[] =>
  Array.from({ length: source.count }, (_, i) => source.label(i).hit);

const label = (source: FrameSource, name: string, text: string | Buffer): Promise<FrameSource> =>
  labelFrames(source, write(name, text));

const saidBy = (source: FrameSource): string => (source.notes ?? []).map(describeNote).join('\n');

/** An HDF5 file with three frames and a column of numbers beside them. */
async function fileWith(column: string, values: readonly number[], name: string): Promise<string> {
  const path = join(folder, name);
  const writer = await createHdf5(path);
  writer.group('/entry', {});
  writer.group('/entry/data', {});
  writer.dataset('/entry/data/data', new Uint16Array(values.length * 64), [values.length, 8, 8]);
  writer.dataset(column, Int32Array.from(values), [values.length]);
  await writer.commit();
  return path;
}

describe('names in labels', () => {
  const two = concatenateFrames([frames('run7/frames.cxi'), frames('run8/frames.cxi')]);

  it('match by the end of the path: the folder that both have decides', async () => {
    const source = await label(two, 'a/one.lst', '../elsewhere/run7/frames.cxi //1\n');
    expect(hitsOf(source)).toEqual([false, true, false, false, false, false, false, false]);
  });

  it('match on another machine where the last folder is the same, with a byte order mark and CRLF', async () => {
    const source = await label(frames('run8/frames.cxi'), 'b.lst', '\uFEFF/gpfs/run8/frames.cxi //0\r\n');
    expect(hitsOf(source)).toEqual([true, false, false, false]);
  });

  it.each([
    ['c.lst', '/gpfs/run7/frames.cxi //0\n'],
    ['c.csv', 'file,index,hit\n/gpfs/run7/frames.cxi,0,1\n'],
    ['c.stream', '----- Begin chunk\nImage filename: run7/frames.cxi\nEvent: //0\n----- End chunk\n'],
  ])('of another run are refused though the file name is the same: %s', async (name, text) => {
    await expect(label(frames('run8/frames.cxi'), name, text)).rejects.toThrow(/run7\/frames\.cxi/);
  });

  it('without a folder fit the one file of that name, and are refused where there are two', async () => {
    expect(hitsOf(await label(frames('run8/frames.cxi'), 'd.lst', 'frames.cxi //2\n'))[2]).toBe(true);
    await expect(label(two, 'd2.lst', 'frames.cxi //2\n')).rejects.toThrow(
      /line 1 names frames\.cxi, which may be .*run7.* or .*run8/,
    );
  });

  it('without a folder mean the file beside the list where there is one', async () => {
    write('run9/frames.cxi', '');
    await expect(label(frames('run8/frames.cxi'), 'run9/e.lst', 'frames.cxi //0\n')).rejects.toThrow(
      /none of which/,
    );
  });

  it('may hold spaces; the event is the last word, and a number alone is one', async () => {
    const source = await label(
      frames('my run/fr ames.cxi'),
      'f.lst',
      'my run/fr ames.cxi //1\nmy run/fr ames.cxi 3\n',
    );
    expect(hitsOf(source)).toEqual([false, true, false, true]);
    const file = write('my run/ends in 7', '');
    expect(await readList(write('g.lst', `${file}\n`), '--labels', (name) => name === file)).toMatchObject([
      { file },
    ]);
  });

  it('without an event mean all frames of the file', async () => {
    expect(hitsOf(await label(two, 'h.lst', 'run8/frames.cxi\n'))).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(hitsOf(await label(two, 'h.csv', 'file,hit\nrun8/frames.cxi,0\n')).slice(3, 6)).toEqual([
      null,
      false,
      false,
    ]);
  });

  it('of files that are not given are left out, counted and named', async () => {
    const source = await label(
      frames('run8/frames.cxi'),
      'i.lst',
      'run8/frames.cxi //0\nrun9/x.cxi //0\nrun9/x.cxi //1\n',
    );
    expect(saidBy(source)).toMatch(
      /line 2: 2 of 3 lines name files that are not among the frames, first run9\/x\.cxi/,
    );
    expect(saidBy(source)).toMatch(/labels of 4 of 4 frames: 1 hits, 3 misses, 0 unknown/);
  });
});

describe('events in labels', () => {
  it.each([
    ['//12', [], [12]],
    ['tag-5//', ['tag-5'], []],
    ['entry_1/x//0', ['entry_1', 'x'], [0]],
    ['//1/3', [], [1, 3]],
    ['12', [], [12]],
    ['//', [], []],
  ])('%s', (text, path, numbers) => {
    expect(parseEvent(text)).toEqual({ text, path, numbers });
  });

  it.each(['frames.cxi', 'x/y', '//a', '/12'])('%s is none', (text) => {
    expect(parseEvent(text)).toBeNull();
  });

  it.each([
    ['run7/frames.cxi //1/3\n', /line 1 names the event \/\/1\/3 of .*one axis of frames, not 2/],
    [
      'run7/frames.cxi //0\nrun7/frames.cxi tag-1//\n',
      /line 2 names the event tag-1\/\/ .*no path with tag-1/,
    ],
    ['run7/frames.cxi //77\n', /line 1 names the event \/\/77 .*has 4 frames, numbered from 0/],
  ])('that the file does not have are refused: %j', async (text, words) => {
    await expect(label(frames('run7/frames.cxi'), 'wrong.lst', text)).rejects.toThrow(words);
  });

  it('that a range left out label nothing, and are no mistake', async () => {
    const whole = frames('run7/frames.cxi');
    const list = write('range.lst', 'run7/frames.cxi //0\nrun7/frames.cxi //3\n');
    const source = await labelFrames(selectFrames(whole, [0, 1]), list, [whole]);
    expect(hitsOf(source)).toEqual([true, false]);
    const beyond = write('beyond.lst', 'run7/frames.cxi //4\n');
    await expect(labelFrames(selectFrames(whole, [0, 1]), beyond, [whole])).rejects.toThrow(/has 4 frames/);
  });

  it('fit a path inside the file where the frames stand at it', async () => {
    const path = await fileWith('/entry/data/other', [0, 1, 2], 'path.h5');
    const hits = async (event: string): Promise<readonly (boolean | null)[]> => {
      const source = await openFrames(path, { labels: write('path.lst', `${path} ${event}\n`) });
      await source.close();
      return hitsOf(source);
    };
    expect(await hits('entry//2')).toEqual([false, false, true]);
    await expect(hits('entry_2//2')).rejects.toThrow(/no path with entry_2/);
  });

  it('of a stream that stops inside a chunk are those before it, which is said', async () => {
    const chunk = (event: string, by: string): string =>
      `----- Begin chunk -----\nImage filename: run7/frames.cxi\nEvent: ${event}\nindexed_by = ${by}\n`;
    const text = `${chunk('//0', 'mosflm')}----- End chunk -----\n${chunk('//1', 'none')}`;
    const source = await label(frames('run7/frames.cxi'), 'cut.stream', text);
    expect(hitsOf(source)).toEqual([true, null, null, null]);
    expect(saidBy(source)).toMatch(/ends inside the chunk of line 6/);
    const twice = `${chunk('//0', 'mosflm')}----- End chunk -----\n${chunk('//0', 'none')}----- End chunk -----\n`;
    await expect(label(frames('run7/frames.cxi'), 'twice.stream', twice)).rejects.toThrow(
      /line 1 says indexed, line 6 says not indexed/,
    );
  });

  describe('of a stream', () => {
    const chunk = (event: number, ...lines: readonly string[]): string =>
      ['----- Begin chunk -----', 'Image filename: run7/frames.cxi', `Event: //${event}`, 'Image serial number: 1', ...lines, '----- End chunk -----', ''].join('\n');
    const [HIT, MISS, INDEXED, NOT] = ['hit = 1', 'hit = 0', 'indexed_by = xgandalf-nolatt-cell', 'indexed_by = none'];

    it.each([
      ['with lines hit: those are the hits, indexed or not', [chunk(0, HIT, INDEXED), chunk(1, HIT, NOT), chunk(2, MISS, NOT)], [true, true, false, null], [/^hits are the frames of hit = 1, in 3 of 3 chunks$/]],
      ['without: what was indexed', [chunk(0, INDEXED), chunk(1, NOT)], [true, false, null, null], [/^hits are the frames that were indexed \(indexed_by\): no chunk has a line hit$/]],
      ['of both kinds', [chunk(0, HIT, NOT), chunk(1, INDEXED), chunk(2, NOT)], [true, true, false, null], [/in 1 of 3 chunks$/, /^stands in 1 of 3 chunks; in the others hits are the frames that were indexed/]],
      ['of a hit that is no yes or no', [chunk(0, 'hit = 2', INDEXED)], [true, null, null, null], [/line 5: hit is 2, neither 0 nor 1/, /no chunk has a line hit/]],
      ['whose chunk has no end', [chunk(0, HIT, NOT).replace('----- End chunk -----\n', ''), chunk(1, MISS, NOT)], [null, false, null, null], [/the chunk of line 1 has no end before line 7 and is left out/, /in 1 of 1 chunks/]],
    ])('%s', async (_, chunks, hits, said) => {
      const source = await label(frames('run7/frames.cxi'), 'hits.stream', chunks.join(''));
      expect(hitsOf(source)).toEqual(hits);
      const notes = source.notes!.filter(({ file, text }) => file.endsWith('hits.stream') && !/^labels of/.test(text)).map(({ text }) => text);
      expect(notes).toEqual(said.map((one) => expect.stringMatching(one) as string));
    });

    it('what can be indexed is by indexed_by, whatever is a hit', async () => {
      const indexed = write('indexed.stream', chunk(0, HIT, INDEXED) + chunk(1, HIT, NOT));
      const source = await indexedFrames(frames('run7/frames.cxi'), indexed);
      expect(Array.from({ length: 4 }, (__, i) => source.label(i).indexable ?? null)).toEqual([true, false, null, null]);
    });

    it('two chunks that contradict each other are refused', async () => {
      const text = chunk(0, HIT, NOT) + chunk(0, MISS, NOT);
      await expect(label(frames('run7/frames.cxi'), 'two.stream', text)).rejects.toThrow(/line 1 says a hit, line 8 says not a hit/);
    });
  }); // prettier-ignore

  it.each([
    ['empty.stream', 'CrystFEL stream format 2.3\n', /holds no chunk/],
    ['nameless.stream', '----- Begin chunk\n----- End chunk\n', /chunk of line 1 names no image file/],
    ['empty.lst', '# nothing\n', /names no frame/],
    ['below.lst', 'run7/frames.cxi //-1\n', /line 1: '\/\/-1' is no event/],
    ['float.lst', 'run7/frames.cxi //1.0\n', /line 1: '\/\/1\.0' is no event/],
    ['gone/../none.lst', null, /cannot be read \(ENOENT\)/],
  ])('%s is refused', async (name, text, words) => {
    const path = text === null ? join(folder, name) : write(name, text);
    await expect(labelFrames(frames('run7/frames.cxi'), path)).rejects.toThrow(words);
  });
});

describe('tables of labels', () => {
  it.each([
    ['commas', 'file,index,hit\nframes.cxi,0,1\nframes.cxi,2,0\n'],
    ['semicolons', 'file;index;hit\nframes.cxi;0;1\nframes.cxi;2;0\n'],
    ['semicolons and decimal commas', 'file;index;hit\nframes.cxi;0,0;1,0\nframes.cxi;2,0;0,0\n'],
    ['their separator in a line of its own', 'sep=;\nframe;hit\n0;1\n2;0\n'],
    ['tabs', 'file\tindex\thit\nframes.cxi\t0\t1\nframes.cxi\t2\t0\n'],
    ['numbers with a point, as pandas writes them', 'frame,hit\n0.0,1.0\n1.0,\n2.0,0.0\n3,NaN\n'],
    ['events', 'file,event,hit\nframes.cxi,//0,1\nframes.cxi,//2,0\n'],
    ['words', 'Frame,Hit\n0,Yes\n2,miss\n'],
  ])('may have %s', async (name, text) => {
    expect(hitsOf(await label(frames('run8/frames.cxi'), `${name}.csv`, text))).toEqual([
      true,
      null,
      false,
      null,
    ]);
  });

  it('may be UTF-16, as spreadsheets save Unicode text', async () => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, 0xfe]),
      Buffer.from('frame\thit\r\n1\t1\r\n', 'utf16le'),
    ]);
    expect(hitsOf(await label(frames('run8/frames.cxi'), 'excel.tsv', bytes))[1]).toBe(true);
  });

  it.each([
    ['frame,hit\n0,1\n0,0\n1,1\n', /hit: rows 1 and 2 disagree on frame 0: true and false/],
    ['frame|hit\n0|1\n', /names no column that is known.*commas, semicolons or tabs/],
    ['0,1\n1,0\n', /names no column that is known/],
    ['file,index,event,hit\na,0,//1,1\n', /index and event, of which one alone/],
    ['hit\n1\n', /none says which frame/],
    ['frame,note\n0,x\n', /none of them is a label/],
    ['frame,hit\n0.5,1\n', /line 2: '0\.5' is no whole number/],
    ['file,event,hit\nframes.cxi,/2,1\n', /'\/2' is no event/],
    ['file,index,hit\nframes.cxi,,1\n', /line 2 says nothing of the place/],
    ['file,index,hit\nframes.cxi,9,1\n', /row 1 names the event 9 of .*has 4 frames/],
    ['frame,hit,hit\n0,1,1\n', /two columns 'hit'/],
    ['frame,hit\n"0,1\n', /quote that does not end/],
  ])('are refused: %j', async (text, words) => {
    await expect(label(frames('run8/frames.cxi'), 'refused.csv', text)).rejects.toThrow(words);
  });

  it('join rows that agree, name columns that nobody reads, and count what is unknown', async () => {
    const text = 'frame,hit,split,comment\n0,1,,x\n0,,test,y\n1,255,,\n2,-1,,\n';
    const source = await label(frames('run8/frames.cxi'), 'joined.csv', text);
    expect(source.label(0)).toMatchObject({ hit: true, split: 'test' });
    expect(hitsOf(source)).toEqual([true, null, null, null]);
    expect(saidBy(source)).toMatch(/comment: this column is not used/);
    expect(saidBy(source)).toMatch(/hit: 2 of 4 rows are neither 0 nor 1 and count as unknown/);
  });
});

describe('label datasets', () => {
  it('beside the frames: only 1 is a hit and only 0 a miss', async () => {
    const source = await openFrames(await fileWith('/entry/data/hit', [1, 255, 0, -1, 2], 'hit.h5'));
    expect(hitsOf(source)).toEqual([true, null, false, null, null]);
    expect(saidBy(source)).toMatch(
      /\/entry\/data\/hit: 3 of 5 frames are neither 0 nor 1 \(255: 1, -1: 1, 2: 1\) and count as unknown/,
    );
    await source.close();
  });

  it('of another file: -1 and 255 are unknown', async () => {
    const path = await fileWith('/known', [1, -1, 0, 255], 'known.h5');
    const source = await openFrames(path, { labels: `${path}#/known` });
    expect(hitsOf(source)).toEqual([true, null, false, null]);
    expect(saidBy(source)).toMatch(/\/known: 2 of 4 frames are neither 0 nor 1/);
    await source.close();
  });

  it('of classes: -1 and 255 are no class, another number out of range is refused', async () => {
    const path = await fileWith('/entry/data/label', [0, -1, 3, 255], 'classes.h5');
    const source = await openFrames(path);
    expect([0, 1, 2, 3].map((i) => source.label(i).label)).toEqual([0, null, 3, null]);
    expect(saidBy(source)).toMatch(/\/entry\/data\/label: 2 of 4 frames are of no class/);
    await source.close();
    const other = await fileWith('/entry/data/label', [0, 9], 'nine.h5');
    await expect(openFrames(path, { labels: `${other}#/entry/data/label` })).rejects.toThrow(
      /2 labels for 4/,
    );
    await expect(openFrames(other, { labels: `${other}#/entry/data/label` })).rejects.toThrow(/label 9/);
  });
});
