/** From a wish (frame rate, latency, clock) to the cheapest RTL that meets it, with the depths of its links. */
import type { FixedGraph } from '../../ir/graph.js';
import { designFor, type Design, type HlsOptions } from '../dataflow/design.js';
import type { Plan } from '../dataflow/plan.js';
import { beatsOf } from '../dataflow/schedule.js';
import { topName } from '../hls/emit.js';
import { RESTART } from './depths.js';
import { rtlNetwork, type RtlNetwork } from './network.js';
import { rtlAlone, scheduleRtl, type RtlSchedule } from './schedule.js';

export interface RtlDesign extends Design {
  readonly schedule: RtlSchedule;
  readonly network: RtlNetwork;
  /** The top module. */
  readonly top: string;
}

export function designRtl(graph: FixedGraph, options: HlsOptions): RtlDesign {
  const top = topName(graph);
  const known = new Map<Plan, { network: RtlNetwork; schedule: RtlSchedule }>();
  const networkOf = (plan: Plan): RtlNetwork =>
    rtlNetwork(graph, plan, options.target, { top, ecc: options.ecc ?? false });
  const schedule = (plan: Plan, interval?: number): RtlSchedule => {
    const network = networkOf(plan);
    const result = scheduleRtl(network, beatsOf(plan), interval);
    known.set(plan, { network, schedule: result });
    return result;
  };
  const alone = (plan: Plan): number => rtlAlone(networkOf(plan), beatsOf(plan));
  const design = designFor(graph, options, { schedule, alone, restart: RESTART });
  return { ...design, ...known.get(design.plan)!, top };
}
