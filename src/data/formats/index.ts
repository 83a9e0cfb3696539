/**
 * The one list of frame formats, in the order in which a file is offered to them.
 */
import type { FrameFormat } from './format.js';
import { hdf5Format } from './hdf5.js';

export const FRAME_FORMATS: readonly FrameFormat[] = [hdf5Format];
