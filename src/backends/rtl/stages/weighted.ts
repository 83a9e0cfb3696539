/** Convolutions and dense layers: folded onto multipliers, or as shifts and additions. */
import { bitsFor } from '../../../fixed/format.js';
import type { Window } from '../../../ir/common.js';
import { weightedCost } from '../../dataflow/folding.js';
import { matrixEvents, windowEvents } from '../../dataflow/events.js';
import type { Stage, Stream, WeightedStage } from '../../dataflow/plan.js';
import type { AdderGraph } from '../../dataflow/shift-add.js';
import { weightSteps } from '../../dataflow/weights.js';
import { adderModule } from '../adders.js';
import { DEPTH, multiplyDepth, requantizePass } from '../depths.js';
import { isWindowed, streamBits } from '../flow.js';
import { romModule } from '../memory.js';
import { addressBits, packedDigits, packedLiteral, type Instance } from '../sv.js';
import {
  alignment,
  asks,
  CLOCK,
  gives,
  input,
  makes,
  output,
  reads,
  requantizeParameters,
  takesWords,
  wordWires,
  type Alignment,
  type Builder,
  type Context,
  type Hardware,
} from './common.js';

/** Lines of more words stand in block RAM. */
const BLOCK_LINE_WORDS = 64;

/** The line buffer of a stage; `ports` are those behind it. */
export function windowInstance(
  stage: Stage,
  window: Window,
  padding: string,
  ports: Readonly<Record<string, string>>,
): Instance {
  const from = input(stage);
  const groups = from.shape[2] / from.lanes;
  const [top, left, bottom, right] = window.padding;
  const words = (left + from.shape[1] + right) * groups;
  return {
    module: 'vetoc_window',
    name: `${stage.name}_window`,
    parameters: {
      W: streamBits(from),
      KH: window.kernel[0],
      KW: window.kernel[1],
      SY: window.strides[0],
      SX: window.strides[1],
      TOP: top,
      LEFT: left,
      BOTTOM: bottom,
      RIGHT: right,
      HEIGHT: from.shape[0],
      WIDTH: from.shape[1],
      GROUPS: groups,
      BLOCK: Number(words > BLOCK_LINE_WORDS),
      PADDING: padding,
    },
    ports: { ...CLOCK, ...reads(from.name), ...ports },
  };
}

export const windowBits = (window: Window, from: Stream): number =>
  window.kernel[0] * window.kernel[1] * streamBits(from);

/** A word of zeros. */
export const ZERO = "'0";

/** Products as shifts and additions, with a line buffer before them where the stage has one. */
function shiftAddStage(stage: WeightedStage, adders: AdderGraph, context: Context): Hardware {
  const { node, name } = stage;
  const [from, to] = [input(stage), output(stage)];
  const align = alignment(node.proof.accumulatorFraction);
  const width = node.proof.accumulatorWidth;
  const products = adderModule(
    `${context.top}_${name}_products`,
    adders,
    from.format,
    width,
    node.weights.bias,
  );
  const pass = products.cycles + requantizePass(node.activation);
  const windowed = isWindowed(stage) && 'kernel' in node;
  const source = windowed ? `${name}_window` : from.name;
  const rest: Hardware = {
    wires: wordWires(`${name}_sums`, to.lanes * width),
    modules: [products],
    instances: [
      {
        module: products.name,
        name: `${name}_products`,
        parameters: {},
        ports: { clk: 'clk', x: `${source}_d`, y: `${name}_sums_d` },
      },
      {
        module: 'vetoc_delay',
        name: `${name}_valid`,
        parameters: { N: products.cycles },
        ports: { ...CLOCK, a: `${source}_we`, y: `${name}_sums_we` },
      },
      {
        module: 'vetoc_requantize_lanes',
        name: `${name}_round`,
        parameters: {
          LANES: to.lanes,
          IW: width,
          SW: align.width,
          SHIFT: packedLiteral(align.shifts, align.width),
          MAXSHIFT: align.most,
          ...requantizeParameters(align.fraction, node.activation, node.format),
        },
        ports: { ...CLOCK, ...takesWords(`${name}_sums`), ...makes(to.name) },
      },
    ],
  };
  if (!windowed) return { ...rest, pass };
  const window = windowInstance(stage, node, ZERO, { ...asks(to.name, context), ...gives(source) });
  return {
    ...rest,
    wires: [...wordWires(source, windowBits(node, from)), ...rest.wires!],
    instances: [window, ...rest.instances],
    processes: [
      {
        name,
        inputs: [from.name],
        outputs: [{ stream: to.name, depth: DEPTH.window + pass }],
        events: windowEvents(node, from.shape, from.lanes),
      },
    ],
  };
}

