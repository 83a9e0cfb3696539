/** The `calibration` section of a recipe. */
import { z } from 'zod';
import { OBSERVERS } from './observers.js';

export const calibrationSchema = z
  .strictObject({
    /** How many frames, taken evenly from the classes that are known. */
    frames: z.int().min(1).max(1_000_000).default(256),
    /** How activation ranges follow from the frames. */
    observer: z.enum(OBSERVERS).default('peak-safe'),
    /** Percent of the values that the observer `percentile` keeps. */
    percentile: z.number().gt(50).max(100).default(99.99),
  })
  .prefault({})
  .readonly();
export type Calibration = z.infer<typeof calibrationSchema>;
