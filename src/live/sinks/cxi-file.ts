/** Kept frames as they wait on disk, and the CXI file that they become. */
import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { decode, encode } from 'cborg';
import { writeFileAtomic } from '../../core/files.js';
import type { Experiment } from '../../data/experiment.js';
import { wavelengthOfEnergy } from '../../data/units.js';
import { createHdf5, type Hdf5Writer } from '../../data/write/hdf5-writer.js';
import type { Decision } from '../decision.js';
import type { SeriesFacts } from '../source.js';
import type { Spool } from './spool.js';

const DETECTOR = '/entry_1/instrument_1/detector_1';
/** CXI: the pixel was not measured. */
const MISSING = 1 << 9;
const NO_SCORE = -(2 ** 31);

/** The first record. */
interface SpooledSeries extends Pick<SeriesFacts, 'series' | 'height' | 'width' | 'mask'> {
  readonly experiment: Partial<Experiment>;
}
/** The others: a frame each. */
interface SpooledFrame extends Pick<Decision, 'number' | 'score' | 'weight' | 'reason'> {
  /** uint16 of this machine's byte order. */
  readonly pixels: Uint8Array;
}

/** cborg writes no undefined. */
const defined = (facts: object): object =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));

export function seriesRecord({ series, height, width, mask, experiment }: SeriesFacts): Uint8Array {
  const record = { series, height, width, mask, experiment: defined(experiment) as Partial<Experiment> };
  return encode(record satisfies SpooledSeries);
}

export function frameRecord(pixels: Uint16Array, { number, score, weight, reason }: Decision): Uint8Array {
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  return encode({ number, score, weight, reason, pixels: bytes } satisfies SpooledFrame);
}

/** Writes what is in `spool` as `path`, with its list, unless it stands there already. Nothing where there is no frame. */
export async function cxiFileOf(path: string, spool: Spool): Promise<void> {
  const decisions: Omit<SpooledFrame, 'pixels'>[] = [];
  const writer = existsSync(path) ? null : await createHdf5(path);
  try {
    const records = spool.records();
    const first = await records.next();
    const of = first.done === true ? null : (decode(first.value) as SpooledSeries);
    const data =
      of === null
        ? undefined
        : writer?.growing(`${DETECTOR}/data`, 'u2', [of.height, of.width], 1, 'bitshuffle');
    for await (const record of records) {
      const { pixels, ...decision } = decode(record) as SpooledFrame;
      data?.append(new Uint16Array(Uint8Array.from(pixels).buffer));
      decisions.push(decision);
    }
    if (of === null || decisions.length === 0) {
      await writer?.abandon();
      return;
    }
    if (writer !== null) {
      writeSeries(writer, of);
      writeDecisions(writer, of.series, decisions);
      writer.softLink('/entry_1/data_1/data', `${DETECTOR}/data`);
      await writer.commit();
    }
  } catch (error) {
    await writer?.abandon().catch(() => undefined);
    throw error;
  }
  const lines = decisions.map((_, i) => `${resolve(path)} //${i}\n`);
  await writeFileAtomic(`${path.slice(0, -extname(path).length)}.lst`, lines.join(''));
}

function writeSeries(writer: Hdf5Writer, { mask, height, width, experiment }: SpooledSeries): void {
  if (mask !== null)
    writer.dataset(
      `${DETECTOR}/mask`,
      Uint16Array.from(mask, (live) => (live === 0 ? MISSING : 0)),
      [height, width],
    );
  const { wavelengthA, distanceMm, pixelMm, beamX, beamY } = experiment;
  const number = (path: string, value: number | null | undefined): void => {
    if (value !== null && value !== undefined) writer.dataset(path, Float64Array.of(value));
  };
  number('/entry_1/instrument_1/source_1/energy_eV', wavelengthA ? wavelengthOfEnergy(wavelengthA) : null);
  number(`${DETECTOR}/distance`, distanceMm ? distanceMm / 1e3 : null);
  number(`${DETECTOR}/x_pixel_size`, pixelMm ? pixelMm / 1e3 : null);
  number(`${DETECTOR}/y_pixel_size`, pixelMm ? pixelMm / 1e3 : null);
  number(`${DETECTOR}/beam_center_x`, beamX);
  number(`${DETECTOR}/beam_center_y`, beamY);
}

function writeDecisions(
  writer: Hdf5Writer,
  series: string,
  decisions: readonly Omit<SpooledFrame, 'pixels'>[],
): void {
  writer.group('/vetoc', { series });
  writer.dataset(
    '/vetoc/frame',
    Int32Array.from(decisions, ({ number }) => number ?? -1),
  );
  writer.dataset(
    '/vetoc/score',
    Int32Array.from(decisions, ({ score }) => score ?? NO_SCORE),
  );
  writer.dataset(
    '/vetoc/weight',
    Float64Array.from(decisions, ({ weight }) => weight),
  );
  writer.strings(
    '/vetoc/reason',
    decisions.map(({ reason }) => reason),
  );
}
