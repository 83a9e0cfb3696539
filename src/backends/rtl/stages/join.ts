/** Where streams meet, part, or change their form: addition, concatenation, requantize, fork, repack. */
import { fractionBits } from '../../../fixed/format.js';
import { READ } from '../../dataflow/dataflow.js';
import {
  concatEvents,
  everyWord,
  multiplyEvents,
  R0,
  repackEvents,
  repackRuns,
  upsampleEvents,
  W0,
} from '../../dataflow/events.js';
import { DEPTH, requantizePass } from '../depths.js';
import { streamBits } from '../flow.js';
import { laneSlopes } from '../slopes.js';
import { type Instance } from '../sv.js';
import {
  CLOCK,
  asks,
  gives,
  input,
  makes,
  output,
  reads,
  requantizeParameters,
  roundLanes,
  takesWords,
  wordWires,
  type Builder,
} from './common.js';

const NO_ACTIVATION = { kind: 'none' } as const;

export const add: Builder<'add'> = (stage, context) => {
  const [a, b] = [input(stage, 0), input(stage, 1)];
  const { node, name } = stage;
  const to = output(stage);
  const fraction = Math.max(fractionBits(a.format), fractionBits(b.format));
  const width = node.proof.accumulatorWidth;
  return {
    wires: wordWires(`${name}_exact`, a.lanes * width),
    instances: [
      {
        module: 'vetoc_add',
        name: `${name}_add`,
        parameters: {
          LANES: a.lanes,
          A_WIDTH: a.format.width,
          A_SIGNED: Number(a.format.signed),
          A_SHIFT: fraction - fractionBits(a.format),
          B_WIDTH: b.format.width,
          B_SIGNED: Number(b.format.signed),
          B_SHIFT: fraction - fractionBits(b.format),
          AW: width,
        },
        ports: {
          ...CLOCK,
          ...reads(a.name, 'a_'),
          ...reads(b.name, 'b_'),
          ...asks(to.name, context),
          ...gives(`${name}_exact`),
        },
      },
      roundLanes(
        name,
        { lanes: a.lanes, width, from: `${name}_exact`, to: to.name },
        {
          ...requantizeParameters(node.proof.accumulatorFraction[0]!, node.activation, node.format),
          ...laneSlopes(node.activation, a.lanes, a.shape[2]),
        },
      ),
    ],
    processes: [
      {
        name,
        inputs: [a.name, b.name],
        outputs: [{ stream: to.name, depth: DEPTH.add + requantizePass(node.activation) }],
        events: everyWord(stage, R0 | READ(1) | W0),
      },
    ],
  };
};

export const multiply: Builder<'multiply'> = (stage, context) => {
  const [image, vector] = [input(stage, 0), input(stage, 1)];
  const { node, name } = stage;
  const to = output(stage);
  const width = node.proof.accumulatorWidth;
  return {
    wires: wordWires(`${name}_exact`, image.lanes * width),
    instances: [
      {
        module: 'vetoc_multiply',
        name: `${name}_multiply`,
        parameters: {
          LANES: image.lanes,
          GROUPS: image.shape[2] / image.lanes,
          PIXELS: image.shape[0] * image.shape[1],
          A_WIDTH: image.format.width,
          A_SIGNED: Number(image.format.signed),
          B_WIDTH: vector.format.width,
          B_SIGNED: Number(vector.format.signed),
          AW: width,
        },
        ports: {
          ...CLOCK,
          ...reads(image.name, 'a_'),
          ...reads(vector.name, 'b_'),
          ...asks(to.name, context),
          ...gives(`${name}_exact`),
        },
      },
      {
        module: 'vetoc_requantize_lanes',
        name: `${name}_round`,
        parameters: {
          LANES: image.lanes,
          IW: width,
          ...requantizeParameters(node.proof.accumulatorFraction[0]!, node.activation, node.format),
          ...laneSlopes(node.activation, image.lanes, image.shape[2]),
        },
        ports: { ...CLOCK, ...takesWords(`${name}_exact`), ...makes(to.name) },
      },
    ],
    processes: [
      {
        name,
        inputs: [image.name, vector.name],
        outputs: [{ stream: to.name, depth: DEPTH.multiply + requantizePass(node.activation) }],
        events: multiplyEvents(stage),
      },
    ],
  };
};

