/** Golden vectors of a project: those of the HLS bench, and the cycles of the decisions. */
import { NO_MAPS, type FrameMaps } from '../../ir/frame-maps.js';
import type { FixedGraph } from '../../ir/graph.js';
import { goldenFiles, type GoldenResult } from '../hls/golden.js';
import { packetFile } from '../dataflow/module-packet.js';
import type { RtlDesign } from './design.js';
import { parseModel, printModel } from './model-file.js';

/** What the bench calls frame `i`, and the module that it says it is (`tb/simulation.h`, `tb/sent_words.h`). */
const numberOf = (i: number): bigint => 0x0123456789abcdefn + BigInt(i);
const MODULE = 0xa5c3;

/**
 * `golden/…` of the RTL project: frames, decisions, every stage; the cycle of each decision when they come back to back; of a front
 * end the packets that it sends, `golden/packets.bin`.
 */
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
  const { graph } = design;
  const packets =
    graph.ends !== 'features'
      ? {}
      : {
          'golden/packets.bin': packetFile(
            frames.map((frame, i) => ({
              number: numberOf(i),
              module: MODULE,
              state: 0,
              features: interpret(graph, frame, maps).tensors.get(graph.output)!,
            })),
          ),
        };
  return {
    ...goldenFiles(design, frames, interpret, maps),
    ...packets,
    'golden/cycles.bin': new Uint8Array(cycles.buffer, cycles.byteOffset, cycles.byteLength),
  };
}
