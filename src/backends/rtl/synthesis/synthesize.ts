/**
 * The cells that Yosys makes of a design: of every instance of the dataflow, of every stage, and of all. Modules are kept apart,
 * so that cells have a place; what a tool would gain across their borders is not in the figures.
 */
import { createHash } from 'node:crypto';
import { invariant } from '../../../core/errors.js';
import type { FpgaTarget } from '../../../targets/target.js';
import { sum, type Resources } from '../../hls/resources.js';
import { LINKS, partsOf, REST, type PartArea } from '../area/design.js';
import type { RtlDesign } from '../design.js';
import { parseInstances, parseStatistics, wholeCells } from './cells.js';
import { vendorOf } from '../vendors/index.js';
import { familyOf, resourcesOf, type Family } from './families.js';
import type { Yosys } from './yosys.js';

/** Raised whenever the same sources would be counted otherwise. */
const COUNTING = 1;

export interface Synthesis {
  /** `Yosys 0.23`. */
  readonly tool: string;
  /** What it calls the family. */
  readonly family: string;
  /** SHA-256 of sources, family, tool and the way of counting. */
  readonly hash: string;
  /** Stage by stage, the links, and what stands beside them. */
  readonly parts: readonly PartArea[];
  readonly total: Resources;
}

export type Sources = Readonly<Record<string, string>>;

/** What is synthesized of a project's files for `target`. */
export function sourcesOf(files: Readonly<Record<string, string | Uint8Array>>, target: FpgaTarget): Sources {
  const { replaces } = vendorOf(target);
  return Object.fromEntries(
    Object.keys(files)
      .filter((path) => /^rtl\/.*\.sv$/.test(path))
      .map((path) => replaces[path] ?? path)
      .sort()
      .flatMap((path) => (typeof files[path] === 'string' ? [[path, files[path]] as const] : [])),
  );
}

/** By which a synthesis is known again. Throws `UserError` where Yosys has no cells of the family. */
export function synthesisHash(sources: Sources, target: FpgaTarget, { version }: Yosys): string {
  const hash = createHash('sha256').update(`${COUNTING}\n${version}\n${familyOf(target).name}\n`);
  for (const [path, text] of Object.entries(sources)) hash.update(`${path}\n${text}\n`);
  return hash.digest('hex');
}

/** What is synthesized of a design, by whom. */
export interface Asked {
  readonly sources: Sources;
  readonly yosys: Yosys;
  /** The whole is in it: the design's top, or its dataflow alone. */
  readonly top: string;
  /** Passes of Yosys in front of the synthesis. */
  readonly before?: readonly string[];
  readonly onPass?: (pass: string) => void;
}

/** What the cells of a synthesized design take. */
export interface Synthesized {
  readonly total: Resources;
  /** Of an instance of the dataflow. */
  readonly instance: (name: string) => Resources;
}

/** Synthesizes a design. Throws `UserError` where Yosys does not come to an end. */
export async function synthesizeDesign(
  design: RtlDesign,
  family: Family,
  { sources, yosys, top, before = [], onPass = () => undefined }: Asked,
): Promise<Synthesized> {
  const script = [
    `read_verilog -sv ${Object.keys(sources).join(' ')}`,
    `hierarchy -top ${top}`,
    ...before,
    `dump -o instances.txt ${dataflowName(design)}/c:*`,
    family.synthesis(top),
    'tee -q -o cells.json stat -json',
  ].join('; ');
  const [instances, cells] = await yosys.run(script, sources, ['instances.txt', 'cells.json'], onPass);
  const modules = parseStatistics(cells!);
  const moduleOf = parseInstances(instances!);
  const resources = (module: string): Resources => resourcesOf(wholeCells(module, modules), family);
  return {
    total: resources(top),
    instance: (name) => {
      const module = moduleOf.get(name);
      invariant(module !== undefined, `Yosys knows no instance ${name}`);
      return resources(module);
    },
  };
}

export const dataflowName = ({ top }: RtlDesign): string => `${top}_dataflow`;

/** Throws `UserError` where Yosys has no cells of the family, or does not come to an end. */
export async function synthesize(
  design: RtlDesign,
  sources: Sources,
  yosys: Yosys,
  onPass: (pass: string) => void,
): Promise<Synthesis> {
  const { top, target } = design;
  const family = familyOf(target);
  const { total, instance } = await synthesizeDesign(design, family, { sources, yosys, top, onPass });
  const parts = [...partsOf(design)].map(([part, own]) => ({
    part,
    ...sum(own.map(({ name }) => instance(name))),
  }));
  const inParts = sum(parts);
  const rest = {
    part: REST,
    lut: total.lut - inParts.lut,
    ff: total.ff - inParts.ff,
    dsp: total.dsp - inParts.dsp,
    bram36: total.bram36 - inParts.bram36,
  };
  invariant(rest.lut >= 0 && rest.ff >= 0, 'the parts are more than the whole');
  return {
    tool: yosys.version,
    family: family.name,
    hash: synthesisHash(sources, target, yosys),
    parts: [...parts.filter((p) => p.part !== LINKS), ...parts.filter((p) => p.part === LINKS), rest],
    total,
  };
}
