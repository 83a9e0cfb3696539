/**
 * Resources of a design: estimates from formulae, not what a vendor's tool would report.
 *
 * - Shift-and-add stages: one LUT and one FF a bit of each addition.
 * - DSP: multipliers of the stages that multiply in DSP blocks, one block a product that fits it.
 * - BRAM: each memory of more than 1,024 bits and more than 64 words takes the fewest 18-kbit halves over their
 *   shapes (16K×1, 8K×2, 4K×4, 2K×9, 1K×18, 512×36; AMD UG573); smaller ones are LUT RAM, 64 bits a LUT.
 * - LUT: products in fabric one LUT a partial-product bit; adders, comparators and multiplexers one LUT a bit;
 *   shift-register FIFOs one LUT a bit for each 32 words; 60 LUTs of control a process.
 * - FF: window registers, accumulators and one pipeline register behind each adder and product bit; 80 a process.
 */
import { eccMemory, fifo, memory, NOTHING, sum, type Resources } from './resources.js';
import { dispatch, type Table } from '../../ir/dispatch.js';
import { elements } from '../../ir/common.js';
import { bitsFor } from '../../fixed/format.js';
import { sumBounds } from '../../ir/ops/common-mode.js';
import { contrastWindow } from '../../ir/ops/contrast.js';
import type { FpgaTarget } from '../../targets/target.js';
import { alignment } from './stages/common.js';
import type { Design } from '../dataflow/design.js';
import { macsPerFrame, paddedPositions, weightedCost } from '../dataflow/folding.js';
import { additions, adderLuts } from '../dataflow/shift-add.js';
import { formatRange } from '../dataflow/strategy.js';
import {
  assignMultipliers,
  dspsPerProduct,
  lutsPerProduct,
  type Multiplier,
} from '../dataflow/multipliers.js';
import { isWeighted, type Plan, type Stage, type StageOf, type WeightedStage } from '../dataflow/plan.js';
import { recordOf } from '../../core/records.js';

export interface StageEstimate extends Resources {
  readonly stage: string;
  readonly kind: Stage['kind'];
  /** Slowest loop of the stage. */
  readonly cycles: number;
  /** 0 where nothing is multiplied; additions where products are shifts and additions. */
  readonly multipliers: number;
  readonly multiplier: Multiplier | 'shift-add' | 'none';
  /** Products a frame that share a multiplier; 0 where there are none. */
  readonly reuseFactor: number;
}

export interface Estimate {
  readonly stages: readonly StageEstimate[];
  readonly fifos: Resources;
  readonly total: Resources;
  /** Share of the part, 0 to 1 and beyond. */
  readonly utilisation: Resources;
  readonly fits: boolean;
}

const logic = (lut: number, ff = lut): Partial<Resources> => ({ lut, ff });
const PROCESS = logic(60, 80);

/** Line buffers and window registers. */
function lineBuffer(
  stage: Stage,
  kernel: readonly [number, number],
  columns: number,
  { ecc }: Part,
): Resources {
  const { lanes, format, shape } = stage.inputs[0]!;
  const groups = shape[2] / lanes;
  const bits = lanes * format.width;
  const lines = new Array(kernel[0] - 1).fill(
    (ecc ? eccMemory : memory)(columns * groups, bits),
  ) as Partial<Resources>[];
  const window = kernel[0] * kernel[1] * bits;
  return sum([
    ...lines,
    groups > 1 ? logic(Math.ceil(groups / 64) * window, window) : logic(0, window),
    PROCESS,
  ]);
}

const requantizer = (exactBits: number): number => 3 * exactBits;

/** What a stage is built on. */
interface Part {
  readonly target: FpgaTarget;
  /** Whether line buffers have ECC. */
  readonly ecc: boolean;
  /** By stage. */
  readonly multipliers: ReadonlyMap<string, Multiplier>;
}

