/**
 * How frames are asked for: the options that every command with frames takes.
 */
import type { UserError } from '../core/errors.js';
import type { JungfrauOptions } from './calibrate-jungfrau.js';
import type { Overloads } from './pixels.js';
import type { RawMapsOptions } from './raw/checked-maps.js';

export interface OpenFramesOptions {
  /** The channel of a dataset with a channel axis. */
  readonly channel?: number;
  /** Read on where linked files are missing; their frames are errors one by one. */
  readonly allowMissing?: boolean;
  /**
   * `FILE` or `bad:FILE`, added to the file's own masks; `none` to ignore those; `own` to take them however much they
   * hide; `own:live` or `own:bad` to say what not zero means in them.
   */
  readonly mask?: string;
  /** Bits of the file's own masks that are bad, as a number; by default those that the layout says. */
  readonly maskBits?: number;
  /** See masking.ts. */
  readonly maskRule?: string;
  /** A CrystFEL `.geom` file: masks what no panel covers and its bad regions. */
  readonly geometry?: string;
  /** Give the assembled picture instead of the raw layout. */
  readonly assemble?: boolean;
  /** See labels.ts. */
  readonly labels?: string;
  /** What was indexed; see labels/indexed-frames.ts. */
  readonly indexed?: string;
  /** `file`, `folder`, `run`, or the name of a per-frame fact. */
  readonly groups?: string;
  /** Pedestals and gains that turn JUNGFRAU words into photons. */
  readonly jungfrau?: JungfrauOptions;
  /** A file of maps that turns raw words of a detector into counts, as the firmware does. */
  readonly rawMaps?: RawMapsOptions;
  /** Give the words of gain that stand beside the frames, in their place. */
  readonly gainWords?: boolean;
  /**
   * Values are raw words, and given as they are, whatever `rawMaps` or a file say of values. Frames are whole or an error, as those of
   * `rawMaps` and `jungfrau` are: a module has a file, and a row for each event.
   */
  readonly words?: boolean;
  /** Multiplies each value before it is rounded to `uint16`. */
  readonly scale?: number;
  /** Warnings of what was not understood or not used are errors. */
  readonly strict?: boolean;
  /** What becomes of counts above the largest trusted one; `mask` unless stated. */
  readonly overloads?: Overloads;
  /** Reading of a file that takes longer at a stretch (its header, a frame) is given up: seconds, 60 unless stated. */
  readonly giveUpSeconds?: number;
  /** Called for each file that cannot be opened; without it the first such file is an error. */
  readonly onBadFile?: (error: UserError) => void;
}

/** Whether `--mask` speaks of the masks that a file carries: `own`, `own:live` or `own:bad`. */
export function isOwnMask(mask: string): boolean {
  return /^own(:(live|bad))?$/.test(mask);
}

/** Whether each frame is to have every module: words without a row would be words of nothing. */
export const isWhole = ({ words, rawMaps, jungfrau }: OpenFramesOptions): boolean =>
  words === true || rawMaps !== undefined || jungfrau !== undefined;
