import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { openFrames } from '../../src/data/open.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-simulate-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('vetoc simulate', () => {
  it('writes the same frames and facts with threads and without', async () => {
    const read = async (workers: string): Promise<unknown[]> => {
      const path = join(folder, `${workers}.h5`);
      const size = ['--size', '64x48', '--count', '12', '--seed', '5'];
      const { code, stdout } = await runCli('simulate', path, ...size, '--workers', workers, '--json');
      expect(code).toBe(0);
      const seen: unknown[] = [{ ...(JSON.parse(stdout) as object), file: '' }];
      const source = await openFrames(path);
      for (let i = 0; i < source.count; i++)
        seen.push([await source.read(i), source.label(i), source.meta(i), source.spots(i)]);
      await source.close();
      return seen;
    };
    const alone = await read('0');
    expect(alone).toHaveLength(13);
    expect(await read('2')).toEqual(alone);
  });

  it('draws small frames to the end: a crystal that shows too little on one detector is drawn on another', async () => {
    const path = join(folder, 'small.h5');
    const args = ['--size', '32x32', '--count', '200', '--seed', '2', '--workers', '0', '--json'];
    const { code, stdout } = await runCli('simulate', path, ...args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ frames: 200 });
  });

  it('writes one type for each fact, however many values it has', async () => {
    const types = async (perCrystal: string): Promise<readonly unknown[]> => {
      const path = join(folder, `group-${perCrystal}.h5`);
      const args = ['--size', '32', '--count', '300', '--frames-per-crystal', perCrystal, '--workers', '0'];
      expect((await runCli('simulate', path, ...args)).code).toBe(0);
      const file = await openHdf5(path, path);
      const found = ['/entry/data/group', '/entry/meta/cell'].map((at) => file.info(at).isString);
      file.close();
      return found;
    };
    expect([await types('1'), await types('100')]).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  it('does not replace a file unless it is told to', async () => {
    const path = join(folder, 'taken.h5');
    writeFileSync(path, 'taken');
    const result = await runCli('simulate', path, '--count', '2', '--size', '32', '--workers', '0');
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('taken.h5: exists already')]);
    const forced = await runCli(
      'simulate',
      path,
      '--count',
      '2',
      '--size',
      '32',
      '--workers',
      '0',
      '--force',
    );
    expect(forced.code).toBe(0);
  });
});
