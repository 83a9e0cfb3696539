/**
 * What makes a graph well-formed, checked after every pass and whenever a graph is read from a file.
 *
 * A fixed graph's proofs are recomputed from its weights: a file whose proof does not follow is refused.
 */
import { invariant } from '../core/errors.js';
import { bitsFor, fractionBits, maxMantissa, minMantissa, sameFormat, type Format } from '../fixed/format.js';
import type { Proof } from './common.js';
import { fixedShapes, floatShapes, inputNode, type FixedGraph, type FloatGraph } from './graph.js';
import { verifyModules } from './modules.js';
import { analyseRanges, proveStage, type StageInput } from './prove.js';
import { isPreprocess, isWeighted, traitsOf, type FixedNode, type PreprocessNode } from './ops/index.js';
import { checkCalibrate } from './ops/calibrate.js';
import { checkCommonMode } from './ops/common-mode.js';
import { checkTable } from './ops/table.js';
import { slopesOf } from './activations.js';

function verifyClasses(graph: FloatGraph | FixedGraph, logits: number): void {
  invariant(
    graph.classNames.length === logits,
    `${graph.name}: ${logits} logits for ${graph.classNames.length} classes`,
  );
  if ('ends' in graph && graph.ends === 'features') return;
  invariant(graph.hitClasses.length === logits, `${graph.name}: hitClasses does not match the classes`);
  invariant(
    graph.hitClasses.includes(true) && graph.hitClasses.includes(false),
    `${graph.name}: there must be a hit class and a miss class`,
  );
}

function verifyPreprocess(
  node: PreprocessNode,
  inputs: readonly StageInput[],
  range: { low: number; high: number },
): void {
  const expected = (f: Format): void => {
    invariant(
      sameFormat(f, node.format),
      `${node.id}: format ${JSON.stringify(node.format)} does not follow from its input`,
    );
  };
  if (node.kind === 'input') {
    const f = node.format;
    invariant(!f.signed && f.width === 16 && f.integer === 16, `${node.id}: a raw pixel is ap_ufixed<16,16>`);
    return;
  }
  const first = inputs[0]!;
  if (node.kind === 'lut') {
    invariant(
      range.low >= minMantissa(node.format) && range.high <= maxMantissa(node.format),
      `${node.id}: a table entry does not fit its format`,
    );
    return;
  }
  invariant(fractionBits(first.format) === 0 && !first.format.signed, `${node.id}: acts on unsigned counts`);
  if (node.kind === 'bin' || node.kind === 'clamp') {
    invariant(
      fractionBits(node.format) === 0 && !node.format.signed && node.format.width === bitsFor(0, range.high),
      `${node.id}: needs ap_ufixed<${bitsFor(0, range.high)}>`,
    );
  } else {
    expected(first.format);
  }
}

const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

const sameProof = (a: Proof, b: Proof): boolean =>
  sameNumbers(a.accumulatorMin, b.accumulatorMin) &&
  sameNumbers(a.accumulatorMax, b.accumulatorMax) &&
  sameNumbers(a.accumulatorFraction, b.accumulatorFraction) &&
  a.accumulatorWidth === b.accumulatorWidth &&
  a.float32Exact === b.float32Exact &&
  a.worstCase === b.worstCase;

function verifyWeights(node: FixedNode): void {
  if (!isWeighted(node)) return;
  const { mantissas, width, fraction, bias } = node.weights;
  const limit = 2 ** (width - 1);
  invariant(
    mantissas.every((m) => m >= -limit && m < limit),
    `${node.id}: a weight does not fit ${width} bits`,
  );
  invariant(fraction.length === bias.length, `${node.id}: a scale per output channel is needed`);
  invariant(
    bias.every((b) => Number.isSafeInteger(b)),
    `${node.id}: a bias is not an integer`,
  );
}

/** Throws `InvariantError` unless `graph` is well-formed. */
export function verifyFloatGraph(graph: FloatGraph): FloatGraph {
  const shapes = floatShapes(graph);
  verifyModules(graph);
  inputNode(graph);
  const output = shapes.get(graph.output);
  invariant(
    output !== undefined && output[0] === 1 && output[1] === 1,
    `${graph.name}: the output is not a vector`,
  );
  verifyClasses(graph, output[2]);
  for (const id of Object.keys(graph.quantizers ?? {}))
    invariant(
      graph.nodes.some((node) => node.id === id),
      `${graph.name}: a quantizer of ${id}, which is no node`,
    );
  for (const node of graph.nodes) {
    for (const id of node.inputs) {
      const producer = graph.nodes.find((n) => n.id === id)!;
      invariant(
        isPreprocess(producer) || !isPreprocess(node),
        `${node.id}: preprocessing cannot follow ${id}, which is not preprocessing`,
      );
    }
  }
  return graph;
}

/** Throws `InvariantError` unless `graph` is well-formed and every proof in it follows from its weights. */
export function verifyFixedGraph(graph: FixedGraph): FixedGraph {
  const shapes = fixedShapes(graph);
  verifyModules(graph);
  inputNode(graph);
  const output = shapes.get(graph.output);
  invariant(
    output !== undefined && output[0] === 1 && output[1] === 1,
    `${graph.name}: the output is not a vector`,
  );
  verifyClasses(graph, output[2]);
  const ranges = analyseRanges(graph);
  for (const node of graph.nodes) {
    const { inputs, range } = ranges.get(node.id)!;
    verifyWeights(node);
    if ('activation' in node) {
      const { negative } = slopesOf(node.activation);
      const channels = shapes.get(node.id)![2];
      invariant(
        negative.length === 1 || negative.length === channels,
        `${node.id}: ${negative.length} slopes for ${channels} channels`,
      );
    }
    invariant(
      node.format.signed || node.format.overflow !== 'AP_WRAP_SM',
      `${node.id}: ap_ufixed has no sign to wrap by (AP_WRAP_SM)`,
    );
    if (isPreprocess(node)) verifyPreprocess(node, inputs, range);
    else if ('proof' in node)
      invariant(
        sameProof(node.proof, proveStage(node, inputs, graph.reloadable)),
        `${node.id}: the recorded proof does not follow from the weights and formats`,
      );
    else if (node.kind === 'table') checkTable(node, inputs[0]!);
    else if (node.kind === 'calibrate') checkCalibrate(node, inputs);
    else if (node.kind === 'commonMode') checkCommonMode(node, inputs[0]!);
    else if (traitsOf(node).keepsFormat)
      for (const input of inputs)
        invariant(
          sameFormat(input.format, node.format),
          `${node.id}: ${node.kind} cannot change the format of its input`,
        );
    invariant(
      range.low >= minMantissa(node.format) && range.high <= maxMantissa(node.format),
      `${node.id}: values [${range.low}, ${range.high}] do not fit the output format`,
    );
  }
  return graph;
}
