/**
 * Detectors of the European XFEL that write files of their own for each module: the modules of one event joined into one frame.
 *
 * Files are recognised by name, as `RAW-R0001-AGIPD03-S00000.h5`; all sequences of a run belong together. Frames are matched
 * by train and pulse over them (xfel-events.ts); an event that a module misses has that module masked, as the virtual CXI of
 * EXtra-data has it, or is an error where frames are to be whole. Refuses modules of different shapes.
 */
import { basename, resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import type { AbsentModule, Annotations, RawSource } from './formats/format.js';
import { UNKNOWN_LABEL } from './formats/format.js';
import { mergeNotes, warning, type Note } from './notes.js';
import { PIXEL_BYTES, pixelArray, type PixelArray } from './pixels.js';
import { matchEvents, type ModuleEvents, type ModuleFiles, type ModuleRow } from './xfel-events.js';

const MODULE_NAME = /^(.*-)(AGIPD|LPD|DSSC|JNGFR)(\d{2})(-.*\.h5)$/;
/** The end of a name that says which of the files of a module it is. */
const SEQUENCE = /-S(\d+)\.h5$/;
/** The megapixel detectors have sixteen modules, counted from 0. */
const MODULES = 16;
/** Modules of the detectors that are smaller, by the name of the instrument's source in the files. */
const SIZES: readonly (readonly [RegExp, number])[] = [
  [/AGIPD500K/i, 8],
  [/JF4M/i, 8],
  [/JF1M/i, 2],
];

/** Files of modules that belong together: all of one detector in one run. Other files, and those of one module only, stand alone. */
export function groupModules(files: readonly string[]): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const [, start, kind, , end] = MODULE_NAME.exec(basename(file)) ?? [];
    const key =
      start === undefined
        ? file
        : `${file.slice(0, -basename(file).length)}${start}${kind}*${end!.replace(SEQUENCE, '-S*.h5')}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()].flatMap((group) =>
    new Set(moduleRanks(group)).size > 1 ? [group] : group.map((file) => [file]),
  );
}

/** Whether `file` is named as what the European XFEL writes beside the modules: `RAW-R0001-DA01-S00000.h5`. */
export const isOtherSource = (file: string): boolean =>
  /^[A-Z]+-R\d+-[A-Z0-9]+-S\d+\.h5$/.test(basename(file)) && !MODULE_NAME.test(basename(file));

/** Modules of a detector. */
interface Detector {
  readonly modules: number;
  /** The number of its first module: JUNGFRAU counts from 1. */
  readonly first: number;
}

/** The detector that `sources` are modules of; of a JUNGFRAU of unknown size as many as the highest number. */
function detectorOf(sources: readonly RawSource[]): Detector {
  const first = MODULE_NAME.exec(basename(sources[0]!.file))?.[2] === 'JNGFR' ? 1 : 0;
  const known = SIZES.find(([name]) => name.test(sources[0]!.dataset ?? ''))?.[1];
  const numbers = sources.map(({ file }) => Number(MODULE_NAME.exec(basename(file))?.[3] ?? 0));
  const least = Math.max(...numbers) - first + 1;
  return { modules: Math.max(known ?? (first === 1 ? least : MODULES), 1), first };
}

/** For each of `files` of one detector the rank of its module among those that are there, from 0. */
function moduleRanks(files: readonly string[]): readonly number[] {
  const numbers = files.map((file) => Number(MODULE_NAME.exec(basename(file))?.[3] ?? 0));
  const present = [...new Set(numbers)].sort((a, b) => a - b);
  return numbers.map((number) => present.indexOf(number));
}

/** The places of the modules that `files` are of among those of their detector; a lone file is all of one. */
export function modulePlaces(sources: readonly RawSource[]): {
  readonly places: readonly number[];
  readonly modules: number;
} {
  if (sources.length === 1) return { places: [0], modules: 1 };
  const detector = detectorOf(sources);
  return { places: sources.map(({ file }) => moduleOf(file, detector) ?? 0), modules: detector.modules };
}

/** The place of a file's module in the detector, or null. */
function moduleOf(file: string, { modules, first }: Detector): number | null {
  const number = MODULE_NAME.exec(basename(file))?.[3];
  const place = number === undefined ? -1 : Number(number) - first;
  return place < 0 || place >= modules ? null : place;
}

/** The files of each module of `detector`, in the order of their names. Throws `UserError` where one does not fit. */
function filesOfModules(sources: readonly RawSource[], detector: Detector): readonly ModuleFiles[] {
  const first = sources[0]!;
  const byModule = new Map<number, RawSource[]>();
  for (const source of sources) {
    const module = moduleOf(source.file, detector);
    const same =
      String(source.frameShape) === String(first.frameShape) && source.pixelType === first.pixelType;
    if (module === null || !same || source.frameShape.length !== 2) {
      throw new UserError(`does not fit beside ${basename(first.file)}`, {
        file: source.file,
        remedy: 'read it alone',
      });
    }
    const known = byModule.get(module);
    if (known === undefined) byModule.set(module, [source]);
    else known.push(source);
  }
  return [...byModule].map(([module, files]) => ({ module, sources: files }));
}

/** Says where a module lacks events that others have. */
function lackingNotes(modules: readonly ModuleFiles[], events: ModuleEvents): readonly Note[] {
  return modules.flatMap(({ module, sources }) => {
    const lacking = events.lackedBy(module);
    const files = sources.length === 1 ? 'this file' : `the ${sources.length} files`;
    const text = `lacks ${lacking} of ${events.count} events of the other modules in ${files} of its module: it is masked there; give all sequences of a run together`;
    return lacking === 0 ? [] : [warning('frames', sources[0]!.file, null, text)];
  });
}

/** A frame is named by a file of its sequence, and by its place among the frames that are named so. */
interface FrameNames {
  readonly files: readonly string[];
  readonly index: Uint32Array;
}

function nameFrames(sources: readonly RawSource[], events: ModuleEvents): FrameNames {
  const leading = new Map<string, string>();
  const sequenceOf = (file: string): string => SEQUENCE.exec(basename(file))?.[1] ?? '';
  for (const { file } of sources) {
    const sequence = sequenceOf(file);
    if (!leading.has(sequence)) leading.set(sequence, file);
  }
  const next = new Map<string, number>();
  const index = new Uint32Array(events.count);
  const files = Array.from(index, (_, event) => {
    const file = leading.get(sequenceOf(events.firstRow(event).source.file))!;
    index[event] = next.get(file) ?? 0;
    next.set(file, index[event]! + 1);
    return file;
  });
  return { files, index };
}

const nameOf = (module: number, { first }: Detector): string => String(module + first).padStart(2, '0');

/** Modules that have no file at all. */
function absentModules(modules: readonly ModuleFiles[], detector: Detector): readonly AbsentModule[] {
  const here = new Set(modules.map(({ module }) => module));
  return Array.from({ length: detector.modules }, (_, place) => ({
    place,
    name: nameOf(place, detector),
  })).filter(({ place }) => !here.has(place));
}

function absentNotes(file: string, absent: readonly AbsentModule[], detector: Detector): readonly Note[] {
  if (absent.length === 0) return [];
  const names = absent.map(({ name }) => name).join(', ');
  const text = `${absent.length} of ${detector.modules} modules have no file and are masked: ${names}`;
  return [warning('frames', file, null, text)];
}

function refuseLacking({ module, sources }: ModuleFiles, detector: Detector, row: ModuleRow): never {
  const { trainId, pulseId, cellId } = row.source.annotations.meta(row.index);
  const event = [trainId, pulseId ?? cellId].filter((part) => part !== undefined).join(':');
  throw new UserError(`module ${nameOf(module, detector)} lacks event ${event}, which other modules have`, {
    file: sources[0]!.file,
    remedy:
      'give all sequences of a run together, or a range of frames that every module has; where a command has it, --skip-bad leaves such frames out',
  });
}

/**
 * One source `[module, y, x]` of all modules from the sources of their files, which it owns; a lone one as it is. Where frames are
 * to be `whole`, one that a module lacks is an error when it is read.
 */
export function joinModules(sources: readonly RawSource[], whole = false): RawSource {
  if (sources.length === 1) return sources[0]!;
  const first = sources[0]!;
  const detector = detectorOf(sources);
  const modules = filesOfModules(sources, detector);
  const events = matchEvents(modules, detector.modules);
  const names = nameFrames(sources, events);
  const absent = absentModules(modules, detector);
  const [height, width] = first.frameShape as [number, number];
  const size = height * width;
  const annotations: Annotations = {
    classNames: null,
    label: () => UNKNOWN_LABEL,
    meta(index) {
      const row = events.firstRow(index);
      return row.source.annotations.meta(row.index);
    },
    spots: () => null,
  };
  // Rows of one module say nothing of where a joined frame stands.
  const { originPlace, datasetOf, glance, experiment, gainWords, ...rest } = first;
  void [originPlace, datasetOf, glance, experiment, gainWords];
  return {
    ...rest,
    format: `${first.format}, ${sources.length} files of ${modules.length} modules`,
    count: events.count,
    frameShape: [detector.modules, height, width],
    annotations,
    joined: true,
    originFile: (index) => names.files[index]!,
    originIndex: (index) => names.index[index]!,
    experiment(index) {
      const row = events.firstRow(index);
      return row.source.experiment?.(row.index) ?? {};
    },
    notes: [
      ...mergeNotes(sources.map((source) => source.notes ?? [])),
      ...absentNotes(first.file, absent, detector),
      ...(whole ? [] : lackingNotes(modules, events)),
    ],
    absent,
    reads: sources.slice(1).map((source) => resolve(source.file)),
    async readRaw(index) {
      const bytes = detector.modules * size * PIXEL_BYTES[first.pixelType];
      const out = pixelArray(first.pixelType, new ArrayBuffer(bytes));
      for (const files of modules) {
        const { module } = files;
        const row = events.rowOf(index, module);
        if (row === null && whole) refuseLacking(files, detector, events.firstRow(index));
        if (row !== null) place(out, await row.source.readRaw(row.index), module * size);
      }
      return out;
    },
    async mask(index) {
      const mask = new Uint8Array(detector.modules * size);
      for (const { module } of modules) {
        const row = events.rowOf(index, module);
        if (row === null) continue;
        const own = await row.source.mask(row.index);
        if (own === null) mask.fill(1, module * size, (module + 1) * size);
        else mask.set(own, module * size);
      }
      return mask;
    },
    close: async () => {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}

/** Copies the pixels of one module; both arrays are of one type. */
function place(out: PixelArray, module: PixelArray, at: number): void {
  (out as Uint8Array).set(module as Uint8Array, at);
}
