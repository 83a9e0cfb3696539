/** The network of a run on the raw words of a detector, with the integer maps that come with each frame. */
import { UserError } from '../core/errors.js';
import { checkedMaps } from '../data/raw/checked-maps.js';
import { sharedMaps } from '../data/raw/cell-calibration.js';
import type { CellIntegers } from '../data/raw/integer-maps.js';
import { gainsInTurn, wordsOf } from '../data/raw/float-maps.js';
import { createHdf5 } from '../data/write/hdf5-writer.js';
import { formatToString } from '../fixed/format.js';
import { mapOf, mapsNodes, type FrameMaps } from '../ir/frame-maps.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { frameMaps, fromWords, RAW_IDS } from '../passes/from-words.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';

const NO_GAINS = new Uint16Array(0);

/** What says that a network is to start at words: a file of maps, with gains and photon energy. */
export type RawWish = Pick<FrameOptionValues, 'maps' | 'gain' | 'photonEnergy' | 'mapFormats' | 'commonMode'>;

export interface RawNetwork {
  readonly graph: FixedGraph;
  /** Integer maps by memory cell, null where there are none; one where the detector has no cells. */
  readonly cells: readonly (CellIntegers | null)[];
  /** Words that come to counts, and the maps that go with them: those of the first memory cell that has some. */
  readonly golden: {
    /** Words of gain that put the pixels into all stages, where the detector has such. */
    readonly maps: FrameMaps;
    /** In the first gain stage that holds them; where words of gain say the stage, in that one, as far as it holds them. */
    readonly words: (counts: Uint16Array) => Uint16Array;
  };
}

/** `fixed` on the words whose maps `wish` names; null where it names none. Throws `UserError`. */
export async function onWords(fixed: FixedGraph, wish: RawWish): Promise<RawNetwork | null> {
  const { maps, gain, photonEnergy, mapFormats, commonMode } = wish;
  if (maps === undefined) {
    const [said] = Object.entries({
      '--gain': gain,
      '--photon-energy': photonEnergy,
      '--map-formats': mapFormats,
      '--common-mode': commonMode,
    })
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name);
    if (said !== undefined) throw new UserError('is said of no maps', { field: said, remedy: 'give --maps' });
    return null;
  }
  const { rawMaps } = frameOptions({
    maps,
    ...(gain === undefined ? {} : { gain }),
    ...(photonEnergy === undefined ? {} : { photonEnergy }),
    ...(mapFormats === undefined ? {} : { mapFormats }),
    ...(commonMode === undefined ? {} : { commonMode }),
  });
  const [height, width] = inputNode(fixed).size;
  const frames = { file: fixed.name, height, width, serial: null, written: null };
  const checked = await checkedMaps(rawMaps!, frames);
  const { detector } = checked;
  const { formats, cells } = await sharedMaps(checked, '');
  const graph = fromWords(fixed, detector, formats, checked.commonMode);
  const cell = cells.findIndex((one) => one !== null);
  const real = (await checked.maps(cell))!;
  const gains = detector.select.by === 'bits' ? undefined : gainsInTurn(detector, real);
  const golden = {
    maps: frameMaps(cells[cell]!, gains),
    words: (counts: Uint16Array) => wordsOf(detector, real, counts, gains),
  };
  return { graph, cells, golden };
}

/**
 * Writes the integers that the model's inputs take, int32 `[cell, height, width, channels]` under their names; of a memory cell
 * without maps 0. Words of gain come with each frame and are not among them.
 */
export async function writeIntegerMaps(file: string, { graph, cells }: RawNetwork): Promise<void> {
  const writer = await createHdf5(file);
  try {
    for (const node of mapsNodes(graph).filter(({ id }) => id !== RAW_IDS.gains)) {
      const name = `/${node.id}.maps`;
      const row = [...node.size, node.channels];
      const dataset = writer.growing(name, 'i4', row, 1, 'gzip');
      for (const cell of cells)
        dataset.append(
          cell === null
            ? new Int32Array(row.reduce((a, b) => a * b, 1))
            : mapOf(node, frameMaps(cell, NO_GAINS)),
        );
      writer.attribute(name, 'format', formatToString(node.format));
    }
    await writer.commit();
  } finally {
    await writer.abandon();
  }
}
