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

interface Event {
  readonly train: number;
  readonly pulse: number;
  readonly score: number;
  readonly byPrescale: boolean;
}

function trainAndPulse(source: FrameSource, index: number): Pick<Event, 'train' | 'pulse'> {
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

function eventsOf({ source, scores, byPrescale }: KeptFlags): readonly Event[] {
  const events = Array.from(scores, (score, index): Event => {
    const place = trainAndPulse(source, index);
    return { ...place, score, byPrescale: byPrescale.has(index) };
  });
  return events.sort((a, b) => a.train - b.train || a.pulse - b.pulse);
}

const ulongs = (values: readonly number[]): BigUint64Array => BigUint64Array.from(values, BigInt);
const longs = (values: readonly number[]): BigInt64Array => BigInt64Array.from(values, BigInt);

/** Writes `request` to `path`, atomically. Throws `UserError`. */
export async function writeKeptExdf(path: string, request: KeptFlags): Promise<void> {
  const events = eventsOf(request);
  const { file, dataset } = request.source.origin(0);
  const detector = /^\/INSTRUMENT\/([^/]+)\//.exec(dataset ?? '')?.[1] ?? 'VETOC';
  const device = `${detector}/REDU/SPI_HITFINDER`;
  const run = Number(/-R(\d+)-/.exec(basename(file))?.[1] ?? 0);
  const writer = await createHdf5(path);
  try {
    const trains = [...new Set(events.map(({ train }) => train))];
    writeMetadata(writer, device, run);
    writeIndex(writer, device, trains, events);
    writeSettings(writer, device, trains, request);
    writeFlags(writer, `/INSTRUMENT/${device}:output/data`, events, request.threshold);
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
  events: readonly Event[],
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
  { source, threshold, prescale }: KeptFlags,
): void {
  const modules = source.frameShape?.length === 3 ? source.frameShape[0]! : 1;
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

function writeFlags(writer: Hdf5Writer, group: string, events: readonly Event[], threshold: number): void {
  const kept = Uint8Array.from(events, ({ score }) => (score !== UNREADABLE && score >= threshold ? 1 : 0));
  writer.dataset(`${group}/trainId`, ulongs(events.map(({ train }) => train)));
  writer.dataset(`${group}/pulseId`, ulongs(events.map(({ pulse }) => pulse)));
  writer.dataset(`${group}/hitscore`, longs(events.map(({ score }) => score)));
  writer.dataset(`${group}/hitFlag`, kept);
  const misses = Uint8Array.from(events, ({ byPrescale }) => Number(byPrescale));
  writer.dataset(`${group}/missFlag`, misses);
  writer.dataset(`${group}/dataFlag`, kept.map((hit, i) => hit | misses[i]!)); // prettier-ignore
}
