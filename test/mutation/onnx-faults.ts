/** Faults in the bytes of an emitted `fixed.onnx`. */
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto, type Graph, type Node } from '../../src/onnx-file/proto.js';

export interface OnnxFault {
  readonly name: string;
  readonly stage: string;
  readonly change: (graph: Required<Graph>) => void;
}

function nodeOf({ node }: Graph, name: string): Node {
  const found = node?.find((n) => n.name === name);
  if (found === undefined) throw new Error(`the model has no node ${name}`);
  return found;
}

/** Changes one number of an initializer in place. */
function number<A extends Float32Array | BigInt64Array | Int32Array>(
  { initializer }: Graph,
  name: string,
  type: new (buffer: ArrayBuffer) => A,
  index: number,
  change: (value: A[number]) => A[number],
): void {
  const found = initializer?.find((i) => i.name === name);
  if (!found?.rawData) throw new Error(`the model has no initializer ${name}`);
  const values = new type(Uint8Array.from(found.rawData).buffer);
  values[index] = change(values[index]!);
  found.rawData = new Uint8Array(values.buffer);
}

const float =
  (name: string, index: number, change: (value: number) => number) =>
  (graph: Graph): void => {
    number(graph, name, Float32Array, index, change);
  };
const long =
  (name: string, index: number, change: (value: bigint) => bigint) =>
  (graph: Graph): void => {
    number(graph, name, BigInt64Array, index, change);
  };

/** Sets an attribute of integers. */
function attribute(graph: Graph, node: string, name: string, ints: readonly number[]): void {
  const found = nodeOf(graph, node).attribute?.find((a) => a.name === name);
  if (found === undefined) throw new Error(`${node} has no ${name}`);
  found.ints = [...ints];
}

/** Lets the readers of a node's output read its input instead. */
function bypass(graph: Graph, name: string): void {
  const { input, output } = nodeOf(graph, name);
  for (const node of graph.node ?? [])
    node.input = (node.input ?? []).map((i) => (i === output![0] ? input![0]! : i));
}

export const ONNX_FAULTS: readonly OnnxFault[] = [
  { name: 'a weight one off', stage: 'conv1', change: float('conv1.weights', 4, (w) => w + 1) },
  {
    name: 'two weights swapped',
    stage: 'conv2',
    change: (graph) => {
      let first = 0;
      float('conv2.weights', 0, (w) => ((first = w), 0))(graph);
      float('conv2.weights', 1, (w) => {
        const second = w;
        float('conv2.weights', 0, () => second)(graph);
        return first;
      })(graph);
    },
  },
  { name: 'a bias with the wrong sign', stage: 'depthwise1', change: float('depthwise1.bias', 2, (b) => -b) },
  { name: 'a scale one power of two off', stage: 'conv1', change: float('conv1.scale', 3, (s) => s * 2) },
  { name: 'a saturation one too high', stage: 'conv1', change: float('conv1.saturated.2', 0, (v) => v + 1) },
  {
    name: 'a signed range that starts one late',
    stage: 'depthwise1',
    change: float('depthwise1.saturated.1', 0, (v) => v + 1),
  },
  {
    name: 'a rounding left out',
    stage: 'conv1',
    change: (graph) => {
      nodeOf(graph, 'conv1.rounded').opType = 'Floor';
    },
  },
  {
    name: 'the branches of an addition aligned alike',
    stage: 'add1',
    change: float('add1.scale_0', 0, () => 1),
  },
  {
    name: 'a concatenation in the other order',
    stage: 'concat1',
    change: (graph) => {
      nodeOf(graph, 'concat1.mantissa').input!.reverse();
    },
  },
  {
    name: 'padding on the other side',
    stage: 'conv1',
    change: (graph) => {
      attribute(graph, 'conv1.accumulator', 'pads', [0, 0, 2, 2]);
    },
  },
  {
    name: 'a pool padded at the top',
    stage: 'pool1',
    change: (graph) => {
      for (const [i, value] of [0n, 0n, 1n, 1n, 0n, 0n, 0n, 0n].entries())
        long('pool1.pads', i, () => value)(graph);
    },
  },
  {
    name: 'a crop one column off',
    stage: 'crop',
    change: (graph) => {
      long('crop.starts', 1, (v) => v + 1n)(graph);
      long('crop.ends', 1, (v) => v + 1n)(graph);
    },
  },
  { name: 'a mask pixel alive', stage: 'mask', change: float('mask.live', 3, (v) => 1 - v) },
  { name: 'a clamp one too low', stage: 'clamp', change: float('clamp.max', 0, (v) => v - 1) },
  { name: 'a table entry one off', stage: 'lut', change: float('lut.table', 1023, (v) => v - 1) },
  { name: 'a reciprocal one too small', stage: 'avg1', change: float('avg1.reciprocal', 0, (v) => v - 1) },
  { name: 'a leaky slope of a half', stage: 'conv2', change: float('conv2.sloped.1', 0, (v) => v * 4) },
  {
    name: 'no saturation of the logits',
    stage: 'logits',
    change: (graph) => {
      bypass(graph, 'logits.saturated');
    },
  },
  {
    name: 'hit and miss exchanged',
    stage: 'score',
    change: (graph) => {
      nodeOf(graph, 'score').input!.reverse();
    },
  },
  {
    name: 'a threshold with the wrong sign',
    stage: 'keep',
    change: (graph) => {
      number(graph, 'decision.threshold', Int32Array, 0, (v) => -v);
    },
  },
  {
    name: 'the comparison the wrong way round',
    stage: 'keep',
    change: (graph) => {
      nodeOf(graph, 'keep').opType = 'LessOrEqual';
    },
  },
];

