/** `vetoc filter` from the command line: the frames that the network keeps, and no others. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRecipe } from '../../src/run/recipe.js';
import { RUN_FILES } from '../../src/run/folder.js';
import { writeGraph } from '../../src/ir/graph-files.js';
import { prescaleChooses } from '../../src/ir/prescale.js';
import { openFrames } from '../../src/data/open.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { interpret } from '../../src/simulate/interpret.js';
import { sampleFloatGraph } from '../onnx/sample-float.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { runCli } from './run-cli.js';

const [H, W, COUNT] = [40, 36, 50];
const frames = sampleFrames(COUNT, H * W, 11);
const graph = sampleFixedGraph();
const scores = frames.map((frame) => interpret(graph, frame).score);
const threshold = [...scores].sort((a, b) => a - b)[30]!;
const kept = scores.flatMap((score, i) => (score >= threshold ? [i] : []));

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-filter-'));
  writeFileSync(at(RUN_FILES.recipe), JSON.stringify(await loadRecipe('demo')));
  await writeGraph(at(RUN_FILES.fixedGraph), 'fixed', { ...graph, threshold });
  await writeGraph(at(RUN_FILES.floatGraph), 'float', sampleFloatGraph());
  const writer = await createHdf5(at('night.h5'));
  const data = writer.growing('/entry/data/data', 'u2', [H, W], 1, 'gzip');
  for (const frame of frames) data.append(frame);
  writer.dataset(
    '/entry/data/hit',
    Uint8Array.from(frames, (_, i) => Number(i < 5)),
  );
  await writer.commit();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('vetoc filter', () => {
  it('writes the frames that the fixed network keeps, with their scores, and says what it lost', async () => {
    const { code, stdout } = await runCli(
      ...['filter', folder, '--frames', at('night.h5'), '--out', at('kept.cxi'), '--readers', '2', '--json'],
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      frames: COUNT,
      kept: kept.length,
      threshold,
      hits: 5,
      hitsVetoed: [0, 1, 2, 3, 4].filter((i) => !kept.includes(i)).length,
      carried: ['/entry/data/hit'],
    });
    const source = await openFrames(at('kept.cxi'));
    expect(source.count).toBe(kept.length);
    for (const [row, index] of kept.entries()) {
      expect((await source.read(row)).pixels).toEqual(frames[index]);
      expect(source.label(row).hit).toBe(index < 5);
    }
    await source.close();
    expect(existsSync(at('kept.cxi.scores'))).toBe(false);
  });

  it('keeps one in so many vetoed frames where it is told to, and counts them', async () => {
    const [n, key] = [3, 7];
    const misses = scores.flatMap((score, i) =>
      score < threshold && prescaleChooses(BigInt(i), n, key) ? [i] : [],
    );
    expect(misses.length).toBeGreaterThan(2);
    const { code, stdout } = await runCli(
      ...['filter', folder, '--frames', at('night.h5'), '--list', at('more.lst'), '--json'],
      ...['--prescale', String(n), '--prescale-key', String(key)],
    );
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      {
        kept: kept.length + misses.length,
        keptByPrescale: misses.length,
        hitsVetoed: [0, 1, 2, 3, 4].filter((i) => !kept.includes(i)).length,
      },
    ]);
    const all = [...kept, ...misses].sort((a, b) => a - b);
    expect(readFileSync(at('more.lst'), 'utf8')).toBe(all.map((i) => `${at('night.h5')} //${i}\n`).join(''));
  });

  it('writes a list in place of the frames, and says where nothing is said to be written', async () => {
    const args = ['filter', folder, '--frames', at('night.h5')];
    expect((await runCli(...args, '--list', at('kept.lst'))).code).toBe(0);
    expect(readFileSync(at('kept.lst'), 'utf8')).toBe(kept.map((i) => `${at('night.h5')} //${i}\n`).join(''));
    const again = await runCli(...args, '--list', at('kept.lst'));
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('exists already')]);
    const none = await runCli(...args);
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/--out: is missing — say --out, --list/),
    ]);
    const other = await runCli(...args, '--exdf', at('kept.h5'));
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/no trainId and pulseId/)]);
  });

  it('checks that its files go together before it scores them', async () => {
    const writer = await createHdf5(at('other.h5'));
    writer.dataset('/entry/data/data', new Uint16Array(H * W), [1, H, W]);
    writer.dataset('/entry/data/extra', Float64Array.of(1), [1]);
    writer.dataset('/entry/data/hit', Uint8Array.of(1), [1]);
    await writer.commit();
    const { code, stderr } = await runCli(
      ...['filter', folder, '--frames', at('night.h5'), at('other.h5'), '--out', at('both.cxi')],
    );
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/other\.h5: \/entry\/data\/extra: is not in .*night\.h5/),
    ]);
    expect(existsSync(at('both.cxi.scores'))).toBe(false);
  });

  it('keeps a group of the name data_1 that a CXI file has of its own', async () => {
    const writer = await createHdf5(at('grouped.cxi'));
    writer.group('/entry_1/data_1', { NX_class: 'NXdata' });
    writer.dataset('/entry_1/data_1/data', Uint16Array.from(frames.slice(0, 4).flatMap((f) => [...f])), [
      4,
      H,
      W,
    ]);
    writer.dataset('/entry_1/data_1/delay', Float64Array.of(1, 2, 3, 4), [4]);
    await writer.commit();
    const args = [
      'filter',
      folder,
      '--frames',
      at('grouped.cxi'),
      '--out',
      at('grouped-kept.cxi'),
      '--threshold',
    ];
    expect((await runCli(...args, '-1000000')).code).toBe(0);
    for (const dataset of ['', '#/entry_1/data_1/data']) {
      const source = await openFrames(`${at('grouped-kept.cxi')}${dataset}`);
      expect([source.count, (await source.read(3)).pixels]).toEqual([4, frames[3]]);
      await source.close();
    }
  });

  it('of a file without frames says so', async () => {
    const writer = await createHdf5(at('none.h5'));
    writer.growing('/entry/data/data', 'u2', [H, W], 1, 'none');
    await writer.commit();
    const { code, stderr, stdout } = await runCli(
      'filter',
      folder,
      '--frames',
      at('none.h5'),
      '--out',
      at('n.cxi'),
    );
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/none\.h5: holds no frames/)]);
  });

  it('overwrites nothing, and refuses frames of another size by name', async () => {
    const again = await runCli('filter', folder, '--frames', at('night.h5'), '--out', at('kept.cxi'));
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/kept\.cxi: exists already/)]);
    const other = 'test/data/fixtures/pages.tif';
    const wrong = await runCli('filter', folder, '--frames', other, '--out', at('other.cxi'));
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/frames of 24×40, the network takes 40×36/),
    ]);
    expect(existsSync(at('other.cxi'))).toBe(false);
  });

  it('passes over a file that is not whole when it is told to, and names it', async () => {
    writeFileSync(at('torn.h5'), readFileSync(at('night.h5')).subarray(0, 3000));
    const asked = [
      'filter',
      folder,
      '--frames',
      at('night.h5'),
      at('torn.h5'),
      '--out',
      at('two.cxi'),
      '--readers',
      '1',
    ];
    expect((await runCli(...asked)).code).toBe(2);
    const { code, stderr, stdout } = await runCli(...asked, '--skip-bad', '--json');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/skipped .*torn\.h5/)]);
    expect(JSON.parse(stdout)).toMatchObject({ frames: COUNT, kept: kept.length });
  });
});
