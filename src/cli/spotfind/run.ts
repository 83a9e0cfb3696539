/** Spot finding over all frames that a command names. */
import type { FrameSource } from '../../data/frames.js';
import { openDetector, type KnownDetector } from '../../spotfind/detector-file.js';
import { createFrameSpotFinder } from '../../spotfind/finder.js';
import { estimateResolution, frameGeometry, gridPanels } from '../../spotfind/geometry.js';
import { parseSpotParameters, type SpotFinderSettings } from '../../spotfind/parameters.js';
import { say, startProgress, table } from '../console.js';
import { statedGeometry, type FinderOptionValues } from '../finder-options.js';
import { openFrameArguments, type FrameOptionValues } from '../frame-arguments.js';
import { csvSink, cxiSink, jsonSink, type FrameFinding, type Sink } from './sinks.js';

export interface SpotfindOptions extends FinderOptionValues, FrameOptionValues {
  /** Panels along y and along x. */
  readonly panels?: readonly [number, number];
  /** CXI file to write. */
  readonly out?: string;
  readonly withFrames?: boolean;
  readonly csv?: string;
  readonly json?: boolean;
}

export async function spotfind(files: readonly string[], options: SpotfindOptions): Promise<void> {
  const settings = parseSpotParameters(options.algorithm, options.param);
  const { source } = await openFrameArguments(files, options);
  const sinks: Sink[] = [];
  try {
    const known = await knownDetector(source, options);
    await openSinks(sinks, source, settings, options);
    const findings = await findAll(source, settings, known, sinks);
    for (const sink of sinks) await sink.close(totals(findings));
    if (options.json !== true) report(findings, settings);
  } catch (error) {
    for (const sink of sinks) await sink.discard();
    throw error;
  } finally {
    await source.close();
  }
}

async function openSinks(
  sinks: Sink[],
  source: FrameSource,
  settings: SpotFinderSettings,
  { out, withFrames, csv, json }: SpotfindOptions,
): Promise<void> {
  if (out !== undefined)
    sinks.push(await cxiSink(out, withFrames === true ? [source.height, source.width] : null));
  if (csv !== undefined) sinks.push(csvSink(csv));
  if (json === true) sinks.push(jsonSink(settings));
}

async function knownDetector(source: FrameSource, options: SpotfindOptions): Promise<KnownDetector> {
  const { panels, geometry, assemble } = options;
  const known = await openDetector(geometry, assemble === true, source, statedGeometry(options));
  if (panels === undefined || known.detector !== null) return known;
  return { ...known, detector: { panels: gridPanels(source.height, source.width, ...panels), radii: null } };
}

/** The numbers of a finding that a table needs; spots themselves are not kept. */
type Tally = Pick<FrameFinding, 'hit' | 'tooManyStrong'> & { readonly count: number };

async function findAll(
  source: FrameSource,
  settings: SpotFinderSettings,
  { detector, stated }: KnownDetector,
  sinks: readonly Sink[],
): Promise<readonly Tally[]> {
  const find = createFrameSpotFinder(settings, detector);
  const radii = detector?.radii == null ? null : { map: detector.radii, width: source.width };
  const progress = startProgress(settings.algorithm);
  const tallies: Tally[] = [];
  for (let index = 0; index < source.count; index++) {
    const frame = await source.read(index);
    const geometry = frameGeometry(source.meta(index), stated);
    const { spots, tooManyStrong } = find(frame, geometry);
    const { file, index: inFile } = source.origin(index);
    const hit = spots.length >= settings.hit.minPeaks && spots.length <= settings.hit.maxPeaks;
    const resolution = estimateResolution(spots, geometry, radii);
    for (const sink of sinks)
      await sink.add({ file, index: inFile, spots, hit, tooManyStrong, resolution }, frame);
    tallies.push({ hit, tooManyStrong, count: spots.length });
    progress.update(index + 1, source.count);
  }
  progress.finish(`${source.count} frames`);
  return tallies;
}

function totals(tallies: readonly Tally[]): Readonly<Record<string, number>> {
  const counts = tallies.map((one) => one.count).sort((a, b) => a - b);
  return {
    frames: counts.length,
    hits: tallies.filter((one) => one.hit).length,
    spots: counts.reduce((a, b) => a + b, 0),
    medianSpots: counts[Math.floor(counts.length / 2)] ?? 0,
    mostSpots: counts.at(-1) ?? 0,
    tooManyStrong: tallies.filter((one) => one.tooManyStrong).length,
  };
}

const BANDS = [0, 1, 5, 10, 20, 50, 100, 200, 500] as const;

function report(tallies: readonly Tally[], settings: SpotFinderSettings): void {
  const sum = totals(tallies);
  const rows = BANDS.map((from, k) => {
    const below = BANDS[k + 1] ?? Infinity;
    const frames = tallies.filter(({ count }) => count >= from && count < below).length;
    const label =
      below === from + 1 ? `${from}` : below === Infinity ? `${from} and more` : `${from}–${below - 1}`;
    return [label, String(frames), '█'.repeat(Math.round((40 * frames) / Math.max(1, tallies.length)))];
  });
  say(table(['spots', 'frames', ''], rows));
  say(`\n${sum.spots} spots on ${sum.frames} frames, median ${sum.medianSpots}, most ${sum.mostSpots}`);
  const { minPeaks, maxPeaks } = settings.hit;
  if (minPeaks > 0 || maxPeaks < Infinity)
    say(
      `${sum.hits} hits (${maxPeaks === Infinity ? `${minPeaks} spots or more` : `${minPeaks} to ${maxPeaks} spots`})`,
    );
  if (sum.tooManyStrong! > 0)
    say(
      `${sum.tooManyStrong} frames have more strong pixels than max_strong_pixel_fraction allows ` +
        'and count as without spots: is the gain right?',
    );
}
