/** Raw words as counts, by the integer calibration that firmware and `fixed.onnx` do: what a network sees of them. */
import { UserError } from '../../core/errors.js';
import { writtenAt } from '../../core/files.js';
import { calibration, type Calibration } from '../../evaluate/calibration.js';
import { COUNTS } from '../../ir/ops/input.js';
import type { RawSource } from '../formats/format.js';
import type { FrameSource } from '../frames.js';
import { NO_RULE } from '../pixels.js';
import {
  checkedMaps,
  serialIn,
  type CheckedMaps,
  type FramesForMaps,
  type RawMapsOptions,
} from './checked-maps.js';
import { integerMaps, type IntegerMaps } from './integer-maps.js';

export interface WordCalibration extends CheckedMaps {
  readonly integers: IntegerMaps;
  /** Counts of a frame's words; NaN where a word measures nothing. */
  readonly counts: (words: Uint16Array) => Float32Array;
}

/** The integer calibration with `checked` maps. */
export function wordCalibration(checked: CheckedMaps): WordCalibration {
  const { detector, maps, formats } = checked;
  const integers = integerMaps(detector, maps, COUNTS, formats);
  const limits = detector.stages.map((stage) => stage.limits);
  const op: Calibration = { adcBits: detector.adcBits, select: detector.select, limits, format: COUNTS };
  const run = calibration(op, integers.pedestal, integers.factor, NaN);
  const planes = [integers.pedestals, integers.factors];
  return { ...checked, integers, counts: (words) => run(words, planes, new Float32Array(words.length)) };
}

/** What is known of frames of `file`. */
const framesOf = (
  file: string,
  [height, width]: readonly [number, number],
  details: FrameSource['details'],
): FramesForMaps => ({ file, height, width, serial: serialIn(details), written: writtenAt([file]) });

/** The calibration for frames of words that were opened as they are. Throws `UserError`. */
export async function openCalibration(words: FrameSource, options: RawMapsOptions): Promise<WordCalibration> {
  const frames = framesOf(words.origin(0).file, [words.height, words.width], words.details);
  return wordCalibration(await checkedMaps(options, frames));
}

const known = new WeakMap<RawMapsOptions, Map<string, Promise<WordCalibration>>>();

/** The calibration of the words of `raw`, made once for all files of one size and serial number. */
async function calibrationFor(raw: RawSource, options: RawMapsOptions): Promise<WordCalibration> {
  const width = raw.frameShape.at(-1)!;
  const height = raw.frameShape.reduce((a, b) => a * b, 1) / width;
  const frames = framesOf(raw.file, [height, width], raw.details);
  const key = JSON.stringify([height, width, frames.serial]);
  const made = known.get(options) ?? new Map<string, Promise<WordCalibration>>();
  known.set(options, made);
  const own = made.get(key) ?? checkedMaps(options, frames).then(wordCalibration);
  made.set(key, own);
  return own;
}

/** Words of `sources` as counts (float32, NaN where masked); as they are without `options`. Throws `UserError`. */
export async function countedAll(
  sources: readonly RawSource[],
  options: RawMapsOptions | undefined,
): Promise<readonly RawSource[]> {
  if (options === undefined) return sources;
  if (sources.length > 1)
    throw new UserError('names modules in files of their own, each of which has maps of its own', {
      file: sources[0]!.file,
      field: '--maps',
      remedy: 'give the files of one module at a time',
    });
  return Promise.all(
    sources.map(async (raw) => {
      if (raw.pixelType !== 'uint16')
        throw new UserError(`holds ${raw.pixelType}, not raw words of uint16`, {
          file: raw.file,
          field: '--maps',
        });
      const { counts, detector } = await calibrationFor(raw, options);
      return {
        ...raw,
        format: `${raw.format}, words of ${detector.title} as counts`,
        pixelType: 'float32' as const,
        rule: NO_RULE,
        readRaw: async (index: number) => counts((await raw.readRaw(index)) as Uint16Array),
      };
    }),
  );
}
