/** How the maps for the pixels of a word lie in a beat of the second stream. */
import type { Plan, Stream } from '../dataflow/plan.js';

export interface MapsBeat {
  /** Whole 16-bit words, at least the 32 bits of the CRC behind a set. */
  readonly bits: number;
  /** In the order of the graph; each behind the one before. */
  readonly maps: readonly { readonly stream: Stream; readonly first: number }[];
}

/** Null for a design that starts at counts. */
export function mapsBeatOf(plan: Plan): MapsBeat | null {
  const stage = plan.stages.find((s) => s.kind === 'receiveMaps');
  if (stage === undefined) return null;
  let first = 0;
  const maps = stage.outputs.map((stream) => {
    const at = first;
    first += stream.lanes * stream.format.width;
    return { stream, first: at };
  });
  return { bits: Math.max(32, 16 * Math.ceil(first / 16)), maps };
}
