/** Pooling, joining, changes of format, and the stages without arithmetic. */
import { fractionBits, minMantissa } from '../../../fixed/format.js';
import type { Proof } from '../../../ir/common.js';
import { eventRecorder, READ } from '../../dataflow/dataflow.js';
import {
  concatEvents,
  everyWord,
  R0,
  repackEvents,
  repackRuns,
  W0,
  windowEvents,
} from '../../dataflow/events.js';
import type { StageOf } from '../../dataflow/plan.js';
import { DEPTH, meanPass, PASS, requantizePass } from '../depths.js';
import { streamBits } from '../flow.js';
import { packedLiteral, type Instance, type Wire } from '../sv.js';
import {
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
  type Builder,
  type Context,
  type RtlProcess,
} from './common.js';
import { windowBits, windowInstance, ZERO } from './weighted.js';

const NO_ACTIVATION = { kind: 'none' } as const;

/** The process of a line buffer whose windows pass `pass` cycles of arithmetic. */
const windowProcess = (stage: StageOf<'maxPool'> | StageOf<'avgPool'>, pass: number): RtlProcess[] => [
  {
    name: stage.name,
    inputs: [input(stage).name],
    outputs: [{ stream: output(stage).name, depth: DEPTH.window + pass }],
    events: windowEvents(stage.node, input(stage).shape, input(stage).lanes),
  },
];

export const maxPool: Builder<'maxPool'> = (stage, context) => {
  const [from, to] = [input(stage), output(stage)];
  const { node, name } = stage;
  const lowest = new Array<number>(from.lanes).fill(minMantissa(node.format));
  return {
    wires: wordWires(`${name}_window`, windowBits(node, from)),
    instances: [
      windowInstance(stage, node, packedLiteral(lowest, from.format.width), {
        ...asks(to.name, context),
        ...gives(`${name}_window`),
      }),
      {
        module: 'vetoc_max',
        name: `${name}_max`,
        parameters: {
          LANES: from.lanes,
          W: from.format.width,
          SIGNED: Number(from.format.signed),
          N: node.kernel[0] * node.kernel[1],
        },
        ports: { ...CLOCK, ...takesWords(`${name}_window`), ...makes(to.name) },
      },
    ],
    processes: windowProcess(stage, PASS.max),
  };
};

interface Average {
  readonly proof: Proof;
  readonly reciprocal: number;
}

/** The reciprocal of `n` values of `bits` bits, and the rounding. */
function meanInstances(
  stage: StageOf<'avgPool'> | StageOf<'globalAvgPool'>,
  source: string,
  n: number,
  bits: number,
  signed: boolean,
): { readonly instances: readonly Instance[]; readonly wires: readonly Wire[] } {
  const { node, name } = stage;
  const { proof, reciprocal }: Average = node;
  const lanes = input(stage).lanes;
  const width = proof.accumulatorWidth;
  const mean: Instance = {
    module: 'vetoc_mean',
    name: `${name}_mean`,
    parameters: { LANES: lanes, IW: bits, ISIGNED: Number(signed), N: n, AW: width, RECIPROCAL: reciprocal },
    ports: { ...CLOCK, ...takesWords(source), ...gives(`${name}_exact`) },
  };
  return {
    wires: wordWires(`${name}_exact`, lanes * width),
    instances: [
      mean,
      {
        module: 'vetoc_requantize_lanes',
        name: `${name}_round`,
        parameters: {
          LANES: lanes,
          IW: width,
          ...requantizeParameters(proof.accumulatorFraction[0]!, NO_ACTIVATION, node.format),
        },
        ports: { ...CLOCK, ...takesWords(`${name}_exact`), ...makes(output(stage).name) },
      },
    ],
  };
}

export const avgPool: Builder<'avgPool'> = (stage, context) => {
  const [from, to] = [input(stage), output(stage)];
  const { node, name } = stage;
  const n = node.kernel[0] * node.kernel[1];
  const mean = meanInstances(stage, `${name}_window`, n, from.format.width, from.format.signed);
  return {
    wires: [...wordWires(`${name}_window`, windowBits(node, from)), ...mean.wires],
    instances: [
      windowInstance(stage, node, ZERO, { ...asks(to.name, context), ...gives(`${name}_window`) }),
      ...mean.instances,
    ],
    processes: windowProcess(stage, meanPass(n) + requantizePass(NO_ACTIVATION)),
  };
};

type Global = StageOf<'globalMaxPool'> | StageOf<'globalAvgPool'>;

function globalInstance(
  stage: Global,
  context: Context,
  sum: boolean,
  bits: number,
  ports: Readonly<Record<string, string>>,
): Instance {
  const from = input(stage);
  return {
    module: 'vetoc_global',
    name: `${stage.name}_global`,
    parameters: {
      IW: from.format.width,
      ISIGNED: Number(from.format.signed),
      SUM: Number(sum),
      LANES: from.lanes,
      GROUPS: from.shape[2] / from.lanes,
      PIXELS: from.shape[0] * from.shape[1],
      OW: bits,
    },
    ports: { ...CLOCK, ...reads(from.name), ...asks(output(stage).name, context), ...ports },
  };
}

/** The words of the last pixel bring the results. */
function globalProcess(stage: Global, pass: number): RtlProcess[] {
  const { shape, lanes, name } = input(stage);
  const groups = shape[2] / lanes;
  const words = shape[0] * shape[1] * groups;
  const r = eventRecorder();
  for (let i = 0; i < words; i++) r.tick(R0 | (i >= words - groups ? W0 : 0));
  return [
    {
      name: stage.name,
      inputs: [name],
      outputs: [{ stream: output(stage).name, depth: DEPTH.global + pass }],
      events: r.finish(),
    },
  ];
}

export const globalMaxPool: Builder<'globalMaxPool'> = (stage, context) => ({
  instances: [globalInstance(stage, context, false, input(stage).format.width, makes(output(stage).name))],
  processes: globalProcess(stage, 0),
});

export const globalAvgPool: Builder<'globalAvgPool'> = (stage, context) => {
  const { format, shape, lanes } = input(stage);
  const bits = format.width + (format.signed ? 0 : 1) + Math.ceil(Math.log2(shape[0] * shape[1]));
  const sums = `${stage.name}_sums`;
  const mean = meanInstances(stage, sums, 1, bits, true);
  return {
    wires: [...wordWires(sums, lanes * bits), ...mean.wires],
    instances: [globalInstance(stage, context, true, bits, gives(sums)), ...mean.instances],
    processes: globalProcess(stage, meanPass(1) + requantizePass(NO_ACTIVATION)),
  };
};

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
      {
        module: 'vetoc_requantize_lanes',
        name: `${name}_round`,
        parameters: {
          LANES: a.lanes,
          IW: width,
          ...requantizeParameters(node.proof.accumulatorFraction[0]!, node.activation, node.format),
        },
        ports: { ...CLOCK, ...takesWords(`${name}_exact`), ...makes(to.name) },
      },
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
