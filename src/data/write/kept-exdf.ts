/**
 * Which frames are kept, as European XFEL's extra-redu writes it: EXDF, read by EXtra-data.
 *
 *     INSTRUMENT/DET/REDU/SPI_HITFINDER:output/data/{trainId, pulseId}       [frame] uint64
 *     …/hitscore                                                             [frame] int64, the score in levels
 *     …/{hitFlag, missFlag, dataFlag}                                        [frame] uint8
 *     INDEX/…/{first, count}                                                 [train] uint64
 *     RUN, CONTROL/DET/REDU/SPI_HITFINDER/…                                  the settings that extra-redu asks for
 *
 * hitFlag: the network keeps the frame. missFlag: a vetoed frame that the prescale keeps all the same.
 * dataFlag: kept for either reason. extra-redu calls a frame a hit above its threshold, vetoc from the threshold on, so
 * fixedThreshold is one level lower. Layout: EXDF 1.2 and extra-redu 1.1. Refuses frames without train and pulse.
 */
import { basename } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../frames.js';
import { createHdf5, type Hdf5Writer } from './hdf5-writer.js';
import { UNREADABLE } from './score-journal.js';

export interface KeptFlags {
  readonly source: FrameSource;
  /** One a frame; `UNREADABLE` where a frame could not be read. */
  readonly scores: Int32Array;
  /** Frames with this score or more are kept. */
  readonly threshold: number;
  /** Frames below it that are kept all the same. */
  readonly byPrescale: ReadonlySet<number>;
  /** One in so many is; 0: none. */
  readonly prescale: number;
}

/** A frame as the file names it. */
export interface KeptEvent {
  readonly train: number;
  readonly pulse: number;
  /** `UNREADABLE` where the frame has none. */
  readonly score: number;
  /** The network keeps it. */
  readonly hit: boolean;
  /** The prescale keeps it all the same. */
  readonly miss: boolean;
  readonly kept: boolean;
}

/** What is said of all frames of a file. */
export interface KeptSettings {
  readonly detector: string;
  readonly run: number;
  readonly modules: number;
  readonly threshold: number;
  readonly prescale: number;
}

function trainAndPulse(source: FrameSource, index: number): Pick<KeptEvent, 'train' | 'pulse'> {
  const { trainId, pulseId } = source.meta(index);
  const [train, pulse] = [Number(trainId), Number(pulseId)];
  if (Number.isSafeInteger(train) && Number.isSafeInteger(pulse)) return { train, pulse };
  throw new UserError(`frame ${index} has no trainId and pulseId`, {
    file: source.origin(index).file,
    field: '--exdf',
    remedy: 'give frames of European XFEL, or use --list',
  });
}

/** Throws `UserError` where a frame of `source` has no train and pulse: asked before the frames are scored. */
export function checkEvents(source: FrameSource): void {
  for (let i = 0; i < source.count; i++) trainAndPulse(source, i);
}

function eventsOf({ source, scores, byPrescale, threshold }: KeptFlags): readonly KeptEvent[] {
  return Array.from(scores, (score, index) => {
    const hit = score !== UNREADABLE && score >= threshold;
    const miss = byPrescale.has(index);
    return { ...trainAndPulse(source, index), score, hit, miss, kept: hit || miss };
  });
}

const ulongs = (values: readonly number[]): BigUint64Array => BigUint64Array.from(values, BigInt);
const longs = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values, BigInt);

/** Writes `request` to `path`, atomically. Throws `UserError`. */
export async function writeKeptExdf(path: string, request: KeptFlags): Promise<void> {
  const { source, threshold, prescale } = request;
  const { file, dataset } = source.origin(0);
  await writeEventsExdf(path, eventsOf(request), {
    detector: /^\/INSTRUMENT\/([^/]+)\//.exec(dataset ?? '')?.[1] ?? 'VETOC',
    run: Number(/-R(\d+)-/.exec(basename(file))?.[1] ?? 0),
    modules: source.frameShape?.length === 3 ? source.frameShape[0]! : 1,
    threshold,
    prescale,
  });
}

/** Writes frames, in any order, to `path`, atomically. Throws `UserError`. */
export async function writeEventsExdf(
  path: string,
  given: readonly KeptEvent[],
  settings: KeptSettings,
): Promise<void> {
  const events = given.toSorted((a, b) => a.train - b.train || a.pulse - b.pulse);
  const device = `${settings.detector}/REDU/SPI_HITFINDER`;
  const writer = await createHdf5(path);
  try {
    const trains = [...new Set(events.map(({ train }) => train))];
    writeMetadata(writer, device, settings.run);
    writeIndex(writer, device, trains, events);
    writeSettings(writer, device, trains, settings);
    writeFlags(writer, `/INSTRUMENT/${device}:output/data`, events);
    await writer.commit();
  } finally {
    await writer.abandon();
  }
}

