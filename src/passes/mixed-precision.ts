/**
 * Mixed precision: widths layer by layer, the cheapest network whose loss of hits is within a stated budget.
 *
 * First every knob (the weights of a layer, or its output) is turned down alone and the noise that this brings to the
 * scores is measured: the sensitivity. Then knobs are turned down together, the one that saves most cost for its
 * noise first; every network on the way is measured, and a step that costs too many hits is taken back and its knob
 * left alone from there on. Deterministic, and as good as the frames: with n hits it tells losses 1/n apart.
 */
import { UserError } from '../core/errors.js';
import type { NodeId } from '../ir/common.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import { assignWidths, preservesFormat } from './assign-formats.js';
import type { LayerWidths, Quantization } from './recipe.js';
import { isPreprocess, isWeighted } from '../ir/ops/index.js';
import { fuseStages } from './stages.js';

/** One width that can be chosen. */
export interface Knob {
  readonly layer: NodeId;
  readonly part: 'weightBits' | 'activationBits';
  /** Where it stands before the search. */
  readonly bits: number;
}

/** What a network is worth, on labelled frames and beside the float network. */
export interface Assessment {
  /**
   * Share of the hits that are lost at the rejection of the float network, 0 to 1: those to be expected, were the differences from
   * float to fall otherwise on every frame, or those counted, whichever are more. Negative where some are won.
   */
  readonly hitsLost: number;
  /** The same, as counted on these frames alone. */
  readonly counted: number;
  /** Variance of the difference of the scores, in squared units of the logits. */
  readonly noise: number;
}

export interface NetworkPoint extends Assessment {
  readonly quantization: Quantization;
  /** Share of the target; less is better. */
  readonly cost: number;
}

/** One knob turned down alone. */
export interface Sensitivity {
  readonly knob: Knob;
  readonly bits: number;
  readonly costSaved: number;
  readonly noiseAdded: number;
  /** Hits lost for each bit saved, as a share of the hits. */
  readonly hitsLostPerBit: number;
}

export interface MixedPrecision {
  readonly sensitivities: readonly Sensitivity[];
  /** Networks that no other measured one beats in both cost and hits lost, the dearest first. */
  readonly front: readonly NetworkPoint[];
  readonly chosen: NetworkPoint;
  /** How many networks were measured. */
  readonly measured: number;
}

export interface MixedPrecisionRequest {
  readonly prepared: FloatGraph;
  /** Where the search starts: the widest network. */
  readonly quantization: Quantization;
  /** Widths that a knob may have, besides the one that it starts from. */
  readonly widths: readonly number[];
  readonly quantize: (quantization: Quantization) => FixedGraph;
  readonly assess: (fixed: FixedGraph) => Promise<Assessment>;
  readonly cost: (fixed: FixedGraph) => number | Promise<number>;
  /** The budget, as a share of the hits. */
  readonly mostHitsLost: number;
  readonly onMeasured?: (done: number) => void;
}

/** Widths that mean something: of weights, and of outputs that a stage rounds to (but not of the logits). */
export function knobsOf(prepared: FloatGraph, quantization: Quantization): readonly Knob[] {
  const stages = fuseStages(prepared);
  const widths = assignWidths(stages, quantization);
  return stages
    .filter((stage) => !isPreprocess(stage.node))
    .flatMap((stage): Knob[] => {
      const { weightBits, activationBits } = widths.get(stage.id)!;
      // Widths under the name of the activation override those under the name of the layer.
      const layer = quantization.layers[stage.tensor] === undefined ? stage.id : stage.tensor;
      const weights: Knob = { layer, part: 'weightBits', bits: weightBits };
      const output: Knob = { layer, part: 'activationBits', bits: activationBits };
      const rounds =
        (!preservesFormat(stage) || stage.node.kind === 'concat') && stage.tensor !== prepared.output;
      return [...(isWeighted(stage.node) ? [weights] : []), ...(rounds ? [output] : [])];
    });
}

/** `quantization` with `knob` at `bits`. */
export function turned(quantization: Quantization, knob: Knob, bits: number): Quantization {
  const own: LayerWidths = { ...quantization.layers[knob.layer], [knob.part]: bits };
  return { ...quantization, layers: { ...quantization.layers, [knob.layer]: own } };
}