/** Constants need no memory where each has a multiplier of its own; two banks always do, and a row on its way in. */
function weightMemory(stage: WeightedStage, steps: number, bits: number): Partial<Resources> {
  // The scrubber holds a row and shifts it out beside a CRC of 32 bits a cycle.
  const scrubber = logic(bits + 260, bits + 100);
  if (!stage.node.proof.worstCase) return steps > 1 ? sum([memory(steps, bits), scrubber]) : NOTHING;
  const channels = memory(2 * stage.node.weights.bias.length, 64);
  return sum([memory(2 * steps, bits), channels, logic(40, bits + 64), scrubber]);
}

function weighted(stage: WeightedStage, { target, multipliers }: Part): Resources {
  const { node, folding } = stage;
  const from = stage.inputs[0]!;
  if (stage.adders !== undefined) {
    const adders = adderLuts(stage.adders, formatRange(from.format), node.proof.accumulatorWidth);
    const rounding = folding.outLanes * requantizer(alignment(node.proof, node.id).width);
    return sum([logic(adders + rounding), PROCESS]);
  }
  const cost = weightedCost(node, from.shape, stage.outputs[0]!.shape, folding);
  const { width } = node.weights;
  const lanes = node.kind === 'depthwiseConv2d' ? folding.inLanes : folding.outLanes;
  const productBits = width + from.format.width + 1;
  const accumulatorBits = node.proof.accumulatorWidth;
  const steps = node.weights.mantissas.length / cost.multipliers;
  const folded = (node.weights.bias.length / lanes) * accumulatorBits * lanes;
  return sum([
    multipliers.get(stage.name) === 'dsp'
      ? { dsp: cost.multipliers * dspsPerProduct(width, from.format, target) }
      : logic(cost.multipliers * lutsPerProduct(width, from.format)),
    logic((cost.multipliers - lanes) * productBits + lanes * accumulatorBits),
    logic(lanes * requantizer(alignment(node.proof, node.id).width)),
    // Partial sums wait in registers while other outputs have their turn.
    steps > 1 ? logic(folded / 2, folded) : NOTHING,
    weightMemory(stage, steps, cost.multipliers * width),
    PROCESS,
  ]);
}

function window(stage: Stage, part: Part): Resources {
  const node = 'node' in stage ? stage.node : undefined;
  if (node === undefined || !('kernel' in node) || !('padding' in node)) return NOTHING;
  if (
    node.kind === 'conv2d' &&
    paddedPositions([1, 1, 1], node.padding) === 1 &&
    node.kernel.every((k) => k === 1)
  )
    return NOTHING;
  const columns = node.padding[1] + stage.inputs[0]!.shape[1] + node.padding[3];
  return lineBuffer(stage, node.kernel, columns, part);
}

const bitsOf = (stage: Stage, i = 0): number => stage.inputs[i]!.lanes * stage.inputs[i]!.format.width;

function averaging(stage: StageOf<'avgPool'> | StageOf<'globalAvgPool'>, terms: number): Resources {
  const { lanes } = stage.inputs[0]!;
  const bits = stage.node.proof.accumulatorWidth;
  return sum([logic(lanes * terms * bits), { dsp: lanes }, logic(lanes * requantizer(bits)), PROCESS]);
}

/** Copies of a ROM, one a lane: the other port of each is the scrubber's. */
const rom = (stage: StageOf<'lut' | 'table'>): Resources => {
  const one = memory(stage.node.table.length, stage.node.format.width);
  const copies = new Array(stage.inputs[0]!.lanes).fill(one) as Partial<Resources>[];
  return sum([...copies, logic(100), PROCESS]);
};

