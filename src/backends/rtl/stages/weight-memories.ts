/** The memories of stages that multiply: weights, and {shifts, biases}. */
import { UnsupportedError } from '../../../core/errors.js';
import { bitsFor } from '../../../fixed/format.js';
import { weightedCost } from '../../dataflow/folding.js';
import type { Plan, WeightedStage } from '../../dataflow/plan.js';
import { biasLimit, weightSteps } from '../../dataflow/weights.js';
import { channelWords, factorsPerWord, factorWords, wordsCrc } from '../../hls/part-words.js';
import { hardwareSlopes } from '../slopes.js';
import { alignment as reloadedAlignment, MAX_RELOADED_SHIFT } from '../../hls/stages/common.js';
import { bankedModule } from '../memory-banks.js';
import { BLOCK_WORDS, romModule, romPorts, watched, type Rom } from '../memory.js';
import { addressBits, packedDigits } from '../sv.js';
import { alignment, CLOCK, input, output, type Alignment, type Context, type Hardware } from './common.js';
import { commitWire, fullWire, LOAD, partWire, setLink } from './reload.js';

/** The two words of lane `p` in an image of weights: bias 31..0; bias 55..32 and the shift. */
function channelExpressions(p: number, lanes: number, biasBits: number, shiftBits: number): string[] {
  const low = p * biasBits;
  const shift = `8'(row[${lanes * biasBits + p * shiftBits}+:${shiftBits}])`;
  return biasBits > 32
    ? [`row[${low}+:32]`, `{${shift}, 24'($signed(row[${low + 32}+:${biasBits - 32}]))}`]
    : [`32'($signed(row[${low}+:${biasBits}]))`, `{${shift}, {24{row[${low + biasBits - 1}]}}}`];
}

/** Products of a cycle, and rows of weights for them. */
function rowsOfWeights(stage: WeightedStage): { readonly multipliers: number; readonly steps: number } {
  const { multipliers } = weightedCost(stage.node, input(stage).shape, output(stage).shape, stage.folding);
  return { multipliers, steps: stage.node.weights.mantissas.length / multipliers };
}

/**
 * Whether weights are asked for a cycle before their event: those in block RAM, which answers late in a cycle. Of two banks it is
 * not known before which one counts.
 */
export const asksEarly = (stage: WeightedStage): boolean =>
  !stage.node.proof.worstCase && rowsOfWeights(stage).steps > BLOCK_WORDS;

