/**
 * One float graph through ONNX Runtime and the forward pass of training, export and import, a LayersModel and back, every pass on its
 * own, and quantization. What stays a float graph must compute the same logits as before.
 */
import type { z } from 'zod';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { importOwnOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { createOrtFloat } from '../../src/backends/onnx/ort/float.js';
import { createFloatReference, type FloatTensors } from '../../src/evaluate/float-reference.js';
import { createExplainer } from '../../src/explain/grad-cam.js';
import type { NodeId } from '../../src/ir/common.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { isPreprocess } from '../../src/ir/ops/index.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { channelStats } from '../../src/passes/channel-stats.js';
import { PASSES } from '../../src/passes/pipeline.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { isWithoutLayers, throughLayersModel } from './layers-model.js';
import { failedWith, type Failed, type Outcome } from './outcome.js';

/** Float32 sums in another order: far above rounding, far below any wrong weight. */
const TOLERANCE = 1e-4;

export interface FloatSubject {
  readonly graph: FloatGraph;
  /** Passes measure on all but the last, unless there is only one; logits are compared on all. */
  readonly frames: readonly Uint16Array[];
  readonly quantization: z.input<typeof quantizationSchema>;
}

/** What else computes every tensor of a float graph, and whether it has a finite gradient at the network's input. */
interface Evaluator {
  tensors(pixels: Uint16Array): Promise<FloatTensors>;
  close(): Promise<void>;
}

const EVALUATORS: Readonly<Record<string, (graph: FloatGraph) => Promise<Evaluator>>> = {
  async 'float.onnx'(graph) {
    const float = await createOrtFloat(graph, { threads: 1 });
    return { tensors: float.evaluate, close: () => float.close() };
  },
  async 'forward pass'(graph) {
    await openBackend('cpu');
    const explainer = createExplainer(graph);
    return {
      tensors(pixels) {
        for (const layer of explainer.boundary) {
          const { gradient } = explainer.gradient(pixels, layer, { kind: 'hit' });
          if (!gradient.every(Number.isFinite)) throw new Error(`the gradient at ${layer} is not finite`);
        }
        return Promise.resolve(explainer.activations(pixels));
      },
      close() {
        explainer.dispose();
        return Promise.resolve();
      },
    };
  },
};

const PASS = 'pass ';
export const FLOAT_CHECKS: readonly string[] = [
  ...Object.keys(EVALUATORS),
  'onnx import',
  'layers model',
  ...PASSES.map(({ name }) => `${PASS}${name}`),
  'quantize',
];

const noExternal = (): never => {
  throw new Error('our own files stand alone');
};

const measured = ({ frames }: FloatSubject) =>
  frames.slice(0, Math.max(1, frames.length - 1)).map((pixels) => ({ pixels, spots: null }));

/** Every tensor of the network, in parts of its largest value. */
async function compareTensors({ graph, frames }: FloatSubject, evaluator: Evaluator): Promise<Outcome> {
  const reference = createFloatReference(graph);
  let values = 0;
  for (const [i, pixels] of frames.entries()) {
    const expected = new Map<NodeId, Float32Array>();
    reference.visit(pixels, (id, tensor) => expected.set(id, tensor.slice()));
    const found = await evaluator.tensors(pixels);
    for (const node of graph.nodes) {
      if (isPreprocess(node)) continue;
      const [a, b] = [expected.get(node.id)!, found.get(node.id)];
      const size = a.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
      const at = a.findIndex((v, k) => !(Math.abs(v - (b?.[k] ?? NaN)) < TOLERANCE * size));
      if (at >= 0)
        return {
          kind: 'failed',
          stage: node.id,
          frames: [i],
          text: `${node.id} (${node.kind}) is ${b?.[at]} at ${at}, not ${a[at]}`,
        };
      values += a.length;
    }
  }
  return { kind: 'same', values };
}

/** The graph after one of the checks that change it. */
async function transformed(name: string, subject: FloatSubject): Promise<FloatGraph> {
  const { graph } = subject;
  if (name === 'onnx import')
    return importOwnOnnx(readOnnxModel(emitFloatOnnx(graph), 'float.onnx'), noExternal);
  if (name === 'layers model') return throughLayersModel(graph);
  const pass = PASSES.find((p) => name === `${PASS}${p.name}`)!;
  return pass.run(graph, {
    quantization: quantizationSchema.parse(subject.quantization),
    measure: (now) => channelStats(now, measured(subject)),
  });
}

/** Differences of logits beyond the tolerance, relative to the largest logit of the frame. */
function compareLogits(before: FloatGraph, after: FloatGraph, frames: readonly Uint16Array[]): Outcome {
  const [a, b] = [createFloatReference(before), createFloatReference(after)];
  const changes = frames.map((frame) => {
    const x = a.decide(frame).logits;
    const y = b.decide(frame).logits;
    const size = Math.max(1e-3, ...x.map(Math.abs));
    return Math.max(...x.map((v, c) => Math.abs(v - y[c]!) / size));
  });
  const failed = [...changes.keys()].filter((i) => !(changes[i]! < TOLERANCE));
  if (failed.length === 0) return { kind: 'same', values: frames.length * before.classNames.length };
  const text = `the logits change by ${changes[failed[0]!]!} of the largest`;
  return { kind: 'failed', stage: 'logits', frames: failed, text };
}

/** The fixed graph that quantization makes. */
export async function quantized(subject: FloatSubject): Promise<FixedGraph> {
  const { fixed } = await quantizeNetwork(subject.graph, measured(subject), {
    quantization: quantizationSchema.parse(subject.quantization),
    calibration: calibrationSchema.parse({}),
  });
  return fixed;
}

/** Runs one check. Whatever it throws is a failure: all can take these networks, but layers. */
export async function checkFloat(name: string, subject: FloatSubject): Promise<Outcome> {
  const { graph, frames } = subject;
  try {
    if (name === 'quantize') return { kind: 'same', values: (await quantized(subject)).nodes.length };
    const opened = await EVALUATORS[name]?.(graph);
    if (opened === undefined)
      return compareLogits(graph, verifyFloatGraph(await transformed(name, subject)), frames);
    try {
      return await compareTensors(subject, opened);
    } finally {
      await opened.close();
    }
  } catch (error) {
    return isWithoutLayers(error)
      ? { kind: 'unsupported', reason: error.message }
      : failedWith(error, frames.length);
  }
}

export interface FloatFailure {
  readonly check: string;
  /** The graph as the check found it: passes see what those before them made. */
  readonly subject: FloatSubject;
  readonly outcome: Failed;
}

/**
 * The first check but `quantize` that `start` fails; null where it passes all. Passes follow each other, as in the
 * pipeline, and what they made is exported once more.
 */
export async function firstFloatFailure(start: FloatSubject): Promise<FloatFailure | null> {
  let subject = start;
  for (const check of [...FLOAT_CHECKS.filter((name) => name !== 'quantize'), 'onnx import']) {
    const outcome = await checkFloat(check, subject);
    if (outcome.kind === 'failed') return { check, subject, outcome };
    if (check.startsWith(PASS)) subject = { ...subject, graph: await transformed(check, subject) };
  }
  return null;
}
