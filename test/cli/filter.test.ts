/** `vetoc filter` from the command line: the frames that the network keeps, and no others. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRecipe } from '../../src/run/recipe.js';
import { RUN_FILES } from '../../src/run/folder.js';
import { writeGraph } from '../../src/ir/graph-files.js';
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
