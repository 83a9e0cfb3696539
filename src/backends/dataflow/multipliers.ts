/**
 * Where the products of a stage are made: DSP blocks or look-up tables, whichever takes the smaller share of the part.
 */
import type { Format } from '../../fixed/format.js';
import type { FpgaTarget } from '../../targets/target.js';
import { weightedCost } from './folding.js';
import { isWeighted, type Plan } from './plan.js';

export type Multiplier = 'dsp' | 'lut';

/** Bits of a factor as a signed number. */
const signedBits = (f: Pick<Format, 'signed' | 'width'>): number => f.width + (f.signed ? 0 : 1);

/** DSP blocks of one product: 1 where both factors fit the block's signed multiplier, else one a tile. */
export function dspsPerProduct(weightBits: number, input: Format, target: FpgaTarget): number {
  const { a, b } = target.multiplier;
  const tiles = (x: number, y: number): number => Math.ceil((x - 1) / (a - 1)) * Math.ceil((y - 1) / (b - 1));
  const [w, x] = [weightBits, signedBits(input)];
  return Math.max(1, Math.min(tiles(w, x), tiles(x, w)));
}

/** Look-up tables of one product: an array multiplier, one LUT6 a partial-product bit. */
export const lutsPerProduct = (weightBits: number, input: Format): number => weightBits * signedBits(input);

/**
 * A DSP block is worth as many LUTs as the part has for each, but only half of those: the rest of the design needs
 * LUTs and no DSP blocks.
 */
const LUT_SHARE = 0.5;

const dspsInLuts = (weightBits: number, input: Format, target: FpgaTarget): number => {
  const { lut, dsp } = target.resources;
  return ((LUT_SHARE * lut) / Math.max(1, dsp)) * dspsPerProduct(weightBits, input, target);
};

/** Tables of four inputs make a product that is slower than all the rest: there the blocks are taken while there are any. */
export const chooseMultiplier = (weightBits: number, input: Format, target: FpgaTarget): Multiplier =>
  target.lutInputs === 6 && lutsPerProduct(weightBits, input) < dspsInLuts(weightBits, input, target)
    ? 'lut'
    : 'dsp';

/** Share of the part's DSP blocks that products may take: averages need some, and a full part does not route. */
const DSP_LIMIT = 0.95;

/**
 * Where the products of each stage of `plan` are made, by stage name: each in what is cheaper for itself, unless the
 * DSP blocks run out; then the stages of fewest LUTs a DSP block go to look-up tables, largest first.
 */
export function assignMultipliers(plan: Plan, target: FpgaTarget): ReadonlyMap<string, Multiplier> {
  const stages = plan.stages.filter(isWeighted).flatMap((stage) => {
    if (stage.adders !== undefined) return [];
    const { format, shape } = stage.inputs[0]!;
    const { width } = stage.node.weights;
    const { multipliers } = weightedCost(stage.node, shape, stage.outputs[0]!.shape, stage.folding);
    const dsps = multipliers * dspsPerProduct(width, format, target);
    const luts = multipliers * lutsPerProduct(width, format);
    return [{ name: stage.name, dsps, luts, choice: chooseMultiplier(width, format, target) }];
  });
  const assigned = new Map(stages.map((s): [string, Multiplier] => [s.name, s.choice]));
  const inDsps = stages.filter((s) => s.choice === 'dsp');
  let total = inDsps.reduce((n, s) => n + s.dsps, 0);
  const byPrice = [...inDsps].sort((a, b) => a.luts / a.dsps - b.luts / b.dsps || b.dsps - a.dsps);
  for (const stage of byPrice) {
    if (total <= DSP_LIMIT * target.resources.dsp) break;
    assigned.set(stage.name, 'lut');
    total -= stage.dsps;
  }
  return assigned;
}

/** What a folded multiplier costs, in look-up tables: the product, and the addition of it to a sum. */
export const multiplierLuts = (weightBits: number, input: Format, target: FpgaTarget): number =>
  Math.min(lutsPerProduct(weightBits, input), dspsInLuts(weightBits, input, target)) +
  weightBits +
  signedBits(input);