const estimators: Table<Stage, [part: Part], Resources> = {
  // The FIFO itself stands with the others.
  absorb: () => sum([logic(40), PROCESS]),
  receive: ({ link, outputs }) => {
    const bits = outputs[0]!.lanes * 16;
    // A held beat, the number and the expected one; each bit of a CRC is a parity of half of the data and the state.
    const crc = link.crc ? logic(32 * Math.ceil((bits + 32) / 2 / 5), 64) : NOTHING;
    return sum([logic(bits + 300, 2 * bits + 300), crc, PROCESS]);
  },
  // A parity of half of the bits of a beat for each bit of its CRC.
  receiveMaps: ({ outputs }) => {
    const bits = outputs.reduce((total, s) => total + s.lanes * s.format.width, 0);
    return sum([logic((32 * bits) / 2 / 5, 2 * bits), PROCESS]);
  },
  // A product a pixel, and the choice of the stage's pedestal and factor.
  calibrate: (stage, { target }) => {
    const [words, pedestals, factors] = stage.inputs;
    const difference = Math.max(pedestals!.format.width, 16) + 1;
    const chosen = bitsOf(stage, 1) + bitsOf(stage, 2);
    return sum([
      { dsp: words!.lanes * dspsPerProduct(difference, factors!.format, target) },
      logic(chosen + words!.lanes * (2 * difference + requantizer(stage.node.productWidth))),
      PROCESS,
    ]);
  },
  // A sum over the lanes, a product a segment, a subtraction and a rounding a lane; the segment that waits stands with the FIFOs.
  commonMode: (stage, { target }) => {
    const { lanes, format } = stage.inputs[0]!;
    const { accumulatorWidth: bits, columns, reciprocalFraction } = stage.node;
    const { sum: most } = sumBounds(stage.node);
    const sumBits = bitsFor(-most, most, true);
    return sum([
      logic(lanes * (2 * format.width + sumBits + bits + requantizer(bits))),
      { dsp: dspsPerProduct(sumBits, { ...format, width: reciprocalFraction + 1 }, target) },
      memory(columns + 1, reciprocalFraction + 1),
      PROCESS,
      PROCESS,
    ]);
  },
  // A CRC, the ranges and the counters.
  loadWeights: () => sum([logic(6 * 32), PROCESS]),
  swapWeights: (stage) => sum([logic(bitsOf(stage)), PROCESS]),
  crop: (stage) => sum([logic(bitsOf(stage)), PROCESS]),
  mask: (stage) =>
    sum([memory(Math.ceil(elements(stage.inputs[0]!.shape) / 32), 32), logic(bitsOf(stage) + 64), PROCESS]),
  bin: (stage, { ecc }) => {
    const to = stage.outputs[0]!;
    // Of unfinished blocks two numbers are kept where the second brightest pixel is asked for.
    const bits = to.lanes * to.format.width * (stage.node.mode === 'second' ? 2 : 1);
    const blocks = (ecc ? eccMemory : memory)(Math.ceil(to.shape[1] / to.lanes), bits);
    return sum([blocks, logic(bitsOf(stage) + 2 * bits), PROCESS]);
  },
  // Four comparisons for the darker, four for the brightest, a subtraction.
  contrast: (stage, part) => {
    const { kernel, padding } = contrastWindow(stage.node);
    const columns = padding[1] + stage.inputs[0]!.shape[1] + padding[3];
    return sum([logic(10 * 2 * bitsOf(stage)), lineBuffer(stage, kernel, columns, part), PROCESS]);
  },
  clamp: (stage) => sum([logic(2 * bitsOf(stage)), PROCESS]),
  lut: rom,
  table: rom,
  conv2d: (stage, part) => sum([weighted(stage, part), window(stage, part)]),
  depthwiseConv2d: (stage, part) => sum([weighted(stage, part), window(stage, part)]),
  dense: weighted,
  maxPool: (stage, part) =>
    sum([
      logic((stage.node.kernel[0] * stage.node.kernel[1] - 1) * 2 * bitsOf(stage)),
      window(stage, part),
      PROCESS,
    ]),
  avgPool: (stage, part) =>
    sum([averaging(stage, stage.node.kernel[0] * stage.node.kernel[1]), window(stage, part)]),
  globalMaxPool: (stage) =>
    sum([logic(2 * bitsOf(stage), stage.inputs[0]!.shape[2] * stage.inputs[0]!.format.width), PROCESS]),
  globalAvgPool: (stage) =>
    sum([averaging(stage, 1), logic(0, stage.inputs[0]!.shape[2] * stage.node.proof.accumulatorWidth)]),
  add: (stage) => sum([logic(stage.inputs[0]!.lanes * 4 * stage.node.proof.accumulatorWidth), PROCESS]),
  // A row of words.
  upsample: (stage) =>
    sum([
      memory((stage.inputs[0]!.shape[1] * stage.inputs[0]!.shape[2]) / stage.inputs[0]!.lanes, bitsOf(stage)),
      logic(2 * bitsOf(stage)),
      PROCESS,
    ]),
  // A multiplier for each lane; the vector waits in registers.
  multiply: (stage, { target }) => {
    const [image, vector] = [stage.inputs[0]!, stage.inputs[1]!];
    const { accumulatorWidth } = stage.node.proof;
    const factorBits = vector.format.width + (vector.format.signed ? 0 : 1);
    return sum([
      { dsp: image.lanes * dspsPerProduct(factorBits, image.format, target) },
      logic(0, vector.shape[2] * vector.format.width),
      logic(image.lanes * requantizer(accumulatorWidth)),
      PROCESS,
    ]);
  },
  concat: (stage) => sum([logic(bitsOf(stage) + bitsOf(stage, 1)), PROCESS]),
  requantize: (stage) =>
    sum([logic(stage.inputs[0]!.lanes * requantizer(stage.inputs[0]!.format.width)), PROCESS]),
  fork: () => sum([PROCESS]),
  repack: (stage) =>
    sum([logic(bitsOf(stage) + stage.outputs[0]!.lanes * stage.outputs[0]!.format.width), PROCESS]),
  // Nine counters of 64 bits; the hash's two factors and N, 32 bits wide, one after the other.
  // A second network: its best logits, the comparison and three counters more.
  decide: (stage) => {
    const { format } = stage.inputs[0]!;
    const shadow = stage.inputs.length > 1 ? logic(6 * format.width + 300, 400) : NOTHING;
    return sum([logic(6 * format.width + 1200, 2000), shadow, { dsp: 8 }, PROCESS]);
  },
};

