/** A network as processes take it: the graph, and the model that ONNX Runtime runs. */
import type { FixedGraph } from '../../ir/graph.js';

export interface LiveNetwork {
  readonly fixed: FixedGraph;
  /** Tells one set of weights from another, as the audit's ledger names it. */
  readonly digest: string;
  /** `fixed.onnx` of `fixed`. */
  readonly model: Uint8Array;
  /** Scores from this up are kept; in the graph's own levels. */
  readonly threshold: number;
}
