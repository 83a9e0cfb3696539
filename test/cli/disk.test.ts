/**
 * Where the disk of an output is full (exit 75: it may pass) or read-only (exit 2), every command says so in words, names the
 * place, and leaves nothing behind. The disks are tmpfs mounts, which want root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/audit/database.js';
import { openAtomicStream } from '../../src/core/files.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { draftFolder } from '../../src/run/folder.js';
import { triedOf } from '../night.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { writeHdf5 } from '../data/make-hdf5.js';
import { runCli } from './run-cli.js';
import { writeRun } from './written-run.js';

const ROOT = join(import.meta.dirname, '../..');
const [H, W, COUNT] = [40, 36, 60];
const folder = mkdtempSync(join(tmpdir(), 'vetoc-disk-'));
const at = (name: string): string => join(folder, name);
const [full, readOnly] = [at('full'), at('read-only')];

/** What each command writes, into the folder `disk`. */
const WRITERS: readonly (readonly [string, (disk: string) => readonly string[]])[] = [
  ['score to CSV', (disk) => ['score', at('run'), '--frames', at('night.h5'), '--out', join(disk, 's.csv')]],
  ['score to HDF5', (disk) => ['score', at('run'), '--frames', at('night.h5'), '--out', join(disk, 's.h5')]],
  ['filter to HDF5', (disk) => ['filter', at('run'), '--frames', at('night.h5'), '--out', join(disk, 'k.h5'), '--threshold', '-9999999']],
  ['filter to a list', (disk) => ['filter', at('run'), '--frames', at('night.h5'), '--list', join(disk, 'k.lst'), '--threshold', '-9999999']],
  ['spotfind', (disk) => ['spotfind', at('night.h5'), '--csv', join(disk, 'p.csv')]],
  ['compare', (disk) => ['compare', at('run'), '--frames', at('night.h5'), '--report', join(disk, 'c.html')]],
  ['explain', (disk) => ['explain', at('run'), `${at('night.h5')}#1`, '--out', join(disk, 'why')]],
  ['audit', (disk) => ['audit', at('run'), '--frames', at('night.h5'), '--out', join(disk, 'ledger')]],
  ['quantize', (disk) => ['quantize', at('run'), '--calibrate', '--out', join(disk, 'q')]],
  ['export onnx', (disk) => ['export', 'onnx', at('run'), '--out', join(disk, 'onnx')]],
  ['export hls', (disk) => ['export', 'hls', at('run'), '--target', 'zcu102', '--out', join(disk, 'hls')]],
  ['export rtl', (disk) => ['export', 'rtl', at('run'), '--target', 'zcu102', '--out', join(disk, 'rtl')]],
  ['import', (disk) => ['import', at('onnx/float.onnx'), '--frame-size', `${H}x${W}`, '--out', join(disk, 'imported')]],
  ['simulate', (disk) => ['simulate', join(disk, 'frames.h5'), '--count', '4', '--size', '64x64']],
]; // prettier-ignore

function fill(disk: string): void {
  let bytes = 1 << 16;
  for (let i = 0; bytes > 0; i++) {
    try {
      writeFileSync(join(disk, `ballast-${i}`), Buffer.alloc(bytes));
    } catch {
      bytes >>= 1;
    }
  }
}

/** In a process of its own: what it leaves behind goes when it ends. */
function vetoc(words: readonly string[]): { readonly code: number | null; readonly stderr: string } {
  const main = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts')];
  const { status, stderr } = spawnSync(process.execPath, [...main, ...words], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { code: status, stderr };
}

/** Whether a disk can be mounted here: it wants root, and a container may forbid it. */
function mayMount(): boolean {
  const disk = mkdtempSync(join(tmpdir(), 'vetoc-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', disk]).status === 0;
  if (mounted) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
  return mounted;
}
const mounts = mayMount();
beforeAll(async () => {
  if (!mounts) return;
  const fixed = { ...sampleFixedGraph(), threshold: 0 };
  await writeRun(at('small'), fixed, dequantize(fixed));
  expect((await runCli('export', 'onnx', at('small'), '--dialect', 'float', '--out', at('onnx'))).code).toBe(
    0,
  );
  await writeHdf5(at('night.h5'), {
    '/data': {
      data: Uint16Array.from(sampleFrames(COUNT, H * W, 21).flatMap((frame) => [...frame])),
      shape: [COUNT, H, W],
    },
    '/hit': { data: Uint8Array.from({ length: COUNT }, (_, i) => Number(i % 3 === 0)) },
  });
  const run = ['run', '--model', at('onnx/float.onnx'), '--frames', at('night.h5'), '--out', at('run')];
  expect(vetoc(run)).toMatchObject({ code: 0 });
  for (const [disk, options] of [
    [full, 'size=256k'],
    [readOnly, 'ro'],
  ] as const) {
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
  }
  for (const [name] of WRITERS) mkdirSync(join(full, name));
  fill(full);
}, 400_000);
afterAll(() => {
  if (mounts) for (const disk of [full, readOnly]) execFileSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
});

const filesIn = (disk: string): readonly string[] =>
  readdirSync(disk, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

describe.skipIf(!mounts)('a disk (needs to be mounted)', () => {
  // Each in a process of its own: by day one in three.
  it.each(triedOf(WRITERS, 3))(
    'that is full is said by %s, with the exit code of what may pass',
    (name, words) => {
      const disk = join(full, name);
      const { code, stderr } = vetoc(words(disk));
      expect([code, stderr]).toEqual([75, expect.stringMatching(/^vetoc: .*no space left/m)]);
      expect(stderr).not.toMatch(/\n\s+at |defect/);
      // What a command goes on from, and takes up again though it is empty.
      const kept = filesIn(disk).filter(
        (file) => !['k.h5.scores', 'k.lst.scores', 'ledger.duckdb'].includes(file),
      );
      expect(kept).toEqual([]);
    },
  );

  it.each(WRITERS)('that is read-only is said by %s, with the exit code of a mistake', async (_, words) => {
    const { code, stderr } = await runCli(...words(readOnly));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^vetoc: .*read-only/m)]);
    expect(stderr).not.toMatch(/\n\s+at |defect/);
  });
});

describe('a folder that vanishes while it is written', () => {
  const gone = at('gone');

  it('is missed by what is written into it and renamed', async () => {
    const file = await openAtomicStream(join(gone, 'scores.csv'));
    await file.write('1\n');
    rmSync(gone, { recursive: true });
    await expect(file.close()).rejects.toThrow(/scores\.csv: vanished while it was written/);
  });

  it('is missed by a ledger, which DuckDB would go on with for itself', async () => {
    const database = await openDatabase(join(folder, 'gone.duckdb'), 'write');
    await database.transaction(({ run }) => run('CREATE TABLE t (a INTEGER)'));
    rmSync(join(folder, 'gone.duckdb'));
    await expect(database.transaction(({ run }) => run('INSERT INTO t VALUES (1)'))).rejects.toThrow(
      /gone\.duckdb: vanished while it was written/,
    );
    await database.close();
  });

  it('is no finished run, though its later files were written', async () => {
    const draft = await draftFolder(join(gone, 'run'), false, { mark: 'recipe.json', what: 'a run' });
    await draft.write('float/graph.json', '{}');
    rmSync(draft.dir, { recursive: true });
    await draft.write('recipe.json', '{}');
    await expect(draft.publish()).rejects.toThrow(
      /run\.partial\/float\/graph\.json: vanished while it was written/,
    );
    expect(existsSync(join(gone, 'run'))).toBe(false);
    await draft.discard();
  });
});
