/** Files that would hold the reader for ever are given up after a time that the user may set, by name. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { UserError } from '../../src/core/errors.js';
import { TimeIsUp, withinTime } from '../../src/core/time-limit.js';
import { hdf5File } from '../../src/data/hdf5/file.js';
import { loadHdf5 } from '../../src/data/hdf5/library.js';
import { openFrames } from '../../src/data/open.js';
import { writeHdf5 } from './make-hdf5.js';
import { runCli } from '../cli/run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-give-up-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const frames = { data: new Uint16Array(2 * 16 * 16).fill(3), shape: [2, 16, 16] };

/** One frame that takes long to unpack and little on the disk: a chunk of 128 MB of one value. */
async function slowFile(name: string): Promise<string> {
  const path = join(folder, name);
  const { high } = await loadHdf5();
  const file = new high.File(path, 'w');
  const side = 8192;
  file.create_dataset({
    name: 'data',
    data: new Uint16Array(side * side).fill(7),
    shape: [1, side, side],
    chunks: [1, side, side],
    compression: 1,
    compression_opts: [1],
  });
  file.close();
  return path;
}

/** Groups that contain each other by hard links: more paths than anybody can follow. */
async function circle(name: string): Promise<string> {
  const path = join(folder, name);
  const { high } = await loadHdf5();
  const file = new high.File(path, 'w');
  file.create_group('a');
  file.create_group('a/b');
  const inner = file.get('a/b');
  if (!(inner instanceof high.Group)) throw new Error('a/b is a group');
  for (let i = 0; i < 12; i++) inner.create_hard_link('/a', `up${i}`);
  file.close();
  return path;
}

describe('a time limit', () => {
  it('stops a loop that never yields, and leaves results and errors as they are', () => {
    expect(withinTime(10, () => 7)).toBe(7);
    const thrown = new RangeError('mine');
    expect(() =>
      withinTime(10, () => {
        throw thrown;
      }),
    ).toThrow(thrown);
    expect(() =>
      withinTime(0.05, () => {
        for (;;);
      }),
    ).toThrow(TimeIsUp);
    expect(withinTime(10, () => withinTime(10, () => 8))).toBe(8);
  });
});

describe('a file that takes too long', () => {
  it('is given up in the middle of a frame, and the next file is read', async () => {
    const good = await openFrames(await writeHdf5(join(folder, 'good.h5'), { '/data': frames }));
    const slow = await hdf5File(await slowFile('slow.h5'), 'slow.h5', 0.02);
    const info = slow.info('/data');
    expect(() => slow.read(info, [0, 0, 0], info.shape)).toThrow(/^was given up after 0\.02 s.*--give-up/);
    await slow.revive();
    expect((await good.read(1)).pixels[0]).toBe(3);
    expect(good.meta(0)).toEqual({});
    slow.close();
    await good.close();
  });

  it('is left out with --skip-bad among others', async () => {
    const good = await writeHdf5(join(folder, 'good-2.h5'), { '/data': frames });
    const bad: UserError[] = [];
    const source = await openFrames([await circle('circle-2.h5'), good], {
      giveUpSeconds: 0.5,
      onBadFile: (error) => bad.push(error),
    });
    expect(source.count).toBe(2);
    expect(bad.map(({ message }) => message)).toEqual([
      expect.stringMatching(/circle-2\.h5: .*given up after 0\.5 s/),
    ]);
    await source.close();
  });

  it('is given up where its groups lead in a circle', async () => {
    await expect(openFrames(await circle('circle.h5'), { giveUpSeconds: 0.3 })).rejects.toThrow(
      /circle\.h5: .*given up after 0\.3 s.*lead in a circle/,
    );
  });

  it('does not stand in the way where soft links lead to the parent', async () => {
    const links = Array.from({ length: 12 }, (_, i) => [`/a/b/up${i}`, { soft: '/a' }] as const);
    const path = await writeHdf5(join(folder, 'soft.h5'), {
      '/a/frames': frames,
      ...Object.fromEntries(links),
    });
    const source = await openFrames(path);
    expect(source.count).toBe(2);
    await source.close();
  });

  it('is a wish of the commands, checked', async () => {
    const path = await circle('circle-3.h5');
    const { code, stderr } = await runCli('inspect', path, '--give-up', '0.3');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/circle-3\.h5.*given up after 0\.3 s/)]);
    expect((await runCli('inspect', path, '--give-up', '0')).code).toBe(2);
  });
});

describe('a pipe where a file should be', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);

  it('is refused by name behind a link, however deep', async () => {
    const path = await writeHdf5(join(folder, 'linked.h5'), {
      '/entry/data': { group: {} },
      '/entry/data/data': { external: 'pipe', target: '/x' },
    });
    await expect(openFrames(path)).rejects.toThrow(/linked\.h5: \/entry\/data\/data: links to pipe.*FIFO/);
    const above = await writeHdf5(join(folder, 'above.h5'), { '/entry': { external: 'pipe', target: '/x' } });
    await expect(openFrames(`${above}#/entry/data/data`)).rejects.toThrow(/links to pipe, which is a pipe/);
  });

  it('is refused where it is the file', async () => {
    await expect(openFrames(pipe)).rejects.toThrow(/pipe: is not a file/);
  });
});
