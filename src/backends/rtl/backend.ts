/** SystemVerilog, with the project in Verilator as a witness of its values and of the cycle of every decision. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FixedGraph } from '../../ir/graph.js';
import { modulesOf } from '../../ir/modules.js';
import type { Simulation } from '../../simulate/served.js';
import type { MissingWitness, Witness } from '../../simulate/witness.js';
import {
  CELL_KINDS,
  type Backend,
  type Built,
  type FirmwareFigures,
  type ProjectRequest,
  type Timing,
  type WitnessRequest,
} from '../backend.js';
import { designHls, type HlsOptions } from '../dataflow/design.js';
import { designLevels } from '../dataflow/print.js';
import { beatsOf } from '../dataflow/schedule.js';
import type { Resources } from '../hls/resources.js';
import { estimateDesign } from '../hls/estimate.js';
import { withReloadableWeights } from '../hls/reloadable.js';
import { designParts, refuseExchange } from '../hls/modules.js';
import { createModulesWitness } from '../hls/modules-csim.js';
import { checkCanaryFits } from '../hls/summary.js';
import { areaOf, fitsIn, totalArea, type PartArea } from './area/design.js';
import { designRtl, type RtlDesign } from './design.js';
import { emitRtl } from './emit.js';
import { rtlGolden } from './golden.js';
import { parseModel } from './model-file.js';
import { buildRtlModules } from './modules.js';
import { proofsIn } from './prove.js';
import { prepareSynthesis } from './synthesis/report.js';
import { createRtl } from './verilator.js';

/** The cycle model of a project; of parts the list of them. */
const MODEL = 'model.json';

/** Weights of a network that `vetoc run` builds: of a larger one the project has tens of megabytes. */
const MOST_WEIGHTS = 50_000;

function timingOf(design: RtlDesign): Timing {
  const { schedule, clockMHz, pixelsPerClock, plan } = design;
  const { cyclesPerFrame, bottleneck, latencyFirstPixel, latencyLastPixel } = schedule;
  return {
    clockMHz,
    pixelsPerClock,
    beatsPerFrame: beatsOf(plan),
    cyclesPerFrame,
    framesPerSecond: (clockMHz * 1e6) / cyclesPerFrame,
    limitedBy: bottleneck,
    firstPixelMicroseconds: latencyFirstPixel / clockMHz,
    lastPixelMicroseconds: latencyLastPixel / clockMHz,
  };
}

const byName = (r: Resources): Readonly<Record<string, number>> =>
  Object.fromEntries(CELL_KINDS.map(([name, key]) => [name, r[key]]));

/** Of each part the slowest of its processes, and its area. */
function partFigures({ schedule }: RtlDesign, parts: readonly PartArea[]): FirmwareFigures['stages'] {
  const slowest = new Map<string, number>();
  for (const { stage, cycles } of schedule.processes)
    slowest.set(stage, Math.max(slowest.get(stage) ?? 0, cycles));
  return parts.map((p) => ({ stage: p.part, cycles: slowest.get(p.part) ?? 0, resources: byName(p) }));
}

function figures(design: RtlDesign): FirmwareFigures {
  const parts = areaOf(design);
  const total = totalArea(parts);
  const { title, resources } = design.target;
  return {
    board: title,
    basis: 'simulated',
    fits: fitsIn(total, resources),
    resources: CELL_KINDS.map(([name, key]) => ({
      name,
      needed: total[key],
      available: resources[key],
      share: total[key] / Math.max(1, resources[key]),
    })),
    timing: timingOf(design),
    stages: partFigures(design, parts),
  };
}

function build({ fixed, wish, golden, reloadable }: ProjectRequest): Built {
  if (modulesOf(fixed) > 1) {
    refuseExchange(fixed, reloadable || wish.canary === true);
    return buildRtlModules(fixed, wish, golden, figures);
  }
  const graph = reloadable ? withReloadableWeights(fixed) : fixed;
  // The area of the RTL is not estimated; that of the same plan as HLS is.
  if (wish.canary === true) {
    const asHls = designHls(graph, wish);
    checkCanaryFits(asHls, estimateDesign(asHls));
  }
  const design = designRtl(graph, wish);
  const { cyclesPerFrame, bottleneck, latencyLastPixel } = design.schedule;
  return {
    files: { ...emitRtl(design), ...rtlGolden(design, golden.frames, golden.interpret, golden.maps) },
    firmware: figures(design),
    levels: designLevels(design),
    facts: { clockMHz: design.clockMHz, cycles: { cyclesPerFrame, bottleneck, latencyLastPixel } },
  };
}

/** The project in Verilator: values, and every decision to the cycle of the project's own model. */
async function open({ run, folder, fixed }: WitnessRequest): Promise<Witness | MissingWitness> {
  const part = async (graph: FixedGraph, project: string): Promise<Simulation> => {
    const file = join(project, MODEL);
    const text = await readFile(file, 'utf8').catch(() => null);
    return text === null
      ? {
          kind: 'unavailable',
          reason: `${project} holds no project: vetoc export rtl ${run} --out ${folder} writes it`,
        }
      : createRtl(graph, project, parseModel(text, file));
  };
  const opened = await (modulesOf(fixed) > 1
    ? createModulesWitness(fixed, folder, part)
    : part(fixed, folder));
  return opened.kind === 'ready' ? opened.witness : { name: 'rtl', reason: opened.reason };
}

const frontOrWhole = (fixed: FixedGraph, wish: HlsOptions): RtlDesign =>
  modulesOf(fixed) > 1 ? designParts(fixed, wish, designRtl).fronts[0]! : designRtl(fixed, wish);

function tooLarge(fixed: FixedGraph): string | null {
  const weights = fixed.nodes.reduce(
    (sum, node) => sum + ('weights' in node ? node.weights.mantissas.length : 0),
    0,
  );
  return weights <= MOST_WEIGHTS
    ? null
    : `${weights} weights are more than the ${MOST_WEIGHTS} that are built with every run`;
}

export const rtl: Backend = {
  name: 'rtl',
  title: 'SystemVerilog',
  description: 'The SystemVerilog project with benches, golden vectors, cycle model and scripts.',
  folder: 'rtl',
  // Its projects are checked by simulators that not every machine has.
  required: false,
  tooLarge,
  build: ({ networks, wish, golden }) =>
    Promise.resolve(build({ fixed: networks.fixed, wish, golden, reloadable: false })),
  compares: (path) => !/(^|\/)(golden|build)\//.test(path),
  witnesses: [
    {
      name: 'rtl',
      asked: 'where its project is',
      prepares: 'compiling the RTL',
      open: async (request) => [await open(request)],
    },
  ],
  proofs: proofsIn,
  export: {
    kind: 'project',
    build,
    // Of parts those of a front end: its latency is the one that can be chosen.
    figures: (fixed, wish) => figures(frontOrWhole(fixed, wish)),
    levels: (fixed, wish) => designLevels(frontOrWhole(fixed, wish)),
    synthesis: prepareSynthesis,
    mark: MODEL,
    check: 'check',
  },
};