/** The memories of weights and of {shifts, biases}, and the wires that ask them. */
export function memories(
  stage: WeightedStage,
  align: Alignment,
  { top, plan }: Context,
): Hardware & { biasBits: number } {
  const { node, folding, name } = stage;
  const { multipliers, steps } = rowsOfWeights(stage);
  const { bias, width } = node.weights;
  const reloadable = node.proof.worstCase;
  const biasBits = biasWidth(node);
  const lanes = node.kind === 'depthwiseConv2d' ? folding.inLanes : folding.outLanes;
  const perWord = factorsPerWord(width);
  const weights: Rom = {
    name: `${top}_${name}_weights`,
    what: `Weights of ${node.id}, a row a cycle, [output lane][value], the first in the low bits`,
    width: multipliers * width,
    depth: steps,
    cycles: asksEarly(stage) ? 2 : 1,
    banks: reloadable ? 2 : 1,
    words: () => {
      const { values } = weightSteps(node, input(stage).shape, folding);
      return Array.from({ length: steps }, (_, t) =>
        packedDigits(values.subarray(t * multipliers, (t + 1) * multipliers), width),
      );
    },
    // The words of an image of weights.
    scrub: {
      words: Array.from({ length: Math.ceil(multipliers / perWord) }, (_, i) => {
        const bits = Math.min(perWord, multipliers - i * perWord) * width;
        return `32'(row[${i * perWord * width}+:${bits}])`;
      }),
      crc: () => wordsCrc(factorWords(node, folding, input(stage).shape)),
    },
  };
  const biases = Array.from(bias);
  const slopes = hardwareSlopes(node.activation);
  const slopeBits = slopes === null || slopes.values.length === 1 ? 0 : slopes.width;
  if (reloadable && slopeBits > 0)
    throw new UnsupportedError('the RTL', [
      {
        what: name,
        why: 'slopes for each channel cannot be exchanged with the weights: leave out --reloadable',
      },
    ]);
  const constantBits = biasBits + align.width + slopeBits;
  const constants: Rom = {
    name: `${top}_${name}_constants`,
    what: `Biases of ${node.id} (${biasBits} bits each) and, above them, the shifts that align its channels${slopeBits === 0 ? '' : ' and their slopes'}`,
    width: lanes * constantBits,
    depth: bias.length / lanes,
    banks: reloadable ? 2 : 1,
    words: () =>
      Array.from({ length: bias.length / lanes }, (_, i) => {
        const own = (list: readonly number[]): number[] => list.slice(i * lanes, (i + 1) * lanes);
        const low = BigInt(`0x${packedDigits(own(biases), biasBits)}`);
        const high = BigInt(`0x${packedDigits(own(align.shifts), align.width)}`);
        const above = slopeBits === 0 ? 0n : BigInt(`0x${packedDigits(own(slopes!.values), slopeBits)}`);
        const upper = high | (above << BigInt(lanes * align.width));
        return (low | (upper << BigInt(lanes * biasBits))).toString(16);
      }),
    scrub: {
      words: [
        ...Array.from({ length: lanes }, (_, p) =>
          channelExpressions(p, lanes, biasBits, align.width),
        ).flat(),
        ...(slopeBits === 0
          ? []
          : Array.from(
              { length: lanes },
              (_, p) => `32'(row[${lanes * (biasBits + align.width) + p * slopeBits}+:${slopeBits}])`,
            )),
      ],
      crc: () =>
        wordsCrc(
          Array.from({ length: bias.length / lanes }, (_, i) => {
            const own = (list: readonly number[]): number[] => list.slice(i * lanes, (i + 1) * lanes);
            return [
              ...channelWords(own(biases), own(align.shifts)),
              ...(slopeBits === 0 ? [] : own(slopes!.values).map((v) => (v >>> 0) % 2 ** slopeBits)),
            ];
          }).flat(),
        ),
    },
  };
  const ask = (rom: Rom, what: string, bank: string): Hardware => {
    const own = `${name}_${what}`;
    return {
      wires: [
        { name: `${own}_wrong`, bits: 1 },
        { name: `${own}_at`, bits: addressBits(rom.depth) },
        { name: own, bits: rom.width },
        ...(reloadable
          ? [
              { name: `${own}_new_we`, bits: 1 },
              { name: `${own}_new_at`, bits: addressBits(rom.depth) },
              { name: `${own}_new`, bits: rom.width },
              { name: `${own}_crc`, bits: 32 },
            ]
          : []),
      ],
      instances: [
        {
          module: rom.name,
          name: `${own}_rom`,
          parameters: {},
          ports: {
            ...romPorts(own),
            addr: reloadable ? `{${bank}, ${own}_at}` : `${own}_at`,
            q: own,
            ...(reloadable
              ? {
                  we: `${own}_new_we`,
                  write_at: `${own}_new_at`,
                  d: `${own}_new`,
                  bank: `${name}_counts`,
                  restart: `${name}_changed`,
                  commit: commitWire(plan, stage),
                  crc: `${own}_crc`,
                }
              : {}),
          },
        },
      ],
      memories: [watched(rom, `${own}_wrong`)],
    };
  };
  const a = ask(weights, 'weights', `${name}_bank`);
  const b = ask(constants, 'constants', `${name}_channel_bank`);
  const spare = reloadable
    ? spareBank(stage, { multipliers, steps, lanes, biasBits, align, plan })
    : undefined;
  return {
    biasBits,
    wires: [...a.wires!, ...b.wires!, ...(spare?.wires ?? [])],
    instances: [...a.instances, ...b.instances, ...(spare?.instances ?? [])],
    modules: [weights, constants].map(reloadable ? bankedModule : romModule),
    memories: [...a.memories!, ...b.memories!, ...(spare?.memories ?? [])],
  };
}

