/**
 * What a geometry leaves to the frames' file, or to a file of its own: camera length, wavelength, shift, and masks of bits.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { RawSource } from '../formats/format.js';
import { openHdf5, type Hdf5File } from '../hdf5/file.js';
import { Hdf5Failure } from '../hdf5/library.js';
import { fillPath } from '../hdf5/stated-frames.js';
import { taken, warning, type Note } from '../notes.js';
import type { PixelArray } from '../pixels.js';
import type { DetectorGeometry } from './geometry.js';
import type { Fill } from './layout.js';
import { maskBits } from './pixel-mask.js';
import type { PanelMask } from './panel-masks.js';
import type { Panel } from './panel.js';
import type { Quantity } from './quantity.js';

type Place = Extract<Quantity, { kind: 'place' }>;

/** A stored number a frame, in the unit of its kind. */
export type ValueOf = (index: number) => number;

const originOf = (raw: RawSource, index: number): number => raw.originIndex?.(index) ?? index;

/** Turns a library failure into words. */
export function inWords<T>(file: string, field: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Hdf5Failure)) throw error;
    throw new UserError(error.message, { file, field, remedy: 'check the file' });
  }
}

/** Whether `template` is another path for other frames. */
const variesByEvent = (template: string, raw: RawSource, fill: Fill): boolean =>
  raw.count > 1 && fillPath(template, fill(0)) !== fillPath(template, fill(raw.count - 1));

/** The number that stands at `place`: one for all frames, or one a frame. Throws `UserError` naming `key`. */
export function readPlace(
  geometry: DetectorGeometry,
  key: string,
  place: Place,
  raw: RawSource,
  file: Hdf5File | null,
  fill: Fill,
): { readonly valueOf: ValueOf; readonly note: Note } {
  const refuse = (why: string): never => {
    throw new UserError(`is the place ${place.path}, ${why}`, {
      file: geometry.file,
      field: key,
      remedy: 'write the number instead',
    });
  };
  if (file === null) return refuse(`but ${raw.file} (${raw.format}) holds no datasets`);
  const about = key === 'clen' || key.startsWith('detector') ? 'geometry' : 'wavelength';
  const numberAt = (path: string): number => {
    if (file.node(path).kind !== 'dataset') return refuse(`and ${raw.file} has no ${path}`);
    const { shape, isString } = inWords(raw.file, path, () => file.info(path));
    if (isString || shape.some((size) => size !== 1)) return refuse(`which is no number at ${path}`);
    return Number((inWords(raw.file, path, () => file.readAll(path)) as ArrayLike<number | bigint>)[0]);
  };
  if (variesByEvent(place.path, raw, fill)) {
    const values = Array.from({ length: raw.count }, (_, i) => numberAt(fillPath(place.path, fill(i))));
    const text = `${key} of each of ${raw.count} events, as ${geometry.file} says`;
    return {
      valueOf: (index) => values[index]! * place.factor,
      note: taken(about, raw.file, place.path, text),
    };
  }
  const path = fillPath(place.path, fill(0));
  if (file.node(path).kind !== 'dataset') return refuse(`which ${raw.file} does not have`);
  const { shape, isString } = inWords(raw.file, path, () => file.info(path));
  const size = shape.reduce((a, b) => a * b, 1);
  const perFrame = size >= raw.count && shape[0] === size && size > 1;
  if (isString || !(size === 1 || perFrame))
    return refuse(`which is no number of all frames or of each (${shape.join('×')})`);
  const values = Array.from(
    inWords(raw.file, path, () => file.readAll(path)) as ArrayLike<number | bigint>,
    Number,
  );
  const valueOf = (index: number): number => values[perFrame ? originOf(raw, index) : 0]! * place.factor;
  if (!Number.isFinite(valueOf(0))) return refuse(`where ${raw.file} holds ${values[0]}`);
  const text = `${key} of ${perFrame ? `each of ${size} frames` : 'all frames'}, as ${geometry.file} says`;
  return {
    valueOf,
    note: taken(about, raw.file, path, text),
  };
}

/** A mask of bits that is the same for all frames, or one a frame. */
export interface BitMasks {
  readonly all: Uint8Array | null;
  readonly ofFrame: ((index: number) => Uint8Array) | null;
  readonly notes: readonly Note[];
}

interface Request {
  readonly geometry: DetectorGeometry;
  readonly raw: RawSource;
  /** The frames' file, null where it is of another format. */
  readonly file: Hdf5File | null;
  readonly fill: Fill;
}

/** Panels with one mask in common. */
interface Shared {
  readonly mask: PanelMask;
  readonly panels: Panel[];
}

function sharedMasks(panels: readonly Panel[]): readonly Shared[] {
  const shared = new Map<string, Shared>();
  for (const panel of panels)
    for (const mask of panel.masks) {
      if (mask.goodBits === 0 && mask.badBits === 0) continue;
      const key = JSON.stringify(mask);
      const known = shared.get(key);
      if (known === undefined) shared.set(key, { mask, panels: [panel] });
      else known.panels.push(panel);
    }
  return [...shared.values()];
}

