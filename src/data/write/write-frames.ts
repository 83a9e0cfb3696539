/**
 * A labelled series of frames as HDF5, in the layout that vetoc reads back whole:
 *
 *     /entry/data/data  [n, y, x] uint16, one frame a chunk, compressed      /entry/mask  [style, y, x]  1 live, 0 gap
 *     /entry/data/label, hit, split, group                                   /entry/spots [n, 5] frame, y, x, photons, SNR
 *     /entry/meta/*     one value a frame
     /entry/lattices   [n, 4, 10] the true lattices of simulated frames: weight, then a*, b*, c* as the columns of a matrix
 *
 * Frames are written as they come and facts in blocks, so memory does not grow with the number of frames (but for the
 * texts that differ from frame to frame). Text facts become codes with their names in an attribute, as long as there
 * are at most 255. Unknown labels are left out: a set in which some frames have a label and others have none is refused.
 */
import { UserError } from '../../core/errors.js';
import type { FrameSource, Split } from '../frames.js';
import type { TrueLattice } from '../simulate/bragg.js';
import { streamFrames } from '../stream.js';
import type { Compression, GrowingDataset } from './growing-dataset.js';
import { createHdf5, type Hdf5Writer } from './hdf5-writer.js';

export const SPLIT_CODES: readonly Split[] = ['train', 'test', 'validation', 'calibration'];

/** A kind of detector: frames whose meta `style` is `name` have this mask. */
export interface FrameStyle {
  readonly name: string;
  readonly live: Uint8Array | null;
}

export interface WriteFramesOptions {
  readonly compression?: Compression;
  /** Kinds of detector; without them the masks that frames carry are collected. */
  readonly styles?: readonly FrameStyle[];
  /** Attributes of /entry: how the frames were made. */
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** The true lattices of a frame, at most {@link MOST_LATTICES}; without it none are written. */
  readonly lattices?: (index: number) => readonly TrueLattice[];
  /** What else is written of each frame, in their order: `add` comes with each, `finish` behind the last. */
  readonly more?: (writer: Hdf5Writer) => MoreColumns;
  readonly onFrame?: (done: number, total: number) => void;
}

export interface MoreColumns {
  add(index: number): void;
  finish(): void;
}

const BLOCK = 1024;
const MAX_MASKS = 255;

/** Collects one number a frame and writes a block at a time. */
interface NumberColumn {
  push(value: number): void;
  flush(): void;
}

function numberColumn(
  dataset: GrowingDataset,
  make: (values: number[]) => Parameters<GrowingDataset['append']>[0],
): NumberColumn {
  let block: number[] = [];
  const flush = (): void => {
    if (block.length > 0) dataset.append(make(block));
    block = [];
  };
  return {
    push(value) {
      block.push(value);
      if (block.length === BLOCK) flush();
    },
    flush,
  };
}

const doubles = (values: number[]): Float64Array => Float64Array.from(values);
const bytes = (values: number[]): Uint8Array => Uint8Array.from(values);

interface Columns {
  add(index: number, style: number): void;
  finish(styleNames: readonly string[]): void;
}

/** Label, hit, split and group, each present for all frames or for none. */
function labelColumns(writer: Hdf5Writer, source: FrameSource): Columns {
  const first = source.label(0);
  const make = (name: string): NumberColumn =>
    numberColumn(writer.growing(`/entry/data/${name}`, 'u1', [], BLOCK, 'none'), bytes);
  const label = first.label === null ? null : make('label');
  const hit = first.hit === null ? null : make('hit');
  const split = first.split === null ? null : make('split');
  const groups: string[] | null = first.group === null ? null : [];
  const need = <T>(value: T | null, what: string, index: number): T => {
    if (value !== null) return value;
    throw new UserError(`frame ${index} has no ${what}, but frame 0 has one`, {
      file: source.name,
      field: what,
      remedy: 'label all frames or none',
    });
  };
  return {
    add(index) {
      const facts = source.label(index);
      label?.push(need(facts.label, 'label', index));
      hit?.push(need(facts.hit, 'hit', index) ? 1 : 0);
      split?.push(SPLIT_CODES.indexOf(need(facts.split, 'split', index)));
      groups?.push(need(facts.group, 'group', index));
    },
    finish() {
      for (const column of [label, hit, split]) column?.flush();
      if (label !== null && source.classNames !== null) {
        writer.attribute('/entry/data/label', 'class_names_json', JSON.stringify(source.classNames));
        writer.attribute('/entry/data/label', 'classes', source.classNames);
      }
      const meaning = SPLIT_CODES.map((name, code) => `${code}=${name}`).join(' ');
      if (split !== null) writer.attribute('/entry/data/split', 'meaning', meaning);
      if (groups !== null) writer.strings('/entry/data/group', groups);
    },
  };
}

/** One dataset per fact; all frames must have the facts of the first. */
function metaColumns(writer: Hdf5Writer, source: FrameSource): Columns {
  const first = source.meta(0);
  const names = Object.keys(first).filter((name) => name !== 'style');
  const numbers = new Map<string, NumberColumn>();
  const texts = new Map<string, string[]>();
  const styles: number[] = [];
  for (const name of names) {
    if (typeof first[name] === 'string') texts.set(name, []);
    else
      numbers.set(
        name,
        numberColumn(writer.growing(`/entry/meta/${name}`, 'f8', [], BLOCK, 'gzip'), doubles),
      );
  }
  return {
    add(index, style) {
      const facts = source.meta(index);
      for (const [name, column] of numbers) column.push(Number(facts[name] ?? NaN));
      for (const [name, column] of texts) column.push(String(facts[name] ?? ''));
      styles.push(style);
    },
    finish(styleNames) {
      for (const column of numbers.values()) column.flush();
      for (const [name, column] of texts) writer.strings(`/entry/meta/${name}`, column);
      writer.dataset('/entry/meta/style', Uint8Array.from(styles));
      writer.attribute('/entry/meta/style', 'names', JSON.stringify(styleNames));
    },
  };
}

