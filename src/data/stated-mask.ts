/**
 * The mask file of `--mask FILE` or `--mask bad:FILE`: a file of any format of frames, in which not zero is live (`bad:`
 * turns that round). Where the file says itself what not zero means, it must agree; where it holds more than zero and one
 * other value, and so looks like frames or like bits, that is said.
 *
 * It holds one image of the shape of a frame (with modules as they are, or stacked), which counts for all frames, or one
 * a frame. Refuses images of another shape, however many pixels they have; another number of images than frames; values
 * below zero, which say neither live nor masked; and masks that hide more than half of the pixels.
 */
import { UserError } from '../core/errors.js';
import { parseFrameArgument } from './arguments.js';
import type { RawSource } from './formats/format.js';
import { NOT_USED, taken, warning, warningsOf, type Note } from './notes.js';
import type { PixelArray } from './pixels.js';
import { isOwnMask } from './open-options.js';
import { stackedShape } from './source.js';
import { openRaw } from './stored.js';

interface Told {
  /** What the file says of itself, and what not zero was taken for. */
  readonly notes: readonly Note[];
}

export type StatedMask =
  | (Told & { readonly kind: 'for all frames'; readonly mask: Uint8Array })
  | (Told & {
      readonly kind: 'a frame';
      readonly file: string;
      /** The mask of frame `index`, 1 live. */
      readonly of: (index: number) => Promise<Uint8Array>;
      readonly close: () => Promise<void>;
    });

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** `shape` without axes of one at its start; at least rows and columns stay. */
function plainShape(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((size, axis) => size !== 1 || axis >= shape.length - 2);
  return shape.slice(first);
}

/** Whether one image of `shape` is a mask of frames of `frameShape`: as they are, or with the modules stacked. */
function fits(shape: readonly number[], frameShape: readonly number[]): boolean {
  const { height, width } = stackedShape(frameShape);
  const [own, wanted] = [plainShape(shape), plainShape(frameShape)];
  return String(own) === String(wanted) || String(own) === String([height, width]);
}

/** What the masks of `source` are to `raw`. Throws `UserError` where they are not of these frames. */
function kindOf(source: RawSource, raw: RawSource): StatedMask['kind'] {
  const shape = source.count === 1 ? source.frameShape : [source.count, ...source.frameShape];
  if (fits(shape, raw.frameShape)) return 'for all frames';
  const isImage = fits(source.frameShape, raw.frameShape);
  if (isImage && source.count === raw.count) return 'a frame';
  const where = { file: source.file, field: '--mask' };
  const size = raw.frameShape.join('×');
  if (isImage) {
    throw new UserError(`holds ${source.count} images, and ${raw.file} ${raw.count} frames`, {
      ...where,
      remedy: 'give one image for all frames, or one a frame',
    });
  }
  const turned = fits([...source.frameShape].reverse(), raw.frameShape);
  throw new UserError(`has the shape ${shape.join('×')}, but the frames of ${raw.file} have ${size}`, {
    ...where,
    remedy: turned ? 'turn it: rows and columns are exchanged' : 'give a mask of this detector',
  });
}

/** Whether a note is of other images of a file than those that were asked for by their path. */
const isOfOthers = ({ about, text }: Note): boolean => about === 'unused' || text.includes(NOT_USED);

/** The mask that `spec` names for the frames of `raw`; null where it names no file. Throws `UserError`. */
export async function readStatedMask(spec: string | undefined, raw: RawSource): Promise<StatedMask | null> {
  if (spec === undefined || spec === 'none' || isOwnMask(spec)) return null;
  const inverted = spec.startsWith('bad:');
  const argument = inverted ? spec.slice(4) : spec;
  const named = parseFrameArgument(argument).dataset !== null;
  const source = await openRaw(argument);
  const read = async (index: number): Promise<Uint8Array> =>
    maskFromArray(await source.readRaw(index), inverted, source.file);
  try {
    refuseContradiction(source, inverted);
    const own = warningsOf(source.notes).filter((note) => !named || !isOfOthers(note));
    const notes = [...own, ...meaningNotes(source, await source.readRaw(0), inverted)];
    if (kindOf(source, raw) === 'a frame') {
      await read(0);
      return { kind: 'a frame', file: source.file, of: read, notes, close: () => source.close() };
    }
    const mask = source.count === 1 ? await read(0) : await joinImages(source, inverted);
    await source.close();
    return { kind: 'for all frames', mask, notes };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Throws where the file says of not zero the opposite of what it is named for. */
function refuseContradiction(source: RawSource, inverted: boolean): void {
  const says = source.nonzero?.() ?? null;
  if (says === null || (says === 'bad') === inverted) return;
  throw new UserError(`says that not zero means ${says}`, {
    file: source.file,
    field: source.dataset ?? '--mask',
    remedy: says === 'bad' ? 'write --mask bad:FILE' : 'leave out bad:',
  });
}

/** What not zero was taken for, and whether `values`, the first image, are more than a yes and a no. */
function meaningNotes(source: RawSource, values: PixelArray, inverted: boolean): readonly Note[] {
  const note = (make: typeof taken, text: string): Note => make('mask', source.file, source.dataset, text);
  const first = values.find((value) => Number(value) !== 0 && !Number.isNaN(Number(value)));
  const other = values.find(
    (value) => Number(value) !== 0 && value !== first && !Number.isNaN(Number(value)),
  );
  const meant = note(taken, `masks where not zero means ${inverted ? 'bad' : 'live'}`);
  if (inverted || other === undefined) return [meant];
  return [
    meant,
    note(warning, `holds 0, ${first}, ${other} and so on: every pixel that is not zero is taken for live`),
  ];
}

/** The images of `source`, which are modules, as one mask. */
async function joinImages(source: RawSource, inverted: boolean): Promise<Uint8Array> {
  const size = sizeOf(source.frameShape);
  const mask = new Uint8Array(source.count * size);
  for (let i = 0; i < source.count; i++)
    mask.set(liveOf(await source.readRaw(i), inverted, source.file), i * size);
  refuseMost(mask, inverted, source.file);
  return mask;
}

/** 1 where `values` say live. What is no number says nothing of its pixel: it is not live. */
function liveOf(values: PixelArray, nonzeroIsBad: boolean, file: string): Uint8Array {
  const live = new Uint8Array(values.length);
  for (let i = 0; i < live.length; i++) {
    const value = Number(values[i]);
    if (value < 0) {
      throw new UserError(`holds ${value}, which says neither live nor masked`, {
        file,
        field: '--mask',
        remedy: 'write 1 and 0',
      });
    }
    live[i] = (value !== 0) !== nonzeroIsBad && !Number.isNaN(value) ? 1 : 0;
  }
  return live;
}

/** A stored image as a mask of 1 (live) and 0. Throws `UserError`. */
function maskFromArray(values: PixelArray, nonzeroIsBad: boolean, file: string): Uint8Array {
  const mask = liveOf(values, nonzeroIsBad, file);
  refuseMost(mask, nonzeroIsBad, file);
  return mask;
}

function refuseMost(mask: Uint8Array, nonzeroIsBad: boolean, file: string): void {
  const hidden = mask.reduce((sum, live) => sum + 1 - live, 0);
  if (2 * hidden <= mask.length) return;
  throw new UserError(`hides ${hidden} of ${mask.length} pixels`, {
    file,
    field: '--mask',
    remedy: nonzeroIsBad
      ? 'leave out bad: if not zero means live'
      : 'write bad:FILE if not zero means masked',
  });
}
