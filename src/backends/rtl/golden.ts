/** Golden vectors of a project: those of the HLS bench, and the cycles of the decisions. */
import { NO_MAPS, type FrameMaps } from '../../ir/frame-maps.js';
import type { FixedGraph } from '../../ir/graph.js';
import { goldenFiles, type GoldenResult } from '../hls/golden.js';
import type { RtlDesign } from './design.js';
import { parseModel, printModel } from './model-file.js';

/** `golden/…` of the RTL project: frames, decisions, every stage; the cycle of each decision when they come back to back. */
export function rtlGolden(
  design: RtlDesign,
  frames: readonly Uint16Array[],
  interpret: (graph: FixedGraph, frame: Uint16Array, maps: FrameMaps) => GoldenResult,
  maps: FrameMaps = NO_MAPS,
): Readonly<Record<string, Uint8Array>> {
  const { beats, decided } = parseModel(printModel(design), 'model.json');
  const cycles = decided(
    Int32Array.from({ length: beats * frames.length }, (_, i) => i),
    frames.length,
  );
  return {
    ...goldenFiles(design, frames, interpret, maps),
    'golden/cycles.bin': new Uint8Array(cycles.buffer, cycles.byteOffset, cycles.byteLength),
  };
}