/** The points that none beats in cost and hits lost at once, from the dearest to the cheapest. */
export function paretoFront(points: readonly NetworkPoint[]): readonly NetworkPoint[] {
  const sorted = points.toSorted((a, b) => a.cost - b.cost || a.hitsLost - b.hitsLost || a.noise - b.noise);
  const front: NetworkPoint[] = [];
  for (const point of sorted)
    if (front.length === 0 || point.hitsLost < front.at(-1)!.hitsLost) front.push(point);
  return front.reverse();
}

/** Cost saved for the noise added; noise below any that matters counts as none. */
const worth = ({ costSaved, noiseAdded }: Sensitivity, floor: number): number =>
  costSaved / Math.max(noiseAdded, floor);

function stepsDown(
  sensitivities: readonly Sensitivity[],
  at: ReadonlyMap<Knob, number>,
  stuck: ReadonlySet<Knob>,
  floor: number,
): Sensitivity | undefined {
  const next = [...at].flatMap(([knob, bits]) => {
    if (stuck.has(knob)) return [];
    const lower = sensitivities.filter((s) => s.knob === knob && s.bits < bits);
    const first = lower.toSorted((a, b) => b.bits - a.bits)[0];
    return first === undefined ? [] : [first];
  });
  return next.toSorted((a, b) => worth(b, floor) - worth(a, floor))[0];
}

/** Knobs at widths that save nothing on the target are not measured. */
async function measureSensitivities(
  knobs: readonly Knob[],
  { quantization, widths, quantize, cost }: MixedPrecisionRequest,
  start: NetworkPoint,
  measure: (q: Quantization) => Promise<NetworkPoint>,
): Promise<Sensitivity[]> {
  const sensitivities: Sensitivity[] = [];
  for (const knob of knobs)
    for (const bits of widths) {
      if (bits >= knob.bits) continue;
      const narrower = turned(quantization, knob, bits);
      if ((await cost(quantize(narrower))) >= start.cost) continue;
      const point = await measure(narrower);
      sensitivities.push({
        knob,
        bits,
        costSaved: start.cost - point.cost,
        noiseAdded: point.noise - start.noise,
        hitsLostPerBit: (point.hitsLost - start.hitsLost) / (knob.bits - bits),
      });
    }
  return sensitivities;
}

const inPoints = (share: number): string => (100 * share).toFixed(2);

/** Searches. Throws `UserError` when the network loses more than the budget before any width is taken away. */
export async function searchMixedPrecision(request: MixedPrecisionRequest): Promise<MixedPrecision> {
  const { prepared, quantization, mostHitsLost } = request;
  const points: NetworkPoint[] = [];
  const measure = async (q: Quantization): Promise<NetworkPoint> => {
    const fixed = request.quantize(q);
    const point = { quantization: q, cost: await request.cost(fixed), ...(await request.assess(fixed)) };
    points.push(point);
    request.onMeasured?.(points.length);
    return point;
  };
  const start = await measure(quantization);
  if (start.hitsLost > mostHitsLost)
    throw new UserError(
      `the widths to begin with are expected to lose ${inPoints(start.hitsLost)} points of the hits beside float, dropping as many misses (${inPoints(start.counted)} counted on the validation frames; a report counts test frames, at the threshold)`,
      {
        field: '--budget',
        remedy: `allow at least ${Math.ceil(1000 * start.hitsLost) / 10}, or begin with wider weights and activations: in the recipe, or by vetoc quantize`,
      },
    );
  const knobs = knobsOf(prepared, quantization);
  const sensitivities = await measureSensitivities(knobs, request, start, measure);
  const at = new Map(knobs.map((knob) => [knob, knob.bits]));
  const stuck = new Set<Knob>();
  let current = start;
  for (;;) {
    const step = stepsDown(sensitivities, at, stuck, start.noise / knobs.length);
    if (step === undefined) break;
    const point = await measure(turned(current.quantization, step.knob, step.bits));
    if (point.hitsLost > mostHitsLost || point.cost >= current.cost) stuck.add(step.knob);
    else {
      current = point;
      at.set(step.knob, step.bits);
    }
  }
  const within = points.filter((p) => p.hitsLost <= mostHitsLost);
  const chosen = within.reduce((best, p) =>
    p.cost < best.cost || (p.cost === best.cost && p.noise < best.noise) ? p : best,
  );
  return { sensitivities, front: paretoFront(points), chosen, measured: points.length };
}
