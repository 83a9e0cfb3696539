/**
 * What a frame format provides: raw frames exactly as stored, and what the file says about them.
 *
 * A reader converts nothing: `readRaw` gives the stored values in the stored type. Masks, rules and the step to
 * `uint16` are applied above (source.ts), the same for every format.
 */
import { UserError } from '../../core/errors.js';
import { GIVE_UP_SECONDS } from '../../core/time-limit.js';
import type { Experiment } from '../experiment.js';
import type { FrameLabel, Spot } from '../frames.js';
import type { Note } from '../notes.js';
import type { PixelArray, PixelType, ValueRule } from '../pixels.js';

/** A frame larger than this is a lying header, not a detector (the largest detectors have 2^26 pixels). */
export const MAX_FRAME_PIXELS = 2 ** 28;

/** What a file says of its frames besides pixels. Indices are those of the raw source. */
export interface Annotations {
  readonly classNames: readonly string[] | null;
  /** What of them was not understood. */
  readonly notes?: readonly Note[];
  label(index: number): FrameLabel;
  meta(index: number): Readonly<Record<string, string | number>>;
  spots(index: number): readonly Spot[] | null;
  /** How many spots there are, where that is known without reading them. */
  spotCount?(index: number): number | null;
}

/** How many spots frame `index` has, or null where nobody knows. */
export function countSpots(from: Pick<Annotations, 'spots' | 'spotCount'>, index: number): number | null {
  if (from.spotCount !== undefined) return from.spotCount(index);
  return from.spots(index)?.length ?? null;
}

export const UNKNOWN_LABEL: FrameLabel = { label: null, hit: null, split: null, group: null };

export const NO_ANNOTATIONS: Annotations = {
  classNames: null,
  label: () => UNKNOWN_LABEL,
  meta: () => ({}),
  spots: () => null,
};

/** What a glance at a file of known form shows: the rest is as in the file that it is like. */
export interface Glanced {
  readonly count: number;
  readonly annotations: Annotations;
  /** Whether the file still stands at its path: not another one, nor none. */
  isThere(): boolean;
  close(): void;
}

/** Glances at files: null where a file is of another form, or cannot be read. Never throws for a file. */
export type Glance = (files: readonly Pick<OpenRequest, 'file' | 'path'>[]) => readonly (Glanced | null)[];

/** A module that no file is of. */
export interface AbsentModule {
  /** Its place in the frame, from 0. */
  readonly place: number;
  /** Its number as file names have it. */
  readonly name: string;
}

