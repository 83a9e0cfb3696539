/** Float tensors for calibration: by the plain reference, or by ONNX Runtime where a network is too large for it. */
import type { FloatEvaluator } from '../../evaluate/float-reference.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import { isWeighted } from '../../ir/ops/index.js';
import { createOrtFloat, type OrtFloat } from '../../backends/onnx/ort/float.js';

/** Multiply-accumulates a frame above which ONNX Runtime calibrates: the reference would take seconds a frame. */
const LARGE = 3e8;

/** Multiply-accumulates of one frame. */
export function multiplyAccumulates(graph: FloatGraph): number {
  const shapes = floatShapes(graph);
  return graph.nodes.filter(isWeighted).reduce((sum, node) => {
    const [height, width] = shapes.get(node.id)!;
    return sum + height * width * node.weights.length;
  }, 0);
}

/** What `QuantizeNetworkOptions` take; `close` frees the sessions that were opened. */
export interface Evaluators {
  readonly options: { readonly createEvaluator?: (graph: FloatGraph) => Promise<FloatEvaluator> };
  readonly close: () => Promise<void>;
}

/** Evaluators that fit the size of `graph`. Small networks keep the reference, which gives the same bits everywhere. */
export function evaluatorsFor(graph: FloatGraph): Evaluators {
  if (multiplyAccumulates(graph) < LARGE) return { options: {}, close: () => Promise.resolve() };
  const open: OrtFloat[] = [];
  return {
    options: {
      async createEvaluator(part) {
        const ort = await createOrtFloat(part);
        open.push(ort);
        return ort.evaluate;
      },
    },
    close: async () => {
      for (const ort of open) await ort.close();
    },
  };
}
