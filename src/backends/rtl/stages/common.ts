/** What every stage becomes in hardware: instances, wires between them, and the processes of the cycle model. */
import { invariant } from '../../../core/errors.js';
import { fractionBits, type Format, type Overflow, type Quantization } from '../../../fixed/format.js';
import { limitsOf, multiplies, rectifies, slopesOf, type Activation } from '../../../ir/activations.js';
import type { FixedGraph } from '../../../ir/graph.js';
import type { Events } from '../../dataflow/dataflow.js';
import type { Multiplier } from '../../dataflow/multipliers.js';
import type { Plan, StageKind, StageOf, Stage, Stream } from '../../dataflow/plan.js';
import type { GeneratedModule, WatchedMemory } from '../memory.js';
import type { Instance, Wire } from '../sv.js';

/** A process of the cycle model. Outputs name streams of the plan or links of the stage's own. */
export interface RtlProcess {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly {
    readonly stream: string;
    readonly depth: number;
    /** Which of the events' writes it is; its place in the list unless given. */
    readonly port?: number;
  }[];
  readonly events: Events;
}

/** A link that a stage has beside the streams of the plan. */
export interface StageLink extends Wire {
  /** Its depth, where that does not follow from the model. */
  readonly words?: number;
  /** Why it is as deep as it is, where that is not the usual. */
  readonly reason?: string;
}

export interface Hardware {
  readonly wires?: readonly Wire[];
  readonly assigns?: readonly (readonly [left: string, right: string])[];
  readonly instances: readonly Instance[];
  readonly modules?: readonly GeneratedModule[];
  /** Links inside the stage. */
  readonly links?: readonly StageLink[];
  readonly processes?: readonly RtlProcess[];
  /** What the scrubber watches; each of them says so in a wire. */
  readonly memories?: readonly WatchedMemory[];
  /** Cycles that words take through a stage without events. */
  readonly pass?: number;
}

export interface Context {
  readonly graph: FixedGraph;
  readonly plan: Plan;
  /** Prefix of the modules that are made for this design. */
  readonly top: string;
  /** Where the products of a stage that multiplies are made. */
  readonly multiplier: Multiplier | undefined;
  /** The wires that say whether the end of `stream` has room, and take it. */
  readonly room: (stream: string) => { readonly ok: string; readonly take: string };
}

export type Builder<K extends StageKind> = (stage: StageOf<K>, context: Context) => Hardware;

export const input = (stage: Stage, i = 0): Stream => stage.inputs[i]!;
export const output = (stage: Stage): Stream => stage.outputs[0]!;

export const CLOCK = { clk: 'clk', rst: 'rst' } as const;

/** Ports that read a link. */
export const reads = (link: string, prefix = ''): Record<string, string> => ({
  [`${prefix}valid`]: `${link}_valid`,
  [`${prefix}q`]: `${link}_q`,
  [`${prefix}pop`]: `${link}_pop`,
});
/** Ports that write a link. */
export const linkPorts = (link: string, prefix = ''): Record<string, string> => ({
  [`${prefix}ok`]: `${link}_ok`,
  [`${prefix}take`]: `${link}_take`,
  [`${prefix}we`]: `${link}_we`,
  [`${prefix}d`]: `${link}_d`,
});
/** Ports that ask for room behind `stream`. */
export const asks = (stream: string, { room }: Context): Record<string, string> => ({ ...room(stream) });
/** Ports that hand on a word. `_made` is what is computed: in simulation the readers may be given something else. */
export const gives = (wire: string): Record<string, string> => ({ we: `${wire}_we`, d: `${wire}_d` });
export const makes = (stream: string): Record<string, string> => ({
  we: `${stream}_we`,
  d: `${stream}_made`,
});
export const takesWords = (wire: string): Record<string, string> => ({
  in_we: `${wire}_we`,
  in_d: `${wire}_d`,
});
/** Wires of a word that goes from one instance of a stage to the next. */
export const wordWires = (name: string, bits: number): Wire[] => [
  { name: `${name}_we`, bits: 1 },
  { name: `${name}_d`, bits },
];

const ROUNDING: Readonly<Record<Quantization, number>> = {
  AP_RND_CONV: 0,
  AP_RND: 1,
  AP_RND_ZERO: 2,
  AP_RND_MIN_INF: 3,
  AP_RND_INF: 4,
  AP_TRN: 5,
  AP_TRN_ZERO: 6,
};
const OVERFLOW: Readonly<Record<Overflow, number>> = {
  AP_SAT: 0,
  AP_SAT_ZERO: 1,
  AP_SAT_SYM: 2,
  AP_WRAP: 3,
  AP_WRAP_SM: 4,
};

type Parameters = Readonly<Record<string, number | string>>;

function activationParameters(activation: Activation): Parameters {
  if (multiplies(activation)) return { ACTIVATION: 3, ALPHA_FRACTION: slopesOf(activation).fraction };
  const limits = limitsOf(activation);
  if (limits !== null) return { ACTIVATION: 2, MIN: limits.min, MAX: limits.max };
  return { ACTIVATION: Number(rectifies(activation)) };
}

/** Parameters of `vetoc_requantize`: from accumulators with `fraction` fraction bits to `to`. */
export const requantizeParameters = (fraction: number, activation: Activation, to: Format): Parameters => {
  invariant(to.width <= 32, `${to.width} bits`);
  return {
    DROP: fraction - fractionBits(to),
    OW: to.width,
    OSIGNED: Number(to.signed),
    ROUNDING: ROUNDING[to.quantization],
    OVERFLOW: OVERFLOW[to.overflow],
    ...activationParameters(activation),
  };
};

/** `vetoc_requantize_lanes` of stage `name`: words of `lanes` values of `width` bits in the wire `from`, rounded into `to`. */
export const roundLanes = (
  name: string,
  {
    lanes,
    width,
    from,
    to,
  }: { readonly lanes: number; readonly width: number; readonly from: string; readonly to: string },
  parameters: Parameters,
): Instance => ({
  module: 'vetoc_requantize_lanes',
  name: `${name}_round`,
  parameters: { LANES: lanes, IW: width, ...parameters },
  ports: { ...CLOCK, ...takesWords(from), ...makes(to) },
});

/** Fraction bits that the accumulators of a stage have once aligned, and the shifts that align its channels. */
export interface Alignment {
  readonly fraction: number;
  readonly shifts: readonly number[];
  /** Bits of a shift. */
  readonly width: number;
  readonly most: number;
}

export function alignment(fractions: ArrayLike<number>): Alignment {
  const all = Array.from(fractions);
  const fraction = Math.max(...all);
  const shifts = all.map((f) => fraction - f);
  const most = Math.max(...shifts);
  return { fraction, shifts, most, width: Math.max(1, Math.ceil(Math.log2(most + 1))) };
}
