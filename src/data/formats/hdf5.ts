/**
 * HDF5: any dataset of numbers `[y,x]`, `[n,y,x]`, `[n,module,y,x]` or with a channel axis, in any layout and any
 * compression of h5wasm-plugins, with the masks and annotations of vetoc, NXmx, CXI, European XFEL and LCLS2 files.
 *
 * A frame is read when it is asked for (blocks.ts). Refuses lying dimensions, missing linked files, types that are
 * not numbers, and frames that were never written.
 */
import { UserError } from '../../core/errors.js';
import { checkSameFrames, frameShapeOf, planPart, type FramePart } from '../hdf5/axes.js';
import { frameReader } from '../hdf5/blocks.js';
import { fileDetails } from '../hdf5/facility.js';
import { openHdf5, type Hdf5DatasetInfo, type Hdf5File } from '../hdf5/file.js';
import { findFrameDatasets, refuseNode } from '../hdf5/find.js';
import { framesInOrder, readFrameFacts } from '../hdf5/frame-facts.js';
import { Hdf5Failure } from '../hdf5/library.js';
import { resolveLinked } from '../hdf5/linked-files.js';
import { findMasks } from '../hdf5/masks.js';
import { isNxmx, readNexus, type Nexus } from '../hdf5/nexus.js';
import { readValueRule } from '../hdf5/value-rule.js';
import { openVirtualSources, type VirtualSources } from '../hdf5/virtual.js';
import { isXfel } from '../hdf5/xfel.js';
import type { PixelArray } from '../pixels.js';
import { checkFrameIndex, type FrameFormat, type OpenRequest, type RawSource } from './format.js';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

export const hdf5Format: FrameFormat = {
  name: 'HDF5',
  singleFrame: false,
  matches: (head, name) =>
    SIGNATURE.every((byte, i) => head[i] === byte) || /\.(h5|hdf5|hdf|cxi|nxs|nx5|nexus)$/.test(name),
  open: openHdf5Frames,
};

/** Turns a library failure into a `UserError` that names the file, dataset and frame. */
function inWords<T>(file: string, field: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Hdf5Failure)) throw error;
    throw new UserError(error.message, {
      file,
      field,
      remedy: 'check the file, or pass it over with --skip-bad',
    });
  }
}

async function openHdf5Frames(request: OpenRequest): Promise<RawSource> {
  const file = await openFile(request);
  try {
    return inWords(request.file, request.dataset ?? 'layout', () => describeFrames(request, file));
  } catch (error) {
    file.close();
    throw error;
  }
}

async function openFile(request: OpenRequest): Promise<Hdf5File> {
  try {
    return await openHdf5(request.path, request.file);
  } catch (error) {
    if (!(error instanceof Hdf5Failure)) throw error;
    throw new UserError(error.message, {
      file: request.file,
      remedy: 'check that the file was copied whole',
    });
  }
}

function planParts(
  request: OpenRequest,
  file: Hdf5File,
  nexus: Nexus,
  paths: readonly string[],
): readonly FramePart[] {
  const parts: FramePart[] = [];
  let first = 0;
  for (const path of paths) {
    const node = file.node(path);
    if (node.kind !== 'dataset') {
      if (request.allowMissing) continue;
      refuseNode(file, path, node);
    }
    const part = planPart(file, nexus, path, first, request.channel);
    parts.push(part);
    first += part.count;
  }
  if (parts.length === 0) throw new UserError('holds no frames that can be read', { file: request.file });
  checkSameFrames(file, parts);
  return parts;
}

function describeStorage(parts: readonly FramePart[]): string {
  const { info } = parts[0]!;
  const layout =
    info.virtualSources.length > 0
      ? `virtual over ${new Set(info.virtualSources.map((source) => source.file)).size} files`
      : info.chunks === null
        ? 'contiguous'
        : `chunks ${info.chunks.join('×')}`;
  const linked = parts.length > 1 ? [`${parts.length} linked datasets`] : [];
  return [...linked, layout, ...info.filters].join(', ');
}

