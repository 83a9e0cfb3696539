/** Cycles, latency, frame rate and resources of the HLS firmware of a run on a board, as estimates. */
import { designHls, type Design, type HlsOptions } from '../backends/dataflow/design.js';
import { withReloadableWeights } from '../backends/hls/reloadable.js';
import { neighbouringBoards, summarize, type Neighbours, type Summary } from '../backends/hls/summary.js';
import { listTargets } from '../targets/load.js';
import { wishedFirmware } from './own-firmware.js';
import type { RawWish } from './raw-network.js';

export interface FirmwareEstimate extends Summary {
  /** With its FIFOs. */
  readonly design: Design;
  /** The next boards by size, and whether it fits there. */
  readonly neighbours: Neighbours;
}

/** Of the network on raw words where `raw` names maps. Throws `UserError` or `UnsupportedError` where it cannot be had. */
export async function estimateRun(
  dir: string,
  options: HlsOptions,
  raw: RawWish = {},
): Promise<FirmwareEstimate> {
  const { fixed, wish } = await wishedFirmware(dir, options, raw);
  // A second network is there for weights that can be exchanged.
  const graph = wish.canary === true ? withReloadableWeights(fixed) : fixed;
  const design = designHls(graph, wish);
  const boards = (await listTargets()).filter((t) => t.kind === 'fpga');
  return { ...summarize(design), design, neighbours: neighbouringBoards(design, boards) };
}
