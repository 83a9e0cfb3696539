/** A TensorFlow.js graph model (`model.json` of format `graph-model`): read by TensorFlow.js, imported as ONNX would be. */
import { inFileWords, UnsupportedError } from '../../core/errors.js';
import { DATA_TYPE } from '../../onnx-file/proto.js';
import { tf } from '../../tensorflow/tf.js';
import { readModelJson } from '../model-json.js';
import type { OnnxModel } from '../onnx/model.js';
import { graphNodes, tensorName, type GraphNode } from './graph-def.js';
import { floatTensor, wholeTensor } from './onnx-nodes.js';
import { translateNode, type Graph, type Weight } from './to-onnx.js';

export interface GraphModelFile {
  /** TensorFlow.js on the file. */
  readonly model: tf.GraphModel;
  /** The same in ONNX's operators. */
  readonly onnx: OnnxModel;
}

/** Says the same where ONNX has it in attributes and inputs as here. */
const OPSET = 18;

/** Nodes that hold a weight or the image. */
const HOLDERS: ReadonlySet<string> = new Set(['Const', 'Placeholder', 'VariableV2', 'NoOp']);

/** Names that are another name of a weight. */
function withAliases(weights: Map<string, Weight>, nodes: readonly GraphNode[]): void {
  for (const { name, op, inputs } of nodes) {
    const weight = op === 'Identity' ? weights.get(inputs[0] ?? '') : undefined;
    if (weight !== undefined) weights.set(name, weight);
  }
}

function onnxOf(model: tf.GraphModel, nodes: readonly GraphNode[], file: string): OnnxModel {
  const { inputs, outputs } = model;
  const weights = new Map<string, Weight>();
  const graph: Graph = { nodes: [], initializers: new Map(), weights, reasons: [] };
  for (const [name, [tensor]] of Object.entries(model.weights)) {
    const [dims, values] = [tensor!.shape, tensor!.dataSync()];
    weights.set(name, { dims, values });
    const make = tensor!.dtype === 'float32' ? floatTensor : wholeTensor;
    graph.initializers.set(name, make(name, dims, values));
  }
  withAliases(weights, nodes);
  for (const node of nodes) if (!HOLDERS.has(node.op)) translateNode(node, graph);
  if (graph.reasons.length > 0) throw new UnsupportedError(file, graph.reasons);
  const value = ({ name, shape }: tf.GraphModel['inputs'][number]) => ({
    name: tensorName(name),
    elementType: DATA_TYPE.float,
    dims: shape === undefined ? null : shape.map((extent) => (extent < 0 ? null : extent)),
  });
  return {
    file,
    producer: 'TensorFlow.js',
    opsets: new Map([['', OPSET]]),
    metadata: new Map(),
    graphName: 'graph model',
    nodes: graph.nodes,
    initializers: graph.initializers,
    inputs: inputs.map(value),
    outputs: outputs.map(value),
  };
}

/** Reads `path` and the weights beside it. Throws `UserError` naming the file, or `UnsupportedError` with all operators. */
export function readGraphModel(path: string): Promise<GraphModelFile> {
  return inFileWords(
    async () => {
      let nodes: readonly GraphNode[] = [];
      const file = await readModelJson(path, (topology) => {
        nodes = graphNodes(topology, path);
      });
      const model = await tf.loadGraphModel(tf.io.fromMemory(file));
      return { model, onnx: onnxOf(model, nodes, path) };
    },
    {
      file: path,
      problem: 'is not a graph model that can be read',
      remedy: 'keep its weight files beside it, or convert the model again',
    },
  );
}
