/**
 * How frames are asked for: the options that every command with frames takes.
 */
import type { UserError } from '../core/errors.js';
import type { JungfrauOptions } from './calibrate-jungfrau.js';

export interface OpenFramesOptions {
  /** The channel of a dataset with a channel axis. */
  readonly channel?: number;
  /** Read on where linked files are missing; their frames are errors one by one. */
  readonly allowMissing?: boolean;
  /** `FILE`, `bad:FILE`, or `none` to ignore the file's own. */
  readonly mask?: string;
  /** See masking.ts. */
  readonly maskRule?: string;
  /** A CrystFEL `.geom` file: masks what no panel covers and its bad regions. */
  readonly geometry?: string;
  /** Give the assembled picture instead of the raw layout. */
  readonly assemble?: boolean;
  /** See labels.ts. */
  readonly labels?: string;
  /** `file`, `folder`, `run`, or the name of a per-frame fact. */
  readonly groups?: string;
  /** Pedestals and gains that turn JUNGFRAU words into photons. */
  readonly jungfrau?: JungfrauOptions;
  /** Multiplies each value before it is rounded to `uint16`. */
  readonly scale?: number;
  /** Warnings of what was not understood or not used are errors. */
  readonly strict?: boolean;
  /** Called for each file that cannot be opened; without it the first such file is an error. */
  readonly onBadFile?: (error: UserError) => void;
}
