/**
 * HDF5: any dataset of numbers `[y,x]`, `[n,y,x]`, `[n,module,y,x]` or with a channel axis, in any layout and any
 * compression of h5wasm-plugins, with the masks and annotations of vetoc, NXmx, CXI, European XFEL and LCLS2 files.
 *
 * A frame is read when it is asked for (blocks.ts). Refuses lying dimensions, missing linked files, types that are
 * not numbers, and frames that were never written.
 */
import { UserError } from '../../core/errors.js';
import {
  checkSameFrames,
  frameCounts,
  frameIndices,
  frameShapeOf,
  planPart,
  type FramePart,
} from '../hdf5/axes.js';
import { frameReader, partAt } from '../hdf5/blocks.js';
import { gainWordsReader } from '../hdf5/gain-words.js';
import { withChannel } from '../hdf5/channels.js';
import { readGeometry } from '../hdf5/geometry.js';
import { glancesLike } from '../hdf5/glance.js';
import { factsInWords, inWords } from '../hdf5/in-words.js';
import { hdf5File, type Hdf5DatasetInfo, type Hdf5File } from '../hdf5/file.js';
import { findFrameDatasets, refuseNode } from '../hdf5/find.js';
import { framesInOrder, readFrameFacts } from '../hdf5/frame-facts.js';
import { leftovers, lostLinks } from '../hdf5/leftovers.js';
import { Hdf5Failure } from '../hdf5/library.js';
import { resolveLinked } from '../hdf5/linked-files.js';
import { statedPolarity } from '../hdf5/mask-meaning.js';
import { findMasks } from '../hdf5/masks.js';
import { isNxmx, readNexus, type Nexus } from '../hdf5/nexus.js';
import { readAhead } from '../hdf5/read-ahead.js';
import { statedFrames } from '../hdf5/stated-frames.js';
import { readValueRule, refuseMostBelow } from '../hdf5/value-rule.js';
import { openVirtualSources, unfilledNotes } from '../hdf5/virtual.js';
import { isXfel } from '../hdf5/xfel.js';
import { warning, type Note } from '../notes.js';
import type { PixelArray } from '../pixels.js';
import { checkFrameIndex, type FrameFormat, type OpenRequest, type RawSource } from './format.js';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

export const hdf5Format: FrameFormat = {
  name: 'HDF5',
  singleFrame: false,
  hasDatasets: true,
  matches: (head, name) =>
    SIGNATURE.every((byte, i) => head[i] === byte) || /\.(h5|hdf5|hdf|cxi|nxs|nx5|nexus)$/.test(name),
  open: openHdf5Frames,
};

/** The same of an open file; the library is made anew where it broke, for whoever reads next. */
async function inFileWords<T>(file: Hdf5File, field: string, call: () => T): Promise<T> {
  await file.revive();
  try {
    return inWords(file.name, field, call);
  } finally {
    await file.revive();
  }
}

async function openHdf5Frames(request: OpenRequest): Promise<RawSource> {
  const file = await hdf5File(request.path, request.file, request.giveUpSeconds);
  try {
    // The time is that of the whole: it is reported for the layout.
    return inWords(request.file, request.dataset ?? 'layout', () =>
      file.limited(() => {
        checkOpens(request, file);
        return describeFrames(request, file);
      }),
    );
  } catch (error) {
    file.close();
    await file.revive();
    throw error;
  }
}

