/** Files of raw words as files of counts, each frame with the maps of its own memory cell. */
import { UserError } from '../../core/errors.js';
import type { RawSource } from '../formats/format.js';
import { NO_RULE } from '../pixels.js';
import { cellCalibration, framesForMaps, sharedMapsFor } from './cell-calibration.js';
import { cellOf, refuseWithoutGains } from './cells.js';
import type { RawMapsOptions } from './checked-maps.js';
import { rawDetector } from './detectors.js';

/** Words of `raw` as counts (float32, NaN where masked); of several modules with maps of all of them, stacked. Throws `UserError`. */
export async function counted(raw: RawSource, options: RawMapsOptions): Promise<RawSource> {
  const { file, count, annotations } = raw;
  if (raw.pixelType !== 'uint16')
    throw new UserError(`holds ${raw.pixelType}, not raw words of uint16`, { file, field: '--maps' });
  const width = raw.frameShape.at(-1)!;
  const height = raw.frameShape.reduce((a, b) => a * b, 1) / width;
  const made = await sharedMapsFor(options, framesForMaps(file, [height, width], raw.details));
  const calibration = cellCalibration(made);
  const detector = rawDetector(calibration.name);
  const cell = (index: number): number =>
    calibration.hasCells ? cellOf(annotations.meta(index), file, index) : 0;
  if (raw.joined === true && detector.select.by === 'thresholds')
    throw new UserError('names modules in files of their own, each of which has maps of its own cells', {
      file,
      field: '--maps',
      remedy: 'give the files of one module at a time',
    });
  if (raw.gainWords !== undefined && detector.select.by === 'bits')
    throw new UserError(`has words of gain beside its frames, and a ${detector.title} has none`, {
      file,
      field: '--maps',
      remedy: 'give maps of the detector that the frames are of',
    });
  // A file without memory cells is refused when it is opened, not frame by frame.
  if (count > 0) cell(0);
  const gainWords = detector.select.by === 'bits' ? null : (raw.gainWords ?? refuseWithoutGains(raw));
  return {
    ...raw,
    format: `${raw.format}, words of ${detector.title} as counts`,
    pixelType: 'float32' as const,
    rule: NO_RULE,
    async readRaw(index) {
      const words = (await raw.readRaw(index)) as Uint16Array;
      const gains = gainWords === null ? undefined : ((await gainWords(index)) as Uint16Array);
      return calibration.counts(cell(index), `frame ${index} of ${file}`, words, gains);
    },
  };
}