/** The memories of weights and of {shifts, biases}, and the wires that ask them. */
function memories(stage: WeightedStage, align: Alignment, { top }: Context): Hardware & { biasBits: number } {
  const { node, folding, name } = stage;
  const { multipliers } = weightedCost(node, input(stage).shape, output(stage).shape, folding);
  const steps = node.weights.mantissas.length / multipliers;
  const { bias, width } = node.weights;
  const biasBits = bias.reduce((m, b) => Math.max(m, bitsFor(Math.min(b, 0), Math.max(b, 0), true)), 2);
  const lanes = node.kind === 'depthwiseConv2d' ? folding.inLanes : folding.outLanes;
  const weights = romModule({
    name: `${top}_${name}_weights`,
    what: `Weights of ${node.id}, a row a cycle, [output lane][value], the first in the low bits`,
    width: multipliers * width,
    depth: steps,
    words: () => {
      const { values } = weightSteps(node, input(stage).shape, folding);
      return Array.from({ length: steps }, (_, t) =>
        packedDigits(values.subarray(t * multipliers, (t + 1) * multipliers), width),
      );
    },
  });
  const biases = Array.from(bias);
  const constants = romModule({
    name: `${top}_${name}_constants`,
    what: `Biases of ${node.id} (${biasBits} bits each) and, above them, the shifts that align its channels`,
    width: lanes * (biasBits + align.width),
    depth: bias.length / lanes,
    words: () =>
      Array.from({ length: bias.length / lanes }, (_, i) => {
        const own = (list: readonly number[]): number[] => list.slice(i * lanes, (i + 1) * lanes);
        const low = BigInt(`0x${packedDigits(own(biases), biasBits)}`);
        const high = BigInt(`0x${packedDigits(own(align.shifts), align.width)}`);
        return (low | (high << BigInt(lanes * biasBits))).toString(16);
      }),
  });
  const ask = (rom: string, what: string, words: number, bits: number): Hardware => ({
    wires: [
      { name: `${name}_${what}_at`, bits: addressBits(words) },
      { name: `${name}_${what}`, bits },
    ],
    instances: [
      {
        module: rom,
        name: `${name}_${what}_rom`,
        parameters: {},
        ports: { clk: 'clk', addr: `${name}_${what}_at`, q: `${name}_${what}` },
      },
    ],
  });
  const a = ask(weights.name, 'weights', steps, multipliers * width);
  const b = ask(constants.name, 'constants', bias.length / lanes, lanes * (biasBits + align.width));
  return {
    biasBits,
    wires: [...a.wires!, ...b.wires!],
    instances: [...a.instances, ...b.instances],
    modules: [weights, constants],
  };
}

function foldedStage(stage: WeightedStage, context: Context): Hardware {
  const { node, name, folding } = stage;
  const [from, to] = [input(stage), output(stage)];
  const depthwise = node.kind === 'depthwiseConv2d';
  const windowed = isWindowed(stage) && 'kernel' in node;
  const kernel = node.kind === 'dense' ? 1 : node.kernel[0] * node.kernel[1];
  const groups = depthwise ? from.shape[2] / folding.inLanes : node.kind === 'conv2d' ? node.groups : 1;
  const words = depthwise ? 1 : from.shape[2] / groups / folding.inLanes;
  const outLanes = depthwise ? folding.inLanes : folding.outLanes;
  const outFold = depthwise ? 1 : to.shape[2] / groups / outLanes;
  const taps = kernel * folding.inLanes;
  const part = depthwise ? kernel / folding.tapFold : taps / folding.tapFold;
  const align = alignment(node.proof.accumulatorFraction);
  const memory = memories(stage, align, context);
  const source = windowed ? `${name}_windows` : from.name;
  const multiply: Instance = {
    module: 'vetoc_matvec',
    name: `${name}_multiply`,
    parameters: {
      IW: from.format.width,
      ISIGNED: Number(from.format.signed),
      WW: node.weights.width,
      DSP: Number(context.multiplier === 'dsp'),
      DEPTHWISE: Number(depthwise),
      GROUPS: groups,
      WORDS: words,
      TAPS: taps,
      TAP_FOLD: folding.tapFold,
      OUT_LANES: outLanes,
      OUT_FOLD: outFold,
      AW: node.proof.accumulatorWidth,
      BW: memory.biasBits,
      SW: align.width,
      MAXSHIFT: align.most,
      ...requantizeParameters(align.fraction, node.activation, node.format),
    },
    ports: {
      ...CLOCK,
      ...reads(source),
      step: `${name}_weights_at`,
      weights: `${name}_weights`,
      channel: `${name}_constants_at`,
      constants: `${name}_constants`,
      ...asks(to.name, context),
      ...makes(to.name),
    },
  };
  const multiplying = {
    name: windowed ? `${name}.multiply` : name,
    inputs: [source],
    outputs: [{ stream: to.name, depth: multiplyDepth(part, node.activation) }],
    events: matrixEvents(to.shape[0] * to.shape[1], groups, words, folding.tapFold, outFold),
  };
  if (!windowed) return { ...memory, instances: [multiply, ...memory.instances], processes: [multiplying] };
  const window = windowInstance(stage, node, ZERO, {
    ok: `${source}_ok`,
    take: `${source}_take`,
    ...gives(source),
  });
  return {
    ...memory,
    links: [{ name: source, bits: windowBits(node, from) }],
    instances: [window, multiply, ...memory.instances],
    processes: [
      {
        name: `${name}.window`,
        inputs: [from.name],
        outputs: [{ stream: source, depth: DEPTH.window }],
        events: windowEvents(node, from.shape, from.lanes),
      },
      multiplying,
    ],
  };
}

const weighted = (stage: WeightedStage, context: Context): Hardware =>
  stage.adders === undefined ? foldedStage(stage, context) : shiftAddStage(stage, stage.adders, context);

export const conv2d: Builder<'conv2d'> = weighted;
export const depthwiseConv2d: Builder<'depthwiseConv2d'> = weighted;
export const dense: Builder<'dense'> = weighted;
