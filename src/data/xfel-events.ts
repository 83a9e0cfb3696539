/**
 * Events of a detector that writes files of its own for each module: which row of which file of each module belongs together.
 *
 * Each module writes its files one after the other, and every writer begins a new one when it likes. So a train may stand in
 * S00000 of one module and in S00001 of another: rows are matched by train and pulse over all files of each module, not file
 * by file. An event that a module has in none of them has no row there. Refuses an event that one module holds twice, and rows
 * without a train.
 */
import { UserError } from '../core/errors.js';
import { lastAtMost } from '../core/search.js';
import { checkFrameIndex, type RawSource } from './formats/format.js';

/** All files of one module in a row. */
export interface ModuleFiles {
  /** The place of the module in the detector. */
  readonly module: number;
  readonly sources: readonly RawSource[];
}

/** A row of a file. */
export interface ModuleRow {
  readonly source: RawSource;
  readonly index: number;
}

export interface ModuleEvents {
  /** Distinct events, in the order of trains and pulses. */
  readonly count: number;
  /** The row of `module` (a place in the detector) in event `index`; null where it has none. */
  rowOf(index: number, module: number): ModuleRow | null;
  /** The row of the first module that has one. */
  firstRow(index: number): ModuleRow;
  /** How many events `module` has no row for. */
  lackedBy(module: number): number;
}

/** What tells the events of one train apart: their pulse; in files without pulses their memory cell; else there is but one. */
type PulseWord = 'pulseId' | 'cellId' | null;

/** The word that all files have. */
function pulseWord(sources: readonly RawSource[]): PulseWord {
  const first = sources.filter(({ count }) => count > 0).map(({ annotations }) => annotations.meta(0));
  const all = (word: 'pulseId' | 'cellId'): boolean => first.every((meta) => meta[word] !== undefined);
  if (all('pulseId')) return 'pulseId';
  return all('cellId') ? 'cellId' : null;
}

function eventAt(source: RawSource, index: number, word: PulseWord): readonly [train: number, pulse: number] {
  const meta = source.annotations.meta(index);
  const [train, pulse] = [Number(meta['trainId'] ?? NaN), word === null ? 0 : Number(meta[word] ?? NaN)];
  if (Number.isFinite(train) && Number.isFinite(pulse)) return [train, pulse];
  throw new UserError(`has no trainId and pulseId for its frame ${index}`, {
    file: source.file,
    remedy: 'read the module files one by one',
  });
}

/** Matches the rows of `files`, the modules of a detector of `modules`. Throws `UserError`. */
export function matchEvents(files: readonly ModuleFiles[], modules: number): ModuleEvents {
  const word = pulseWord(files.flatMap(({ sources }) => sources));
  // Events are numbered as they are met, then sorted; maps of numbers take far less memory than one of names.
  const numbers = new Map<number, Map<number, number>>();
  const trains: number[] = [];
  const pulses: number[] = [];
  const numberOf = (train: number, pulse: number): number => {
    const ofTrain = numbers.get(train) ?? new Map<number, number>();
    numbers.set(train, ofTrain);
    const number = ofTrain.get(pulse) ?? trains.length;
    if (number < trains.length) return number;
    ofTrain.set(pulse, number);
    trains.push(train);
    pulses.push(pulse);
    return number;
  };
  const met = files.map(({ sources }) =>
    sources.map((source) =>
      Uint32Array.from({ length: source.count }, (_, row) => numberOf(...eventAt(source, row, word))),
    ),
  );
  const count = trains.length;
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  order.sort((a, b) => trains[a]! - trains[b]! || pulses[a]! - pulses[b]!);
  const placeOf = new Uint32Array(count);
  order.forEach((number, place) => (placeOf[number] = place));

  /** One more than the row among all rows of the module; 0: none. */
  const rows = new Uint32Array(count * modules);
  const starts = new Map<
    number,
    { readonly sources: readonly RawSource[]; readonly first: readonly number[] }
  >();
  for (const [i, { module, sources }] of files.entries()) {
    const first: number[] = [];
    let next = 0;
    for (const [k, numbersOfRows] of met[i]!.entries()) {
      first.push(next);
      for (const number of numbersOfRows) {
        const at = placeOf[number]! * modules + module;
        if (rows[at] !== 0) refuseTwice(sources[k]!, trains[number]!, pulses[number]!);
        rows[at] = ++next;
      }
    }
    starts.set(module, { sources, first });
  }

  function rowOf(index: number, module: number): ModuleRow | null {
    checkFrameIndex(files[0]!.sources[0]!.file, index, count);
    const row = rows[index * modules + module]!;
    if (row === 0) return null;
    const { sources, first } = starts.get(module)!;
    const at = lastAtMost(first.length, (i) => first[i]!, row - 1);
    return { source: sources[at]!, index: row - 1 - first[at]! };
  }
  return {
    count,
    rowOf,
    firstRow(index) {
      for (let module = 0; module < modules; module++) {
        const row = rowOf(index, module);
        if (row !== null) return row;
      }
      throw new RangeError(`event ${index} has no row`);
    },
    lackedBy(module) {
      let lacking = 0;
      for (let index = 0; index < count; index++) if (rows[index * modules + module] === 0) lacking++;
      return lacking;
    },
  };
}

function refuseTwice({ file }: RawSource, train: number, pulse: number): never {
  throw new UserError(`holds the event ${train}:${pulse}, which this module has already`, {
    file,
    remedy: 'leave out what repeats it, or read the module files one by one',
  });
}