/** Opens the file. Throws `UserError` where it is none of HDF5. */
function checkOpens(request: OpenRequest, file: Hdf5File): void {
  try {
    file.children('/');
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
): { readonly parts: readonly FramePart[]; readonly notes: readonly Note[] } {
  const parts: FramePart[] = [];
  const notes: Note[] = [];
  const met = new Map<string, string>();
  let first = 0;
  for (const path of paths) {
    const node = file.node(path);
    if (node.kind !== 'dataset') {
      if (request.allowMissing) continue;
      refuseNode(file, path, node);
    }
    const same = paths.length < 2 ? undefined : met.get(file.identity(path));
    if (same !== undefined) {
      notes.push(warning('frames', file.name, path, `is the very dataset ${same}: its frames are read once`));
      continue;
    }
    if (paths.length > 1) met.set(file.identity(path), path);
    const part = planPart(file, nexus, path, first, request.channel);
    // Without an axis of channels there is but channel 0.
    if ((request.channel ?? 0) !== 0 && !part.axes.includes('channel')) {
      throw new UserError(
        `is ${request.channel}, but ${path} (${part.info.shape.join('×')}) has no channels`,
        {
          file: request.file,
          field: '--channel',
          remedy: 'leave it out, or name another dataset with FILE#/path',
        },
      );
    }
    parts.push(part);
    first += part.count;
  }
  if (parts.length === 0) throw new UserError('holds no frames that can be read', { file: request.file });
  checkSameFrames(file, parts);
  return { parts, notes };
}

function describeStorage(file: Hdf5File, parts: readonly FramePart[]): string {
  const { info } = parts[0]!;
  const layout =
    info.virtualSources.length > 0
      ? `virtual over ${new Set(info.virtualSources.map((source) => source.file)).size} files`
      : info.chunks === null
        ? 'contiguous'
        : `chunks ${info.chunks.join('×')}`;
  const linked = parts.length > 1 ? [`${parts.length} linked datasets`] : [];
  return [...linked, layout, ...file.filters(info.path)].join(', ');
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
  const template = request.dataset === null ? (request.stated ?? null) : null;
  const stated = template === null ? null : statedFrames(file, template);
  const paths = stated?.paths ?? findFrameDatasets(file, request.dataset);
  const nexus = readNexus(file, paths[0]!);
  const { parts, notes: ofParts } = planParts(request, file, nexus, paths);
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
  const own = withChannel(file, parts[0]!, nexus, request.channel);
  const masks = findMasks(file, parts[0]!, own.nexus, count, request.masks);
  const { rule, notes } = readValueRule(file, info, frameShapeOf(parts[0]!), own.nexus);
  const annotations = readFrameFacts(file, parts, count);
  const geometry = readGeometry(file, nexus, parts, count);
  const unfilled = virtual.reduce((sum, one) => sum + one.unfilled, 0);
  const absent = broken[0]?.problem ?? (unfilled > 0 ? 'no source fills its place' : null);
  const filled = refuseFilled(request, absent, frameReader(file, parts, request.channel ?? 0));
  const single = refuseMostBelow(file, rule, request.masks.accept, filled);
  const reader = parts.some((part) => part.info.chunks !== null) ? readAhead(file, count, single) : single;
  const gains = gainWordsReader(file, parts);
  const said = [
    ...(stated?.notes ?? []),
    ...parts[0]!.notes,
    ...ofParts,
    ...nexus.notes,
    ...unfilledNotes(file, info, unfilled),
    ...own.notes,
    ...leftovers(file, nexus, parts),
    ...masks.notes,
    ...notes,
    ...geometry.notes,
    ...(annotations.notes ?? []),
  ];
  const raw: RawSource = {
    file: request.file,
    format: formatName(file, info, nexus),
    dataset: info.path,
    datasetOf: (index) => partAt(parts, index).info.path,
    count,
    frameShape: frameShapeOf(parts[0]!),
    pixelType: info.pixelType!,
    storage: describeStorage(file, parts),
    rule,
    details: { ...(masks.described === '' ? {} : { mask: masks.described }), ...geometry.details },
    annotations: factsInWords(request.file, annotations),
    experiment: geometry.experiment,
    notes: [...said, ...lostLinks(file, nexus, said)],
    reads: filesRead(file, parts),
    async readRaw(index) {
      checkFrameIndex(request.file, index, count);
      return inFileWords(file, `${info.path} frame ${index}`, () => reader(index));
    },
    ...(gains === null
      ? {}
      : {
          gainWords: (index: number) =>
            inFileWords(file, `words of gain of frame ${index}`, () => gains(index)),
        }),
    mask: (index) => inFileWords(file, `mask of frame ${index}`, () => masks.read(index)),
    nonzero: () => statedPolarity(file, info.path),
    close: () => Promise.resolve(close()),
    ...(frameCounts(parts[0]!).length < 2
      ? {}
      : { originPlace: (index: number) => placeIn(partAt(parts, index), index) }),
    ...(stated === null || stated.eventOf === null
      ? {}
      : { eventOf: (index: number) => eventIn(partAt(parts, index), index, stated.eventOf!) }),
    glance: glancesLike(request, file, parts),
  };
  return framesInOrder(raw, file, parts[0]!);
}

/** Where frame `index` of the source stands in its part, on each axis that counts frames. */
const placeIn = (part: FramePart, index: number): readonly number[] => frameIndices(part, index - part.first);

/** `ev0//`, or `ev0//3` where the event holds several frames. */
const eventIn = (part: FramePart, index: number, eventOf: (path: string) => string): string => {
  const own = frameCounts(part).length === 0 ? [] : placeIn(part, index);
  return `${eventOf(part.info.path)}${own.join('/')}`;
};

/** Where sources are missing, or leave places empty, a frame (or module) of nothing but the fill value is one that is not there. */
function refuseFilled(
  request: OpenRequest,
  why: string | null,
  read: (index: number) => PixelArray,
): (index: number) => PixelArray {
  if (why === null) return read;
  return (index) => {
    const pixels = read(index);
    if (pixels.some((value) => Number(value) !== 0 && !Number.isNaN(Number(value)))) return pixels;
    throw new UserError(`frame ${index} is not there: ${why}`, { file: request.file });
  };
}
