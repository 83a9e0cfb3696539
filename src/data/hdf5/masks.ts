/**
 * The masks that HDF5 layouts carry, as arrays of 1 (live) and 0 (masked). All that are found add up.
 *
 * - vetoc: `mask` beside the frames' group, where it says `1=live`; `[y,x]`, `[n,y,x]`, or `[style,y,x]` picked by `meta/style`.
 * - NXmx: `pixel_mask` and `pixel_mask_N` of the detector, 0 = good, anything else is bad (as dxtbx has it).
 * - CXI: `mask` (a frame each) and `mask_shared` (one) beside the frames; bits as in Cheetah.
 * - European XFEL: `mask` beside the frames, any bit is bad.
 *
 * Where a mask says itself what not zero means, that counts. Refuses masks of another shape, and one that hides more than
 * half of a frame and does not say what it means, unless the user accepts it: it is likely to mean the opposite. A mask nearby that no layout knows is said.
 */
import { UserError } from '../../core/errors.js';
import type { MaskWishes } from '../formats/format.js';
import { NOT_USED, taken, warning, type Note } from '../notes.js';
import { frameShapeOf, type FramePart } from './axes.js';
import { attributeText } from './columns.js';
import type { Hdf5File } from './file.js';
import { listNamed } from './find.js';
import { followLinks, linkProblem } from './links.js';
import { statedPolarity } from './mask-meaning.js';
import { ANY_BIT, joinMasks, maskReader, type FoundMask } from './mask-reader.js';
import type { Nexus } from './nexus.js';
import { parentOf } from './paths.js';

/**
 * Cheetah's bits that make a pixel useless: invalid 1, saturated 2, hot 4, dead 8, shadowed 16, ignore 64, bad 128,
 * missing 512, noisy 1024. The others (peaks, resolution limits, corrected, in the jet) mark but do not spoil.
 */
const CXI_BAD_BITS = 1 | 2 | 4 | 8 | 16 | 64 | 128 | 512 | 1024;

export interface MaskReader {
  /** Where the masks are, for `inspect`; empty when there are none. */
  readonly described: string;
  readonly notes: readonly Note[];
  /** The mask of frame `index`, or null. Shared masks are one array. */
  read(index: number): Uint8Array | null;
}

/** Which of `[style,y,x]` a frame has. */
function stylePicker(file: Hdf5File, maskPath: string, stylePath: string): FoundMask['pick'] {
  if (file.node(maskPath).kind !== 'dataset' || file.node(stylePath).kind !== 'dataset') return null;
  const styles = file.readAll(stylePath);
  const known = file.info(maskPath).shape[0] ?? 0;
  return (index) => {
    const style = Number(styles?.[index]);
    if (!(style >= 0 && style < known)) {
      throw new UserError(`frame ${index} has the style ${style}, but there are ${known} masks`, {
        file: file.name,
        field: stylePath,
      });
    }
    return style;
  };
}

interface Places {
  readonly group: string;
  readonly parent: string;
  beside(name: string): string;
}

function placesOf(dataset: string): Places {
  const group = parentOf(dataset);
  const parent = group.slice(0, Math.max(0, group.lastIndexOf('/')));
  return { group, parent, beside: (name) => `${group === '/' ? '' : group}/${name}` };
}

/** Throws where a mask that belongs to the frames is a link that leads nowhere, unless the user has looked at the masks. */
function refuseLost(file: Hdf5File, path: string, wishes: MaskWishes): void {
  const node = file.node(path);
  if ((node.kind !== 'externalLink' && node.kind !== 'danglingSoftLink') || wishes.accept) return;
  const lost = linkProblem(file, path, node);
  throw new UserError(lost.problem, { ...lost.place, remedy: 'put it there, or go without: --mask none' });
}

