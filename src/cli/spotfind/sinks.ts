/** Where found spots go: JSON on stdout, a CSV file, a CXI file. Files appear under their name when complete. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Frame } from '../../data/frames.js';
import { createCxiPeakFile } from '../../spotfind/cxi-peaks.js';
import type { SpotFinderSettings } from '../../spotfind/parameters.js';
import type { FoundSpot } from '../../spotfind/spot.js';
import { say } from '../console.js';

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
  close(summary: Readonly<Record<string, number>>): Promise<void> | void;
  /** Removes what was begun. */
  discard(): Promise<void> | void;
}

/** Prints frames as they come: a night of data does not fit into one string. */
export function jsonSink(settings: SpotFinderSettings): Sink {
  const { maxPeaks, minPeaks } = settings.hit;
  const hit = { minPeaks, maxPeaks: maxPeaks === Infinity ? null : maxPeaks };
  say(`{"algorithm": ${JSON.stringify(settings.algorithm)},`);
  say(
    `"parameters": ${JSON.stringify({ ...settings.parameters, ...settings.limits, ...hit })},\n"frames": [`,
  );
  let separator = '';
  return {
    add(finding) {
      say(`${separator}${JSON.stringify(finding)}`);
      separator = ',';
    },
    close: (summary) => {
      say(`],\n"summary": ${JSON.stringify(summary)}}`);
    },
    discard: () => undefined,
  };
}

const CSV_HEADER = 'file,index,panel,x,y,intensity,snr,maximum,pixels,sigma\n';

/** One line a spot. */
export function csvSink(path: string): Sink {
  const temporary = `${path}.${process.pid}.tmp`;
  const stream = createWriteStream(temporary);
  stream.write(CSV_HEADER);
  const end = async (): Promise<void> => {
    stream.end();
    await once(stream, 'close');
  };
  return {
    async add({ file, index, spots }) {
      const name = `"${file.replaceAll('"', '""')}"`;
      const lines = spots.map((s) =>
        [name, index, s.panel, s.x, s.y, s.intensity, s.snr, s.maximum, s.pixelCount, s.sigma].join(','),
      );
      if (lines.length > 0 && !stream.write(`${lines.join('\n')}\n`)) await once(stream, 'drain');
    },
    async close() {
      await end();
      await rename(temporary, path);
    },
    async discard() {
      await end();
      await rm(temporary, { force: true });
    },
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
