/** Maps of a detector from dark frames: a file of maps, and a page that shows them. */
import { existsSync } from 'node:fs';
import { UserError } from '../core/errors.js';
import { writeFileAtomic, writtenAt } from '../core/files.js';
import { version } from '../core/version.js';
import type { FrameSource } from '../data/frames.js';
import { createDarkSums } from '../data/raw/dark-sums.js';
import { darkMaps, type DarkFigures, type DarkResult } from '../data/raw/darks.js';
import { putCellMaps, putMaps } from '../data/raw/maps-writer.js';
import { rawDetector, type RawDetector, type RawDetectorName } from '../data/raw/detectors.js';
import { streamFrames } from '../data/stream.js';
import { createHdf5, type Hdf5Writer } from '../data/write/hdf5-writer.js';
import { darksPage, type DarkStory } from '../report/darks-page.js';
import { mapsOfCell, mapsOfNone, measureCells, openCellDarks } from './cell-darks.js';
import { cellSummary } from './cell-summary.js';
import { checkDarks, serialOf } from './dark-checks.js';
import { beginStage, type Emit } from './events.js';
import { openFrameArguments } from './open-frames.js';

export interface DarksRequest {
  /** Of a detector whose words of gain say the stage one argument for each gain setting, in the order of its stages. */
  readonly frames: readonly string[];
  readonly detector: RawDetectorName;
  /** The file of maps; a page of the same name beside it. */
  readonly out: string;
  /** Kept with the maps, and held against that of the frames that they are used for; that of the dark frames unless given. */
  readonly serial?: string;
  /** Pixels that are to be called bad, as `--mask` takes them: those of a module that is dead and writes no file. */
  readonly mask?: string;
  /** Replace both if they exist. */
  readonly replace?: boolean;
}

export interface DarksOutcome {
  readonly file: string;
  readonly page: string;
  readonly frames: number;
  /** Memory cells that were measured; 0 where the detector has none. */
  readonly cells: number;
  readonly stages: readonly DarkFigures[];
}

/** What the page tells. */
type Told = Omit<DarkStory, 'title'>;

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

/** What a file of maps says of itself. */
interface Facts {
  readonly made: Date;
  readonly serial: string | null;
}

/** Writes a file of maps: what `put` puts into it. On an error nothing is written. */
async function writeMaps<T>(out: string, put: (writer: Hdf5Writer) => T | Promise<T>): Promise<T> {
  const writer = await createHdf5(out);
  try {
    writer.attribute('/', 'creator', `vetoc ${version()} darks`);
    const told = await put(writer);
    await writer.commit();
    return told;
  } finally {
    await writer.abandon();
  }
}

/** A detector without memory cells. */
async function darksOfBits(
  { frames, out, detector: name, serial: stated, mask = 'none' }: DarksRequest,
  detector: RawDetector,
  emit: Emit,
): Promise<Told> {
  const { source } = await openFrameArguments(frames, { mask }, emit, { words: true });
  try {
    const serial = serialOf(source, stated);
    const measured = await measure(source, detector, emit);
    checkDarks(measured, source.name);
    const size = [source.height, source.width] as const;
    const { maps, made } = measured;
    const written = {
      pedestals: maps.map((map) => map.pedestals),
      pixel_rms: maps.map((map) => map.rms),
      pixel_status: maps.map((map) => map.status),
    };
    await writeMaps(out, (writer) => {
      putMaps(writer, { detector: name, serial, made }, written, size);
    });
    return { ...measured, name: source.name, size, cells: [] };
  } finally {
    await source.close();
  }
}

/** A detector with memory cells, whose words of gain say the stage. */
async function darksOfCells(
  { frames, out, detector: name, serial: stated, mask }: DarksRequest,
  detector: RawDetector,
  emit: Emit,
): Promise<Told> {
  const opened = await openCellDarks(frames, detector, emit, mask);
  try {
    const { settings, size, made } = opened;
    const facts: Facts = { made, serial: serialOf(settings[0]!.words, stated) };
    const pixels = size[0] * size[1];
    const summary = cellSummary(detector.stages.length, pixels);
    await writeMaps(out, async (writer) => {
      const put = putCellMaps(writer, { detector: name, ...facts }, size);
      let next = 0;
      for await (const cell of measureCells(opened, detector, emit)) {
        for (; next < cell.cell; next++) put(mapsOfNone(detector, pixels));
        put(mapsOfCell(cell));
        summary.add(cell);
        next += 1;
      }
    });
    return {
      frames: settings.reduce((sum, { words }) => sum + words.count, 0),
      name: settings.map(({ words }) => words.name).join(', '),
      size,
      maps: summary.maps(),
      figures: summary.figures(),
      cells: summary.cells,
    };
  } finally {
    await opened.close();
  }
}

/** Measures dark frames and writes their maps. Throws `UserError`; then nothing was written. */
export async function makeDarks(request: DarksRequest, emit: Emit): Promise<DarksOutcome> {
  const { out, replace } = request;
  const page = `${out.replace(/\.[^./]*$/, '')}.html`;
  for (const file of [out, page])
    if (existsSync(file) && replace !== true)
      throw new UserError('exists already', { file, remedy: 'choose another name, or say --replace' });
  const detector = rawDetector(request.detector);
  const told =
    detector.select.by === 'bits'
      ? await darksOfBits(request, detector, emit)
      : await darksOfCells(request, detector, emit);
  await writeFileAtomic(page, darksPage({ title: `Darks of ${detector.title}`, ...told }));
  return { file: out, page, frames: told.frames, cells: told.cells.length, stages: told.figures };
}