/** Frames of one shape in one file (or in files that belong together, as an NXmx master and its data). */
export interface RawSource {
  /** The file as the user named it. */
  readonly file: string;
  /** Such as `HDF5 (CXI)` or `CBF`. */
  readonly format: string;
  /** The dataset inside the file, or null where a file is just frames. */
  readonly dataset: string | null;
  /** The dataset of frame `index`, where each stands at a path of its own. */
  datasetOf?(index: number): string;
  readonly count: number;
  /** One frame: `[y, x]` or `[module, y, x]`, slowest axis first. */
  readonly frameShape: readonly number[];
  readonly pixelType: PixelType;
  /** Layout and compression in words. */
  readonly storage: string;
  /** Values that the format or the file declares to be no measurement. */
  readonly rule: ValueRule;
  /** Facts of the whole file (wavelength, distance…), with units in the names. */
  readonly details: Readonly<Record<string, string | number>>;
  readonly annotations: Annotations;
  /** What was taken from where and what was left unused. */
  readonly notes?: readonly Note[];
  /** The geometry of frame `index`, where the facts of file and frame do not say all of it. */
  experiment?(index: number): Partial<Experiment>;
  /** Absolute paths of other files that frames are read from: links and virtual datasets. */
  readonly reads?: readonly string[];
  /** Whether a frame is put together from rows of several files, so that none of them holds it. */
  readonly joined?: boolean;
  /** Modules of the detector that no file is of. */
  readonly absent?: readonly AbsentModule[];
  /** The file that frame `index` is named by, where that is not `file`. */
  originFile?(index: number): string;
  /** The number in the file of frame `index`, where that is another (LCLS2 events sorted by time). */
  originIndex?(index: number): number;
  /** The event of frame `index` as CrystFEL writes it, where a geometry file names the paths of events. */
  eventOf?(index: number): string;
  /** Where frame `index` stands on each axis that counts frames, where there are several (train and memory cell). */
  originPlace?(index: number): readonly number[];
  /** Looks at other files for whether they are of the same form; null or absent where that cannot be told at a glance. */
  readonly glance?: Glance | null;
  /** The stored values of frame `index`, row-major, in their stored type. Throws `UserError`. */
  readRaw(index: number): Promise<PixelArray>;
  /** The words of gain of frame `index`, where each frame has such beside its ADC values (AGIPD). Throws `UserError`. */
  gainWords?(index: number): Promise<PixelArray>;
  /** What the file says that not zero means, where the frames are a mask; null where it says nothing. */
  nonzero?(): 'live' | 'bad' | null;
  /** The file's own mask of frame `index`, 1 live, or null. Equal masks may be one array. */
  mask(index: number): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** What a format is asked to open. */
export interface OpenRequest {
  /** The file as the user named it: for messages. */
  readonly file: string;
  /** The absolute path. */
  readonly path: string;
  /** The dataset the user asked for, or null to find one. */
  readonly dataset: string | null;
  /** Where a geometry file says that the frames stand, with `%` for parts that an event fills: taken where they are there. */
  readonly stated?: string | null;
  /** Index on a channel axis (`[n, channel, y, x]`), or null where the user says nothing of channels: then 0. */
  readonly channel: number | null;
  /** Read the rest where a linked or virtual source file is missing; its frames are then errors one by one. */
  readonly allowMissing: boolean;
  readonly masks: MaskWishes;
  /** Reading that takes longer at a stretch is given up. */
  readonly giveUpSeconds: number;
}

/** What the user says of the masks that a file carries. */
export interface MaskWishes {
  /** What not zero means, whatever the file says; null: as the file says. */
  readonly polarity: 'live' | 'bad' | null;
  /** The bits that are bad, or null for those of the layout. */
  readonly badBits: number | null;
  /** Take masks that hide more than half of a frame. */
  readonly accept: boolean;
}

export const NO_WISHES: MaskWishes = { polarity: null, badBits: null, accept: false };

/** A request for `dataset` of `file` without any wishes. */
export function plainRequest(file: string, path: string, dataset: string | null): OpenRequest {
  return {
    file,
    path,
    dataset,
    channel: null,
    allowMissing: false,
    masks: NO_WISHES,
    giveUpSeconds: GIVE_UP_SECONDS,
  };
}

export interface FrameFormat {
  /** Short name, as in messages and `--format`. */
  readonly name: string;
  /** True when every file holds one frame: thousands of them are then opened only when they are read. */
  readonly singleFrame: boolean;
  /** True when the frames stand in datasets, one of which may be named, with axes of which one may be of channels. */
  readonly hasDatasets?: boolean;
  /** True when `head` (the first bytes of the file, up to 4096) and the lower-case name say it is this format. */
  matches(head: Uint8Array, lowerName: string): boolean;
  open(request: OpenRequest): Promise<RawSource>;
}

/** Checks a frame's shape before memory is asked for. Throws `UserError` naming `file`. */
export function checkFrameShape(file: string, shape: readonly number[], bytesPerPixel: number): void {
  const pixels = shape.reduce((a, b) => a * b, 1);
  if (!shape.every((n) => Number.isSafeInteger(n) && n > 0) || pixels > MAX_FRAME_PIXELS) {
    throw new UserError(`a frame of ${shape.join('×')} pixels of ${bytesPerPixel} bytes cannot be right`, {
      file,
      remedy: 'check that the file is what its name says',
    });
  }
}

/** Throws unless `index` is one of `count` frames. */
export function checkFrameIndex(file: string, index: number, count: number): void {
  if (!Number.isSafeInteger(index) || index < 0 || index >= count) {
    throw new UserError(`frame ${index} does not exist; the file has ${count}`, { file });
  }
}
