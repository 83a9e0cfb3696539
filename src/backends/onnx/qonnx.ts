/**
 * `qonnx.onnx`: the network of a fixed graph in QONNX's channels-last dialect, for hls4ml and FINN. Real values with
 * `Quant` nodes that state every width, scale and rounding; batch 1; every shape declared.
 *
 * Those tools have no operators for preprocessing: the model starts at the network's inputs, one for each
 * preprocessing tensor that the network reads (real values, `[1, height, width, channels]`), and ends at `logits`.
 * Averages are depthwise convolutions with the reciprocal as weight, which is what the arithmetic says.
 *
 * Source of the operators: QONNX (github.com/fastmachinelearning/qonnx), docs/qonnx-custom-ops and channels-last.
 * It refuses roundings and overflows that `Quant` cannot say.
 */
import type { DialectOptions } from '../backend.js';
import { UnsupportedError, type UnsupportedReason } from '../../core/errors.js';
import type { NodeId } from '../../ir/common.js';
import { findNode, fixedShapes, type FixedGraph } from '../../ir/graph.js';
import { refuseModules } from '../../ir/modules.js';
import { dispatch } from '../../ir/dispatch.js';
import { isNetwork } from '../../ir/ops/index.js';
import { metadataOf } from './metadata.js';
import { QONNX_RULES } from './qonnx-rules.js';
import { uncertainInput } from './qonnx-tables.js';
import {
  asVector,
  CHANNELS_LAST,
  createEmit,
  GENERAL,
  ROUNDING,
  stored,
  type Value,
} from './qonnx-values.js';
import { createOnnxWriter } from './writer.js';

/** What the QONNX tools of 2024 and later work with. */
const QONNX_OPSET = 13;

/** Everything that `Quant` cannot say. */
function refusals(graph: FixedGraph): UnsupportedReason[] {
  return graph.nodes.flatMap((node) => {
    if (!isNetwork(node)) return [];
    if (node.kind === 'table') {
      const x = uncertainInput(node, findNode(graph, node.inputs[0]!).format);
      if (x === null) return [];
      const why = `the table of ${node.of.kind} holds a value at ${x} that float32 may round otherwise: use the dialect fixed`;
      return [{ what: node.id, why }];
    }
    const { quantization, overflow } = node.format;
    const reasons: UnsupportedReason[] = [];
    if (ROUNDING[quantization] === undefined)
      reasons.push({ what: node.id, why: `Quant does not round as ${quantization}` });
    if (overflow !== 'AP_SAT' && overflow !== 'AP_SAT_SYM')
      reasons.push({ what: node.id, why: `Quant does not overflow as ${overflow}: it saturates` });
    return reasons;
  });
}

/** The bytes of `qonnx.onnx`. Throws `UnsupportedError` with every reason. */
export function emitQonnx(graph: FixedGraph, options: DialectOptions = {}): Uint8Array {
  refuseModules('ONNX dialect qonnx', graph, 'write its parts, or use the dialect fixed');
  const reasons = refusals(graph);
  if (reasons.length > 0) throw new UnsupportedError('ONNX dialect qonnx', reasons);
  const writer = createOnnxWriter();
  const emit = createEmit(writer);
  const shapes = fixedShapes(graph);
  const values = new Map<NodeId, Value>();
  const read = (id: NodeId): Value => {
    const known = values.get(id);
    if (known !== undefined) return known;
    const { format } = findNode(graph, id);
    const shape = shapes.get(id)!;
    writer.input(id, 'float', [1, ...shape]);
    const value = stored(emit, id, { name: id, shape, rank: 4 }, { ...format, quantization: 'AP_RND_CONV' });
    values.set(id, value);
    return value;
  };
  for (const node of graph.nodes) {
    if (!isNetwork(node)) continue;
    values.set(node.id, dispatch(QONNX_RULES, node, emit, node.inputs.map(read), shapes.get(node.id)!));
  }
  const logits = asVector(emit, values.get(graph.output)!);
  writer.output(logits.name, 'float', [1, graph.hitClasses.length]);
  return writer.finish({
    graphName: graph.name,
    doc: 'The network of a vetoc fixed graph in the QONNX channels-last dialect; raw frames are preprocessed before it.',
    producerVersion: options.producerVersion ?? '',
    metadata: metadataOf('qonnx', graph, options),
    opset: QONNX_OPSET,
    domains: { [GENERAL]: 1, [CHANNELS_LAST]: QONNX_OPSET },
  });
}