function stageEstimate(stage: Stage, part: Part, cycles: number): StageEstimate {
  const resources = dispatch(estimators, stage, part);
  const base = { stage: stage.name, kind: stage.kind, cycles, ...resources };
  if (!isWeighted(stage)) return { ...base, multipliers: 0, multiplier: 'none', reuseFactor: 0 };
  if (stage.adders !== undefined)
    return { ...base, multipliers: additions(stage.adders), multiplier: 'shift-add', reuseFactor: 1 };
  const output = stage.outputs[0]!.shape;
  const { multipliers } = weightedCost(stage.node, stage.inputs[0]!.shape, output, stage.folding);
  return {
    ...base,
    multipliers,
    multiplier: part.multipliers.get(stage.name)!,
    reuseFactor: macsPerFrame(stage.node, output) / (output[0] * output[1]) / multipliers,
  };
}

const KEYS = ['lut', 'ff', 'dsp', 'bram36'] as const;

/** The estimate of `design` on `target` (the design's own unless given: its folding stays as it is). */
export function estimateDesign(design: Design, target: FpgaTarget = design.target): Estimate {
  const plan: Plan = design.plan;
  const cycles = new Map<string, number>();
  for (const p of design.schedule.processes)
    cycles.set(p.stage, Math.max(cycles.get(p.stage) ?? 0, p.cycles));
  const part: Part = { target, ecc: design.ecc, multipliers: assignMultipliers(plan, target) };
  const stages = plan.stages.map((stage) => stageEstimate(stage, part, cycles.get(stage.name) ?? 0));
  const fifos = sum(design.schedule.fifos.map((f) => fifo(f.depth, f.wordBits)));
  const total = sum([...stages, fifos]);
  const utilisation = recordOf(KEYS, (k) => total[k] / Math.max(1, target.resources[k]));
  return { stages, fifos, total, utilisation, fits: KEYS.every((k) => total[k] <= target.resources[k]) };
}
