/**
 * Kept frames as one CXI file, with all that their files said of them.
 *
 *     /cxi_version                                   150
 *     /entry_1/instrument_1/detector_1/data          [n, …] frames as they were stored, one a chunk; attribute numEvents
 *     /entry_1/instrument_1/detector_1/mask          [n, …] uint16, CXI bits: 0 good, 512 missing (or the file's own)
 *     /entry_1/data_1                                link to detector_1 (or, where the file has a group there, its data)
 *     /entry_1/experiment_identifier                 [n] FILE//INDEX (or the file's own)
 *     /vetoc/{score, frame, source, source_index}    [n]; threshold and network as attributes
 *     /vetoc/all_scores                              one a frame of the whole series, −2147483648 where it could not be read
 *
 * Everything else of HDF5 sources keeps its path: per-frame datasets lose the rows of vetoed frames, the rest is copied
 * (from the first file where there are several), and the old path of the frames links to the new one. So a NXmx file
 * stays one (DIALS), and a Cheetah file keeps its peak lists (CrystFEL, pixel-index positions). Facts of other formats
 * stand in /vetoc/meta. Layouts: CXI 1.5 (Maia 2012), NXmx.
 *
 * Frames are stored in their own type where one file format holds them one by one; where they were joined from modules,
 * assembled or calibrated they are written as the `uint16` that the network saw.
 */
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../frames.js';
import type { PixelArray, PixelType } from '../pixels.js';
import { stackedShape } from '../source.js';
import { attributesOf, carriedTree, type CarriedTree } from './carried.js';
import { copyAttributes, copyFixed, metaRows, plain, writeDetails } from './kept-facts.js';
import { fileCursor, type OpenFile } from './kept-files.js';
import type { Compression } from './growing-dataset.js';
import { createHdf5, type AttributeValue, type Hdf5Writer } from './hdf5-writer.js';
import { carriedColumn, NUMBER_TYPES, raggedColumn, type CarriedColumn } from './kept-columns.js';

export interface KeptFrames {
  /** The whole series, as it was scored. */
  readonly source: FrameSource;
  /** Indices of the kept frames in `source`, ascending. */
  readonly kept: readonly number[];
  /** Scores of all frames of `source`. */
  readonly scores: Int32Array;
  /** The dataset to read from a file, where the user named one. */
  readonly datasetOf: (file: string) => string | null;
  /** False where the frames differ from what is stored by more than masks: assembled or calibrated. */
  readonly asStored: boolean;
  /** Attributes of /vetoc. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly compression?: Compression;
  readonly onFrame?: (done: number, total: number) => void;
}

export interface KeptReport {
  readonly frames: number;
  readonly pixelType: PixelType;
  /** Per-frame datasets carried along. */
  readonly carried: readonly string[];
  /** What could not be carried, and why. */
  readonly left: readonly { readonly path: string; readonly why: string }[];
}

const DETECTOR = '/entry_1/instrument_1/detector_1';
const IDENTIFIER = '/entry_1/experiment_identifier';
const MASK = `${DETECTOR}/mask`;
const MISSING = 512;

/** Where CXI has the frames a second time: a link to the detector, unless their file has a group of its own there. */
const DATA_GROUP = '/entry_1/data_1';

const ALWAYS_OWN: readonly string[] = [`${DETECTOR}/data`, '/cxi_version', '/entry/spots', '/vetoc'];

/**
 * Whether this file writes `path` itself: always, or (`spare`) since the frames' files have nothing of the kind. Facts of frames
 * that were kept before are facts of these.
 */
const isOwn = (path: string, spare: ReadonlySet<string>): boolean =>
  ALWAYS_OWN.includes(path) || spare.has(path) || /^\/vetoc\/(?!meta(\/|$))/.test(path);

/** Whether the frames of `open` can be copied as they are stored. */
function storedAsIs(open: OpenFile, request: KeptFrames): boolean {
  const { height, width } = stackedShape(open.raw.frameShape);
  return request.asStored && height === request.source.height && width === request.source.width;
}

