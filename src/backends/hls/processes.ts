/**
 * The processes of each stage: which words its loops read and write, in which order. One arm per template of
 * hls-templates/vetoc; `test/hls/cycle-model.test.ts` holds the orders to what the C++ does.
 */
import { invariant } from '../../core/errors.js';
import type { Shape, Window } from '../../ir/common.js';
import { eventRecorder, READ, WRITE, type DataflowStream, type Events, type Process } from './dataflow.js';
import { isPointwise, type Weighted } from './folding.js';
import {
  isWeighted,
  nodeOf,
  wordsPerFrame,
  type Folding,
  type Packing,
  type Plan,
  type Stage,
  type StageKind,
  type StageOf,
} from './plan.js';

/** One process of a stage. A conv has two: its line buffer and its multipliers, with a stream of windows between. */
interface Loop {
  readonly suffix: string;
  readonly events: Events;
  /** Estimated cycles from a read to its write: registers of a 200–300 MHz pipeline. */
  readonly depth: number;
}

type Loops = { readonly [K in StageKind]: (stage: StageOf<K>) => readonly Loop[] };

const R0 = READ(0);
const W0 = WRITE(0);
const levels = (n: number): number => Math.ceil(Math.log2(Math.max(1, n)));

const one = (events: Events, depth: number): readonly Loop[] => [{ suffix: '', events, depth }];

function repeat(count: number, flags: number): Events {
  const r = eventRecorder();
  for (let i = 0; i < count; i++) r.tick(flags);
  return r.finish();
}

function cropEvents(stage: StageOf<'crop'>): Events {
  const [from, to] = [stage.inputs[0]!, stage.outputs[0]!];
  const inWords = Math.ceil(from.shape[1] / from.lanes);
  const outWords = Math.ceil(to.shape[1] / to.lanes);
  const [top, left] = stage.node.offset;
  const late = left % from.lanes > 0 ? 1 : 0;
  const start = Math.floor(left / from.lanes) + late;
  const steps = Math.max(inWords, start + outWords);
  const r = eventRecorder();
  for (let y = 0; y < from.shape[0]; y++)
    for (let x = 0; x < steps; x++) {
      const kept = y >= top && y < top + to.shape[0] && x >= start && x < start + outWords;
      r.tick((x < inWords ? R0 : 0) | (kept ? W0 : 0));
    }
  return r.finish();
}

function binEvents(stage: StageOf<'bin'>): Events {
  const [from, to] = [stage.inputs[0]!, stage.outputs[0]!];
  const [fy, fx] = stage.node.factor;
  const span = Math.max(1, fx / from.lanes);
  const words = Math.ceil(to.shape[1] / to.lanes);
  const r = eventRecorder();
  for (let y = 0; y < to.shape[0]; y++)
    for (let dy = 0; dy < fy; dy++)
      for (let x = 0; x < words; x++)
        for (let part = 0; part < span; part++) r.tick(R0 | (dy === fy - 1 && part === span - 1 ? W0 : 0));
  return r.finish();
}

function windowEvents(window: Window, input: Shape, lanes: number): Events {
  const [top, left, bottom, right] = window.padding;
  const groups = input[2] / lanes;
  const r = eventRecorder();
  let rowsToGo = window.kernel[0] - 1;
  for (let y = 0; y < top + input[0] + bottom; y++) {
    let columnsToGo = window.kernel[1] - 1;
    for (let x = 0; x < left + input[1] + right; x++) {
      const inside = y >= top && y < top + input[0] && x >= left && x < left + input[1];
      const flags = (inside ? R0 : 0) | (rowsToGo === 0 && columnsToGo === 0 ? W0 : 0);
      for (let g = 0; g < groups; g++) r.tick(flags);
      columnsToGo = columnsToGo === 0 ? window.strides[1] - 1 : columnsToGo - 1;
    }
    rowsToGo = rowsToGo === 0 ? window.strides[0] - 1 : rowsToGo - 1;
  }
  return r.finish();
}

