/**
 * Kept frames as CXI files with a list for indexamajig beside each: `kept.cxi` gives kept-0001.cxi, kept-0001.lst …
 *
 * A file is whole, and has its name, when its series ends or it holds `FRAMES_A_FILE` frames; a process that is killed
 * loses the frames of the file that it was at, and no decision. A frame whose image cannot be decoded is saved as it
 * came, beside the files.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { createHdf5, type Hdf5Writer } from '../../data/write/hdf5-writer.js';
import type { GrowingDataset } from '../../data/write/growing-dataset.js';
import type { Decision, Delivery } from '../decision.js';
import type { SeriesFacts } from '../source.js';
import type { LiveSink } from './sink.js';

const FRAMES_A_FILE = 1000;
const DETECTOR = '/entry_1/instrument_1/detector_1';
/** CXI: the pixel was not measured. */
const MISSING = 1 << 9;
const NO_SCORE = -(2 ** 31);
/** h·c in eV·Å (CODATA 2018). */
const HC_EV_ANGSTROM = 12398.419843320026;

interface Growing {
  readonly path: string;
  readonly writer: Hdf5Writer;
  readonly data: GrowingDataset;
  readonly decisions: Decision[];
}

export function cxiSink(path: string): LiveSink {
  const end = extname(path);
  const stem = join(dirname(path), basename(path, end));
  let [number, lost] = [0, 0];
  let facts: SeriesFacts | null = null;
  let file: Growing | null = null;

  const nameOf = (n: number): string => `${stem}-${String(n).padStart(4, '0')}${end}`;

  async function begin(of: SeriesFacts): Promise<Growing> {
    do number += 1;
    while (existsSync(nameOf(number)));
    const name = nameOf(number);
    const writer = await createHdf5(name);
    const data = writer.growing(`${DETECTOR}/data`, 'u2', [of.height, of.width], 1, 'bitshuffle');
    return { path: name, writer, data, decisions: [] };
  }

  async function finish(): Promise<void> {
    const [done, of] = [file, facts];
    file = null;
    if (done === null || of === null) return;
    const { writer, decisions } = done;
    if (of.mask !== null)
      writer.dataset(
        `${DETECTOR}/mask`,
        Uint16Array.from(of.mask, (live) => (live === 0 ? MISSING : 0)),
        [of.height, of.width],
      );
    writeExperiment(writer, of);
    writeDecisions(writer, of, decisions);
    writer.softLink('/entry_1/data_1/data', `${DETECTOR}/data`);
    await writer.commit();
    const lines = decisions.map((_, i) => `${resolve(done.path)} //${i}\n`);
    await writeFileAtomic(`${done.path.slice(0, -end.length)}.lst`, lines.join(''));
  }

  async function keep(delivery: Extract<Delivery, { kind: 'frame' }>): Promise<void> {
    const pixels = facts === null ? null : delivery.pixels();
    if (pixels === null) {
      const { raw } = delivery.message;
      if (raw === null) return;
      do lost += 1;
      while (existsSync(`${stem}-undecoded-${lost}.cbor`));
      return writeFileAtomic(`${stem}-undecoded-${lost}.cbor`, raw);
    }
    file ??= await begin(facts!);
    file.data.append(pixels);
    file.decisions.push(delivery.decision);
    if (file.decisions.length >= FRAMES_A_FILE) await finish();
  }

  return {
    name: path,
    async deliver(delivery) {
      if (delivery.kind === 'start') {
        await finish();
        ({ facts } = delivery);
      } else if (delivery.kind === 'end') await finish();
      else if (delivery.kind === 'frame' && delivery.decision.keep) await keep(delivery);
    },
    close: finish,
  };
}

/** Refuses a name that says another format. */
export function checkCxiName(path: string): void {
  if (!['.cxi', '.h5'].includes(extname(path)))
    throw new UserError('has an ending that says no format', {
      file: path,
      field: '--to',
      remedy: 'end it in .cxi or .jsonl, or write stream://*:PORT',
    });
}

function writeExperiment(writer: Hdf5Writer, { experiment }: SeriesFacts): void {
  const { wavelengthA, distanceMm, pixelMm, beamX, beamY } = experiment;
  const number = (path: string, value: number | null | undefined): void => {
    if (value !== null && value !== undefined) writer.dataset(path, Float64Array.of(value));
  };
  number('/entry_1/instrument_1/source_1/energy_eV', wavelengthA ? HC_EV_ANGSTROM / wavelengthA : null);
  number(`${DETECTOR}/distance`, distanceMm ? distanceMm / 1e3 : null);
  number(`${DETECTOR}/x_pixel_size`, pixelMm ? pixelMm / 1e3 : null);
  number(`${DETECTOR}/y_pixel_size`, pixelMm ? pixelMm / 1e3 : null);
  number(`${DETECTOR}/beam_center_x`, beamX);
  number(`${DETECTOR}/beam_center_y`, beamY);
}

function writeDecisions(writer: Hdf5Writer, { series }: SeriesFacts, decisions: readonly Decision[]): void {
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
