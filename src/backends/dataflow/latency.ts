/** The search for the cheapest folding whose decisions come in time. */
import { UserError } from '../../core/errors.js';
import type { FixedGraph } from '../../ir/graph.js';
import { isWeighted } from '../../ir/ops/index.js';
import { weightedCost } from './folding.js';
import { PIXELS_PER_CLOCK, type PixelsPerClock } from './link.js';
import { fullSpeed, latencyBudget, paces, type Budget, type Ease } from './pace.js';
import { isWeighted as hasMultipliers, type Plan } from './plan.js';
import { roundUp } from './round.js';
import type { Schedule } from './schedule.js';

/** How long the plans of a back end take. */
export interface Timing {
  readonly schedule: (plan: Plan, interval?: number) => Schedule;
  /** Cycles from the last pixel of a frame that comes alone to its decision, with room for every word: quicker than `schedule`. */
  readonly alone: (plan: Plan) => number;
  /** Cycles that the slowest stage needs between frames. */
  readonly restart: number;
}

export interface Candidate {
  readonly plan: Plan;
  readonly schedule: Schedule;
}

export interface LatencyRequest {
  readonly graph: FixedGraph;
  readonly lower: (budgetOf?: Budget, pixelsPerClock?: PixelsPerClock) => Plan;
  readonly scheduled: (plan: Plan) => Candidate;
  readonly timing: Timing;
  readonly micros: number;
  readonly clockMHz: number;
  readonly pixelsPerClock: PixelsPerClock;
}

const NO_EASE: Ease = new Map();
/** Halvings of the range of speeds, on a logarithmic scale. */
const HALVINGS = 8;
/** The slowest speed that is tried, as a share of the fastest. */
const SLOWEST = 1 / 4096;
/** Rounds in which what links in block RAM and frames that follow each other add is taken off the wish. */
const ROUNDS = 4;
/** What a stage may be slowed down by at a time, where the wish is met all the same. */
const SLOWER = [2, 1.5] as const;
/** Stages that are tried so, those of the most weights. */
const MOST_EASED = 5;

/** Multipliers of the stages that are not made of shifts and additions. */
function multipliersOf(plan: Plan): number {
  let sum = 0;
  for (const stage of plan.stages)
    if (hasMultipliers(stage) && stage.adders === undefined)
      sum += weightedCost(
        stage.node,
        stage.inputs[0]!.shape,
        stage.outputs[0]!.shape,
        stage.folding,
      ).multipliers;
  return sum;
}

/** The fastest design with `pixelsPerClock`, and its cycles for a frame that comes alone. */
function fastest(
  { graph, lower, timing }: LatencyRequest,
  pixelsPerClock: PixelsPerClock,
): {
  readonly plan: Plan;
  readonly cycles: number;
} {
  const budget = latencyBudget(paces(graph, pixelsPerClock), fullSpeed(graph), NO_EASE);
  const plan = lower(budget, pixelsPerClock);
  return { plan, cycles: timing.alone(plan) };
}

/** Refuses a wish that the fastest design does not meet, with the nearest that can be had. */
function refuse(request: LatencyRequest, best: Schedule): never {
  const { micros, clockMHz, pixelsPerClock } = request;
  const others = PIXELS_PER_CLOCK.filter((p) => p !== pixelsPerClock).map((pixels) => ({
    pixels,
    cycles: fastest(request, pixels).cycles,
  }));
  const quickest = others.reduce((a, b) => (b.cycles < a.cycles ? b : a));
  const hint =
    quickest.cycles < best.latencyLastPixel
      ? `, for ${quickest.pixels} ${quickest.pixels === 1 ? 'pixel' : 'pixels'} per clock (some ${roundUp(quickest.cycles / clockMHz)} µs)`
      : '';
  throw new UserError(`a decision within ${micros} µs of the last pixel cannot be had`, {
    field: 'latency',
    remedy: `ask for at least ${roundUp(best.latencyLastPixel / clockMHz)} µs${hint}, for a faster clock or for a smaller network`,
  });
}

/** Plans that decide within `cycles` after a frame that comes alone: the slowest, then slower ones stage by stage. */
function cheapest(
  { graph, lower, timing, pixelsPerClock }: LatencyRequest,
  cycles: number,
): Plan | undefined {
  const pace = paces(graph, pixelsPerClock);
  const meets = (speed: number, ease: Ease): Plan | undefined => {
    const plan = lower(latencyBudget(pace, speed, ease));
    return timing.alone(plan) <= cycles ? plan : undefined;
  };
  let fast = fullSpeed(graph);
  let found = meets(fast, NO_EASE);
  if (found === undefined) return undefined;
  let slow = fast * SLOWEST;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = Math.sqrt(slow * fast);
    const plan = meets(middle, NO_EASE);
    if (plan === undefined) slow = middle;
    else {
      found = plan;
      fast = middle;
    }
  }
  return eased(graph, found, (ease) => meets(fast, ease));
}

/**
 * Slows stages down one by one, the heaviest first, as long as the wish is met and multipliers are saved. (To slow one down
 * while another gets faster saved nothing more on the veto networks, and took twice as long.)
 */
function eased(graph: FixedGraph, found: Plan, meets: (ease: Ease) => Plan | undefined): Plan {
  let best = found;
  let ease = NO_EASE;
  const stages = graph.nodes
    .filter((node) => isWeighted(node))
    .map((node) => node.weights)
    .sort((a, b) => b.mantissas.length - a.mantissas.length)
    .slice(0, MOST_EASED);
  for (const weights of stages)
    for (const factor of SLOWER) {
      const tried = new Map(ease).set(weights, (ease.get(weights) ?? 1) * factor);
      const plan = meets(tried);
      if (plan === undefined || multipliersOf(plan) >= multipliersOf(best)) continue;
      best = plan;
      ease = tried;
    }
  return best;
}

/** The design with the fewest multipliers that is found to meet the latency; refused where there is none. */
export function meetLatency(first: Candidate, request: LatencyRequest): Candidate {
  const { micros, clockMHz, scheduled, pixelsPerClock } = request;
  const wanted = Math.floor(micros * clockMHz + 1e-9);
  if (first.schedule.latencyLastPixel <= wanted) return first;
  let aim = wanted;
  for (let round = 0; round < ROUNDS; round++) {
    const plan = cheapest(request, aim);
    if (plan === undefined) break;
    const candidate = scheduled(plan);
    const over = candidate.schedule.latencyLastPixel - wanted;
    if (over <= 0) return candidate;
    aim -= over;
  }
  const best = scheduled(fastest(request, pixelsPerClock).plan);
  if (best.schedule.latencyLastPixel <= wanted) return best;
  return refuse(request, best.schedule);
}
