/**
 * What a frame is to the rest of vetoc: the contract between the readers, the simulator and everyone after.
 *
 * A network always sees raw `uint16` pixels. Detectors that write int32 or float32 are converted by a stated
 * rule when a frame is read (see each reader); a masked, sentinel or non-finite pixel reads 0 and is marked in
 * the mask, so that it is never counted as a photon.
 */
import type { Experiment } from './experiment.js';
import type { DetectorGeometry } from './geometry/geometry.js';
import type { Note } from './notes.js';

/** One detector frame, row-major (slow axis first). */
export interface Frame {
  readonly height: number;
  readonly width: number;
  /** `height * width` raw values; masked pixels are 0. */
  readonly pixels: Uint16Array;
  /** `height * width`, 1 = live, 0 = masked; null when every pixel is live. May be shared between frames. */
  readonly mask: Uint8Array | null;
  /** Pixels above the largest trusted count, masked or not; absent where nothing states one. */
  readonly overloads?: number;
  /** Beam, distance, wavelength and pixel size as the file or the user's geometry states them. */
  readonly experiment?: Experiment;
  /** Warnings of a file that was opened for this frame (late.ts); `FrameSource.notes` has those of files that were opened before. */
  readonly notes?: readonly Note[];
}

/** The five DiffraNet classes, in their order. The first two are misses. */
export const CLASS_NAMES = ['Blank', 'No crystal', 'Weak', 'Good', 'Strong'] as const;
/** Index of the first class of `CLASS_NAMES` that counts as a hit. */
export const FIRST_HIT_CLASS = 2;

export type Split = 'train' | 'validation' | 'calibration' | 'test';

/** What is known of one frame besides its pixels. Unknown things are null. */
export interface FrameLabel {
  /** Index into `FrameSource.classNames`. */
  readonly label: number | null;
  readonly hit: boolean | null;
  /** Whether an indexing program finds a lattice in it; null or absent where nobody tried. */
  readonly indexable?: boolean | null;
  readonly split: Split | null;
  /** Frames that share a group (a crystal, a run) never stand on both sides of a split. */
  readonly group: string | null;
}

/** A Bragg peak position in pixels (pixel centre = integer), with what the truth or a finder says of it. */
export interface Spot {
  readonly y: number;
  readonly x: number;
  /** Photons or ADU above background, summed over the peak. */
  readonly intensity: number;
  readonly snr: number;
}

/** Where a frame was read. */
export interface FrameOrigin {
  readonly file: string;
  /** Its number among the frames of the file. */
  readonly index: number;
  /** The path inside the file that it stands at, where a file has such. */
  readonly dataset?: string;
  /** Where it stands on each of several axes that count frames (train and memory cell), slowest first. */
  readonly place?: readonly number[];
  /** True where it was put together from rows of several files: then no row of `file` is the frame. */
  readonly joined?: boolean;
  /** Its event as CrystFEL writes it, where a geometry file says which part of the path that is. */
  readonly event?: string;
}

/** A readable series of frames of one shape: a file, a set of files, or a simulation. */
export interface FrameSource {
  /** What the user would recognise: a path, or `simulate(seed)`. */
  readonly name: string;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** The stored shape of a frame, `[y, x]` or `[module, y, x]` (stacked along y), where it is known. */
  readonly frameShape?: readonly number[];
  readonly classNames: readonly string[] | null;
  /** What was taken from where and what was left unused (notes.ts). */
  readonly notes?: readonly Note[];
  /** Facts of the whole file with units in their names, as `RawSource.details`; of the first file where there are several. */
  readonly details?: Readonly<Record<string, string | number>>;
  /** The user's geometry file with what these frames' file adds to it; of the first file where there are several. */
  readonly geometry?: DetectorGeometry;
  /** Numbers of the detector's modules that no file is of, where nobody says that they are to be left out. */
  readonly absent?: readonly string[];
  /** Absolute paths of other files that frames are read from. */
  readonly reads?: readonly string[];
  /** Frames worth asking for beyond the one in hand: more than 0 where threads read. */
  readonly ahead?: number;
  /** Reads frame `index` in [0, count). Throws `UserError` naming the file and frame when it cannot be read. */
  read(index: number): Promise<Frame>;
  /** Labels of frame `index`; all null where the file has none. */
  label(index: number): FrameLabel;
  /** Further per-frame facts by name (style, cell, source…), as text or number. */
  meta(index: number): Readonly<Record<string, string | number>>;
  /** True or listed spots of frame `index`, or null where unknown. */
  spots(index: number): readonly Spot[] | null;
  /** How many of them there are, without reading them; see `countSpots`. */
  spotCount?(index: number): number | null;
  /** The file and the place inside it that frame `index` came from. */
  origin(index: number): FrameOrigin;
  close(): Promise<void>;
}
