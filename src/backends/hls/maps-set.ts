/** A set of maps as it travels on the second stream: what a memory holds that a DMA reads in a circle. */
import { crc32 } from 'node:zlib';
import { mapOf, mapsNodes, type FrameMaps } from '../../ir/frame-maps.js';
import type { FixedGraph } from '../../ir/graph.js';
import type { Plan } from '../dataflow/plan.js';
import { mapsBeatOf } from './maps-beat.js';

/** Puts the low `bits` of `value` at bit `first` of `bytes`. */
function putBits(bytes: Uint8Array, first: number, bits: number, value: number): void {
  let left = bits;
  // Two's complement; a value of up to 32 bits, a byte at a time.
  let rest = value < 0 ? value + 2 ** 32 : value;
  for (let at = first; left > 0;) {
    const room = Math.min(8 - (at % 8), left);
    bytes[Math.floor(at / 8)]! |= (rest % 2 ** room) << (at % 8);
    rest = Math.floor(rest / 2 ** room);
    at += room;
    left -= room;
  }
}

/**
 * Beats of whole bytes, low bits first: one for each beat of pixels, and one with the CRC-32 of those behind them. Null where
 * `graph` starts at counts. Throws `UserError` where `maps` lack one.
 */
export function mapsSet(graph: FixedGraph, plan: Plan, maps: FrameMaps): Uint8Array | null {
  const beat = mapsBeatOf(plan);
  if (beat === null) return null;
  const bytes = beat.bits / 8;
  const { pixelsPerClock } = plan;
  const [height, width] = beat.maps[0]!.stream.shape;
  const words = Math.ceil(width / pixelsPerClock);
  const set = new Uint8Array((height * words + 1) * bytes);
  mapsNodes(graph).forEach((node, k) => {
    const values = mapOf(node, maps);
    const { first, stream } = beat.maps[k]!;
    const { width: bits } = stream.format;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const start = (y * words + Math.floor(x / pixelsPerClock)) * beat.bits;
        for (let c = 0; c < node.channels; c++) {
          const place = first + ((x % pixelsPerClock) * node.channels + c) * bits;
          putBits(set, start + place, bits, values[(y * width + x) * node.channels + c]!);
        }
      }
  });
  const end = height * words * bytes;
  new DataView(set.buffer).setUint32(end, crc32(set.subarray(0, end)), true);
  return set;
}
