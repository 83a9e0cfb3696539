/** What a second network in shadow adds to the decision: its threshold, and who of the two decides. */
import { networksOf, type Plan, type StageOf } from '../../dataflow/plan.js';
import { signedLiteral, type Instance, type Wire } from '../sv.js';
import { CLOCK, gives } from './common.js';
import { commitWire, fullWire, LOAD, partWire, setLink, shadowThreshold, whoDecides } from './reload.js';

/** The threshold that comes with the weights, of the first or the second network. */
export function thresholdInstance(
  stage: StageOf<'decide'>,
  plan: Plan,
  builtIn: number,
  second: boolean,
): Instance {
  const name = second ? shadowThreshold(stage.name) : stage.name;
  const part = (wire: string, bits: number): string =>
    networksOf(plan) === 1 ? wire : `${wire}[${second ? bits : 0}+:${bits}]`;
  return {
    module: 'vetoc_threshold',
    name: `${name}_threshold`,
    parameters: { BUILT_IN: signedLiteral(builtIn, 32) },
    ports: {
      ...CLOCK,
      set_pop: `${setLink(stage.name)}_pop`,
      set_q: part(`${setLink(stage.name)}_q`, 8),
      we: partWire(plan, stage, second),
      data: LOAD.data,
      commit: commitWire(plan, stage, second),
      full: fullWire(name),
      trained: part(`${stage.name}_trained`, 32),
    },
  };
}

/** `vetoc_canary`, and the wires between it and the decision; where there is one network alone, that one decides. */
export function canaryHardware(
  { name }: StageOf<'decide'>,
  plan: Plan,
): {
  readonly wires: readonly Wire[];
  readonly instances: readonly Instance[];
  readonly second: string;
  readonly weights: string;
  readonly takenOver: string;
} {
  if (!plan.canary) return { wires: [], instances: [], second: "1'b0", weights: '', takenOver: "1'b0" };
  const [second, weights, takenOver] = [`${name}_by_second`, `${name}_weights`, `${name}_taken_over`];
  return {
    wires: [
      { name: second, bits: 1 },
      { name: weights, bits: 16 },
      { name: takenOver, bits: 1 },
    ],
    instances: [
      {
        module: 'vetoc_canary',
        name: `${name}_canary`,
        parameters: {},
        ports: {
          ...CLOCK,
          ...whoDecides(plan),
          canary_frames: 'canary_frames',
          canary_bound: 'canary_bound',
          take: 'decisions_take',
          weights,
          ...gives('decisions'),
          hold: `${name}_packet[174]`,
          second,
          taken_over: takenOver,
          canary_count: 'canary_count',
          canary_disagreements: 'canary_disagreements',
          canary_swaps: 'canary_swaps',
        },
      },
    ],
    second,
    weights,
    takenOver,
  };
}
