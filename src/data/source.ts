/**
 * From raw sources to the `FrameSource` that the rest of vetoc sees: one rule to `uint16`, masks applied, several
 * files in a row. Modules `[module, y, x]` are stacked along y, as Cheetah stacks its panels.
 */
import { UserError } from '../core/errors.js';
import { lastAtMost } from '../core/search.js';
import type { Frame, FrameSource } from './frames.js';
import { experimentOfFacts, joinExperiments, type Experiment } from './experiment.js';
import { joinTwo } from './masking.js';
import { mergeNotes, warning, type Note } from './notes.js';
import {
  convertToUint16,
  hasLimits,
  mergeRules,
  NO_RULE,
  type Overloads,
  type PixelArray,
  type ValueRule,
} from './pixels.js';
import { checkFrameIndex, countSpots, type RawSource } from './formats/format.js';

export interface ConvertOptions {
  /** Values to mask besides those that the format declares. */
  readonly rule?: ValueRule;
  /** Multiplies each stored value before it is rounded to `uint16`. */
  readonly scale?: number;
  /** Which stored values are bad by where they stand, 1 live. */
  readonly flags?: (stored: PixelArray) => Uint8Array;
  /** What the user's geometry says of frame `index`: it goes before what the file says. */
  readonly experiment?: (index: number) => Partial<Experiment>;
  /** What becomes of overloads; `mask` unless stated. */
  readonly overloads?: Overloads;
}

/** Rows and columns of the network's view of a frame shape. */
export function stackedShape(frameShape: readonly number[]): {
  readonly height: number;
  readonly width: number;
} {
  const width = frameShape.at(-1)!;
  return { height: frameShape.slice(0, -1).reduce((a, b) => a * b, 1), width };
}

/** One raw source as frames. */
export function framesFromRaw(raw: RawSource, options: ConvertOptions = {}): FrameSource {
  const { height, width } = stackedShape(raw.frameShape);
  const rule = mergeRules(raw.rule, options.rule ?? NO_RULE);
  const ofFile = experimentOfFacts(raw.details);
  const experimentAt = (index: number): Experiment => {
    const ofFrame = joinExperiments(experimentOfFacts(raw.annotations.meta(index)), ofFile);
    return joinExperiments(
      options.experiment?.(index) ?? {},
      joinExperiments(raw.experiment?.(index) ?? {}, ofFrame),
    );
  };
  return {
    name: raw.file,
    count: raw.count,
    height,
    width,
    frameShape: raw.frameShape,
    classNames: raw.annotations.classNames,
    notes: raw.notes ?? [],
    details: raw.details,
    reads: raw.reads ?? [],
    async read(index): Promise<Frame> {
      const stored = await raw.readRaw(index);
      const known = joinTwo(await raw.mask(index), options.flags?.(stored) ?? null);
      const seen = convertToUint16(stored, rule, known, options.scale ?? 1, options.overloads ?? 'mask');
      const { pixels, mask, overloads } = seen;
      const counted = hasLimits(rule) ? { overloads } : {};
      return { height, width, pixels, mask, experiment: experimentAt(index), ...counted };
    },
    label: (index) => raw.annotations.label(index),
    meta: (index) => raw.annotations.meta(index),
    spots: (index) => raw.annotations.spots(index),
    spotCount: (index) => countSpots(raw.annotations, index),
    origin: (index) => ({
      file: raw.originFile?.(index) ?? raw.file,
      ...(raw.joined === true ? { joined: true } : {}),
      index: raw.originIndex?.(index) ?? index,
      ...(raw.dataset === null ? {} : { dataset: raw.datasetOf?.(index) ?? raw.dataset }),
      ...(raw.eventOf === undefined ? {} : { event: raw.eventOf(index) }),
      ...(raw.originPlace === undefined ? {} : { place: raw.originPlace(index) }),
    }),
    close: () => raw.close(),
  };
}

/** Says where a geometry moves the panels of a file otherwise than those of the first, which stand for all. */
function movedNotes(sources: readonly FrameSource[]): readonly Note[] {
  const panels = sources[0]!.geometry?.panels;
  const moved = sources.find(({ geometry }) =>
    geometry?.panels.some(({ corner }, i) => String(corner) !== String(panels?.[i]?.corner)),
  );
  if (moved === undefined) return [];
  const text = `places the panels otherwise than ${sources[0]!.name}, which are used for all files`;
  return [warning('geometry', moved.name, null, text)];
}

/** Several sources of one shape in a row. Throws `UserError` where shapes or class names differ. */
export function concatenateFrames(sources: readonly FrameSource[]): FrameSource {
  const [first, ...rest] = sources;
  if (first === undefined)
    throw new UserError('no frames were given', { remedy: 'name a file, a folder or a pattern' });
  if (rest.length === 0) return first;
  for (const source of rest) {
    if (source.height !== first.height || source.width !== first.width) {
      throw new UserError(
        `has frames of ${source.height}×${source.width}, but ${first.name} has ${first.height}×${first.width}`,
        { file: source.name, remedy: 'give files of one detector together' },
      );
    }
  }
  const named = sources.find((source) => source.classNames !== null);
  const odd = sources.find(
    (s) => s.classNames !== null && String(s.classNames) !== String(named?.classNames),
  );
  if (odd !== undefined) throw new UserError(`has other classes than ${named?.name}`, { file: odd.name });
  const starts: number[] = [];
  let count = 0;
  for (const source of sources) {
    starts.push(count);
    count += source.count;
  }
  function locate(index: number): { readonly source: FrameSource; readonly local: number } {
    checkFrameIndex(`${first!.name} …`, index, count);
    const at = lastAtMost(starts.length, (i) => starts[i]!, index);
    return { source: sources[at]!, local: index - starts[at]! };
  }
  const at = <T>(index: number, use: (source: FrameSource, local: number) => T): T => {
    const { source, local } = locate(index);
    return use(source, local);
  };
  return {
    name: `${first.name} and ${rest.length} more`,
    count,
    height: first.height,
    width: first.width,
    ...(first.frameShape === undefined ? {} : { frameShape: first.frameShape }),
    classNames: named?.classNames ?? null,
    notes: mergeNotes([...sources.map((source) => source.notes ?? []), movedNotes(sources)]),
    ...(first.details === undefined ? {} : { details: first.details }),
    ...(first.geometry === undefined ? {} : { geometry: first.geometry }),
    absent: [...new Set(sources.flatMap((source) => source.absent ?? []))],
    read: (index) => at(index, (source, local) => source.read(local)),
    label: (index) => at(index, (source, local) => source.label(local)),
    meta: (index) => at(index, (source, local) => source.meta(local)),
    spots: (index) => at(index, (source, local) => source.spots(local)),
    spotCount: (index) => at(index, countSpots),
    origin: (index) => at(index, (source, local) => source.origin(local)),
    close: async () => {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}

/** The frames `indices` of `source`, in that order. */
export function selectFrames(source: FrameSource, indices: readonly number[]): FrameSource {
  const at = (index: number): number => {
    checkFrameIndex(source.name, index, indices.length);
    return indices[index]!;
  };
  return {
    ...source,
    count: indices.length,
    read: async (index) => source.read(at(index)),
    label: (index) => source.label(at(index)),
    meta: (index) => source.meta(at(index)),
    spots: (index) => source.spots(at(index)),
    spotCount: (index) => countSpots(source, at(index)),
    origin: (index) => source.origin(at(index)),
  };
}