/** Rows frame, y, x, photons, SNR. */
function spotColumns(writer: Hdf5Writer, source: FrameSource): Columns {
  if (source.spots(0) === null) return { add: () => undefined, finish: () => undefined };
  const dataset = writer.growing('/entry/spots', 'f4', [5], 4096, 'gzip');
  writer.attribute('/entry/spots', 'columns', 'frame,y,x,expected_photons_3x3,expected_snr');
  let rows: number[] = [];
  const flush = (): void => {
    dataset.append(Float32Array.from(rows));
    rows = [];
  };
  return {
    add(index) {
      for (const spot of source.spots(index) ?? [])
        rows.push(index, spot.y, spot.x, spot.intensity, spot.snr);
      if (rows.length >= 5 * 4096) flush();
    },
    finish: flush,
  };
}

/** So many lattices a frame are written; a weight of 0 marks those that are not there. */
const MOST_LATTICES = 4;
const LATTICE_NUMBERS = 10;

/** Weight and matrix of each lattice, row-major; frames stand at their own place, so whatever keeps some keeps theirs. */
function latticeColumns(writer: Hdf5Writer, of: WriteFramesOptions['lattices']): Columns {
  if (of === undefined) return { add: () => undefined, finish: () => undefined };
  const dataset = writer.growing('/entry/lattices', 'f8', [MOST_LATTICES, LATTICE_NUMBERS], 256, 'gzip');
  writer.attribute('/entry/lattices', 'columns', LATTICE_COLUMNS);
  let rows: number[] = [];
  const flush = (): void => {
    if (rows.length > 0) dataset.append(Float64Array.from(rows));
    rows = [];
  };
  return {
    add(index) {
      const numbers = of(index).flatMap(({ weight, matrix }) => [weight, ...matrix]);
      const room = MOST_LATTICES * LATTICE_NUMBERS;
      rows.push(...Array.from({ length: room }, (_, k) => numbers[k] ?? 0));
      if (rows.length >= 256 * room) flush();
    },
    finish: flush,
  };
}

const LATTICE_COLUMNS =
  '[frame,lattice,10]: weight (0 none; the first has 1), then the matrix of a*, b*, c* (its columns) row by row in 1/Angstrom: ' +
  'q = matrix (h,k,l), without 2 pi; x along the fast axis, y along the slow axis, z with the beam; |k0 + q| = |k0| = 1/wavelength';

/** Which style a frame has; new masks become new styles. */
function styleTable(
  source: FrameSource,
  given: readonly FrameStyle[] | undefined,
): {
  readonly styles: FrameStyle[];
  readonly of: (index: number, mask: Uint8Array | null) => number;
} {
  const styles = [...(given ?? [])];
  return {
    styles,
    of(index, mask) {
      const name = given === undefined ? null : source.meta(index)['style'];
      const found = styles.findIndex((style) => (name === null ? style.live === mask : style.name === name));
      if (found >= 0) return found;
      if (styles.length >= MAX_MASKS) {
        throw new UserError(`has more than ${MAX_MASKS} masks`, {
          file: source.name,
          remedy: 'write fewer frames a file',
        });
      }
      styles.push({
        name: name === null || name === undefined ? `mask ${styles.length}` : String(name),
        live: mask,
      });
      return styles.length - 1;
    },
  };
}

/** Writes all frames of `source` to `path`, atomically. Throws `UserError`; then `path` is as it was. */
export async function writeFrames(
  path: string,
  source: FrameSource,
  options: WriteFramesOptions = {},
): Promise<void> {
  const { height, width, count } = source;
  const compression = options.compression ?? 'gzip';
  const writer = await createHdf5(path, { packs: compression === 'gzip' });
  try {
    writer.group('/entry', { NX_class: 'NXentry', default: 'data', ...options.attributes });
    writer.group('/entry/data', { NX_class: 'NXdata', signal: 'data' });
    const frames =
      compression === 'gzip'
        ? writer.packed('/entry/data/data', [height, width])
        : writer.growing('/entry/data/data', 'u2', [height, width], 1, compression);
    const columns = [
      labelColumns(writer, source),
      metaColumns(writer, source),
      spotColumns(writer, source),
      latticeColumns(writer, options.lattices),
      ...(options.more === undefined ? [] : [options.more(writer)]),
    ];
    const table = styleTable(source, options.styles);
    for await (const { index, frame } of streamFrames(source)) {
      frames.append(frame.pixels);
      const style = table.of(index, frame.mask);
      for (const column of columns) column.add(index, style);
      options.onFrame?.(index + 1, count);
    }
    for (const column of columns) column.finish(table.styles.map((style) => style.name));
    const masks = writer.growing('/entry/mask', 'u1', [height, width], 1, 'gzip');
    for (const { live } of table.styles) masks.append(live ?? new Uint8Array(height * width).fill(1));
    writer.attribute('/entry/mask', 'meaning', '[style,y,x] 1=live 0=gap');
    await writer.commit();
  } finally {
    await writer.abandon();
  }
}
