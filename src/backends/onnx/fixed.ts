/**
 * `fixed.onnx`: a fixed graph as an ONNX model with the same bits. Raw `uint16` frames `[N, height, width]` in,
 * integer `logits` `[N, classes]`, `score` and `keep` out. With `prescale` a second input brings frame number, key and N, and
 * `keep` says what becomes of a frame with that (prescale.ts); without it the file has no trace of it.
 *
 * Tensors hold mantissas (integers in float32; in float64 where 2^24 is not enough). It refuses graphs whose
 * logits, scores or, with `intermediates`, tensors do not fit int32.
 */
import type { DialectOptions } from '../backend.js';
import { UnsupportedError, invariant, type UnsupportedReason } from '../../core/errors.js';
import { elements, type NodeId } from '../../ir/common.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import { dispatch } from '../../ir/dispatch.js';
import { moduleShape } from '../../ir/modules.js';
import { partsOf } from '../../ir/ops/index.js';
import { analyseRanges, type Range } from '../../ir/prove.js';
import { emitDecision, FEATURES } from './decision.js';
import { fixedRules } from './fixed-rules.js';
import { BY_SCORE, emitPrescale, PRESCALE_INPUT } from './prescale.js';
import { onParts } from './modules.js';
import { metadataOf, TENSOR_SUFFIX, tensorPlaces } from './metadata.js';
import { castName, inRank, largest, type MantissaTensor, type Tensor } from './tensor.js';
import { createOnnxWriter, type OnnxWriter } from './writer.js';

const INT32 = 2 ** 31 - 1;

/** Everything that int32 outputs cannot hold, collected. */
export function refuseWide(graph: FixedGraph, ranges: ReadonlyMap<NodeId, Range>, all: boolean): void {
  const reasons: UnsupportedReason[] = [];
  for (const node of graph.nodes) {
    const range = ranges.get(node.id)!;
    if ((all || node.id === graph.output) && largest(range) > INT32)
      reasons.push({ what: node.id, why: `values up to ${largest(range)} do not fit int32` });
  }
  const { low, high } = ranges.get(graph.output)!;
  if (high - low > INT32)
    reasons.push({ what: 'score', why: `differences of logits up to ${high - low} do not fit int32` });
  if (reasons.length > 0) throw new UnsupportedError('ONNX export', reasons);
}

/** The tensor of a node as int32 `[N, height, width, channels]`. */
export function emitTensor(writer: OnnxWriter, id: NodeId, tensor: Tensor): void {
  const image = inRank(writer, tensor, 4);
  const integers = castName(writer, image.name, 'int32', `${id}.integers`);
  const name = writer.node('Transpose', `${id}${TENSOR_SUFFIX}`, [integers], {
    attributes: { perm: { ints: [0, 2, 3, 1] } },
  });
  writer.output(name, 'int32', ['N', ...tensor.shape]);
}

/** Emits every node in order; returns its tensors. */
function emitNodes(
  writer: OnnxWriter,
  graph: FixedGraph,
  ranges: ReadonlyMap<NodeId, Range>,
): ReadonlyMap<NodeId, MantissaTensor> {
  const shapes = fixedShapes(graph);
  const tensors = new Map<NodeId, MantissaTensor>();
  for (const node of graph.nodes) {
    const facts = { shape: shapes.get(node.id)!, range: ranges.get(node.id)! };
    const inputs = node.inputs.map((id) => tensors.get(id)!);
    const parts = partsOf(node);
    const tensor = onParts(writer, parts, inputs, (own) =>
      dispatch(fixedRules, node, writer, own, { ...facts, shape: moduleShape(facts.shape, parts) }),
    );
    invariant(
      elements(tensor.shape) === elements(facts.shape),
      `${node.id}: emitted ${tensor.shape.join('×')} for ${facts.shape.join('×')}`,
    );
    tensors.set(node.id, { ...tensor, range: facts.range, format: node.format });
  }
  return tensors;
}

/** Columns of the second input. */
const PRESCALE_FACTS = {
  'vetoc.prescale': JSON.stringify({ input: PRESCALE_INPUT, type: 'int64', columns: ['number', 'key', 'n'] }),
};

/** Logits, score and keep as integers, from the mantissas of the output node; or features, where they are what it ends with. */
export function emitFixedDecision(
  writer: OnnxWriter,
  graph: FixedGraph,
  output: MantissaTensor,
  prescale = false,
): void {
  const { low, high } = output.range;
  // A threshold beyond every possible score decides like one just beyond.
  const threshold = Math.min(Math.max(graph.threshold, low - high), high - low + 1, INT32);
  const logits = inRank(writer, output, 2).name;
  if (graph.ends === 'features') {
    castName(writer, logits, 'int32', FEATURES);
    writer.output(FEATURES, 'int32', ['N', output.shape[2]]);
    return;
  }
  if (!prescale) {
    emitDecision(writer, graph, logits, 'int32', threshold);
    return;
  }
  writer.input(PRESCALE_INPUT, 'int64', ['N', 3]);
  emitDecision(writer, graph, logits, 'int32', threshold, BY_SCORE);
  emitPrescale(writer);
}

/** The bytes of `fixed.onnx`; the same graph and options give the same bytes. Throws `UnsupportedError`. */
export function emitFixedOnnx(graph: FixedGraph, options: DialectOptions = {}): Uint8Array {
  const ranges = new Map([...analyseRanges(graph)].map(([id, { range }]) => [id, range]));
  refuseWide(graph, ranges, options.intermediates ?? false);
  const writer = createOnnxWriter();
  const tensors = emitNodes(writer, graph, ranges);
  emitFixedDecision(writer, graph, tensors.get(graph.output)!, options.prescale);
  if (options.intermediates === true) for (const [id, tensor] of tensors) emitTensor(writer, id, tensor);
  return writer.finish({
    graphName: graph.name,
    doc: 'Integer arithmetic carried in floating point, exact by proof: the mantissas of a vetoc fixed graph. Do not run it with TF32 or reduced-precision convolutions.',
    producerVersion: options.producerVersion ?? '',
    metadata: {
      ...metadataOf('fixed', graph, options),
      ...(options.prescale === true ? PRESCALE_FACTS : {}),
      ...tensorPlaces(tensors),
    },
  });
}
