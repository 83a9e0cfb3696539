/** Pooling as hardware: the largest or the mean of a window, or of the whole image. */
import { bitsFor, minMantissa } from '../../../fixed/format.js';
import type { Proof } from '../../../ir/common.js';
import { eventRecorder } from '../../dataflow/dataflow.js';
import { R0, W0 } from '../../dataflow/events.js';
import type { StageOf } from '../../dataflow/plan.js';
import { countsOf } from '../../../ir/ops/counted.js';
import { DEPTH, maxPass, meanPass, requantizePass } from '../depths.js';
import { packedLiteral, type Instance, type Wire } from '../sv.js';
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
  type Context,
  type RtlProcess,
} from './common.js';
import { walkEvents, windowBits, windowInstance, ZERO } from './window.js';

const NO_ACTIVATION = { kind: 'none' } as const;

/** The process of a line buffer whose windows pass `pass` cycles of arithmetic. */
const windowProcess = (stage: StageOf<'maxPool'> | StageOf<'avgPool'>, pass: number): RtlProcess[] => [
  {
    name: stage.name,
    inputs: [input(stage).name],
    outputs: [{ stream: output(stage).name, depth: DEPTH.window + pass }],
    events: walkEvents(stage.node, input(stage)),
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
    processes: windowProcess(stage, maxPass(node.kernel[0] * node.kernel[1])),
  };
};

interface Average {
  readonly proof: Proof;
  readonly reciprocal: number;
}

/** What `vetoc_mean` multiplies by where windows differ in what they count. */
function countedParameters(stage: StageOf<'avgPool'>): Readonly<Record<string, number | string>> {
  const { node } = stage;
  const [from, to] = [input(stage), output(stage)];
  if (node.reciprocals === undefined) return {};
  const { rows, columns } = countsOf(node, from.shape, to.shape);
  const countBits = bitsFor(0, Math.max(...rows, ...columns));
  const bits = bitsFor(0, Math.max(...node.reciprocals));
  return {
    COUNTED: 1,
    GROUPS: to.shape[2] / to.lanes,
    HEIGHT: to.shape[0],
    WIDTH: to.shape[1],
    CW: countBits,
    RW: bits,
    ROWS: packedLiteral(rows, countBits),
    COLUMNS: packedLiteral(columns, countBits),
    RECIPROCALS: packedLiteral(node.reciprocals, bits),
  };
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
    parameters: {
      LANES: lanes,
      IW: bits,
      ISIGNED: Number(signed),
      N: n,
      AW: width,
      RECIPROCAL: reciprocal,
      ...(stage.kind === 'avgPool' ? countedParameters(stage) : {}),
    },
    ports: { ...CLOCK, ...takesWords(source), ...gives(`${name}_exact`) },
  };
  return {
    wires: wordWires(`${name}_exact`, lanes * width),
    instances: [
      mean,
      roundLanes(
        name,
        { lanes, width, from: `${name}_exact`, to: output(stage).name },
        requantizeParameters(proof.accumulatorFraction[0]!, NO_ACTIVATION, node.format),
      ),
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
