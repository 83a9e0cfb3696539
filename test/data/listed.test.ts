/** CrystFEL lists and streams: as the frames to read, and as what becomes of the frames that are kept. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { expandArgument, parseFrameArgument } from '../../src/data/arguments.js';
import { describeNote } from '../../src/data/notes.js';
import { openFrames } from '../../src/data/open.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { writeKeptList } from '../../src/data/write/kept-list.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-listed-'));
const at = (name: string): string => join(folder, name);

function write(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

async function series(name: string, first: number): Promise<void> {
  const writer = await createHdf5(at(name));
  const pixels = Uint16Array.from({ length: 4 * 64 }, (_, i) => first + Math.floor(i / 64));
  writer.dataset('/entry/data/data', pixels, [4, 8, 8]);
  await writer.commit();
}

beforeAll(async () => {
  mkdirSync(at('my run'));
  await series('a.h5', 10);
  await series('my run/b.h5', 20);
  const tags = await createHdf5(at('tags.h5'));
  for (const tag of [204, 21, 7]) tags.dataset(`/tag-${tag}/data`, new Uint16Array(64).fill(tag), [8, 8]);
  await tags.commit();
});

/** The first pixel of every frame that `argument` names, and what was said. */
async function read(argument: string): Promise<{ readonly first: readonly number[]; readonly said: string }> {
  const source = await openFrames(argument);
  const first: number[] = [];
  for (let i = 0; i < source.count; i++) first.push((await source.read(i)).pixels[0]!);
  await source.close();
  return { first, said: (source.notes ?? []).map(describeNote).join('\n') };
}

describe('frames that a list names', () => {
  it('come in its order, from files seen from the list’s folder, with spaces and without events', async () => {
    const list = write('one.lst', 'a.h5 //3\nmy run/b.h5\na.h5 //0\n');
    expect((await read(list)).first).toEqual([13, 20, 21, 22, 23, 10]);
    expect((await read(`${list}[1:3]`)).first).toEqual([20, 21]);
    expect(await expandArgument(parseFrameArgument(list))).toEqual([at('a.h5'), at('my run/b.h5')]);
  });

  it('are read once, which is said', async () => {
    const { first, said } = await read(write('twice.lst', 'a.h5 //1\na.h5 //1\n'));
    expect(first).toEqual([11]);
    expect(said).toMatch(/line 2: names a\.h5 \/\/1 again/);
  });

  it('may stand in groups, SACLA’s tags', async () => {
    expect((await read(write('tags.lst', 'tags.h5 tag-204//\ntags.h5 tag-7//\n'))).first).toEqual([204, 7]);
  });

  it('may be the chunks of a stream', async () => {
    const chunk = (event: string): string =>
      `----- Begin chunk -----\nImage filename: ${at('a.h5')}\nEvent: ${event}\nindexed_by = none\n----- End chunk -----\n`;
    expect((await read(write('out.stream', chunk('//2') + chunk('//1')))).first).toEqual([12, 11]);
  });

  it.each([
    ['gone.h5 //0\n', /line 1 names gone\.h5, which is not there/],
    ['a.h5 //4\n', /line 1 names the event \/\/4 .*has 4 frames/],
    ['a.h5 //0\ntags.h5 tag-9//\n', /line 2 names the event tag-9\/\/ .*no path with tag-9/],
    ['\n', /names no frame/],
  ])('are refused where they are not there: %j', async (text, words) => {
    await expect(openFrames(write('wrong.lst', text))).rejects.toThrow(words);
  });
});

describe('the list of kept frames', () => {
  it('names files and events as indexamajig reads them, and reads back as the same frames', async () => {
    const source = await openFrames([at('a.h5'), at('my run/b.h5'), at('tags.h5')]);
    await writeKeptList(at('kept.lst'), source, [1, 5, 8, 10]);
    await source.close();
    expect(readFileSync(at('kept.lst'), 'utf8').split('\n')).toEqual([
      `${at('a.h5')} //1`,
      `${at('my run/b.h5')} //1`,
      `${at('tags.h5')} tag-7//`,
      `${at('tags.h5')} tag-204//`,
      '',
    ]);
    expect((await read(at('kept.lst'))).first).toEqual([11, 21, 7, 204]);
  });

  it('names the file alone where it is one image', async () => {
    const header = `{\nByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 8 ;\nDim_2 = 8 ;\nSize = 128 ;\n`;
    const bytes = Buffer.concat([Buffer.from(`${header.padEnd(510)}}\n`), Buffer.alloc(128)]);
    writeFileSync(at('one.edf'), bytes);
    const source = await openFrames(at('one.edf'));
    await writeKeptList(at('one-kept.lst'), source, [0]);
    await source.close();
    expect(readFileSync(at('one-kept.lst'), 'utf8')).toBe(`${at('one.edf')}\n`);
  });
});