/** Reads every mask of bits that the panels state. Throws `UserError` where one is not there or does not fit. */
export async function readBitMasks(request: Request): Promise<BitMasks> {
  const { geometry, raw } = request;
  const size = raw.frameShape.reduce((a, b) => a * b, 1);
  let all: Uint8Array | null = null;
  const ofFrame: ((index: number, live: Uint8Array) => void)[] = [];
  const notes: Note[] = [];
  for (const { mask, panels } of sharedMasks(geometry.panels)) {
    const bits = mask.file === null ? inFrames(request, mask) : await ofOwnFile(request, mask);
    const apply = (values: PixelArray, live: Uint8Array): void => {
      for (const panel of panels) maskBits(panel, raw.frameShape, values, mask, live);
    };
    if (bits.kind === 'a frame')
      ofFrame.push((index, live) => {
        apply(bits.read(index), live);
      });
    else {
      all ??= new Uint8Array(size).fill(1);
      const before = count(all);
      apply(bits.values, all);
      if (2 * (before - count(all)) > size)
        notes.push(
          warning(
            'mask',
            bits.name,
            bits.path,
            `hides ${before - count(all)} of ${size} pixels by ${mask.key}: are its good and bad bits right?`,
          ),
        );
    }
    notes.push(
      taken(
        'mask',
        bits.name,
        bits.path,
        `${mask.key} of ${geometry.file}, ${bits.kind === 'a frame' ? 'a mask a frame' : 'for all frames'}`,
      ),
    );
  }
  return {
    all,
    notes,
    ofFrame:
      ofFrame.length === 0
        ? null
        : (index) => {
            const live = new Uint8Array(size).fill(1);
            for (const apply of ofFrame) apply(index, live);
            return live;
          },
  };
}

const count = (live: Uint8Array): number => live.reduce((sum, one) => sum + one, 0);

type Bits = { readonly name: string; readonly path: string } & (
  | { readonly kind: 'all frames'; readonly values: PixelArray }
  | { readonly kind: 'a frame'; readonly read: (index: number) => PixelArray }
);

function inFrames({ geometry, raw, file, fill }: Request, mask: PanelMask): Bits {
  if (file === null) {
    throw new UserError(`is ${mask.data}, but ${raw.file} (${raw.format}) holds no datasets`, {
      file: geometry.file,
      field: mask.key,
      remedy: 'name the file of the mask',
    });
  }
  const at = (index: number): Bits =>
    bitsAt(geometry, raw, file, raw.file, fillPath(mask.data, fill(index)), mask);
  const first = at(0);
  if (!variesByEvent(mask.data, raw, fill) || first.kind === 'a frame') return first;
  return {
    kind: 'a frame',
    name: raw.file,
    path: mask.data,
    read(index) {
      const bits = at(index);
      return bits.kind === 'all frames' ? bits.values : bits.read(index);
    },
  };
}

async function ofOwnFile({ geometry, raw }: Request, mask: PanelMask): Promise<Bits> {
  const beside = resolve(dirname(geometry.file), mask.file!);
  const path = existsSync(beside) ? beside : resolve(mask.file!);
  const missing = (why: string): UserError =>
    new UserError(`is ${mask.file}, which ${why}`, {
      file: geometry.file,
      field: mask.key.replace(/(_data)?$/, '_file'),
      remedy: 'give the path as seen from the geometry file',
    });
  if (!existsSync(path)) throw missing('is not there');
  const file = await openHdf5(path, mask.file!).catch((error: unknown) => {
    throw error instanceof Hdf5Failure ? missing(`cannot be read (${error.message})`) : error;
  });
  try {
    const bits = bitsAt(geometry, raw, file, mask.file!, mask.data, mask);
    if (bits.kind === 'all frames') return bits;
    throw missing('holds a mask a frame; one for all frames is read from a file of its own');
  } finally {
    file.close();
  }
}

function bitsAt(
  geometry: DetectorGeometry,
  raw: RawSource,
  file: Hdf5File,
  name: string,
  path: string,
  mask: PanelMask,
): Bits {
  const refuse = (why: string): never => {
    throw new UserError(`is ${path} of ${name}, ${why}`, {
      file: geometry.file,
      field: mask.key,
      remedy: 'give the geometry of these frames',
    });
  };
  if (file.node(path).kind !== 'dataset') return refuse('which is not there');
  const info = inWords(name, path, () => file.info(path));
  if (info.pixelType === null || info.pixelType.startsWith('float'))
    return refuse(`which holds ${info.pixelType ?? 'no numbers'}, not bits`);
  const frame = raw.frameShape.reduce((a, b) => a * b, 1);
  const total = info.shape.reduce((a, b) => a * b, 1);
  const sameRows = info.shape.at(-1) === raw.frameShape.at(-1);
  if (total === frame && sameRows)
    return {
      kind: 'all frames',
      name,
      path,
      values: inWords(name, path, () => file.readAll(path)) as PixelArray,
    };
  const rows = info.shape.slice(1);
  const perFrame = rows.reduce((a, b) => a * b, 1) === frame && sameRows && info.shape[0]! >= raw.count;
  if (!perFrame)
    return refuse(`which has the shape ${info.shape.join('×')}, the frames ${raw.frameShape.join('×')}`);
  const read = (index: number): PixelArray =>
    inWords(name, path, () => file.read(info, [originOf(raw, index), ...rows.map(() => 0)], [1, ...rows]));
  return { kind: 'a frame', name, path, read };
}