/** Keeps the low `bits` bits of a value alone: an int32 that runs over, and back. */
function wrap({ node, initializer }: Required<Graph>, value: string, bits: number): void {
  const at = node!.findIndex((n) => n.output?.[0] === value);
  node![at] = { ...node![at], output: [`${value}.wide`] };
  const factor = `${value}.factor`;
  const rawData = new Uint8Array(Int32Array.of(2 ** (32 - bits)).buffer);
  initializer!.push({ name: factor, dataType: DATA_TYPE.int32, dims: [], rawData });
  const cast = (name: string, input: string, i: number): Node => ({
    opType: 'Cast',
    name: `${name}.cast`,
    input: [input],
    output: [name],
    attribute: [{ name: 'to', i, type: ATTRIBUTE_TYPE.int }],
  });
  const scale = (opType: string, name: string, input: string): Node => ({
    opType,
    name,
    input: [input, factor],
    output: [name],
    attribute: [],
  });
  node!.splice(
    at + 1,
    0,
    cast(`${value}.integer`, `${value}.wide`, DATA_TYPE.int32),
    scale('Mul', `${value}.raised`, `${value}.integer`),
    scale('Div', `${value}.lowered`, `${value}.raised`),
    cast(value, `${value}.lowered`, DATA_TYPE.float),
  );
}

/** Faults deep in the network, which no whole frame of the tests shows: a stage driven alone must. */
export const DEEP_ONNX_FAULTS: readonly OnnxFault[] = [
  {
    name: 'an accumulator of the last layer one bit too narrow',
    stage: 'logits',
    change: (graph) => {
      wrap(graph, 'logits.accumulator', 17);
    },
  },
  {
    name: 'an accumulator of a depthwise convolution one bit too narrow',
    stage: 'depthwise1',
    change: (graph) => {
      wrap(graph, 'depthwise1.accumulator', 18);
    },
  },
  {
    name: 'a saturation of the last layer one too low',
    stage: 'logits',
    change: float('logits.saturated.2', 0, (v) => v - 1),
  },
];

/** `model` with `fault` in it. */
export function faultyModel(model: Uint8Array, fault: OnnxFault): Uint8Array {
  const decoded = ModelProto.decode(model);
  fault.change(decoded.graph as Required<Graph>);
  return ModelProto.encode(decoded).finish();
}
