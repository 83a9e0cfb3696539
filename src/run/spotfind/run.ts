/** Spot finding over any number of frames, which are read one by one. */
import type { FrameSource } from '../../data/frames.js';
import { detectorOf } from '../../spotfind/detector-file.js';
import { createFrameSpotFinder } from '../../spotfind/finder.js';
import {
  estimateResolution,
  frameGeometry,
  gridPanels,
  type Detector,
  type StatedGeometry,
} from '../../spotfind/geometry.js';
import { parseSpotParameters, type SpotFinderSettings } from '../../spotfind/parameters.js';
import { beginStage, type Emit } from '../events.js';
import { statedGeometry, type FinderOptionValues } from '../finder-options.js';
import { openFrameArguments } from '../open-frames.js';
import type { FrameOptionValues } from '../frame-options.js';
import { partPath, runShard, type ShardOutcome } from '../shards/folder.js';
import { frameRange, framesFacts, refuseWithShard, shardFolder, shardPlan } from '../shards/plan.js';
import type { ShardWish } from '../shards/shard.js';
import { csvSink, cxiSink, type FrameFinding, type Sink } from './sinks.js';

export interface SpotfindRequest extends FinderOptionValues, FrameOptionValues {
  readonly frames: readonly string[];
  /** Panels along y and along x. */
  readonly panels?: readonly [number, number];
  /** CXI file to write. */
  readonly out?: string;
  readonly withFrames?: boolean;
  readonly csv?: string;
}

export interface SpotfindOutcome {
  readonly settings: SpotFinderSettings;
  /** One a frame. */
  readonly tallies: readonly Tally[];
  readonly totals: SpotTotals;
}

const openSpotFrames = (request: SpotfindRequest, emit: Emit): ReturnType<typeof openFrameArguments> =>
  openFrameArguments(request.frames, { ...request, overloads: request.overloads ?? 'mask' }, emit);

/**
 * Finds the spots of all frames, one by one, and writes the files that are asked for; `also` opens one more place where
 * findings go. Files appear when all is done.
 */
export async function spotfind(
  request: SpotfindRequest,
  emit: Emit,
  also?: (settings: SpotFinderSettings) => Sink,
): Promise<SpotfindOutcome> {
  const settings = parseSpotParameters(request.algorithm, request.param);
  const { source } = await openSpotFrames(request, emit);
  try {
    return await findIn(source, settings, request, emit, also);
  } finally {
    await source.close();
  }
}

async function findIn(
  source: FrameSource,
  settings: SpotFinderSettings,
  request: SpotfindRequest,
  emit: Emit,
  also?: (settings: SpotFinderSettings) => Sink,
): Promise<SpotfindOutcome> {
  const sinks: Sink[] = [];
  try {
    const detector = panelsOf(source, request);
    await openSinks(sinks, source, request);
    if (also !== undefined) sinks.push(also(settings));
    const tallies = await findAll(source, settings, detector, statedGeometry(request), sinks, emit);
    const totals = totalsOf(tallies);
    for (const sink of sinks) await sink.close(totals);
    return { settings, tallies, totals };
  } catch (error) {
    for (const sink of sinks) await sink.discard();
    throw error;
  }
}

/** The spots of a shard of the frames, into a CXI part in the folder `request.out`. Throws `UserError`. */
export async function spotfindShard(
  request: SpotfindRequest,
  wish: ShardWish,
  emit: Emit,
): Promise<ShardOutcome> {
  const settings = parseSpotParameters(request.algorithm, request.param);
  const folder = shardFolder(request.out);
  const { csv, ...rest } = request;
  refuseWithShard({ '--csv': csv });
  const { source } = await openSpotFrames(request, emit);
  try {
    const { panels = null, withFrames = false } = request;
    const stated = statedGeometry(request);
    const what = { ...framesFacts(source, request), settings, stated, panels, withFrames };
    const plan = shardPlan('spotfind', wish, source.count, what, { frames: request.frames });
    return await runShard(folder, plan, wish, async (range) => {
      if (range.to === range.from) return { files: [], facts: { ...totalsOf([]) } };
      const out = partPath(folder, wish, 'cxi');
      const { totals } = await findIn(frameRange(source, range), settings, { ...rest, out }, emit);
      return { files: [out], facts: { ...totals } };
    });
  } finally {
    await source.close();
  }
}

async function openSinks(
  sinks: Sink[],
  source: FrameSource,
  { out, withFrames, csv }: SpotfindRequest,
): Promise<void> {
  if (out !== undefined)
    sinks.push(await cxiSink(out, withFrames === true ? [source.height, source.width] : null));
  if (csv !== undefined) sinks.push(await csvSink(csv));
}

/** The panels of the geometry file, or those that the user states; null: one. */
function panelsOf(source: FrameSource, { panels }: SpotfindRequest): Detector | null {
  const known = detectorOf(source);
  if (panels === undefined || known !== null) return known;
  return { panels: gridPanels(source.height, source.width, ...panels), radii: null };
}

/** The numbers of a finding that a table needs; spots themselves are not kept. */
export type Tally = Pick<FrameFinding, 'hit' | 'tooManyStrong'> & { readonly count: number };

async function findAll(
  source: FrameSource,
  settings: SpotFinderSettings,
  detector: Detector | null,
  stated: StatedGeometry,
  sinks: readonly Sink[],
  emit: Emit,
): Promise<readonly Tally[]> {
  const find = createFrameSpotFinder(settings, detector);
  const radii = detector?.radii == null ? null : { map: detector.radii, width: source.width };
  const progress = beginStage(emit, settings.algorithm);
  const tallies: Tally[] = [];
  for (let index = 0; index < source.count; index++) {
    const frame = await source.read(index);
    const geometry = frameGeometry(source.meta(index), stated, frame.experiment);
    const { spots, tooManyStrong } = find(frame, geometry);
    const { file, index: inFile } = source.origin(index);
    const hit = spots.length >= settings.hit.minPeaks && spots.length <= settings.hit.maxPeaks;
    const resolution = estimateResolution(spots, geometry, radii);
    for (const sink of sinks)
      await sink.add({ file, index: inFile, spots, hit, tooManyStrong, resolution }, frame);
    tallies.push({ hit, tooManyStrong, count: spots.length });
    progress.update(index + 1, source.count);
  }
  progress.finish({ kind: 'counted', what: 'frames', count: source.count });
  return tallies;
}

export interface SpotTotals {
  readonly frames: number;
  readonly hits: number;
  readonly spots: number;
  readonly medianSpots: number;
  readonly mostSpots: number;
  /** Frames with more strong pixels than may be. */
  readonly tooManyStrong: number;
}

function totalsOf(tallies: readonly Tally[]): SpotTotals {
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
