/**
 * The one list of frame formats, in the order in which a file is offered to them.
 */
import { cbfFormat } from './cbf.js';
import { edfFormat } from './edf.js';
import type { FrameFormat } from './format.js';
import { hdf5Format } from './hdf5.js';
import { jungfrauFormat } from './jungfrau.js';
import { npyFormat } from './npy.js';
import { pngFormat } from './png.js';
import { smvFormat } from './smv.js';
import { tiffFormat } from './tiff.js';
import { xtcFormat } from './xtc.js';

export const FRAME_FORMATS: readonly FrameFormat[] = [
  hdf5Format,
  cbfFormat,
  pngFormat,
  tiffFormat,
  npyFormat,
  smvFormat,
  edfFormat,
  jungfrauFormat,
  xtcFormat,
];
