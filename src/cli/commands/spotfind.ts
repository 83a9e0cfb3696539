/** `vetoc spotfind`: the classical spot finders on any frames, with peak lists that CrystFEL reads. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { openFrames } from '../../data/open.js';
import { createCxiPeakFile, type CxiPeakWriter } from '../../spotfind/cxi-peaks.js';
import { createFrameSpotFinder, type FrameSpotFinder } from '../../spotfind/finder.js';
import {
  estimateResolution,
  frameGeometry,
  gridPanels,
  type StatedGeometry,
} from '../../spotfind/geometry.js';
import {
  parameterNames,
  parseSpotParameters,
  SPOT_ALGORITHMS,
  type SpotAlgorithm,
  type SpotFinderSettings,
} from '../../spotfind/parameters.js';
import type { FoundSpot } from '../../spotfind/spot.js';
import { say, startProgress, table } from '../console.js';

interface SpotfindOptions {
  readonly algorithm: SpotAlgorithm;
  readonly param: readonly string[];
  readonly beam?: readonly [number, number];
  readonly wavelength?: number;
  readonly distance?: number;
  readonly pixelSize?: number;
  readonly panels?: readonly [number, number];
  readonly out?: string;
  readonly withFrames?: boolean;
  readonly csv?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Parameters go under the names of OM, CrystFEL and Cheetah, or of DIALS:
${SPOT_ALGORITHMS.map((name) => `  ${name}: ${parameterNames(name).join(', ')}`).join('\n')}

Examples:
  vetoc spotfind frames.h5
  vetoc spotfind frames.h5 --algorithm peakfinder8 -p adc_threshold=250 -p min_snr=6 --out peaks.cxi --with-frames
  vetoc spotfind frames.h5 --algorithm dispersion-extended -p sigma_strong=3 -p d_min=2.5 --pixel-size 0.3 --csv spots.csv

The CXI file is for CrystFEL: indexamajig --peaks=cxi`;

/** Parses `a<separator>b` into two numbers. */
function pair(name: string, separator: string, fits: (n: number) => boolean) {
  return (text: string): readonly [number, number] => {
    const [a = NaN, b = NaN, ...rest] = text.split(separator).map(Number);
    if (rest.length > 0 || !fits(a) || !fits(b))
      throw new UserError(`'${text}' is not two numbers`, {
        field: name,
        remedy: `write ${name} A${separator}B`,
      });
    return [a, b];
  };
}

function positive(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (!(value > 0 && value < Infinity))
      throw new UserError(`'${text}' is not a positive number`, { field: name });
    return value;
  };
}

export function registerSpotfind(program: Command): void {
  program
    .command('spotfind')
    .description('Find Bragg peaks with peakfinder8 or the dispersion finders of DIALS.')
    .argument('<frames...>', 'files of frames, as FILE or FILE#/path/to/dataset')
    .addOption(
      new Option('-a, --algorithm <name>', 'spot finder').choices(SPOT_ALGORITHMS).default('peakfinder8'),
    )
    .option(
      '-p, --param <name=value>',
      'a parameter of the finder; may be repeated',
      (text: string, all: readonly string[]) => [...all, text],
      [],
    )
    .option(
      '--beam <x,y>',
      'beam centre in pixels (default: from the file, else the middle)',
      pair('--beam', ',', Number.isFinite),
    )
    .option('--wavelength <A>', 'wavelength in Å (default: from the file)', positive('--wavelength'))
    .option('--distance <mm>', 'detector distance in mm (default: from the file)', positive('--distance'))
    .option('--pixel-size <mm>', 'pixel size in mm (default: from the file)', positive('--pixel-size'))
    .option(
      '--panels <YxX>',
      'the frame is this many equal panels',
      pair('--panels', 'x', (n) => Number.isInteger(n) && n > 0),
    )
    .option('-o, --out <file.cxi>', 'write the peak lists as CXI')
    .option('--with-frames', 'write the frames into the CXI file too')
    .option('--csv <file.csv>', 'write one line a spot')
    .option('--json', 'print everything as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], options: SpotfindOptions) => {
      const settings = parseSpotParameters(options.algorithm, options.param);
      const source = await openFrames(files);
      try {
        await spotfind(source, settings, options);
      } finally {
        await source.close();
      }
    });
}

/** What the command keeps of a frame for its table. */
interface FrameSummary {
  readonly spots: number;
  readonly hit: boolean;
  readonly tooManyStrong: boolean;
}

type Sink = (index: number, spots: readonly FoundSpot[], summary: FrameSummary) => Promise<void> | void;

function statedGeometry(options: SpotfindOptions): StatedGeometry {
  return {
    beamX: options.beam?.[0] ?? null,
    beamY: options.beam?.[1] ?? null,
    wavelengthA: options.wavelength ?? null,
    distanceMm: options.distance ?? null,
    pixelMm: options.pixelSize ?? null,
  };
}

async function spotfind(
  source: FrameSource,
  settings: SpotFinderSettings,
  options: SpotfindOptions,
): Promise<void> {
  const panels =
    options.panels === undefined ? null : gridPanels(source.height, source.width, ...options.panels);
  const find = createFrameSpotFinder(settings, panels);
  const cxi =
    options.out === undefined
      ? null
      : await createCxiPeakFile(
          options.out,
          options.withFrames === true ? [source.height, source.width] : null,
        );
  const csv = options.csv === undefined ? null : openCsv(options.csv);
  try {
    const json = options.json === true ? jsonSink(source, settings, statedGeometry(options)) : null;
    const csvSink: Sink | null =
      csv === null ? null : (index, spots) => writeCsv(csv.stream, source, index, spots);
    const sinks = [json, csvSink].filter((sink) => sink !== null);
    const summaries = await findAll(source, find, settings, options, cxi, sinks);
    if (options.json === true) say(`],\n"summary": ${JSON.stringify(totals(summaries))}}`);
    else report(summaries, settings);
    await cxi?.close();
    await csv?.finish();
  } catch (error) {
    await cxi?.discard();
    await csv?.discard();
    throw error;
  }
}

