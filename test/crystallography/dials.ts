/** DIALS as a judge of frames: whether it is here, and what it says. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The system's Python: Debian's DIALS lives there. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('index_frames.py', import.meta.url));

export const hasDials = (): boolean =>
  spawnSync(PYTHON, ['-c', 'import dials, h5py'], { stdio: 'ignore' }).status === 0;

export interface IndexedFrame {
  readonly frame: number;
  readonly indexable: boolean;
  /** To the nearest true lattice; null where nothing was found, or no truth is known. */
  readonly degrees: number | null;
}

/** What DIALS says of the frames of `file`, by the script's options; the table is left at `out`. */
export function indexFrames(file: string, out: string, options: readonly string[] = []): IndexedFrame[] {
  execFileSync(PYTHON, [SCRIPT, file, out, ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [, ...rows] = readFileSync(out, 'utf8').trim().split(/\r?\n/);
  return rows.map((row) => {
    const [frame, indexable, degrees] = row.split(',');
    return {
      frame: Number(frame),
      indexable: indexable === '1',
      degrees: degrees === '' ? null : Number(degrees),
    };
  });
}
