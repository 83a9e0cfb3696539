/**
 * The area of a design from its structure: of every instance what its module takes with those parameters, of every table and
 * adder graph what is in it. `npm run area` holds the sums against Yosys.
 */
import { invariant } from '../../../core/errors.js';
import { NOTHING, sum, type Resources } from '../../hls/resources.js';
import type { RtlDesign } from '../design.js';
import type { Instance } from '../sv.js';
import { linkInstance } from '../top.js';
import { MODULES } from './modules.js';

export interface PartArea extends Resources {
  /** A stage of the plan, or what stands beside the stages. */
  readonly part: string;
}

/** AXI4-Lite with the registers, and the ports. */
const ENDS: Partial<Resources> = { lut: 650, ff: 230 };

/** Tables for one of six inputs, by the inputs of the part's: of four, about what Yosys makes of the demo for ECP5. */
const TABLES = { 4: 1.9, 6: 1 } as const;

export const LINKS = 'links';
export const REST = 'registers and AXI';

/** What an instance is called in the dataflow, and the part of the account that it belongs to. */
export function partsOf({ network, schedule }: RtlDesign): ReadonlyMap<string, readonly Instance[]> {
  const parts = new Map<string, readonly Instance[]>();
  for (const [stage, { instances }] of network.hardware)
    if (instances.length > 0) parts.set(stage.name, instances);
  parts.set(LINKS, schedule.links.slice(1).map(linkInstance));
  return parts;
}

function instanceArea({ module, name, parameters }: Instance): Partial<Resources> {
  const estimator = MODULES[module];
  invariant(estimator !== undefined, `${module} has no estimate`);
  return estimator((parameter, usual) => {
    const value = parameters[parameter] ?? usual;
    invariant(value !== undefined, `${name} has no ${parameter}`);
    return Number(value);
  });
}

/** The area of `design`, part by part; parts of the part's sum may be fractions. */
export function areaOf(design: RtlDesign): readonly PartArea[] {
  const made = new Map(
    [...design.network.hardware.values()].flatMap(({ modules = [] }) =>
      modules.map((m) => [m.name, m.area] as const),
    ),
  );
  const tables = TABLES[design.target.lutInputs];
  const named = (part: string, all: readonly Partial<Resources>[]): PartArea => {
    const total = sum(all);
    return { part, ...total, lut: tables * total.lut };
  };
  return [
    ...[...partsOf(design)].map(([part, instances]) =>
      named(
        part,
        instances.map((i) => made.get(i.module) ?? instanceArea(i)),
      ),
    ),
    named(REST, [ENDS]),
  ];
}

export const totalArea = (parts: readonly Resources[]): Resources => sum([NOTHING, ...parts]);

/** Whether a part has enough of everything. */
export const fitsIn = (needed: Resources, available: Resources): boolean =>
  needed.lut <= available.lut &&
  needed.ff <= available.ff &&
  needed.dsp <= available.dsp &&
  needed.bram36 <= available.bram36;