async function findAll(
  source: FrameSource,
  find: FrameSpotFinder,
  settings: SpotFinderSettings,
  options: SpotfindOptions,
  cxi: CxiPeakWriter | null,
  sinks: readonly Sink[],
): Promise<readonly FrameSummary[]> {
  const stated = statedGeometry(options);
  const progress = startProgress(settings.algorithm);
  const summaries: FrameSummary[] = [];
  for (let index = 0; index < source.count; index++) {
    const frame = await source.read(index);
    const { spots, tooManyStrong } = find(frame, frameGeometry(source.meta(index), stated));
    const hit = spots.length >= settings.hit.minPeaks && spots.length <= settings.hit.maxPeaks;
    const summary = { spots: spots.length, hit, tooManyStrong };
    summaries.push(summary);
    const origin = source.origin(index);
    cxi?.append({
      identifier: `${origin.file}//${origin.index}`,
      spots,
      frame: options.withFrames === true ? frame : null,
    });
    for (const sink of sinks) await sink(index, spots, summary);
    progress.update(index + 1, source.count);
  }
  progress.finish(`${source.count} frames`);
  return summaries;
}

function totals(summaries: readonly FrameSummary[]): Readonly<Record<string, number>> {
  const counts = summaries.map((summary) => summary.spots).sort((a, b) => a - b);
  return {
    frames: counts.length,
    hits: summaries.filter((summary) => summary.hit).length,
    spots: counts.reduce((a, b) => a + b, 0),
    medianSpots: counts[Math.floor(counts.length / 2)] ?? 0,
    mostSpots: counts.at(-1) ?? 0,
    tooManyStrong: summaries.filter((summary) => summary.tooManyStrong).length,
  };
}

const BANDS = [0, 1, 5, 10, 20, 50, 100, 200, 500] as const;

function report(summaries: readonly FrameSummary[], settings: SpotFinderSettings): void {
  const sum = totals(summaries);
  const rows = BANDS.map((from, k) => {
    const below = BANDS[k + 1] ?? Infinity;
    const count = summaries.filter(({ spots }) => spots >= from && spots < below).length;
    const label =
      below === from + 1 ? `${from}` : below === Infinity ? `${from} and more` : `${from}–${below - 1}`;
    return [label, String(count), '█'.repeat(Math.round((40 * count) / Math.max(1, summaries.length)))];
  });
  say(table(['spots', 'frames', ''], rows));
  say(`\n${sum.spots} spots on ${sum.frames} frames, median ${sum.medianSpots}, most ${sum.mostSpots}`);
  const { minPeaks, maxPeaks } = settings.hit;
  if (minPeaks > 0 || maxPeaks < Infinity)
    say(`${sum.hits} hits (${minPeaks} to ${maxPeaks === Infinity ? 'any number of' : maxPeaks} spots)`);
  if (sum.tooManyStrong! > 0)
    say(
      `${sum.tooManyStrong} frames have more strong pixels than max_strong_pixel_fraction allows and count as without spots: ` +
        'is the gain right?',
    );
}

/** Prints frames as they come: a night of data does not fit into one string. */
function jsonSink(source: FrameSource, settings: SpotFinderSettings, stated: StatedGeometry): Sink {
  say(`{"algorithm": ${JSON.stringify(settings.algorithm)},`);
  const { maxPeaks, minPeaks } = settings.hit;
  const hit = { minPeaks, maxPeaks: maxPeaks === Infinity ? null : maxPeaks };
  say(
    `"parameters": ${JSON.stringify({ ...settings.parameters, ...settings.limits, ...hit })},\n"frames": [`,
  );
  return (index, spots, { hit: isHit, tooManyStrong }) => {
    const resolution = estimateResolution(spots, frameGeometry(source.meta(index), stated));
    const row = { ...source.origin(index), hit: isHit, tooManyStrong, resolution, spots };
    say(`${index === 0 ? '' : ','}${JSON.stringify(row)}`);
  };
}

interface CsvFile {
  readonly stream: WriteStream;
  finish(): Promise<void>;
  discard(): Promise<void>;
}

function openCsv(path: string): CsvFile {
  const temporary = `${path}.${process.pid}.tmp`;
  const stream = createWriteStream(temporary);
  stream.write('file,index,panel,x,y,intensity,snr,maximum,pixels,sigma\n');
  const end = async (): Promise<void> => {
    stream.end();
    await once(stream, 'close');
  };
  return {
    stream,
    finish: async () => {
      await end();
      await rename(temporary, path);
    },
    discard: async () => {
      await end();
      await rm(temporary, { force: true });
    },
  };
}

async function writeCsv(
  stream: WriteStream,
  source: FrameSource,
  index: number,
  spots: readonly FoundSpot[],
): Promise<void> {
  const { file, index: number } = source.origin(index);
  const quoted = `"${file.replaceAll('"', '""')}"`;
  const lines = spots.map((s) =>
    [quoted, number, s.panel, s.x, s.y, s.intensity, s.snr, s.maximum, s.pixelCount, s.sigma].join(','),
  );
  if (lines.length > 0 && !stream.write(`${lines.join('\n')}\n`)) await once(stream, 'drain');
}
