/**
 * Opening frames: what the user names on a command line becomes one `FrameSource`.
 *
 * The grammar of an argument is in arguments.ts, that of masks in masking.ts, that of labels in labels.ts. Options are
 * applied in this order: calibration, file masks and value rules, mask file, geometry's mask, hot and dead pixels,
 * ranges, labels, groups, assembly. Refuses missing files and files of no known format, with words.
 */
import { resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { expandArgument, parseFrameArgument, rangeIndices, type FrameArgument } from './arguments.js';
import { assembleFrames, geometryMask } from './assemble.js';
import { calibrateJungfrau, type JungfrauOptions } from './calibrate-jungfrau.js';
import { openBytes } from './formats/bytes.js';
import { DIFFRANET_CLASSES, listDiffranet } from './formats/diffranet.js';
import type { FrameFormat, RawSource } from './formats/format.js';
import { FRAME_FORMATS } from './formats/index.js';
import type { FrameSource } from './frames.js';
import { readGeometry, type DetectorGeometry } from './geometry.js';
import { groupFrames, labelFrames } from './labels/label-frames.js';
import { lazyFrames } from './lazy.js';
import { findDefects, joinTwo, maskFrames, maskFromArray, parseMaskRule } from './masking.js';
import { NO_RULE } from './pixels.js';
import { concatenateFrames, framesFromRaw, selectFrames, stackedShape } from './source.js';
import { groupModules, joinModules } from './xfel-modules.js';

export interface OpenFramesOptions {
  /** The channel of a dataset with a channel axis. */
  readonly channel?: number;
  /** Read on where linked files are missing; their frames are errors one by one. */
  readonly allowMissing?: boolean;
  /** `FILE`, `bad:FILE`, or `none` to ignore the file's own. */
  readonly mask?: string;
  /** See masking.ts. */
  readonly maskRule?: string;
  /** A CrystFEL `.geom` file: masks what no panel covers and its bad regions. */
  readonly geometry?: string;
  /** Give the assembled picture instead of the raw layout. */
  readonly assemble?: boolean;
  /** See labels.ts. */
  readonly labels?: string;
  /** `file`, `folder`, `run`, or the name of a per-frame fact. */
  readonly groups?: string;
  /** Pedestals and gains that turn JUNGFRAU words into photons. */
  readonly jungfrau?: JungfrauOptions;
  /** Multiplies each value before it is rounded to `uint16`. */
  readonly scale?: number;
  /** Called for each file that cannot be opened; without it the first such file is an error. */
  readonly onBadFile?: (error: UserError) => void;
}

const HEAD_BYTES = 4096;
/** From so many one-frame files on, only the first is opened before it is read. */
const LAZY_FILES = 32;

/** Opens what `argument` names. The caller closes the source. Throws `UserError`. */
export async function openFrames(
  argument: string | readonly string[],
  options: OpenFramesOptions = {},
): Promise<FrameSource> {
  const texts = typeof argument === 'string' ? [argument] : argument;
  const geometry = options.geometry === undefined ? null : await readGeometry(options.geometry);
  const opened: FrameSource[] = [];
  const whole: FrameSource[] = [];
  try {
    for (const text of texts) {
      const one = parseFrameArgument(text);
      const source = await openArgument(one, options, geometry, opened);
      if (source === null) continue;
      whole.push(source);
      opened.push(one.range === null ? source : selectFrames(source, rangeIndices(one, source.count)));
    }
    if (opened.length === 0)
      throw new UserError('no frames can be read', { remedy: 'name a file, folder or pattern' });
    return await decorate(concatenateFrames(opened), options, geometry, whole);
  } catch (error) {
    await Promise.all(opened.map((source) => source.close()));
    throw error;
  }
}

async function decorate(
  source: FrameSource,
  options: OpenFramesOptions,
  geometry: DetectorGeometry | null,
  whole: readonly FrameSource[],
): Promise<FrameSource> {
  let frames = source;
  const rule = options.maskRule === undefined ? null : parseMaskRule(options.maskRule);
  if (rule !== null && (rule.hot || rule.dead)) frames = maskFrames(frames, await findDefects(frames, rule));
  if (options.labels !== undefined) frames = await labelFrames(frames, options.labels, whole);
  if (options.groups !== undefined) frames = groupFrames(frames, options.groups);
  if (options.assemble !== true) return frames;
  if (geometry === null)
    throw new UserError('needs --geometry', { field: '--assemble', remedy: 'give a .geom file' });
  return assembleFrames(frames, geometry, frames.frameShape ?? [frames.height, frames.width]);
}

async function openArgument(
  argument: FrameArgument,
  options: OpenFramesOptions,
  geometry: DetectorGeometry | null,
  opened: readonly FrameSource[],
): Promise<FrameSource | null> {
  const tree = await listDiffranet(argument.path);
  const files = tree === null ? await expandArgument(argument) : tree.map((one) => one.file);
  const rawOf = (file: string): Promise<RawSource> =>
    openRaw(argument.dataset === null ? file : `${file}#${argument.dataset}`, options);
  const openOne = async (group: readonly string[]): Promise<FrameSource> => {
    if (group.length === 1) return framesOf(await rawOf(group[0]!), options, geometry);
    return framesOf(joinModules(await openModules(group, rawOf, options.onBadFile)), options, geometry);
  };
  let source = await openFiles(
    groupModules(files),
    openOne,
    options,
    opened.length === 0 && files.length === 1,
  );
  if (tree !== null && source !== null) {
    const labels = new Map(tree.map((one) => [one.file, one.label]));
    const plain = source;
    source = {
      ...plain,
      classNames: tree[0]!.label.label === null ? null : DIFFRANET_CLASSES,
      label: (index) => labels.get(plain.origin(index).file)!,
    };
  }
  return source;
}

/** The modules of one detector; with `onBadFile` those that cannot be opened are reported and masked. */
async function openModules(
  files: readonly string[],
  rawOf: (file: string) => Promise<RawSource>,
  onBadFile: OpenFramesOptions['onBadFile'],
): Promise<readonly RawSource[]> {
  const modules: RawSource[] = [];
  for (const [position, file] of files.entries()) {
    try {
      modules.push(await rawOf(file));
    } catch (error) {
      const last = position === files.length - 1 && modules.length === 0;
      if (error instanceof UserError && onBadFile !== undefined && !last) {
        onBadFile(error);
        continue;
      }
      await Promise.all(modules.map((module) => module.close()));
      throw error;
    }
  }
  return modules;
}

async function openFiles(
  groups: readonly (readonly string[])[],
  openOne: (group: readonly string[]) => Promise<FrameSource>,
  options: OpenFramesOptions,
  alone: boolean,
): Promise<FrameSource | null> {
  const sources: FrameSource[] = [];
  try {
    const files = groups.map((group) => group[0]!);
    if (files.length >= LAZY_FILES && (await formatOf(files[0]!)).singleFrame) {
      return lazyFrames(files, (file) => openOne([file]), await openOne([files[0]!]));
    }
    for (const group of groups) {
      try {
        sources.push(await openOne(group));
      } catch (error) {
        if (!(error instanceof UserError) || options.onBadFile === undefined || alone) throw error;
        options.onBadFile(error);
      }
    }
    return sources.length === 0 ? null : concatenateFrames(sources);
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}

/** One raw source with calibration, masks and rules. */
async function framesOf(
  stored: RawSource,
  options: OpenFramesOptions,
  geometry: DetectorGeometry | null,
): Promise<FrameSource> {
  const raw = options.jungfrau === undefined ? stored : await calibrateJungfrau(stored, options.jungfrau);
  const rule = options.maskRule === undefined ? NO_RULE : parseMaskRule(options.maskRule).values;
  const stated = await readMask(options.mask, raw);
  const mask = joinTwo(stated, geometry === null ? null : geometryMask(geometry, raw.frameShape));
  const own = options.mask === 'none' ? { ...raw, mask: () => Promise.resolve(null) } : raw;
  const frames = framesFromRaw(own, {
    rule,
    ...(options.scale === undefined ? {} : { scale: options.scale }),
  });
  return mask === null ? frames : maskFrames(frames, mask);
}

async function readMask(spec: string | undefined, raw: RawSource): Promise<Uint8Array | null> {
  if (spec === undefined || spec === 'none') return null;
  const inverted = spec.startsWith('bad:');
  const file = inverted ? spec.slice(4) : spec;
  const source = await openRaw(file);
  try {
    const { height, width } = stackedShape(raw.frameShape);
    return maskFromArray(await source.readRaw(0), height * width, inverted, file);
  } finally {
    await source.close();
  }
}

async function formatOf(file: string): Promise<FrameFormat> {
  const bytes = await openBytes(file, resolve(file));
  return detectFormat(file, await bytes.read(0, Math.min(HEAD_BYTES, bytes.size)));
}

/** Opens one file (`FILE` or `FILE#/dataset`) as it is stored. */
export async function openRaw(argument: string, options: OpenFramesOptions = {}): Promise<RawSource> {
  const { path: file, dataset } = parseFrameArgument(argument);
  const format = await formatOf(file);
  return format.open({
    file,
    path: resolve(file),
    dataset,
    channel: options.channel ?? 0,
    allowMissing: options.allowMissing ?? false,
  });
}

function detectFormat(file: string, head: Uint8Array): FrameFormat {
  const name = file.toLowerCase().replace(/\.(gz|bz2)$/, '');
  const format = FRAME_FORMATS.find((one) => one.matches(head, name));
  if (format !== undefined) return format;
  throw new UserError('is of no format that vetoc reads', {
    file,
    remedy: `give one of ${FRAME_FORMATS.map((one) => one.name).join(', ')}`,
  });
}
