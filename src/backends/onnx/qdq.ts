/**
 * `qdq-int8.onnx`: a fixed graph as QuantizeLinear/DequantizeLinear pairs around float operators, the form that
 * TensorRT and ONNX Runtime's int8 kernels take. Same inputs, outputs and bits as `fixed.onnx` when run unfused.
 *
 * Signed int8 with zero point 0, weights in [−127, 127] with a scale per output channel, int32 biases, powers of two
 * throughout. With `uint8: true` unsigned tensors become uint8 and weights may be −128: for ONNX Runtime alone.
 *
 * A layer whose tensor or weights do not fit 8 bits, or whose sums reach 2^24 (a float kernel would round them), stays in
 * float: the operators of `fixed.onnx`, with the same bits; `vetoc.layers_in_float` in the metadata names them. Logits may
 * be wider, too: they leave the last accumulator in that way. It refuses tensors that float32 does not hold.
 */
import type { DialectOptions } from '../backend.js';
import { UnsupportedError } from '../../core/errors.js';
import type { NodeId } from '../../ir/common.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import { dispatch } from '../../ir/dispatch.js';
import { moduleShape } from '../../ir/modules.js';
import { isNetwork, partsOf } from '../../ir/ops/index.js';
import { analyseRanges, type Range } from '../../ir/prove.js';
import { emitFixedDecision, emitTensor, refuseWide } from './fixed.js';
import { metadataOf, tensorPlaces } from './metadata.js';
import { fixedRules } from './fixed-rules.js';
import { onParts } from './modules.js';
import { realValues } from './preprocess.js';
import { layersInFloat, refusals, storage } from './qdq-checks.js';
import { qdqRules } from './qdq-rules.js';
import { mantissas, onMantissas, quantizedPair, type Context, type RealTensor } from './qdq-stages.js';
import type { MantissaTensor } from './tensor.js';
import { createOnnxWriter } from './writer.js';

export interface QdqOptions extends DialectOptions {
  /** Unsigned tensors as uint8, weights down to −128. TensorRT takes neither. */
  readonly uint8?: boolean;
}

/** Emits every node in order: preprocessing as mantissas, then real values. Returns mantissas of all. */
function emitNodes(
  context: Context,
  graph: FixedGraph,
  ranges: ReadonlyMap<NodeId, Range>,
  inFloat: ReadonlySet<NodeId>,
): ReadonlyMap<NodeId, MantissaTensor> {
  const { writer, uint8 } = context;
  const shapes = fixedShapes(graph);
  const counts = new Map<NodeId, MantissaTensor>();
  const reals = new Map<NodeId, RealTensor>();
  const realOf = (id: NodeId): RealTensor => {
    const known = reals.get(id);
    if (known !== undefined) return known;
    const x = counts.get(id)!;
    const values = realValues(writer, x);
    const real: RealTensor =
      storage(x.range, uint8) === null
        ? { ...x, ...values, shift: 0 }
        : quantizedPair(context, id, values, x);
    reals.set(id, real);
    return real;
  };
  for (const node of graph.nodes) {
    const facts = { shape: shapes.get(node.id)!, range: ranges.get(node.id)! };
    const parts = partsOf(node);
    const own = { ...facts, shape: moduleShape(facts.shape, parts) };
    if (!isNetwork(node)) {
      const inputs = node.inputs.map((id) => counts.get(id)!);
      const tensor = onParts(writer, parts, inputs, (read) => dispatch(fixedRules, node, writer, read, own));
      counts.set(node.id, { ...tensor, range: facts.range, format: node.format });
    } else {
      const inputs = node.inputs.map(realOf);
      reals.set(
        node.id,
        onParts(writer, parts, inputs, (read) =>
          inFloat.has(node.id)
            ? onMantissas(context, node, read, own)
            : dispatch(qdqRules, node, context, read, own),
        ),
      );
    }
  }
  return new Map(
    graph.nodes.map(({ id }) => [id, counts.get(id) ?? mantissas(writer, reals.get(id)!)] as const),
  );
}

/** The bytes of `qdq-int8.onnx` (with `uint8`: `qdq.onnx`). Throws `UnsupportedError` with every reason. */
export function emitQdqOnnx(graph: FixedGraph, options: QdqOptions = {}): Uint8Array {
  const uint8 = options.uint8 ?? false;
  const reasons = refusals(graph);
  if (reasons.length > 0) throw new UnsupportedError(`ONNX dialect ${uint8 ? 'qdq' : 'qdq-int8'}`, reasons);
  const ranges = new Map([...analyseRanges(graph)].map(([id, { range }]) => [id, range]));
  refuseWide(graph, ranges, options.intermediates ?? false);
  const writer = createOnnxWriter();
  const inFloat = layersInFloat(graph, uint8);
  const tensors = emitNodes({ writer, uint8 }, graph, ranges, new Set(inFloat.map(({ id }) => id)));
  emitFixedDecision(writer, graph, tensors.get(graph.output)!);
  if (options.intermediates === true) for (const [id, tensor] of tensors) emitTensor(writer, id, tensor);
  return writer.finish({
    graphName: graph.name,
    doc: 'A vetoc fixed graph as QuantizeLinear/DequantizeLinear pairs with power-of-two scales. Exact when run as it stands; fused int8 kernels may round otherwise.',
    producerVersion: options.producerVersion ?? '',
    metadata: {
      ...metadataOf(uint8 ? 'qdq' : 'qdq-int8', graph, options),
      ...tensorPlaces(tensors),
      ...(inFloat.length > 0 && { 'vetoc.layers_in_float': JSON.stringify(inFloat.map(({ id }) => id)) }),
    },
  });
}
