/** The network of a run on the raw words of a detector, with the integer maps that come with each frame. */
import { UserError } from '../core/errors.js';
import { checkedMaps } from '../data/raw/checked-maps.js';
import { wordCalibration } from '../data/raw/calibrated.js';
import { wordsOf } from '../data/raw/float-maps.js';
import { createHdf5 } from '../data/write/hdf5-writer.js';
import { formatToString } from '../fixed/format.js';
import { mapOf, mapsNodes, type FrameMaps } from '../ir/frame-maps.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { frameMaps, fromWords } from '../passes/from-words.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';

/** What says that a network is to start at words: a file of maps, with gains and photon energy. */
export type RawWish = Pick<FrameOptionValues, 'maps' | 'gain' | 'photonEnergy' | 'mapFormats'>;

export interface RawNetwork {
  readonly graph: FixedGraph;
  readonly maps: FrameMaps;
  /** Words that come to counts, in the first gain stage that holds them. */
  readonly words: (counts: Uint16Array) => Uint16Array;
}

/** `fixed` on the words whose maps `wish` names; null where it names none. Throws `UserError`. */
export async function onWords(fixed: FixedGraph, wish: RawWish): Promise<RawNetwork | null> {
  const { maps, gain, photonEnergy, mapFormats } = wish;
  if (maps === undefined) {
    const [said] = Object.entries({
      '--gain': gain,
      '--photon-energy': photonEnergy,
      '--map-formats': mapFormats,
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
  });
  const [height, width] = inputNode(fixed).size;
  const frames = { file: fixed.name, height, width, serial: null, written: null };
  const { detector, integers, maps: real } = wordCalibration(await checkedMaps(rawMaps!, frames));
  return {
    graph: fromWords(fixed, detector, integers),
    maps: frameMaps(integers),
    words: (counts) => wordsOf(detector, real, counts),
  };
}

/** Writes the integers that the model's inputs take, int32 `[1, height, width, channels]` under their names. */
export async function writeIntegerMaps(file: string, { graph, maps }: RawNetwork): Promise<void> {
  const writer = await createHdf5(file);
  try {
    for (const node of mapsNodes(graph)) {
      const name = `/${node.id}.maps`;
      writer.dataset(name, mapOf(node, maps), [1, ...node.size, node.channels], 'gzip');
      writer.attribute(name, 'format', formatToString(node.format));
    }
    await writer.commit();
  } finally {
    await writer.abandon();
  }
}