function formatName(file: Hdf5File, info: Hdf5DatasetInfo, nexus: Nexus): string {
  if (isNxmx(nexus)) return 'HDF5 (NXmx)';
  if (file.node('/cxi_version').kind === 'dataset') return 'HDF5 (CXI)';
  if (isXfel(info.path)) return 'HDF5 (European XFEL)';
  if (file.node('/timestamp').kind === 'dataset') return 'HDF5 (LCLS2 small data)';
  return 'HDF5';
}

/** Other files that the frames of `parts` are read from. */
function filesRead(file: Hdf5File, parts: readonly FramePart[]): readonly string[] {
  const linked = parts.map(({ info }) => file.linkedFile(info.path) ?? file.path);
  const virtual = parts.flatMap(({ info }) =>
    info.virtualSources.map((source) => resolveLinked(file.path, source.file)),
  );
  return [...new Set([...linked, ...virtual])].filter((path) => path !== file.path);
}

function describeFrames(request: OpenRequest, file: Hdf5File): RawSource {
  const paths = findFrameDatasets(file, request.dataset);
  const nexus = readNexus(file, paths[0]!);
  const parts = planParts(request, file, nexus, paths);
  const { info } = parts[0]!;
  const virtual = parts.map((part) => openVirtualSources(file, part.info));
  const broken = virtual.flatMap((one) => one.broken);
  const close = (): void => {
    for (const one of virtual) one.close();
    file.close();
  };
  if (broken[0] !== undefined && !request.allowMissing) {
    virtual.forEach((one) => one.close());
    throw broken[0];
  }
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const masks = findMasks(file, parts[0]!, nexus, count, request.masks);
  const { rule, notes } = readValueRule(file, info, nexus);
  const annotations = readFrameFacts(file, parts, count);
  const reader = refuseFilled(request, broken, frameReader(file, parts, request.channel ?? 0));
  const raw: RawSource = {
    file: request.file,
    format: formatName(file, info, nexus),
    dataset: info.path,
    datasetOf: (index) => partAt(parts, index).info.path,
    count,
    frameShape: frameShapeOf(parts[0]!),
    pixelType: info.pixelType!,
    storage: describeStorage(parts),
    rule,
    details: { ...(masks.described === '' ? {} : { mask: masks.described }), ...fileDetails(file) },
    annotations,
    notes: [...parts[0]!.notes, ...masks.notes, ...notes, ...(annotations.notes ?? [])],
    reads: filesRead(file, parts),
    async readRaw(index) {
      checkFrameIndex(request.file, index, count);
      await file.revive();
      return inWords(request.file, `${info.path} frame ${index}`, () => reader(index));
    },
    async mask(index) {
      await file.revive();
      return inWords(request.file, `mask of frame ${index}`, () => masks.read(index));
    },
    close: () => Promise.resolve(close()),
  };
  return framesInOrder(raw, file, parts[0]!);
}

/** The part that frame `index` stands in. */
function partAt(parts: readonly FramePart[], index: number): FramePart {
  let [low, high] = [0, parts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (parts[middle]!.first <= index) low = middle;
    else high = middle - 1;
  }
  return parts[low]!;
}

/** With sources missing, a frame (or module) of nothing but the fill value is one that is not there. */
function refuseFilled(
  request: OpenRequest,
  broken: VirtualSources['broken'],
  read: (index: number) => PixelArray,
): (index: number) => PixelArray {
  const [problem] = broken;
  if (problem === undefined) return read;
  return (index) => {
    const pixels = read(index);
    if (pixels.some((value) => Number(value) !== 0 && !Number.isNaN(Number(value)))) return pixels;
    throw new UserError(`frame ${index} is not there: ${problem.problem}`, { file: request.file });
  };
}
