/**
 * Detectors of the European XFEL that write a file per module: the modules of one event joined into one frame.
 *
 * Files are recognised by name, as `RAW-R0001-AGIPD03-S00000.h5`. Frames are matched by train and pulse (or by train
 * and cell); an event that a module misses has that module masked, as the virtual CXI of EXtra-data has it. Refuses
 * modules of different shapes, and the same event twice in one module.
 */
import { basename, resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import type { Annotations, RawSource } from './formats/format.js';
import { checkFrameIndex, UNKNOWN_LABEL } from './formats/format.js';
import { mergeNotes, warning, type Note } from './notes.js';
import { PIXEL_BYTES, pixelArray, type PixelArray } from './pixels.js';

const MODULE_NAME = /^(.*-)(AGIPD|LPD|DSSC|JNGFR)(\d{2})(-.*\.h5)$/;
/** The megapixel detectors have sixteen modules, counted from 0. */
const MODULES = 16;
/** Modules of the detectors that are smaller, by the name of the instrument's source in the files. */
const SIZES: readonly (readonly [RegExp, number])[] = [
  [/AGIPD500K/i, 8],
  [/JF4M/i, 8],
  [/JF1M/i, 2],
];

/** Files of modules that belong together: by detector and sequence; other files stand alone. */
export function groupModules(files: readonly string[]): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const [, start, kind, , end] = MODULE_NAME.exec(basename(file)) ?? [];
    const key = start === undefined ? file : `${file.slice(0, -basename(file).length)}${start}${kind}*${end}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()];
}

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

/** The place of a file's module in the detector, or null. */
function moduleOf(file: string, { modules, first }: Detector): number | null {
  const number = MODULE_NAME.exec(basename(file))?.[3];
  const place = number === undefined ? -1 : Number(number) - first;
  return place < 0 || place >= modules ? null : place;
}

interface Event {
  readonly key: string;
  readonly order: readonly number[];
  /** The frame of each module, −1 where it has none. */
  readonly frames: Int32Array;
}

function eventsOf(sources: ReadonlyMap<number, RawSource>, modules: number): readonly Event[] {
  const events = new Map<string, Event>();
  for (const [module, source] of sources) {
    for (let index = 0; index < source.count; index++) {
      const { trainId, pulseId, cellId } = source.annotations.meta(index);
      if (trainId === undefined || (pulseId ?? cellId) === undefined) {
        throw new UserError('has no trainId and pulseId for its frames', {
          file: source.file,
          remedy: 'read the module files one by one',
        });
      }
      const key = `${trainId}:${pulseId ?? cellId}`;
      let event = events.get(key);
      if (event === undefined) {
        const order = [Number(trainId), Number(pulseId ?? cellId)];
        event = { key, order, frames: new Int32Array(modules).fill(-1) };
        events.set(key, event);
      }
      if (event.frames[module] !== -1)
        throw new UserError(`holds the event ${key} twice`, { file: source.file });
      event.frames[module] = index;
    }
  }
  return [...events.values()].sort((a, b) => a.order[0]! - b.order[0]! || a.order[1]! - b.order[1]!);
}

/** Says where a module lacks events that others have: lost, or cut into another sequence of files than theirs. */
function lackingNotes(sources: ReadonlyMap<number, RawSource>, events: readonly Event[]): readonly Note[] {
  return [...sources].flatMap(([module, { file }]) => {
    const lacking = events.filter(({ frames }) => frames[module] === -1).length;
    const text = `lacks ${lacking} of ${events.length} events of the other modules: it is masked there, and where another sequence of files has them they are frames of their own`;
    return lacking === 0 ? [] : [warning('frames', file, null, text)];
  });
}

/** One source `[module, y, x]` of all modules from the sources of single modules, which it owns; a lone one as it is. */
export function joinModules(modules: readonly RawSource[]): RawSource {
  if (modules.length === 1) return modules[0]!;
  const sources = new Map<number, RawSource>();
  const first = modules[0]!;
  const detector = detectorOf(modules);
  for (const source of modules) {
    const module = moduleOf(source.file, detector);
    const same =
      String(source.frameShape) === String(first.frameShape) && source.pixelType === first.pixelType;
    if (module === null || !same || source.frameShape.length !== 2 || sources.has(module)) {
      throw new UserError(`does not fit beside ${basename(first.file)}`, {
        file: source.file,
        remedy: 'read it alone',
      });
    }
    sources.set(module, source);
  }
  const events = eventsOf(sources, detector.modules);
  const [height, width] = first.frameShape as [number, number];
  const size = height * width;
  const eventAt = (index: number): Event => {
    checkFrameIndex(first.file, index, events.length);
    return events[index]!;
  };
  const sourceOf = (event: Event): { readonly source: RawSource; readonly index: number } => {
    const module = event.frames.findIndex((frame) => frame >= 0);
    return { source: sources.get(module)!, index: event.frames[module]! };
  };
  const annotations: Annotations = {
    classNames: null,
    label: () => UNKNOWN_LABEL,
    meta(index) {
      const { source, index: at } = sourceOf(eventAt(index));
      return source.annotations.meta(at);
    },
    spots: () => null,
  };
  // Rows of one module say nothing of where a joined frame stands.
  const { originIndex, originPlace, datasetOf, glance, experiment, ...rest } = first;
  void [originIndex, originPlace, datasetOf, glance, experiment];
  return {
    ...rest,
    format: `${first.format}, ${sources.size} module files`,
    count: events.length,
    frameShape: [detector.modules, height, width],
    annotations,
    experiment(index) {
      const { source, index: at } = sourceOf(eventAt(index));
      return source.experiment?.(at) ?? {};
    },
    notes: [...mergeNotes(modules.map((module) => module.notes ?? [])), ...lackingNotes(sources, events)],
    reads: modules.slice(1).map((module) => resolve(module.file)),
    async readRaw(index) {
      const { frames } = eventAt(index);
      const out = pixelArray(
        first.pixelType,
        new ArrayBuffer(detector.modules * size * PIXEL_BYTES[first.pixelType]),
      );
      for (const [module, frame] of frames.entries()) {
        if (frame >= 0) place(out, await sources.get(module)!.readRaw(frame), module * size);
      }
      return out;
    },
    async mask(index) {
      const { frames } = eventAt(index);
      const mask = new Uint8Array(detector.modules * size);
      for (const [module, frame] of frames.entries()) {
        if (frame < 0) continue;
        const own = await sources.get(module)!.mask(frame);
        if (own === null) mask.fill(1, module * size, (module + 1) * size);
        else mask.set(own, module * size);
      }
      return mask;
    },
    close: async () => {
      await Promise.all(modules.map((source) => source.close()));
    },
  };
}

/** Copies the pixels of one module; both arrays are of one type. */
function place(out: PixelArray, module: PixelArray, at: number): void {
  (out as Uint8Array).set(module as Uint8Array, at);
}
