/** What indexing programs say of frames: CrystFEL's streams, DIALS' experiments, lists, tables and datasets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { FrameSource } from '../../src/data/frames.js';
import { indexedFrames } from '../../src/data/labels/indexed-frames.js';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { describeNote } from '../../src/data/notes.js';
import { openFrames } from '../../src/data/open.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-indexed-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const night = (count = 4): FrameSource =>
  framesFromArrays({
    name: join(folder, 'night.h5'),
    height: 1,
    width: 1,
    frames: Array.from({ length: count }, () => Uint16Array.of(0)),
    labels: Array.from({ length: count }, (_, i) => ({ hit: i < 2 })),
  });
const factsOf = (source: FrameSource): unknown =>
  Array.from({ length: source.count }, (_, i) => [source.label(i).hit, source.label(i).indexable]);

const crystal = (imageset: number) => ({ __id__: 'Experiment', imageset, beam: 0, detector: 0, crystal: 0 });
const still = (places: readonly number[], image = 'night.h5') => ({
  __id__: 'ImageSet',
  images: places.map(() => `/elsewhere/${basename(folder)}/${image}`),
  single_file_indices: places,
});
const sequence = (places: readonly number[]) => ({
  __id__: 'ImageSequence',
  template: `/elsewhere/${basename(folder)}/night.h5`,
  single_file_indices: places,
});
const experiments = (experiment: unknown, imageset: unknown) => ({
  __id__: 'ExperimentList',
  experiment,
  imageset,
  beam: [],
  crystal: [{}],
});

describe('what was indexed', () => {
  it('stands beside the hits, from a stream of CrystFEL', async () => {
    const chunk = (event: number, by: string): string =>
      `----- Begin chunk -----\nImage filename: night.h5\nEvent: //${event}\nindexed_by = ${by}\n----- End chunk -----\n`;
    const stream = write(
      'night.stream',
      chunk(0, 'none') + chunk(1, 'xgandalf-nolatt-cell') + chunk(3, 'none'),
    );
    const source = await indexedFrames(night(), stream);
    expect(factsOf(source)).toEqual([
      [true, false],
      [true, true],
      [false, undefined],
      [false, false],
    ]);
    expect(source.notes!.map(describeNote).join()).toContain('of 4 frames 1 can be indexed, 2 cannot');
  });

  it('comes from the experiments of DIALS: a set with a crystal was indexed, the rest was not', async () => {
    // The second lattice of frame 2 is a set of its own; frame 0 was tried and not indexed.
    const file = write(
      'indexed.expt',
      experiments(
        [crystal(1), crystal(2), crystal(4)],
        [still([0]), still([2]), still([2]), still([0]), sequence([3])],
      ),
    );
    expect(factsOf(await indexedFrames(night(), file))).toEqual([
      [true, false],
      [true, false],
      [false, true],
      [false, true],
    ]);
  });

  it('takes every image of a set for one frame where files hold one', async () => {
    const sets = [{ __id__: 'ImageSet', images: [`/elsewhere/${basename(folder)}/night.h5`] }];
    const file = write('one.expt', experiments([crystal(0)], sets));
    expect(factsOf(await indexedFrames(night(1), file))).toEqual([[true, true]]);
  });

  it('comes from a list, from a column of a table, and from a dataset', async () => {
    const list = write('indexed.lst', 'night.h5 //3\n');
    expect(factsOf(await indexedFrames(night(), list))).toEqual([
      [true, false],
      [true, false],
      [false, false],
      [false, true],
    ]);
    const table = write('indexed.csv', 'frame,indexable,hit\n0,1,0\n1,no,0\n2,?,0\n');
    // The table's other columns are not asked.
    expect(factsOf(await indexedFrames(night(), table))).toEqual([
      [true, true],
      [true, false],
      [false, null],
      [false, undefined],
    ]);
    const path = join(folder, 'beside.h5');
    const writer = await createHdf5(path);
    writer.group('/entry', {});
    writer.group('/entry/data', {});
    writer.dataset('/entry/data/data', new Uint16Array(4 * 64), [4, 8, 8]);
    writer.dataset('/entry/data/hit', Uint8Array.of(1, 1, 0, 0));
    writer.dataset('/entry/data/indexable', Uint8Array.of(1, 0, 255, 0));
    await writer.commit();
    const expected = [
      [true, true],
      [true, false],
      [false, null],
      [false, false],
    ];
    expect(factsOf(await indexedFrames(night(), `${path}#/entry/data/indexable`))).toEqual(expected);
    // A file carries it as a label of its own, and not as one more fact.
    const own = await openFrames(path);
    expect(factsOf(own)).toEqual(expected);
    expect(own.meta(0)).toEqual({});
    await own.close();
  });

  it.each([
    ['another kind of file', 'indexed.xml', '', /--indexed: 'indexed\.xml' does not say what was indexed/],
    ['experiments that are none', 'x.expt', '[1, 2]', /x\.expt: --indexed: is no list of DIALS experiments/],
    ['half a file', 'half.expt', '{"__id__": "Experim', /half\.expt: --indexed: is no list/],
    ['a file that is not there', 'none.expt', null, /none\.expt: --indexed: cannot be read \(ENOENT\)/],
    ['other frames', 'other.lst', 'morning.h5 //1\n', /other\.lst: --indexed: names 1 frames, none of which/],
    ['a table without the column', 'bare.csv', 'frame,hit\n0,1\n', /bare\.csv: --indexed: says of no frame/],
    [
      'a word that is no answer',
      'odd.csv',
      'frame,indexable\n0,maybe\n',
      /indexable: 'maybe' is neither yes nor no/,
    ],
    [
      'a rotation sequence',
      'sweep.expt',
      JSON.stringify(experiments([crystal(0)], [sequence([0, 1])])),
      /sweep\.expt: imageset: image set 0 is a ImageSequence/,
    ],
  ])('refuses %s', async (_what, name, text, message) => {
    const path = name === 'indexed.xml' ? name : join(folder, name);
    if (text !== null && path !== name) write(name, text);
    await expect(indexedFrames(night(), path)).rejects.toThrow(message);
  });
});
