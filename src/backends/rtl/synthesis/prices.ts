/**
 * The cells that Yosys makes of a network's stages and links, for a search that changes a stage at a time: each instance is
 * synthesized alone, and one that was seen before, in whichever network, is not synthesized again. Registers and AXI are left out:
 * they are the same for all.
 */
import { createHash } from 'node:crypto';
import { invariant } from '../../../core/errors.js';
import type { FixedGraph } from '../../../ir/graph.js';
import type { FpgaTarget } from '../../../targets/target.js';
import { sum, type Resources } from '../../hls/resources.js';
import { partsOf } from '../area/design.js';
import { designRtl, type RtlDesign } from '../design.js';
import { emitRtl } from '../emit.js';
import type { Instance } from '../sv.js';
import { parseInstances, parseStatistics, wholeCells } from './cells.js';
import { familyOf, resourcesOf, type Family } from './families.js';
import { sourcesOf } from './synthesize.js';
import type { Yosys } from './yosys.js';

/** Instances by name, each with what its cells depend on: module, parameters, and the text of a module made for it. */
function instanceKeys({ network, schedule, ...design }: RtlDesign): ReadonlyMap<string, string> {
  const made = new Map(
    [...network.hardware.values()].flatMap(({ modules = [] }) =>
      modules.map(({ name, text }) => [name, text] as const),
    ),
  );
  const key = ({ module, parameters }: Instance): string =>
    createHash('sha256')
      .update(JSON.stringify([module, parameters, made.get(module)?.() ?? null]))
      .digest('hex');
  const instances = [...partsOf({ network, schedule, ...design }).values()].flat();
  return new Map(instances.map((instance) => [instance.name, key(instance)]));
}

/** The cells of the instances `wanted` of `design`, by name. */
async function cellsOf(
  design: RtlDesign,
  wanted: readonly string[],
  all: Iterable<string>,
  { yosys, family }: { readonly yosys: Yosys; readonly family: Family },
): Promise<ReadonlyMap<string, Resources>> {
  const top = `${design.top}_dataflow`;
  const sources = sourcesOf(emitRtl(design), design.target);
  const others = [...all].filter((name) => !wanted.includes(name));
  const script = [
    `read_verilog -sv ${Object.keys(sources).join(' ')}`,
    `hierarchy -top ${top}`,
    ...others.map((name) => `delete ${top}/c:${name}`),
    `hierarchy -top ${top}`,
    // What feeds nothing any more is to be counted all the same.
    `setattr -set keep 1 ${top}/c:*`,
    `dump -o instances.txt ${top}/c:*`,
    family.synthesis(top),
    'tee -q -o cells.json stat -json',
  ].join('; ');
  const [instances, cells] = await yosys.run(
    script,
    sources,
    ['instances.txt', 'cells.json'],
    () => undefined,
  );
  const modules = parseStatistics(cells!);
  const moduleOf = parseInstances(instances!);
  return new Map(
    wanted.map((name) => {
      const module = moduleOf.get(name);
      invariant(module !== undefined, `Yosys knows no instance ${name}`);
      return [name, resourcesOf(wholeCells(module, modules), family)];
    }),
  );
}

/** Cells of stages and links of a network on `target`. Throws `UserError` where Yosys has no cells of the family. */
export function stagePrices(target: FpgaTarget, yosys: Yosys): (fixed: FixedGraph) => Promise<Resources> {
  const family = familyOf(target, '--price yosys');
  const known = new Map<string, Resources>();
  return async (fixed) => {
    const design = designRtl(fixed, { target });
    const keys = instanceKeys(design);
    const first = new Map([...keys].filter(([, key]) => !known.has(key)).map(([name, key]) => [key, name]));
    if (first.size > 0) {
      const cells = await cellsOf(design, [...first.values()], keys.keys(), { yosys, family });
      for (const [key, name] of first) known.set(key, cells.get(name)!);
    }
    return sum([...keys.values()].map((key) => known.get(key)!));
  };
}