/** Bits of a bias: those of its own, or of all that an image may bring. */
function biasWidth(node: WeightedStage['node']): number {
  const limit = biasLimit(node);
  return Math.max(2, bitsFor(Math.min(-limit.below, 0), Math.max(limit.above, 0), true));
}

/** How the channels come to one fraction; where weights are exchanged as the HLS firmware does it: images fit both. */
export function weightAlignment({ node }: WeightedStage): Alignment {
  if (!node.proof.worstCase) return alignment(node.proof.accumulatorFraction);
  const { fraction, shifts } = reloadedAlignment(node.proof, node.id);
  return { fraction, shifts: Array.from(shifts), width: 4, most: MAX_RELOADED_SHIFT };
}

/** Ports of `vetoc_matvec` that have to do with sets of weights. */
export const setPorts = (
  { name, node }: WeightedStage,
  bank: string,
  channelBank: string,
): Record<string, string> => ({
  ...(node.proof.worstCase
    ? {
        set_valid: `${setLink(name)}_valid`,
        set_bank: `${setLink(name)}_q[0]`,
        set_pop: `${setLink(name)}_pop`,
      }
    : { set_valid: "1'b0", set_bank: "1'b0", set_pop: '' }),
  bank: node.proof.worstCase ? bank : '',
  channel_bank: node.proof.worstCase ? channelBank : '',
});

interface Spare {
  readonly multipliers: number;
  readonly steps: number;
  readonly lanes: number;
  readonly biasBits: number;
  readonly align: Alignment;
  readonly plan: Plan;
}

/** What takes a stage's part of an image in, and says which bank counts. */
function spareBank(
  stage: WeightedStage,
  { multipliers, steps, lanes, biasBits, align, plan }: Spare,
): Hardware {
  const { name, node } = stage;
  const set = setLink(name);
  const news = (what: string): Record<string, string> => ({
    [`${what}_we`]: `${name}_${what}_new_we`,
    [`${what}_at`]: `${name}_${what}_new_at`,
    [`${what}_d`]: `${name}_${what}_new`,
    [`${what}_crc`]: `${name}_${what}_crc`,
  });
  return {
    wires: [
      { name: `${name}_bank`, bits: 1 },
      { name: `${name}_channel_bank`, bits: 1 },
      { name: `${name}_counts`, bits: 1 },
      { name: `${name}_changed`, bits: 1 },
      { name: `${name}_spent`, bits: 1 },
    ],
    instances: [
      {
        module: 'vetoc_part',
        name: `${name}_part`,
        parameters: {
          MULTIPLIERS: multipliers,
          WW: node.weights.width,
          ROWS: steps,
          LANES: lanes,
          CHANNEL_ROWS: node.weights.bias.length / lanes,
          BW: biasBits,
          SW: align.width,
        },
        ports: {
          ...CLOCK,
          we: partWire(plan, stage),
          first: LOAD.first,
          data: LOAD.data,
          ...news('weights'),
          ...news('constants'),
        },
      },
      {
        module: 'vetoc_banks',
        name: `${name}_banks`,
        parameters: {},
        ports: {
          ...CLOCK,
          set_pop: `${set}_pop`,
          set_q: `${set}_q`,
          written: `${name}_weights_new_we || ${name}_constants_new_we`,
          commit: commitWire(plan, stage),
          bank: `${name}_counts`,
          changed: `${name}_changed`,
          full: fullWire(name),
          spent: `${name}_spent`,
        },
      },
    ],
    memories: [{ name: `${name}_banks`, width: 0, depth: 0, copies: 1, wrong: `${name}_spent`, cycles: 0 }],
  };
}
