/**
 * How fast frames are simulated on one core, and how much writing them costs.
 *
 *     npx tsx test/bench/simulate.ts [FRAMES]
 *
 * `simulate` draws and renders 512×512 frames and throws them away; the other columns are `vetoc simulate` whole:
 * with labels, truth and metadata, to a file of that compression. Rates are per second of processor time.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Variety } from '../../src/data/simulate/settings.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { COMPRESSIONS } from '../../src/data/write/growing-dataset.js';
import { writeFrames } from '../../src/data/write/write-frames.js';

const FRAMES = Number(process.argv[2] ?? 200);
/** Frames before the clock starts: tables, compiled code, the detectors' maps. */
const WARM = 40;
const VARIETIES: readonly Variety[] = ['standard', 'broad'];

/** Frames per second of this process's processor time: what one core gives when nobody else uses it. */
function perSecond(started: NodeJS.CpuUsage): string {
  const { user, system } = process.cpuUsage(started);
  return ((1e6 * FRAMES) / (user + system)).toFixed(1).padStart(12);
}

async function renderAll(seed: number, count: number, variety: Variety): Promise<void> {
  const source = simulateFrames({ seed, count, variety });
  for (let i = 0; i < count; i++) await source.read(i);
}

const folder = mkdtempSync(join(tmpdir(), 'vetoc-bench-'));
try {
  console.log(`${FRAMES} frames of 512×512, one thread; frames a second of processor time (and kB a frame)`);
  console.log(
    `${''.padEnd(10)}${'simulate'.padStart(12)}${COMPRESSIONS.map((name) => name.padStart(20)).join('')}`,
  );
  for (const variety of VARIETIES) {
    await renderAll(1, WARM, variety);
    let started = process.cpuUsage();
    await renderAll(2, FRAMES, variety);
    let row = `${variety.padEnd(10)}${perSecond(started)}`;
    for (const compression of COMPRESSIONS) {
      const path = join(folder, 'frames.h5');
      const source = simulateFrames({ seed: 2, count: FRAMES, variety });
      started = process.cpuUsage();
      await writeFrames(path, source, { compression, styles: source.settings.detectors });
      row += `${perSecond(started)}${`(${(statSync(path).size / FRAMES / 1000).toFixed(0)})`.padStart(8)}`;
    }
    console.log(row);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