/** `vectors` times `groups` times: `words` reads of `fold` × `outFold` cycles each, results in the last `outFold`. */
function matrixEvents(vectors: number, groups: number, words: number, fold: number, outFold: number): Events {
  const r = eventRecorder();
  for (let v = 0; v < vectors * groups; v++)
    for (let w = 0; w < words; w++) {
      if (w < words - 1) {
        r.tick(R0);
        r.skip(fold * outFold - 1);
        continue;
      }
      for (let t = 0; t < fold; t++)
        for (let o = 0; o < outFold; o++) r.tick((t === 0 && o === 0 ? R0 : 0) | (t === fold - 1 ? W0 : 0));
    }
  return r.finish();
}

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

function concatEvents(stage: StageOf<'concat'>): Events {
  const [a, b] = [stage.inputs[0]!, stage.inputs[1]!];
  const to = stage.outputs[0]!;
  const pixels = to.shape[0] * to.shape[1];
  if (to.lanes === to.shape[2] && a.lanes === a.shape[2] && b.lanes === b.shape[2])
    return repeat(pixels, R0 | READ(1) | W0);
  const r = eventRecorder();
  for (let i = 0; i < pixels; i++) {
    for (let w = a.shape[2] / a.lanes; w > 0; w--) r.tick(R0 | W0);
    for (let w = b.shape[2] / b.lanes; w > 0; w--) r.tick(READ(1) | W0);
  }
  return r.finish();
}

/** Runs of values that start with a fresh word on both sides: rows of a one-channel image, or pixels. */
export function repackRuns(from: Packing, to: Packing): { readonly runs: number; readonly values: number } {
  const byRow = from.lanes > from.shape[2] || to.lanes > to.shape[2];
  invariant(!byRow || from.shape[2] === 1, 'rows of several channels');
  const [height, width, channels] = from.shape;
  return byRow ? { runs: height, values: width } : { runs: height * width, values: channels };
}

function repackEvents(stage: StageOf<'repack'>): Events {
  const [from, to] = [stage.inputs[0]!, stage.outputs[0]!];
  const { runs, values } = repackRuns(from, to);
  const inWords = Math.ceil(values / from.lanes);
  const outWords = Math.ceil(values / to.lanes);
  const r = eventRecorder();
  for (let run = 0; run < runs; run++) {
    if (from.lanes % to.lanes === 0) {
      const ratio = from.lanes / to.lanes;
      for (let i = 0; i < outWords; i++) r.tick((i % ratio === 0 ? R0 : 0) | W0);
    } else if (to.lanes % from.lanes === 0) {
      const ratio = to.lanes / from.lanes;
      for (let i = 0; i < inWords; i++) r.tick(R0 | (i % ratio === ratio - 1 || i === inWords - 1 ? W0 : 0));
    } else {
      let fill = 0;
      let taken = 0;
      for (let written = 0; written < outWords;) {
        let flags = 0;
        if (taken < inWords && fill < to.lanes) {
          flags |= R0;
          fill += from.lanes;
          taken += 1;
        }
        if (fill >= to.lanes || taken === inWords) {
          flags |= W0;
          fill = Math.max(0, fill - to.lanes);
          written += 1;
        }
        r.tick(flags);
      }
    }
  }
  return r.finish();
}

/** Beats, then the status word; `status` is output 1. */
function receiveEvents(stage: StageOf<'receive'>): Events {
  const r = eventRecorder();
  for (let i = wordsPerFrame(stage.outputs[0]!); i > 0; i--) r.tick(R0 | W0);
  r.tick(WRITE(1));
  return r.finish();
}

/** The logits, then the status (input 1) and the decision. */
function decideEvents(stage: StageOf<'decide'>): Events {
  const r = eventRecorder();
  for (let i = wordsPerFrame(stage.inputs[0]!); i > 0; i--) r.tick(R0);
  r.tick(READ(1) | W0);
  return r.finish();
}

const everyWord = (stage: Stage, flags: number): Events => repeat(wordsPerFrame(stage.inputs[0]!), flags);

const loops: Loops = {
  receive: (stage) => one(receiveEvents(stage), 2),
  loadWeights: () => [],
  swapWeights: (stage) => one(everyWord(stage, R0 | W0), 2),
  crop: (stage) => one(cropEvents(stage), 2),
  mask: (stage) => one(everyWord(stage, R0 | W0), 3),
  bin: (stage) => one(binEvents(stage), 3),
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
  concat: (stage) => one(concatEvents(stage), 2),
  requantize: (stage) => one(everyWord(stage, R0 | W0), 4),
  fork: (stage) => one(everyWord(stage, R0 | W0 | WRITE(1)), 2),
  repack: (stage) => one(repackEvents(stage), 2),
  decide: (stage) => one(decideEvents(stage), 4),
};

