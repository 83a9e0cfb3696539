/** Maps of a detector from dark frames: a file of maps, and a page that shows them. */
import { existsSync } from 'node:fs';
import { UserError } from '../core/errors.js';
import { writeFileAtomic, writtenAt } from '../core/files.js';
import { version } from '../core/version.js';
import type { FrameSource } from '../data/frames.js';
import { createDarkSums } from '../data/raw/dark-sums.js';
import { darkMaps, LEAST_DARKS, type DarkFigures, type DarkResult } from '../data/raw/darks.js';
import { serialIn } from '../data/raw/checked-maps.js';
import { putMaps } from '../data/raw/maps-file.js';
import { rawDetector, type RawDetector, type RawDetectorName } from '../data/raw/detectors.js';
import { streamFrames } from '../data/stream.js';
import { createHdf5 } from '../data/write/hdf5-writer.js';
import { darksPage } from '../report/darks-page.js';
import { beginStage, type Emit } from './events.js';
import { openFrameArguments } from './open-frames.js';

export interface DarksRequest {
  readonly frames: readonly string[];
  readonly detector: RawDetectorName;
  /** The file of maps; a page of the same name beside it. */
  readonly out: string;
  /** Kept with the maps, and held against that of the frames that they are used for; that of the dark frames unless given. */
  readonly serial?: string;
  /** Replace both if they exist. */
  readonly replace?: boolean;
}

export interface DarksOutcome {
  readonly file: string;
  readonly page: string;
  readonly frames: number;
  readonly stages: readonly DarkFigures[];
}

interface Measured extends DarkResult {
  readonly frames: number;
  readonly made: Date;
}

async function measure(source: FrameSource, detector: RawDetector, emit: Emit): Promise<Measured> {
  const sums = createDarkSums(detector, source.height * source.width);
  const framesOf = new Array<number>(detector.stages.length).fill(0);
  const files = new Set<string>();
  const progress = beginStage(emit, 'Darks');
  for await (const { index, frame } of streamFrames(source)) {
    const stage = sums.add(frame.pixels);
    if (stage !== null) framesOf[stage]! += 1;
    files.add(source.origin(index).file);
    progress.update(index + 1, source.count, { of: 'frames' });
  }
  progress.finish({ kind: 'counted', what: 'frames', count: sums.frames });
  return {
    ...darkMaps(detector, sums, framesOf),
    frames: sums.frames,
    made: writtenAt(files) ?? new Date(0),
  };
}

/** Refuses frames that make no maps: light in them, and stages that were seen too little. */
function checkDarks({ light, figures }: Measured, name: string): void {
  if (light !== null)
    throw new UserError(
      `has light in it: ${light.how}, ${(100 * light.share).toFixed(1)} % of the pixels, in gain stage ${light.stage}`,
      { file: name, remedy: 'give frames that were taken without beam' },
    );
  const few = figures.filter(({ frames }) => frames < LEAST_DARKS);
  if (few.length > 0)
    throw new UserError(
      `has ${few.map(({ stage, frames }) => `${frames} frames of gain stage ${stage}`).join(', ')}; maps need ${LEAST_DARKS}`,
      { file: name, remedy: 'give dark frames of every gain stage, in which it was forced' },
    );
}

/** What is stated, or what the dark frames say of their detector. Throws `UserError` where the two differ. */
function serialOf(source: FrameSource, stated: string | undefined): string | null {
  const own = serialIn(source.details);
  if (stated !== undefined && own !== null && stated !== own)
    throw new UserError(`is of the detector ${own}, not of ${stated}`, {
      file: source.name,
      field: '--serial',
      remedy: 'leave it out, or give the dark frames of that detector',
    });
  return stated ?? own;
}

async function writeMaps(
  { out, detector }: DarksRequest,
  { maps, made, serial }: Measured & { readonly serial: string | null },
  size: readonly [number, number],
): Promise<void> {
  const writer = await createHdf5(out);
  try {
    writer.attribute('/', 'creator', `vetoc ${version()} darks`);
    putMaps(
      writer,
      { detector, serial, made },
      {
        pedestals: [maps.map((map) => map.pedestals)],
        pixel_rms: [maps.map((map) => map.rms)],
        pixel_status: [maps.map((map) => map.status)],
      },
      size,
    );
    await writer.commit();
  } finally {
    await writer.abandon();
  }
}

/** Measures dark frames and writes their maps. Throws `UserError`; then nothing was written. */
export async function makeDarks(request: DarksRequest, emit: Emit): Promise<DarksOutcome> {
  const { frames, out, replace } = request;
  const page = `${out.replace(/\.[^./]*$/, '')}.html`;
  for (const file of [out, page])
    if (existsSync(file) && replace !== true)
      throw new UserError('exists already', { file, remedy: 'choose another name, or say --replace' });
  const detector = rawDetector(request.detector);
  if (detector.select.by === 'thresholds')
    throw new UserError(
      `brings a memory cell and a word of gain with each frame, which are not read from files yet`,
      {
        field: '--detector',
        remedy: `make maps of ${detector.title} with the facility's own tool (pycalibration)`,
      },
    );
  // Words are no counts: no value of them is an overload.
  const { source } = await openFrameArguments(frames, { mask: 'none' }, emit);
  try {
    const serial = serialOf(source, request.serial);
    const measured = { ...(await measure(source, detector, emit)), serial };
    checkDarks(measured, source.name);
    const size = [source.height, source.width] as const;
    await writeMaps(request, measured, size);
    await writeFileAtomic(
      page,
      darksPage({ title: `Darks of ${detector.title}`, name: source.name, size, ...measured }),
    );
    return { file: out, page, frames: measured.frames, stages: measured.figures };
  } finally {
    await source.close();
  }
}