export const upsample: Builder<'upsample'> = (stage, context) => {
  const [from, to] = [input(stage), output(stage)];
  const [fy, fx] = stage.node.factor;
  return {
    instances: [
      {
        module: 'vetoc_upsample',
        name: `${stage.name}_blocks`,
        parameters: {
          W: streamBits(from),
          GROUPS: from.shape[2] / from.lanes,
          WIDTH: from.shape[1],
          FY: fy,
          FX: fx,
        },
        ports: { ...CLOCK, ...reads(from.name), ...asks(to.name, context), ...makes(to.name) },
      },
    ],
    processes: [
      {
        name: stage.name,
        inputs: [from.name],
        outputs: [{ stream: to.name, depth: DEPTH.upsample }],
        events: upsampleEvents(stage),
      },
    ],
  };
};

export const concat: Builder<'concat'> = (stage, context) => {
  const [a, b] = [input(stage, 0), input(stage, 1)];
  const to = output(stage);
  const wide = to.lanes === to.shape[2] && a.lanes === a.shape[2] && b.lanes === b.shape[2];
  return {
    instances: [
      {
        module: wide ? 'vetoc_concat_wide' : 'vetoc_concat',
        name: `${stage.name}_concat`,
        parameters: wide
          ? { A_WIDTH: streamBits(a), B_WIDTH: streamBits(b) }
          : { W: streamBits(to), A_WORDS: a.shape[2] / a.lanes, B_WORDS: b.shape[2] / b.lanes },
        ports: {
          ...CLOCK,
          ...reads(a.name, 'a_'),
          ...reads(b.name, 'b_'),
          ...asks(to.name, context),
          ...makes(to.name),
        },
      },
    ],
    processes: [
      {
        name: stage.name,
        inputs: [a.name, b.name],
        outputs: [{ stream: to.name, depth: DEPTH.concat }],
        events: concatEvents(stage),
      },
    ],
  };
};

export const requantize: Builder<'requantize'> = (stage) => {
  const from = input(stage);
  return {
    instances: [
      {
        module: 'vetoc_requantize_lanes',
        name: `${stage.name}_round`,
        parameters: {
          LANES: from.lanes,
          IW: from.format.width,
          ISIGNED: Number(from.format.signed),
          ...requantizeParameters(fractionBits(from.format), NO_ACTIVATION, stage.node.format),
        },
        ports: { ...CLOCK, ...takesWords(from.name), ...makes(output(stage).name) },
      },
    ],
    pass: requantizePass(NO_ACTIVATION),
  };
};

/** Two names for the same words. */
export const fork: Builder<'fork'> = (stage) => ({
  assigns: stage.outputs.flatMap((o): [string, string][] => [
    [`${o.name}_we`, `${input(stage).name}_we`],
    [`${o.name}_made`, `${input(stage).name}_d`],
  ]),
  instances: [],
  pass: 0,
});

export const repack: Builder<'repack'> = (stage, context) => {
  const [from, to] = [input(stage), output(stage)];
  const { values } = repackRuns(from, to);
  const { width } = from.format;
  const inWords = Math.ceil(values / from.lanes);
  const outWords = Math.ceil(values / to.lanes);
  const ports = { ...CLOCK, ...reads(from.name), ...asks(to.name, context), ...makes(to.name) };
  const name = `${stage.name}_words`;
  const instance: Instance =
    from.lanes % to.lanes === 0
      ? {
          module: 'vetoc_narrow',
          name,
          parameters: { W: streamBits(to), RATIO: from.lanes / to.lanes, OUT_WORDS: outWords },
          ports,
        }
      : to.lanes % from.lanes === 0
        ? {
            module: 'vetoc_widen',
            name,
            parameters: { W: streamBits(from), RATIO: to.lanes / from.lanes, IN_WORDS: inWords },
            ports,
          }
        : {
            module: 'vetoc_gearbox',
            name,
            parameters: {
              W: width,
              IN_LANES: from.lanes,
              OUT_LANES: to.lanes,
              IN_WORDS: inWords,
              OUT_WORDS: outWords,
            },
            ports,
          };
  return {
    instances: [instance],
    processes: [
      {
        name: stage.name,
        inputs: [from.name],
        outputs: [{ stream: to.name, depth: DEPTH.repack }],
        events: repackEvents(stage),
      },
    ],
  };
};
