/** Frames of raw words as they were read, each with the words of gain and the memory cell that its calibration asks for. */
import type { FrameSource } from '../data/frames.js';
import { openFrames } from '../data/open.js';
import type { OpenFramesOptions } from '../data/open-options.js';
import { openCalibration } from '../data/raw/cell-calibration.js';
import { cellOf } from '../data/raw/cells.js';
import { rawDetector, type RawDetector } from '../data/raw/detectors.js';

export interface RawFrame {
  /** Where it was read: `frame 3 of FILE`. */
  readonly name: string;
  /** Memory cell; 0 where the detector has none. */
  readonly cell: number;
  readonly words: Uint16Array;
  /** Where words of gain say the gain stage. */
  readonly gains: Uint16Array | undefined;
  readonly mask: Uint8Array | null;
}

export interface RawFrames {
  readonly count: number;
  readonly detector: RawDetector;
  readonly calibration: Awaited<ReturnType<typeof openCalibration>>;
  readonly read: (index: number) => Promise<RawFrame>;
  readonly close: () => Promise<void>;
}

/** The words of `source`, opened with `options`, which name maps, of `files`; what closes them closes it. Throws `UserError`. */
export async function openRawFrames(
  source: FrameSource,
  files: readonly string[],
  options: OpenFramesOptions,
): Promise<RawFrames> {
  let gains: FrameSource | null = null;
  const close = async (): Promise<void> => {
    await gains?.close();
    await source.close();
  };
  try {
    const calibration = await openCalibration(source, options.rawMaps!);
    const detector = rawDetector(calibration.name);
    if (detector.select.by === 'thresholds') gains = await openFrames(files, { ...options, gainWords: true });
    return {
      count: source.count,
      detector,
      calibration,
      async read(index) {
        const { pixels, mask } = await source.read(index);
        const { file, index: inFile } = source.origin(index);
        return {
          name: `frame ${inFile} of ${file}`,
          cell: calibration.hasCells ? cellOf(source.meta(index), file, inFile) : 0,
          words: pixels,
          gains: (await gains?.read(index))?.pixels,
          mask,
        };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
