/**
 * Maps of a detector with memory cells (AGIPD) from dark frames of each of its gain settings: pedestal, noise and mask of every
 * cell and stage, and the thresholds on words of gain.
 *
 * Cells are measured in blocks that take at most `BLOCK_BYTES`, each frame is read once, and a cell's maps are written when it
 * is done: memory does not grow with cells or frames.
 */
import { UserError } from '../core/errors.js';
import { writtenAt } from '../core/files.js';
import { openFrames } from '../data/open.js';
import type { FrameSource } from '../data/frames.js';
import { cellOf } from '../data/raw/cells.js';
import { createForcedSums, forcedBytes, type ForcedDarkSums } from '../data/raw/dark-sums.js';
import { darkMaps, type DarkResult } from '../data/raw/darks.js';
import type { RawDetector } from '../data/raw/detectors.js';
import { gainThresholds, type GainThresholds } from '../data/raw/gain-thresholds.js';
import type { MapsToWrite } from '../data/raw/maps-writer.js';
import { PIXEL_STATUS } from '../data/raw/maps-file.js';
import { streamFrames } from '../data/stream.js';
import { checkDarks } from './dark-checks.js';
import { beginStage, type Emit } from './events.js';
import { openFrameArguments } from './open-frames.js';

/** Sums of a block of cells take at most so much. */
const BLOCK_BYTES = 256 * 1024 * 1024;

/** Dark frames of one gain setting. */
interface Setting {
  readonly words: FrameSource;
  readonly gains: FrameSource;
}

export interface CellDarkFrames {
  readonly settings: readonly Setting[];
  readonly size: readonly [number, number];
  /** Frames of each memory cell, by setting; absent where none are of it. */
  readonly cells: readonly (readonly (readonly number[])[] | undefined)[];
  readonly made: Date;
  close(): Promise<void>;
}

/** Frame numbers by memory cell and setting. */
function framesByCell(detector: RawDetector, settings: readonly Setting[]): number[][][] {
  const cells: number[][][] = [];
  settings.forEach(({ words }, stage) => {
    for (let index = 0; index < words.count; index++) {
      const { file, index: inFile } = words.origin(index);
      const cell = cellOf(words.meta(index), file, inFile);
      if (cell >= detector.cells)
        throw new UserError(
          `has a frame of memory cell ${cell}; ${detector.title} has cells 0 to ${detector.cells - 1}`,
          { file, field: 'cellId', remedy: 'give raw files of this detector' },
        );
      cells[cell] ??= detector.stages.map(() => []);
      cells[cell][stage]!.push(index);
    }
  });
  return cells;
}

