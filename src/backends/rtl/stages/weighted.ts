/** Convolutions and dense layers: folded onto multipliers, or as shifts and additions. */
import type { Activation } from '../../../ir/activations.js';
import { matrixEvents } from '../../dataflow/events.js';
import { READ, type Events } from '../../dataflow/dataflow.js';
import type { WeightedStage } from '../../dataflow/plan.js';
import type { AdderGraph } from '../../dataflow/shift-add.js';
import { adderModule } from '../adders.js';
import { DEPTH, multiplyDepth, requantizePass } from '../depths.js';
import { isWindowed } from '../flow.js';
import { hardwareSlopes, laneSlopes } from '../slopes.js';
import { packedLiteral, signedLiteral, type Instance } from '../sv.js';
import { setLink } from './reload.js';
import { walkEvents, windowBits, windowInstance, ZERO } from './window.js';
import { asksEarly, memories, setPorts, weightAlignment } from './weight-memories.js';
import {
  CLOCK,
  alignment,
  asks,
  gives,
  input,
  linkPorts,
  makes,
  output,
  reads,
  requantizeParameters,
  roundLanes,
  wordWires,
  type Builder,
  type Context,
  type Hardware,
} from './common.js';

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
      roundLanes(
        name,
        { lanes: to.lanes, width, from: `${name}_sums`, to: to.name },
        {
          SW: align.width,
          SHIFT: packedLiteral(align.shifts, align.width),
          MAXSHIFT: align.most,
          ...requantizeParameters(align.fraction, node.activation, node.format),
          ...laneSlopes(node.activation, to.lanes, to.shape[2]),
        },
      ),
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
        events: walkEvents(node, from),
      },
    ],
  };
}

/** Parameters of the slopes of `vetoc_matvec`: a constant, or where they come with the biases. */
function slopeParameters(activation: Activation): Readonly<Record<string, number | string>> {
  const slopes = hardwareSlopes(activation);
  if (slopes === null) return {};
  const { values, width } = slopes;
  return values.length === 1
    ? { LW: width, ALPHA: signedLiteral(values[0]!, width) }
    : { LW: width, CHANNELWISE: 1 };
}

/** The same events, the first of which also asks which set of weights counts. */
function askingFirst(events: Events): Events {
  const flags = events.flags.slice();
  flags[0] = flags[0]! | READ(1);
  return { ...events, flags };
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
  const reloadable = node.proof.worstCase;
  const align = weightAlignment(stage);
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
      EARLY: Number(asksEarly(stage)),
      RELOADABLE: Number(reloadable),
      VECTORS: to.shape[0] * to.shape[1],
      AW: node.proof.accumulatorWidth,
      BW: memory.biasBits,
      SW: align.width,
      MAXSHIFT: align.most,
      ...requantizeParameters(align.fraction, node.activation, node.format),
      ...slopeParameters(node.activation),
    },
    ports: {
      ...CLOCK,
      ...reads(source),
      step: `${name}_weights_at`,
      ...setPorts(stage, `${name}_bank`, `${name}_channel_bank`),
      weights: `${name}_weights`,
      channel: `${name}_constants_at`,
      constants: `${name}_constants`,
      ...asks(to.name, context),
      ...makes(to.name),
    },
  };
  const events = matrixEvents(to.shape[0] * to.shape[1], groups, words, folding.tapFold, outFold);
  const multiplying = {
    name: windowed ? `${name}.multiply` : name,
    inputs: [source, ...(reloadable ? [setLink(name)] : [])],
    outputs: [{ stream: to.name, depth: multiplyDepth(part, node.activation) }],
    events: reloadable ? askingFirst(events) : events,
  };
  if (!windowed) return { ...memory, instances: [multiply, ...memory.instances], processes: [multiplying] };
  const window = windowInstance(stage, node, ZERO, linkPorts(source));
  return {
    ...memory,
    links: [{ name: source, bits: windowBits(node, from) }],
    instances: [window, multiply, ...memory.instances],
    processes: [
      {
        name: `${name}.window`,
        inputs: [from.name],
        outputs: [{ stream: source, depth: DEPTH.window }],
        events: walkEvents(node, from),
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