function writeMetadata(writer: Hdf5Writer, device: string, run: number): void {
  const output = `${device}:output/data`;
  writer.strings('/METADATA/dataSources/dataSourceId', [`CONTROL/${device}`, `INSTRUMENT/${output}`]);
  writer.strings('/METADATA/dataSources/deviceId', [device, output]);
  writer.strings('/METADATA/dataSources/root', ['CONTROL', 'INSTRUMENT']);
  writer.strings('/METADATA/dataFormatVersion', ['1.2']);
  writer.strings('/METADATA/daqLibrary', ['1.x']);
  writer.strings('/METADATA/karaboFramework', ['2.x']);
  for (const name of ['creationDate', 'updateDate'])
    writer.strings(`/METADATA/${name}`, ['19700101T000000Z']);
  writer.dataset('/METADATA/proposalNumber', Uint32Array.of(0));
  writer.dataset('/METADATA/runNumber', Uint32Array.of(run));
  writer.dataset('/METADATA/sequenceNumber', Uint32Array.of(0));
}

function writeIndex(
  writer: Hdf5Writer,
  device: string,
  trains: readonly number[],
  events: readonly KeptEvent[],
): void {
  const counts = new Map<number, number>();
  for (const { train } of events) counts.set(train, (counts.get(train) ?? 0) + 1);
  const count = trains.map((train) => counts.get(train)!);
  let at = 0;
  const first = count.map((n) => (at += n) - n);
  writer.dataset('/INDEX/trainId', ulongs(trains));
  writer.dataset('/INDEX/timestamp', ulongs(trains.map(() => 0)));
  writer.dataset(
    '/INDEX/flag',
    Int32Array.from(trains, () => 1),
  );
  writer.dataset(
    '/INDEX/origin',
    Int32Array.from(trains, () => -1),
  );
  writer.dataset(`/INDEX/${device}/first`, ulongs(trains.map((_, i) => i)));
  writer.dataset(`/INDEX/${device}/count`, ulongs(trains.map(() => 1)));
  writer.dataset(`/INDEX/${device}:output/data/first`, ulongs(first));
  writer.dataset(`/INDEX/${device}:output/data/count`, ulongs(count));
}

/** The properties that extra-redu's hit finder reads of a run, each once and once a train. */
function writeSettings(
  writer: Hdf5Writer,
  device: string,
  trains: readonly number[],
  { modules, threshold, prescale }: KeptSettings,
): void {
  const numbers = {
    numModules: longs([modules]),
    fixedThreshold: longs([threshold - 1]),
    snr: Float64Array.of(0),
    minScores: longs([0]),
    lqr: Uint8Array.of(0),
    hitrateWindowSize: longs([200]),
    xgmNormalization: Uint8Array.of(0),
    xgmMinimalEnergy: longs([0]),
    missFraction: Float64Array.of(prescale === 0 ? 0 : 1 / prescale),
    missFractionAbs: Float64Array.of(0),
  };
  for (const [root, rows] of [
    ['RUN', 1],
    ['CONTROL', trains.length],
  ] as const) {
    const at = (name: string): string => `/${root}/${device}/${name}`;
    const stamp = (name: string): void => {
      writer.dataset(`${at(name)}/timestamp`, ulongs(new Array<number>(rows).fill(0)));
    };
    for (const [name, [value]] of Object.entries(numbers)) {
      writer.dataset(`${at(name)}/value`, repeated(numbers[name as keyof typeof numbers], value!, rows));
      stamp(name);
    }
    for (const [name, text] of [
      ['mode', 'fixed'],
      ['missFractionBase', 'miss'],
    ] as const) {
      writer.strings(`${at(name)}/value`, new Array<string>(rows).fill(text));
      stamp(name);
    }
    const list = Array.from({ length: rows * modules }, (_, i) => i % modules);
    writer.dataset(`${at('modules')}/value`, Int8Array.from(list), [rows, modules]);
    stamp('modules');
  }
}

/** `value` `rows` times in the type of `like`. */
function repeated<T extends BigInt64Array | Float64Array | Uint8Array>(
  like: T,
  value: number | bigint,
  rows: number,
): BigInt64Array | Float64Array | Uint8Array {
  if (like instanceof BigInt64Array) return new BigInt64Array(rows).fill(BigInt(value));
  if (like instanceof Float64Array) return new Float64Array(rows).fill(Number(value));
  return new Uint8Array(rows).fill(Number(value));
}

function writeFlags(writer: Hdf5Writer, group: string, events: readonly KeptEvent[]): void {
  writer.dataset(`${group}/trainId`, ulongs(events.map(({ train }) => train)));
  writer.dataset(`${group}/pulseId`, ulongs(events.map(({ pulse }) => pulse)));
  writer.dataset(`${group}/hitscore`, longs(events.map(({ score }) => score)));
  for (const [name, flag] of [
    ['hitFlag', 'hit'],
    ['missFlag', 'miss'],
    ['dataFlag', 'kept'],
  ] as const)
    writer.dataset(
      `${group}/${name}`,
      Uint8Array.from(events, (event) => Number(event[flag])),
    );
}
