/**
 * A night of files: how long thousands of HDF5 files take to open, and what memory they take.
 *
 *     npx tsx test/bench/night.ts [FILES] [THREADS]
 *
 * Each file is a small CXI file with frames, a shared mask, labels and peaks. Opening reads every header once; then one
 * frame of every file is read, by THREADS threads (default 0: the calling one). Memory is the resident size of the whole
 * process at its peak, beside that of the process before it opened anything.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resourceUsage } from 'node:process';
import { loadHdf5 } from '../../src/data/hdf5/library.js';
import { openFramesParallel } from '../../src/data/parallel.js';

const FILES = Number(process.argv[2] ?? 5000);
const THREADS = Number(process.argv[3] ?? 0);
const [FRAMES, HEIGHT, WIDTH] = [8, 64, 96];
/** What this process did since `started`: on a machine that others use, its processor time says more. */
const took = (started: number, cpu: NodeJS.CpuUsage): string => {
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return `${seconds(performance.now() - started)} (${seconds((user + system) / 1000)} of processor time)`;
};
/** Linux gives `maxRSS` of the process that started this one, too, and under /proc what this one took alone. */
function peakKilobytes(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  } catch {
    return resourceUsage().maxRSS;
  }
}
const megabytes = (): string => `${(peakKilobytes() / 1024).toFixed(0)} MiB`;

/** Writes one file of the night, as Cheetah would. */
async function writeOne(path: string): Promise<void> {
  const { high } = await loadHdf5();
  const file = new high.File(path, 'w');
  const array = (name: string, data: Uint16Array | Float32Array | Int32Array, shape: number[]): void => {
    file.create_dataset({ name, data, shape });
  };
  for (const group of ['entry_1', 'entry_1/data_1', 'entry_1/result_1', 'LCLS']) file.create_group(group);
  const pixels = Uint16Array.from({ length: FRAMES * HEIGHT * WIDTH }, (_, i) => (i * 7919) % 50);
  file.create_dataset({
    name: 'entry_1/data_1/data',
    data: pixels,
    shape: [FRAMES, HEIGHT, WIDTH],
    chunks: [1, HEIGHT, WIDTH],
    compression: 1,
    compression_opts: [1],
  });
  array('entry_1/data_1/mask_shared', Uint16Array.from({ length: HEIGHT * WIDTH }, (_, i) => Number(i < 9)), [HEIGHT, WIDTH]); // prettier-ignore
  array(
    'entry_1/data_1/hit',
    Int32Array.from({ length: FRAMES }, (_, i) => i % 2),
    [FRAMES],
  );
  array(
    'LCLS/photon_energy_eV',
    Float32Array.from({ length: FRAMES }, () => 9500),
    [FRAMES],
  );
  array(
    'LCLS/fiducial',
    Int32Array.from({ length: FRAMES }, (_, i) => 1000 + i),
    [FRAMES],
  );
  array(
    'entry_1/result_1/nPeaks',
    Int32Array.from({ length: FRAMES }, () => 2),
    [FRAMES],
  );
  for (const name of ['peakXPosRaw', 'peakYPosRaw'])
    array(
      `entry_1/result_1/${name}`,
      Float32Array.from({ length: FRAMES * 4 }, (_, i) => i),
      [FRAMES, 4],
    );
  file.close();
}

const folder = mkdtempSync(join(tmpdir(), 'vetoc-night-'));
try {
  const first = join(folder, 'run-0000.cxi');
  await writeOne(first);
  for (let n = 1; n < FILES; n++) copyFileSync(first, join(folder, `run-${String(n).padStart(4, '0')}.cxi`));
  console.log(
    `${FILES} files of ${FRAMES} frames of ${HEIGHT}×${WIDTH}; ${THREADS} threads; before: ${megabytes()}`,
  );
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const source = await openFramesParallel(folder, { workers: THREADS });
  console.log(`opened in ${took(started, cpu)}: ${megabytes()}`);
  const [reading, before] = [performance.now(), process.cpuUsage()];
  let next = 0;
  const read = async (): Promise<void> => {
    while (next < FILES) await source.read(next++ * FRAMES);
  };
  await Promise.all(Array.from({ length: Math.max(1, source.ahead ?? 1) }, read));
  console.log(`a frame of each in ${took(reading, before)}: ${megabytes()}`);
  await source.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
