/** From a wish (frame rate, latency, clock) to the cheapest RTL that meets it, with the depths of its links. */
import { UnsupportedError } from '../../core/errors.js';
import type { FixedGraph } from '../../ir/graph.js';
import { designFor, type Design, type HlsOptions } from '../dataflow/design.js';
import type { Link } from '../dataflow/link.js';
import type { Plan } from '../dataflow/plan.js';
import { beatsOf } from '../dataflow/schedule.js';
import { topName } from '../hls/emit.js';
import { RESTART } from './depths.js';
import { rtlNetwork, type RtlNetwork } from './network.js';
import { scheduleRtl, type RtlSchedule } from './schedule.js';

export interface RtlDesign extends Design {
  readonly schedule: RtlSchedule;
  readonly network: RtlNetwork;
  /** The top module. */
  readonly top: string;
}

/** The framing that `vetoc_receive` knows so far: TLAST alone, frames counted inside. */
const RTL_LINK: Partial<Link> = { framing: 'tlast', header: false };

/** Refuses what only the HLS firmware has; the framing of `RTL_LINK` stands in for the default one. */
function checkRtlLink({ crc = false, overflow = 'wait', fifoBeats = 0 }: Partial<Link>): void {
  const why = 'is in the HLS firmware only: export hls, or leave it out';
  const reasons = [
    ...(crc ? [{ what: 'a CRC-32 of frames', why }] : []),
    ...(overflow === 'drop' || fifoBeats > 0 ? [{ what: 'a FIFO in front', why }] : []),
  ];
  if (reasons.length > 0) throw new UnsupportedError('the RTL', reasons);
}

export function designRtl(graph: FixedGraph, options: HlsOptions): RtlDesign {
  checkRtlLink(options.link ?? {});
  const top = topName(graph);
  const known = new Map<Plan, { network: RtlNetwork; schedule: RtlSchedule }>();
  const schedule = (plan: Plan, interval?: number): RtlSchedule => {
    const network = rtlNetwork(graph, plan, options.target, top);
    const result = scheduleRtl(network, beatsOf(plan), interval);
    known.set(plan, { network, schedule: result });
    return result;
  };
  const design = designFor(graph, { ...options, link: RTL_LINK }, { schedule, restart: RESTART });
  return { ...design, ...known.get(design.plan)!, top };
}