/** Cycles between the last event of a frame and the first of the next, beyond the pipeline's depth. */
const RESTART = 2;
/** The same where a stage first asks which weights count: the loop between frames drains, too. */
const RELOADABLE_RESTART = 6;
/** The name of the stream between a stage's line buffer and its multipliers. */
export const windowsOf = (stage: string): string => `${stage}.windows`;

export interface ModelStream extends DataflowStream {
  /** Bits of a word; 0 for the beats and the decisions, which are not the design's FIFOs. */
  readonly wordBits: number;
  readonly producer: string;
  readonly consumer: string;
}

export interface Model {
  readonly processes: readonly Process[];
  readonly streams: readonly ModelStream[];
  readonly source: number;
  readonly decisions: number;
}

/** The processes and streams of `plan`, with the depth that `depthOf` gives each of its streams. */
export function buildModel(plan: Plan, depthOf: (stream: string) => number): Model {
  const streams: ModelStream[] = [];
  const index = new Map<string, number>();
  const add = (stream: ModelStream): number => {
    index.set(stream.name, streams.length);
    streams.push(stream);
    return streams.length - 1;
  };
  const producer = new Map(plan.stages.flatMap((s) => s.outputs.map((o) => [o.name, s.name] as const)));
  const consumer = new Map(plan.stages.flatMap((s) => s.inputs.map((i) => [i.name, s.name] as const)));
  const source = add({
    name: 'frames',
    depth: Infinity,
    wordBits: 0,
    producer: '',
    consumer: plan.stages[0]!.name,
  });
  const last = plan.stages[plan.stages.length - 1]!.name;
  const decisions = add({ name: 'decisions', depth: Infinity, wordBits: 0, producer: last, consumer: '' });
  const status = add({
    name: 'status',
    depth: depthOf('status'),
    wordBits: 1,
    producer: plan.stages[0]!.name,
    consumer: last,
  });
  for (const { name, lanes, format } of plan.streams)
    add({
      name,
      depth: depthOf(name),
      wordBits: lanes * format.width,
      producer: producer.get(name)!,
      consumer: consumer.get(name)!,
    });
  const processes = plan.stages.flatMap((stage) => {
    const inputs = stage.inputs.map((s) => index.get(s.name)!);
    const outputs = stage.outputs.map((s) => index.get(s.name)!);
    if (stage.kind === 'receive') {
      inputs.push(source);
      outputs.push(status);
    }
    if (stage.kind === 'decide') {
      inputs.push(status);
      outputs.push(decisions);
    }
    // The table is keyed by kind, so stage and rule agree; TypeScript cannot correlate the two.
    const parts = (loops[stage.kind] as (stage: Stage) => readonly Loop[])(stage);
    if (parts.length === 0) return [];
    if (parts.length === 1) return [processOf(stage, parts[0]!, inputs, outputs)];
    const name = windowsOf(stage.name);
    const wordBits = windowBits(stage);
    const windows = add({ name, depth: depthOf(name), wordBits, producer: stage.name, consumer: stage.name });
    return [processOf(stage, parts[0]!, inputs, [windows]), processOf(stage, parts[1]!, [windows], outputs)];
  });
  return { processes, streams, source, decisions };
}

const processOf = (stage: Stage, loop: Loop, inputs: number[], outputs: number[]): Process => ({
  name: `${stage.name}${loop.suffix}`,
  inputs,
  outputs,
  events: loop.events,
  depth: loop.depth,
  restart: loop.depth + (isWeighted(stage) && stage.node.proof.worstCase ? RELOADABLE_RESTART : RESTART),
});

/** Bits of a window: the line buffer's lanes at every position of the kernel. */
function windowBits(stage: Stage): number {
  const node = nodeOf(stage);
  invariant(node !== undefined && 'kernel' in node, `${stage.name} has no windows`);
  const { lanes, format } = stage.inputs[0]!;
  return lanes * format.width * node.kernel[0] * node.kernel[1];
}
