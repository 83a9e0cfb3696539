/** Where found spots go: a CSV file, a CXI file. Files appear under their name when complete. */
import { csvPath } from '../../core/csv.js';
import { openAtomicStream } from '../../core/files.js';
import type { Frame } from '../../data/frames.js';
import { createCxiPeakFile } from '../../spotfind/cxi-peaks.js';
import type { FoundSpot } from '../../spotfind/spot.js';

/** What was found on one frame. */
export interface FrameFinding {
  readonly file: string;
  readonly index: number;
  readonly spots: readonly FoundSpot[];
  readonly hit: boolean;
  readonly tooManyStrong: boolean;
  readonly resolution: { readonly radius: number; readonly dA: number | null } | null;
}

export interface Sink {
  add(finding: FrameFinding, frame: Frame): Promise<void> | void;
  /** Completes what was begun; `summary` is for those who show it. */
  close(summary: object): Promise<void> | void;
  /** Removes what was begun. */
  discard(): Promise<void> | void;
}

const CSV_HEADER = 'file,index,panel,x,y,intensity,snr,maximum,pixels,sigma\n';

/** One line a spot. */
export async function csvSink(path: string): Promise<Sink> {
  const { write, close, discard } = await openAtomicStream(path);
  await write(CSV_HEADER);
  return {
    async add({ file, index, spots }) {
      const name = csvPath(file);
      const lines = spots.map((s) =>
        [name, index, s.panel, s.x, s.y, s.intensity, s.snr, s.maximum, s.pixelCount, s.sigma].join(','),
      );
      if (lines.length > 0) await write(`${lines.join('\n')}\n`);
    },
    close,
    discard,
  };
}

/** Peak lists for CrystFEL; with `frameShape` the frames themselves too. */
export async function cxiSink(path: string, frameShape: readonly [number, number] | null): Promise<Sink> {
  const writer = await createCxiPeakFile(path, frameShape);
  return {
    add({ file, index, spots }, frame) {
      writer.append({
        identifier: `${file}//${index}`,
        spots,
        frame: frameShape === null ? null : frame,
      });
    },
    close: () => writer.close(),
    discard: () => writer.discard(),
  };
}