interface Layout {
  readonly pixelType: PixelType;
  readonly frameShape: readonly number[];
  readonly stored: boolean;
  readonly tree: CarriedTree | null;
  readonly columns: CarriedColumn[];
  readonly left: { readonly path: string; readonly why: string }[];
  /** Of `MASK` and `IDENTIFIER` what this file writes itself. */
  readonly spare: ReadonlySet<string>;
}

/** Static things, links and the per-frame columns, after the first file. */
function layOut(writer: Hdf5Writer, first: OpenFile, request: KeptFrames): Layout {
  const stored = storedAsIs(first, request);
  const { raw, hdf5 } = first;
  const frameShape = stored ? raw.frameShape : [request.source.height, request.source.width];
  const base = { pixelType: stored ? raw.pixelType : ('uint16' as const), frameShape, stored };
  writer.group('/entry_1', { NX_class: 'NXentry' });
  writer.group(DETECTOR, { NX_class: 'NXdetector' });
  writer.dataset('/cxi_version', Int32Array.of(150), []);
  if (hdf5 === null || raw.dataset === null) {
    writeDetails(writer, raw, DETECTOR);
    return { ...base, tree: null, columns: [], left: [], spare: new Set([MASK, IDENTIFIER]) };
  }
  const rows = hdf5.info(raw.dataset).shape[0]!;
  const tree = carriedTree(hdf5, { count: rows, frameShape: raw.frameShape, dataset: raw.dataset });
  const theirs = new Set([...tree.perFrame, ...tree.fixed].map((info) => info.path));
  const spare = new Set([MASK, IDENTIFIER].filter((path) => !theirs.has(path)));
  for (const group of tree.groups)
    if (!isOwn(group, spare)) writer.group(group, plain(attributesOf(hdf5, group)));
  for (const info of tree.fixed) if (!isOwn(info.path, spare)) copyFixed(writer, hdf5, info.path);
  const columns = [
    ...tree.perFrame.filter((info) => !isOwn(info.path, spare)).map((info) => carriedColumn(writer, info)),
    ...tree.ragged.map(({ values, lengths }) => raggedColumn(writer, values, lengths)),
  ];
  return { ...base, tree, columns, left: [...tree.left], spare };
}

/** Links from where the frames were to where they are, and the file's own links. */
function writeLinks(writer: Hdf5Writer, layout: Layout): void {
  const { tree, spare } = layout;
  const own = tree === null || !tree.groups.includes(DATA_GROUP);
  const theirs = [...(tree?.perFrame ?? []), ...(tree?.fixed ?? [])].some(
    ({ path }) => path === `${DATA_GROUP}/data`,
  );
  if (own) writer.softLink(DATA_GROUP, DETECTOR);
  else if (!theirs) writer.softLink(`${DATA_GROUP}/data`, `${DETECTOR}/data`);
  if (tree === null) return;
  const made = new Set<string>([`${DATA_GROUP}/data`]);
  const link = (path: string, target: string): void => {
    if (made.has(path) || isOwn(path, spare) || (own && path === DATA_GROUP)) return;
    made.add(path);
    writer.softLink(path, target);
  };
  for (const path of tree.frames) link(path.replace(/\/data_\d+$/, '/data'), `${DETECTOR}/data`);
  for (const { path, target } of tree.links) link(path, target);
}

/** Writes the kept frames of `request` to `path`, atomically. Throws `UserError`; then `path` is as it was. */
export async function writeKeptFrames(path: string, request: KeptFrames): Promise<KeptReport> {
  const { source, kept } = request;
  if (kept.length === 0)
    throw new UserError('no frame is kept', { file: source.name, remedy: 'lower the threshold' });
  const writer = await createHdf5(path);
  const cursor = fileCursor(request.datasetOf, source.origin(kept[0]!).joined === true);
  try {
    const layout = layOut(writer, await cursor.at(source.origin(kept[0]!).file), request);
    await writeRows(writer, layout, cursor.at, request);
    writeLinks(writer, layout);
    await cursor.close();
    await writer.commit();
    return {
      frames: kept.length,
      pixelType: layout.pixelType,
      carried: layout.columns.map((c) => c.path),
      left: layout.left,
    };
  } finally {
    await cursor.close();
    await writer.abandon();
  }
}