/** Every mask that a layout knows of, in the order in which they are described. */
function knownMasks(file: Hdf5File, dataset: string, nexus: Nexus, wishes: MaskWishes): readonly FoundMask[] {
  const { group, parent } = placesOf(dataset);
  const isMask = (path: string): boolean => {
    refuseLost(file, path, wishes);
    return file.node(path).kind === 'dataset';
  };
  const modules =
    group.includes('INSTRUMENT/') ||
    file.node(placesOf(dataset).beside('module_identifier')).kind !== 'missing';
  const cxi =
    file.node('/cxi_version').kind === 'dataset' || /^\/entry_\d+\/(data|image|instrument)_\d/.test(group);
  const badBits = wishes.badBits ?? (cxi && !modules ? CXI_BAD_BITS : ANY_BIT);
  const found: FoundMask[] = [];
  const add = (path: string, bits: number, pick: FoundMask['pick'] = null): void => {
    const stated = wishes.polarity ?? statedPolarity(file, path);
    const nonzero = stated ?? 'bad';
    // The bits of a mask whose not zero is live are no bad bits.
    const ownBits = nonzero === 'live' ? ANY_BIT : bits;
    // A mask that says what it means is believed; modules without their event are masked whole.
    found.push({ path, nonzero, badBits: ownBits, pick, mayHideMost: modules || stated !== null });
  };
  // Other programs mean the opposite by `mask`: only one that says so is read as 1 = live.
  const vetoc = `${parent}/mask`;
  if (isMask(vetoc) && attributeText(file, vetoc, 'meaning')?.includes('1=live') === true)
    add(vetoc, ANY_BIT, stylePicker(file, vetoc, `${parent}/meta/style`));
  // CXI keeps the frames in the detector, with the masks, and links to them.
  const besides = new Set([dataset, followLinks(file, dataset)].map((path) => placesOf(path).group));
  for (const place of besides) {
    const { beside } = placesOf(`${place}/`);
    for (const name of ['mask', 'mask_shared']) if (isMask(beside(name))) add(beside(name), badBits);
  }
  for (const place of [...nexus.detectors, ...nexus.collections]) {
    for (const name of file.children(place))
      if (/^pixel_mask(_\d+)?$/.test(name) && isMask(`${place}/${name}`))
        add(`${place}/${name}`, wishes.badBits ?? ANY_BIT);
  }
  return found;
}

/**
 * Datasets that are called masks and that no layout knows: all beside the frames or in the detector, and those anywhere in the
 * file whose images have the size of a frame, unless they stand beside other frames.
 */
function unknownMasks(
  file: Hdf5File,
  part: FramePart,
  nexus: Nexus,
  known: readonly FoundMask[],
): readonly Note[] {
  const { path: dataset } = part.info;
  const { group, parent } = placesOf(dataset);
  const near = new Set([group, parent === '' ? '/' : parent, ...nexus.detectors, ...nexus.collections]);
  const found = listNamed(file, /mask|bad_?pix/i).filter(({ shape }) => shape.length >= 2);
  if (found.every(({ path }) => known.some((one) => one.path === path))) return [];
  const used = new Set([dataset, ...known.map(({ path }) => path)].map((path) => file.identity(path)));
  const frameShape = frameShapeOf(part);
  const isOfFrames = (shape: readonly number[]): boolean =>
    [frameShape, [product(frameShape) / frameShape.at(-1)!, frameShape.at(-1)!]].some(
      (size) => String(shape.slice(-size.length)) === String(size),
    );
  return found.flatMap(({ path, shape }) => {
    // Of channels whoever reads them says which one is meant.
    const ofChannel =
      attributeText(file, parentOf(path), 'NX_class') === 'NXdetector_channel' ||
      /_channel$/.test(parentOf(path));
    if (ofChannel || used.has(file.identity(path))) return [];
    const { beside } = placesOf(path);
    const ofOthers = file.node(beside('data')).kind === 'dataset' && !used.has(file.identity(beside('data')));
    if (!near.has(parentOf(path)) && (!isOfFrames(shape) || ofOthers)) return [];
    return [warning('mask', file.name, path, `${NOT_USED}: --mask FILE#PATH or bad:FILE#PATH takes it`)];
  });
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Finds the masks that belong to the frames of `part`, of which there are `count` in all. */
export function findMasks(
  file: Hdf5File,
  part: FramePart,
  nexus: Nexus,
  count: number,
  wishes: MaskWishes,
): MaskReader {
  const dataset = part.info.path;
  const known = knownMasks(file, dataset, nexus, wishes);
  const masks = known.map((mask) => maskReader(file, part, count, mask, wishes.accept));
  return {
    described: known.map((one) => one.path).join(', '),
    notes: [
      ...known.map(({ path, nonzero }) =>
        taken('mask', file.name, path, `masks where not zero means ${nonzero}`),
      ),
      ...unknownMasks(file, part, nexus, known),
    ],
    read: joinMasks(masks),
  };
}
