/** Networks that start at a detector's words, and witnesses that are given the maps of each frame. */
import { crc32 } from 'node:zlib';
import { createRandom } from '../../src/core/random.js';
import type { CommonModeWish } from '../../src/data/raw/common-mode.js';
import { RAW_DETECTORS, type RawDetectorName } from '../../src/data/raw/detectors.js';
import { format } from '../../src/fixed/format.js';
import { mapsNodes, type FrameMaps } from '../../src/ir/frame-maps.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { fromWords } from '../../src/passes/from-words.js';
import type { Witness } from '../../src/simulate/witness.js';
import { fuzzMaps } from '../fuzz/maps.js';
import { smallVetoNetwork } from '../hls/networks.js';

/** As wide as the maps of a JUNGFRAU come out. */
const FORMATS = { pedestal: format(false, 19, 14), factor: format(true, 17, 4) };

/** `graph` on the words of `detector`, less what `commonMode` says that rows have in common. */
export const onWordsOf = (
  detector: RawDetectorName,
  graph: FixedGraph,
  commonMode?: CommonModeWish,
): FixedGraph => fromWords(graph, RAW_DETECTORS[detector], FORMATS, commonMode);

interface RawOptions {
  readonly reloadable?: boolean;
  readonly commonMode?: CommonModeWish;
}

/** The small veto network, binned 4×4, on the words of `detector`: frames of 4·`size` pixels along a side. */
export const rawNetwork = (
  detector: RawDetectorName,
  size = 16,
  { reloadable = false, commonMode }: RawOptions = {},
): FixedGraph => onWordsOf(detector, smallVetoNetwork(size, 4, reloadable), commonMode);

/** Half a row of 32 pixels; a limit that some pixels of random maps are within. */
export const HALF_ROWS: CommonModeWish = { columns: 16, limit: 40, least: 4 };

/** Maps for `frame`, drawn from its own bytes: of all bit lengths, so that small counts come, too. */
export function mapsWith(graph: FixedGraph, frame: Uint16Array): FrameMaps {
  const random = createRandom(crc32(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)));
  const [maps] = fuzzMaps(graph, 1, random.uint32());
  return new Map(
    [...maps!].map(([id, values]) => [id, values.map((value) => value >> random.integer(0, 15))]),
  );
}

/** `witness`, each of whose frames comes with its maps; itself where `graph` starts at counts. */
export const withMaps = <W extends Witness>(graph: FixedGraph, witness: W): W =>
  mapsNodes(graph).length === 0
    ? witness
    : {
        ...witness,
        run: (frames, options) =>
          witness.run(frames, { ...options, maps: frames.map((frame) => mapsWith(graph, frame)) }),
      };