async function writeRows(
  writer: Hdf5Writer,
  layout: Layout,
  at: (file: string) => Promise<OpenFile>,
  request: KeptFrames,
): Promise<void> {
  const { source, kept, compression = 'gzip' } = request;
  const type = NUMBER_TYPES[layout.pixelType];
  const data = writer.growing(`${DETECTOR}/data`, type, layout.frameShape, 1, compression);
  const mask = layout.spare.has(MASK) ? writer.growing(MASK, 'u2', layout.frameShape, 1, 'gzip') : null;
  const meta = metaRows();
  const origins = kept.map((index) => source.origin(index));
  const spots: number[] = [];
  let checked = '';
  for (const [row, index] of kept.entries()) {
    const origin = origins[row]!;
    const open = await at(origin.file);
    if (checked !== open.file) checkAgainst(open, layout, request);
    checked = open.file;
    const frame = await source.read(index);
    const stored: PixelArray = layout.stored
      ? await open.raw.readRaw(open.indexOf(origin.index))
      : frame.pixels;
    data.append(stored);
    mask?.append(
      frame.mask === null
        ? new Uint16Array(stored.length)
        : Uint16Array.from(frame.mask, (live) => (live === 0 ? MISSING : 0)),
    );
    if (open.hdf5 === null) meta.add(source.meta(index));
    else for (const column of layout.columns) column.take(open.hdf5, origin.index);
    for (const spot of source.spots(index) ?? []) spots.push(row, spot.y, spot.x, spot.intensity, spot.snr);
    request.onFrame?.(row + 1, kept.length);
  }
  for (const column of layout.columns) column.finish();
  const last = origins.length === 0 ? null : await at(origins[0]!.file);
  if (last?.hdf5 != null) for (const column of layout.columns) copyAttributes(writer, last.hdf5, column.path);
  meta.finish(writer);
  writer.attribute(`${DETECTOR}/data`, 'numEvents', kept.length);
  writer.attribute(`${DETECTOR}/data`, 'axes', 'experiment_identifier:y:x');
  // A mask that says what it means may hide most of a frame, as missing modules do.
  if (mask !== null) writer.attribute(MASK, 'meaning', '0 = live, not zero = masked');
  if (layout.spare.has(IDENTIFIER))
    writer.strings(
      IDENTIFIER,
      origins.map((origin) => `${origin.file}//${origin.index}`),
    );
  const tables = layout.tree?.fixed.some((info) => info.path === '/entry/spots') === true;
  if (tables) writer.dataset('/entry/spots', Float32Array.from(spots), [spots.length / 5, 5]);
  writeDecisions(writer, request, origins);
}

/** Drops columns that another file does not have, and refuses frames of another shape or type. */
function checkAgainst(open: OpenFile, layout: Layout, request: KeptFrames): void {
  if (layout.stored) {
    const { raw } = open;
    if (
      raw.pixelType !== layout.pixelType ||
      String(raw.frameShape) !== String(layout.frameShape) ||
      !storedAsIs(open, request)
    ) {
      throw new UserError(
        `has frames of ${raw.frameShape.join('×')} ${raw.pixelType}, the files before it ${layout.frameShape.join('×')} ${layout.pixelType}`,
        { file: open.file, remedy: 'filter files of one kind together' },
      );
    }
  }
  const missing = layout.columns.find((column) => open.hdf5 === null || !column.fits(open.hdf5));
  if (missing === undefined) return;
  throw new UserError('is missing, or of another type or shape than in the files before', {
    file: open.file,
    field: missing.path,
    remedy: 'filter files of one kind together',
  });
}

function writeDecisions(
  writer: Hdf5Writer,
  request: KeptFrames,
  origins: readonly { readonly file: string; readonly index: number }[],
): void {
  const { kept, scores } = request;
  writer.group('/vetoc', request.attributes);
  writer.dataset(
    '/vetoc/score',
    Int32Array.from(kept, (index) => scores[index]!),
  );
  writer.dataset('/vetoc/frame', Int32Array.from(kept));
  writer.dataset(
    '/vetoc/source_index',
    Int32Array.from(origins, (origin) => origin.index),
  );
  writer.strings(
    '/vetoc/source',
    origins.map((origin) => origin.file),
  );
  writer.dataset('/vetoc/all_scores', scores, [scores.length], 'gzip');
}