/** Opens dark frames, an argument for each gain setting of `detector` in its order. The caller closes them. Throws `UserError`. */
export async function openCellDarks(
  frames: readonly string[],
  detector: RawDetector,
  emit: Emit,
  mask = 'none',
): Promise<CellDarkFrames> {
  const names = detector.stages.map(({ name }) => name);
  if (frames.length !== names.length)
    throw new UserError(
      `are ${frames.length} arguments: the words do not say which gain setting was forced`,
      {
        field: 'dark frames',
        remedy: `give ${names.length}, of ${names.join(', ')} gain in this order: each a file, a pattern or a range as darks.h5[0:60]`,
      },
    );
  const settings: Setting[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(settings.flatMap(({ words, gains }) => [words.close(), gains.close()]));
  };
  try {
    for (const argument of frames) {
      const { source: words } = await openFrameArguments([argument], { mask }, emit, { words: true });
      const gains = await openFrames([argument], { mask, gainWords: true, words: true }).catch(
        async (error: unknown) => {
          await words.close();
          throw error;
        },
      );
      settings.push({ words, gains });
    }
    const { height, width } = settings[0]!.words;
    const odd = settings.find(({ words }) => words.height !== height || words.width !== width)?.words;
    if (odd !== undefined)
      throw new UserError(`has frames of ${odd.height}×${odd.width}, the others ${height}×${width}`, {
        file: odd.name,
        remedy: 'give dark frames of one module',
      });
    const files = settings.flatMap(({ words }) =>
      Array.from({ length: words.count }, (_, index) => words.origin(index).file),
    );
    return {
      settings,
      size: [height, width],
      cells: framesByCell(detector, settings),
      made: writtenAt(new Set(files)) ?? new Date(0),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What one memory cell came to. */
export interface CellDarks extends DarkResult {
  readonly cell: number;
  readonly thresholds: GainThresholds;
}

/** Adds the frames `indices` of a setting to the sums of their cells. */
async function addFrames(
  { words, gains }: Setting,
  stage: number,
  sumsOf: ReadonlyMap<number, ForcedDarkSums>,
  indices: readonly number[],
  onFrame: () => void,
): Promise<void> {
  const besides = streamFrames(gains, { indices });
  for await (const { index, frame } of streamFrames(words, { indices })) {
    const beside = await besides.next();
    const { file } = words.origin(index);
    const sums = sumsOf.get(cellOf(words.meta(index), file, index))!;
    sums.add(stage, frame.pixels, beside.value!.frame.pixels);
    onFrame();
  }
}

function checkWords({ stages }: RawDetector, { middle }: GainThresholds, name: string, cell: number): void {
  const at = middle.findIndex((value, stage) => stage > 0 && !(value > middle[stage - 1]!));
  if (at < 0) return;
  const [below, above] = [at - 1, at].map(
    (stage) => `${middle[stage]!.toFixed(0)} in ${stages[stage]!.name}`,
  );
  throw new UserError(
    `has words of gain that do not rise with the setting: the middle pixel of memory cell ${cell} has ${below} and ${above} gain`,
    { file: name, remedy: `give dark frames of ${stages.map((s) => s.name).join(', ')} gain, in this order` },
  );
}

/** The maps of every memory cell that frames are of, in their order. Throws `UserError` where they make none. */
export async function* measureCells(
  { settings, size, cells }: CellDarkFrames,
  detector: RawDetector,
  emit: Emit,
): AsyncGenerator<CellDarks> {
  const pixels = size[0] * size[1];
  const { name } = settings[0]!.words;
  const atOnce = Math.max(1, Math.floor(BLOCK_BYTES / (pixels * forcedBytes(detector.stages.length))));
  const known = cells.flatMap((frames, cell) => (frames === undefined ? [] : [cell]));
  const progress = beginStage(emit, 'Darks');
  const total = settings.reduce((sum, { words }) => sum + words.count, 0);
  let done = 0;
  for (let from = 0; from < known.length; from += atOnce) {
    const block = known.slice(from, from + atOnce);
    const sumsOf = new Map(block.map((cell) => [cell, createForcedSums(detector, pixels)]));
    for (const [stage, setting] of settings.entries()) {
      const indices = block.flatMap((cell) => cells[cell]![stage]!).sort((a, b) => a - b);
      await addFrames(setting, stage, sumsOf, indices, () => {
        progress.update(++done, total, { of: 'frames' });
      });
    }
    for (const [cell, sums] of sumsOf) {
      const where = ` of memory cell ${cell}`;
      const thresholds = gainThresholds(sums.gains());
      const result = darkMaps(detector, sums, sums.framesOf, thresholds.status);
      checkDarks(result, name, where);
      checkWords(detector, thresholds, name, cell);
      yield { ...result, cell, thresholds };
    }
  }
  progress.finish({ kind: 'counted', what: 'frames', count: total });
}

/** Maps of a cell as they are written. */
export const mapsOfCell = ({ maps, thresholds }: CellDarks): MapsToWrite => ({
  pedestals: maps.map((map) => map.pedestals),
  pixel_rms: maps.map((map) => map.rms),
  pixel_status: maps.map((map) => map.status),
  thresholds: thresholds.maps,
});

/** Maps of a cell that no frame is of: no pixel of it was seen. */
export function mapsOfNone({ stages }: RawDetector, pixels: number): MapsToWrite {
  const nothing = (values: readonly unknown[]): Float32Array[] =>
    values.map(() => new Float32Array(pixels).fill(NaN));
  return {
    pedestals: nothing(stages),
    pixel_rms: nothing(stages),
    pixel_status: stages.map(() => new Uint8Array(pixels).fill(PIXEL_STATUS.unseen)),
    thresholds: nothing(stages.slice(1)),
  };
}
