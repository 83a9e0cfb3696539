/**
 * One float graph through export and import, a LayersModel and back, every pass on its own, and quantization. What
 * stays a float graph must compute the same logits as before.
 */
import type { z } from 'zod';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { importOwnOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { channelStats } from '../../src/passes/channel-stats.js';
import { PASSES } from '../../src/passes/pipeline.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { throughLayersModel } from './layers-model.js';
import { failedWith, type Failed, type Outcome } from './outcome.js';

/** Float32 sums in another order: far above rounding, far below any wrong weight. */
const TOLERANCE = 1e-4;

export interface FloatSubject {
  readonly graph: FloatGraph;
  /** Passes measure on all but the last, unless there is only one; logits are compared on all. */
  readonly frames: readonly Uint16Array[];
  readonly quantization: z.input<typeof quantizationSchema>;
}

const PASS = 'pass ';
export const FLOAT_CHECKS: readonly string[] = [
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

/** The graph after one of the checks but `quantize`; null where no LayersModel can say it, as it may be. */
async function transformed(name: string, subject: FloatSubject): Promise<FloatGraph | null> {
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

/** Runs one check. Whatever it throws is a failure: these networks can all be taken. */
export async function checkFloat(name: string, subject: FloatSubject): Promise<Outcome> {
  const { graph, frames } = subject;
  try {
    if (name === 'quantize') return { kind: 'same', values: (await quantized(subject)).nodes.length };
    const after = await transformed(name, subject);
    return after === null
      ? { kind: 'same', values: 0 }
      : compareLogits(graph, verifyFloatGraph(after), frames);
  } catch (error) {
    return failedWith(error, frames.length);
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
    if (check.startsWith(PASS)) subject = { ...subject, graph: (await transformed(check, subject))! };
  }
  return null;
}
