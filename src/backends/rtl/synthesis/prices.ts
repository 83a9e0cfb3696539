/**
 * The cells that Yosys makes of a network's stages and links, for a search that changes a stage at a time: each instance is
 * synthesized alone, and one that was seen before, in whichever network, is not synthesized again. Registers and AXI are left out:
 * they are the same for all.
 */
import { createHash } from 'node:crypto';
import type { FixedGraph } from '../../../ir/graph.js';
import type { FpgaTarget } from '../../../targets/target.js';
import { sum, type Resources } from '../../hls/resources.js';
import { partsOf } from '../area/design.js';
import { designRtl, type RtlDesign } from '../design.js';
import { emitRtl } from '../emit.js';
import type { Instance } from '../sv.js';
import { familyOf } from './families.js';
import { dataflowName, sourcesOf, synthesizeDesign } from './synthesize.js';
import type { Yosys } from './yosys.js';

/** Instances by name, each with what its cells depend on: module, parameters, and the text of a module made for it. */
function instanceKeys(design: RtlDesign): ReadonlyMap<string, string> {
  const made = new Map(
    [...design.network.hardware.values()].flatMap(({ modules = [] }) =>
      modules.map(({ name, text }) => [name, text] as const),
    ),
  );
  const key = ({ module, parameters }: Instance): string =>
    createHash('sha256')
      .update(JSON.stringify([module, parameters, made.get(module)?.() ?? null]))
      .digest('hex');
  const instances = [...partsOf(design).values()].flat();
  return new Map(instances.map((instance) => [instance.name, key(instance)]));
}

/** Passes that leave `others` out of a dataflow. */
const withoutInstances = (dataflow: string, others: readonly string[]): readonly string[] => [
  ...others.map((name) => `delete ${dataflow}/c:${name}`),
  `hierarchy -top ${dataflow}`,
  // What feeds nothing any more is to be counted all the same.
  `setattr -set keep 1 ${dataflow}/c:*`,
];

/** Cells of stages and links of a network on `target`. Throws `UserError` where Yosys has no cells of the family. */
export function stagePrices(target: FpgaTarget, yosys: Yosys): (fixed: FixedGraph) => Promise<Resources> {
  const family = familyOf(target, '--price yosys');
  const known = new Map<string, Resources>();
  return async (fixed) => {
    const design = designRtl(fixed, { target });
    const keys = instanceKeys(design);
    const first = new Map([...keys].filter(([, key]) => !known.has(key)).map(([name, key]) => [key, name]));
    if (first.size > 0) {
      const wanted = new Set(first.values());
      const top = dataflowName(design);
      const { instance } = await synthesizeDesign(design, family, {
        sources: sourcesOf(emitRtl(design), target),
        yosys,
        top,
        before: withoutInstances(
          top,
          [...keys.keys()].filter((name) => !wanted.has(name)),
        ),
      });
      for (const [key, name] of first) known.set(key, instance(name));
    }
    return sum([...keys.values()].map((key) => known.get(key)!));
  };
}
