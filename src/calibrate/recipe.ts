/** The `calibration` section of a recipe. */
import { z } from 'zod';
import { OBSERVERS } from './observers.js';

export const calibrationSchema = z
  .strictObject({
    /**
     * Where the frames come from: `run`, a part of the run's own that neither trains nor tests; `set`, the small set
     * that comes with vetoc; or files, named as on the command line.
     */
    from: z.union([z.literal('run'), z.literal('set'), z.array(z.string().min(1)).min(1)]).default('run'),
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
