/**
 * The loops of each stage, with the order of their words and the depth of their pipeline: a total table, one arm per
 * kind of stage.
 */
import { contrastWindow } from '../../ir/ops/contrast.js';
import { eventRecorder, READ, WRITE, type Events } from './dataflow.js';
import {
  absorbEvents,
  binEvents,
  concatEvents,
  cropEvents,
  decideEvents,
  everyWord,
  matrixEvents,
  multiplyEvents,
  R0,
  receiveEvents,
  repackEvents,
  repeat,
  segmentEvents,
  upsampleEvents,
  W0,
  windowEvents,
} from './events.js';
import { dispatch, type Table } from '../../ir/dispatch.js';
import { isPointwise, type Weighted } from './folding.js';
import { wordsPerFrame, type Folding, type Stage, type StageOf } from './plan.js';

/** One loop of a stage. A conv has two: its line buffer and its multipliers, with a stream of windows between. */
export interface Loop {
  readonly suffix: string;
  readonly events: Events;
  /** Estimated cycles from a read to its write: registers of a 200–300 MHz pipeline. */
  readonly depth: number;
}

const levels = (n: number): number => Math.ceil(Math.log2(Math.max(1, n)));

const one = (events: Events, depth: number): readonly Loop[] => [{ suffix: '', events, depth }];

const multiplyDepth = (values: number): number => 6 + levels(values);
const WINDOW_DEPTH = 3;

function weightedLoops(
  stage: { readonly node: Weighted; readonly folding: Folding } & Stage,
): readonly Loop[] {
  const { node, folding } = stage;
  const input = stage.inputs[0]!.shape;
  const output = stage.outputs[0]!.shape;
  const kernel = node.kind === 'dense' ? 1 : node.kernel[0] * node.kernel[1];
  const vectors = output[0] * output[1];
  const values = (kernel * folding.inLanes) / folding.tapFold;
  if (node.kind === 'depthwiseConv2d')
    return [
      { suffix: '.window', events: windowEvents(node, input, folding.inLanes), depth: WINDOW_DEPTH },
      {
        suffix: '.multiply',
        events: matrixEvents(vectors, input[2] / folding.inLanes, 1, folding.tapFold, 1),
        depth: multiplyDepth(kernel / folding.tapFold),
      },
    ];
  const groups = node.kind === 'conv2d' ? node.groups : 1;
  const multiply = matrixEvents(
    vectors,
    groups,
    input[2] / groups / folding.inLanes,
    folding.tapFold,
    output[2] / groups / folding.outLanes,
  );
  const depth = multiplyDepth(values);
  if (node.kind === 'dense' || isPointwise(node)) return one(multiply, depth);
  return [
    { suffix: '.window', events: windowEvents(node, input, folding.inLanes), depth: WINDOW_DEPTH },
    { suffix: '.multiply', events: multiply, depth },
  ];
}

const pooled = (stage: StageOf<'maxPool'> | StageOf<'avgPool'>, extra: number): readonly Loop[] => [
  {
    suffix: '.window',
    events: windowEvents(stage.node, stage.inputs[0]!.shape, stage.inputs[0]!.lanes),
    depth: WINDOW_DEPTH,
  },
  {
    suffix: '.pool',
    events: repeat(wordsPerFrame(stage.outputs[0]!), R0 | W0),
    depth: extra + levels(stage.node.kernel[0] * stage.node.kernel[1]),
  },
];

function globalLoops(
  stage: StageOf<'globalMaxPool'> | StageOf<'globalAvgPool'>,
  depth: number,
): readonly Loop[] {
  const r = eventRecorder();
  for (let i = wordsPerFrame(stage.inputs[0]!); i > 0; i--) r.tick(R0);
  for (let i = wordsPerFrame(stage.outputs[0]!); i > 0; i--) r.tick(W0);
  return one(r.finish(), depth);
}

const loops: Table<Stage, [], readonly Loop[]> = {
  absorb: (stage) => one(absorbEvents(stage.beats), 2),
  receive: (stage) => one(receiveEvents(stage), 2),
  receiveMaps: () => [],
  calibrate: (stage) => one(everyWord(stage, R0 | W0), 8),
  commonMode(stage) {
    const [sums, means] = segmentEvents(stage);
    const lanes = levels(stage.inputs[0]!.lanes);
    return [
      { suffix: '.sum', events: sums, depth: 3 + lanes },
      { suffix: '.subtract', events: means, depth: 9 },
    ];
  },
  loadWeights: () => [],
  swapWeights: (stage) => one(everyWord(stage, R0 | W0), 2),
  crop: (stage) => one(cropEvents(stage), 2),
  mask: (stage) => one(everyWord(stage, R0 | W0), 3),
  bin: (stage) => one(binEvents(stage), 3),
  contrast: (stage) => [
    {
      suffix: '.window',
      events: windowEvents(contrastWindow(stage.node), stage.inputs[0]!.shape, stage.inputs[0]!.lanes),
      depth: WINDOW_DEPTH,
    },
    { suffix: '.compare', events: repeat(wordsPerFrame(stage.outputs[0]!), R0 | W0), depth: 5 },
  ],
  clamp: (stage) => one(everyWord(stage, R0 | W0), 2),
  lut: (stage) => one(everyWord(stage, R0 | W0), 3),
  conv2d: weightedLoops,
  depthwiseConv2d: weightedLoops,
  dense: weightedLoops,
  maxPool: (stage) => pooled(stage, 1),
  avgPool: (stage) => pooled(stage, 7),
  globalMaxPool: (stage) => globalLoops(stage, 2),
  globalAvgPool: (stage) => globalLoops(stage, 7),
  add: (stage) => one(everyWord(stage, R0 | READ(1) | W0), 5),
  multiply: (stage) => one(multiplyEvents(stage), 6),
  upsample: (stage) => one(upsampleEvents(stage), 3),
  concat: (stage) => one(concatEvents(stage), 2),
  requantize: (stage) => one(everyWord(stage, R0 | W0), 4),
  table: (stage) => one(everyWord(stage, R0 | W0), 3),
  fork: (stage) => one(everyWord(stage, R0 | W0 | WRITE(1)), 2),
  repack: (stage) => one(repackEvents(stage), 2),
  decide: (stage) => one(decideEvents(stage), 4),
};

/** The loops of `stage`, in the order of the flow. */
export const loopsOf = (stage: Stage): readonly Loop[] => dispatch(loops, stage);
