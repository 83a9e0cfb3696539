/** From a wish (frame rate, latency, clock) to the cheapest RTL that meets it, with the depths of its links. */
import { invariant, UnsupportedError } from '../../core/errors.js';
import type { FixedGraph } from '../../ir/graph.js';
import { designFor, type Design, type HlsOptions } from '../dataflow/design.js';
import { simulateDataflow } from '../dataflow/dataflow.js';
import type { Link } from '../dataflow/link.js';
import type { Plan } from '../dataflow/plan.js';
import { beatsOf } from '../dataflow/schedule.js';
import { topName } from '../hls/emit.js';
import { RESTART } from './depths.js';
import { rtlNetwork, type RtlNetwork } from './network.js';
import { rtlModel, scheduleRtl, type RtlSchedule } from './schedule.js';

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

/** The cycle in which each decision of a run of `frames` frames is offered, for beats offered in `arrivals`. */
export function decisionCycles(design: RtlDesign, arrivals: Int32Array, frames: number): Int32Array {
  const model = rtlModel(design.network, design.schedule.links);
  const simulation = simulateDataflow({ ...model, arrivals, frames });
  invariant(simulation.kind === 'finished', 'the RTL comes to a halt');
  const { latency } = design.schedule.links[model.decisions]!;
  return simulation.writes[model.decisions]!.map((t) => t + latency);
}
