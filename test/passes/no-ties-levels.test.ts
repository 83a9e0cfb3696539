/** Networks without ties in ONNX Runtime at every level of its optimisation: fused kernels round otherwise, and nothing differs. */
import { describe, expect, it } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { ORT_OPTIMIZATIONS, type OrtOptimization } from '../../src/backends/onnx/ort/session.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { emitQdqOnnx } from '../../src/backends/onnx/qdq.js';
import { calibrate } from '../../src/calibrate/observe.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { prepareGraph } from '../../src/passes/pipeline.js';
import { quantizeGraph } from '../../src/passes/quantize.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { randomFrames, randomNetwork } from './random-networks.js';

const SEEDS = Array.from({ length: 8 }, (_, k) => k + 1);
const DIALECTS = { fixed: emitFixedOnnx, 'qdq-int8': emitQdqOnnx } as const;

async function quantized(seed: number, noTies: boolean): Promise<FixedGraph> {
  const quantization = quantizationSchema.parse({ noTies });
  const prepared = await prepareGraph(randomNetwork(seed), { quantization });
  const frames = randomFrames(4, seed).map((pixels) => ({ pixels, spots: null }));
  const observer = calibrationSchema.parse({});
  return quantizeGraph(prepared, await calibrate(prepared, frames), { quantization, observer });
}

interface Count {
  values: number;
  different: number;
}

/** Integers that ONNX Runtime computes at one level, and how many are others: of all tensors, or of the logits of the whole. */
async function compare(
  fixed: FixedGraph,
  model: Uint8Array,
  optimization: OrtOptimization,
  frames: readonly Uint16Array[],
  count: Count,
): Promise<void> {
  const evaluator = createFixedEvaluator(fixed);
  const witness = await createOrtWitness(fixed, { optimization, threads: 1 }, model);
  try {
    // With every tensor as an output there is less to fuse: both ways are looked at.
    for (const tensors of [false, true]) {
      const results = await witness.run(frames, { tensors });
      frames.forEach((frame, k) => {
        const look = (given: ArrayLike<number>, own: Int32Array): void => {
          count.values += own.length;
          own.forEach((v, i) => (count.different += Number(given[i] !== v)));
        };
        const logits = evaluator.visit(frame, (id, tensor) => {
          const given = results[k]!.tensors.get(id);
          if (given !== undefined) look(given, tensor);
        });
        look(results[k]!.logits, logits);
      });
    }
  } finally {
    await witness.close();
  }
}

describe('a network without ties', { timeout: 300_000 }, () => {
  it.each(Object.keys(DIALECTS) as (keyof typeof DIALECTS)[])(
    'as %s is the same at every level of optimisation, 0 of more than 10^6 integers differ',
    async (dialect) => {
      const count: Count = { values: 0, different: 0 };
      const other: Count = { values: 0, different: 0 };
      for (const seed of SEEDS) {
        const fixed = await quantized(seed, true);
        const model = DIALECTS[dialect](fixed);
        for (const level of ORT_OPTIMIZATIONS)
          await compare(fixed, model, level, randomFrames(10, seed + 50), count);
        // The same network with its ties is another one, which this comparison would see.
        const tied = DIALECTS[dialect](await quantized(seed, false));
        await compare(fixed, tied, 'disabled', randomFrames(1, seed + 50), other);
      }
      expect(count.values).toBeGreaterThan(1e6);
      expect(count.different).toBe(0);
      expect(other.different).toBeGreaterThan(100);
    },
  );
});
