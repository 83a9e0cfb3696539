/**
 * HDF5: any dataset of numbers `[y,x]`, `[n,y,x]`, `[n,module,y,x]` or with a channel axis, in any layout and any
 * compression of h5wasm-plugins, with the masks and annotations of vetoc, NXmx, CXI and European XFEL files.
 *
 * A frame is read when it is asked for; chunks that span frames are read once for all their frames, within
 * `BLOCK_BYTES`. Refuses lying dimensions, missing linked files, and types that are not numbers.
 */
import { existsSync } from 'node:fs';
import { UserError } from '../../core/errors.js';
import { readAnnotations } from '../hdf5/annotations.js';
import { openHdf5, type Hdf5DatasetInfo, type Hdf5File } from '../hdf5/file.js';
import { findFrameDatasets, resolveLinked } from '../hdf5/find.js';
import { Hdf5Failure } from '../hdf5/library.js';
import { findMasks } from '../hdf5/masks.js';
import { NO_RULE, type PixelArray, type ValueRule } from '../pixels.js';
import {
  checkFrameIndex,
  checkFrameShape,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';

/** Frames of a chunk that spans frames are kept up to this many bytes. */
const BLOCK_BYTES = 64 * 1024 * 1024;
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

export const hdf5Format: FrameFormat = {
  name: 'HDF5',
  matches: (head, name) =>
    SIGNATURE.every((byte, i) => head[i] === byte) || /\.(h5|hdf5|hdf|cxi|nxs|nx5|nexus)$/.test(name),
  open: openHdf5Frames,
};

/** What each axis of a dataset means; the frame keeps `module`, `slow` and `fast`. */
type Axis = 'frame' | 'module' | 'channel' | 'slow' | 'fast';

interface Part {
  readonly info: Hdf5DatasetInfo;
  readonly axes: readonly Axis[];
  readonly first: number;
  readonly count: number;
}

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

function axesOf(file: Hdf5File, info: Hdf5DatasetInfo): readonly Axis[] {
  const rank = info.shape.length;
  if (rank === 2) return ['slow', 'fast'];
  if (rank === 3) return ['frame', 'slow', 'fast'];
  if (rank === 4) {
    const rawXfel = info.path.includes('INSTRUMENT/') && info.shape[1] === 2;
    const nxmx = String(
      file.node('/entry/definition').kind === 'dataset' ? file.readAll('/entry/definition')?.[0] : '',
    );
    return ['frame', rawXfel || nxmx === 'NXmx' ? 'channel' : 'module', 'slow', 'fast'];
  }
  if (rank === 5) return ['frame', 'module', 'channel', 'slow', 'fast'];
  throw new UserError(`has ${rank} dimensions (${info.shape.join('×')})`, {
    file: file.name,
    field: info.path,
    remedy: 'name a dataset [n,y,x], [y,x] or [n,module,y,x] with FILE#/path',
  });
}

/** Frames really written: `numEvents` of a CXI file that is being written, or was cut short, can be fewer. */
function countFrames(file: Hdf5File, info: Hdf5DatasetInfo, axes: readonly Axis[]): number {
  const frames = axes[0] === 'frame' ? info.shape[0]! : 1;
  const events = Number(file.attribute(info.path, 'numEvents')?.[0] ?? frames);
  return Math.min(frames, events >= 0 ? events : frames);
}

function frameShapeOf(part: {
  readonly info: Hdf5DatasetInfo;
  readonly axes: readonly Axis[];
}): readonly number[] {
  return part.info.shape.filter((_, i) => ['module', 'slow', 'fast'].includes(part.axes[i]!));
}

function planParts(request: OpenRequest, file: Hdf5File): readonly Part[] {
  const parts: Part[] = [];
  let first = 0;
  for (const path of findFrameDatasets(file, request.dataset)) {
    if (file.node(path).kind !== 'dataset') {
      if (request.allowMissing) continue;
      findFrameDatasets(file, path);
    }
    const info = file.info(path);
    if (info.pixelType === null) {
      throw new UserError(`holds ${info.typeName}, not integers or floats of 32 or 64 bits`, {
        file: request.file,
        field: path,
        remedy: 'name the frames with FILE#/path/to/dataset',
      });
    }
    const axes = axesOf(file, info);
    checkFrameShape(request.file, frameShapeOf({ info, axes }), info.elementBytes);
    const count = countFrames(file, info, axes);
    parts.push({ info, axes, first, count });
    first += count;
  }
  const [head, ...rest] = parts;
  for (const part of rest) {
    const same =
      part.info.pixelType === head?.info.pixelType &&
      String(frameShapeOf(part)) === String(frameShapeOf(head));
    if (!same) {
      throw new UserError(`has other frames than ${head?.info.path}`, {
        file: request.file,
        field: part.info.path,
      });
    }
  }
  if (head === undefined) throw new UserError('holds no frames that can be read', { file: request.file });
  return parts;
}

/** Sources of a virtual dataset that cannot be read: HDF5 would fill their frames with zeros in silence. */
function refuseMissingSources(request: OpenRequest, file: Hdf5File, info: Hdf5DatasetInfo): void {
  if (request.allowMissing) return;
  for (const source of info.virtualSources) {
    if (source.file === '.') {
      const node = file.node(source.dataset);
      if (node.kind !== 'dataset' && !source.dataset.includes('%')) findFrameDatasets(file, source.dataset);
      continue;
    }
    const path = resolveLinked(request.path, source.file.replace('%b', '0'));
    if (existsSync(path)) continue;
    throw new UserError(`is virtual and needs the file ${source.file}, which is missing`, {
      file: request.file,
      field: info.path,
      remedy: `put ${source.file} beside it, or read the rest with --skip-bad`,
    });
  }
}

function describeStorage(parts: readonly Part[]): string {
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

/** All-ones is what photon counters write where there is no count; in plain 16-bit files it may be saturation. */
function ruleOf(file: Hdf5File, info: Hdf5DatasetInfo): ValueRule {
  if (info.pixelType === 'uint32') return { ...NO_RULE, sentinels: [0xffffffff] };
  const nxmx =
    file.node('/entry/definition').kind === 'dataset' && file.readAll('/entry/definition')?.[0] === 'NXmx';
  if (nxmx && info.pixelType === 'uint16') return { ...NO_RULE, sentinels: [0xffff] };
  return NO_RULE;
}

function describeFrames(request: OpenRequest, file: Hdf5File): RawSource {
  const parts = planParts(request, file);
  const { info } = parts[0]!;
  for (const part of parts) refuseMissingSources(request, file, part.info);
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const frameShape = frameShapeOf(parts[0]!);
  const masks = findMasks(file, info.path, frameShape, count);
  const annotations = readAnnotations(file, info.path, [
    count,
    ...(parts.length === 1 ? [info.shape[0]!] : []),
  ]);
  const reader = blockReader(request, file, parts);
  return {
    file: request.file,
    format: 'HDF5',
    dataset: info.path,
    count,
    frameShape,
    pixelType: info.pixelType!,
    storage: describeStorage(parts),
    rule: ruleOf(file, info),
    details: masks.described === '' ? {} : { mask: masks.described },
    annotations,
    async readRaw(index) {
      checkFrameIndex(request.file, index, count);
      await file.revive();
      return inWords(request.file, `${info.path} frame ${index}`, () => reader(index));
    },
    async mask(index) {
      await file.revive();
      return inWords(request.file, `mask of frame ${index}`, () => masks.read(index));
    },
    close: () => Promise.resolve(file.close()),
  };
}

/** Reads frames one by one, and the frames of a chunk that spans several at once. */
function blockReader(
  request: OpenRequest,
  file: Hdf5File,
  parts: readonly Part[],
): (index: number) => PixelArray {
  let block: { readonly part: Part; readonly from: number; readonly data: PixelArray } | null = null;

  function readFrames(part: Part, from: number, frames: number): PixelArray {
    const start = part.axes.map((axis) =>
      axis === 'frame' ? from : axis === 'channel' ? request.channel : 0,
    );
    const count = part.axes.map((axis, i) =>
      axis === 'frame' ? frames : axis === 'channel' ? 1 : part.info.shape[i]!,
    );
    return file.read(part.info, start, count);
  }

  return (index) => {
    const part = parts.find((one) => index < one.first + one.count)!;
    const local = index - part.first;
    const pixels = frameShapeOf(part).reduce((a, b) => a * b, 1);
    const span = part.axes[0] === 'frame' ? (part.info.chunks?.[0] ?? 1) : 1;
    const fitting = Math.max(1, Math.floor(BLOCK_BYTES / (pixels * part.info.elementBytes)));
    if (span === 1 || fitting === 1) return readFrames(part, local, 1);
    const step = Math.min(span, fitting);
    const from = local - (local % step);
    if (block === null || block.part !== part || block.from !== from) {
      const frames = Math.min(step, part.info.shape[0]! - from);
      block = { part, from, data: readFrames(part, from, frames) };
    }
    return block.data.slice((local - from) * pixels, (local - from + 1) * pixels);
  };
}
