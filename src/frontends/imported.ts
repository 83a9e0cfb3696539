/** A network made elsewhere and the graph made of it: what a comparison of the two needs to know. */
import type { NodeId } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';

/** What a model does with its logits at its very end; the veto compares logits, so that it is left out. */
export type Head = 'logits' | 'softmax' | 'logSoftmax' | 'sigmoid';

/** Where a file rounds what a node holds: to `scale` steps from `min` to `max`. */
export interface Quantizer {
  readonly scale: number;
  readonly min: number;
  readonly max: number;
}

/** How far the original’s own arithmetic is from float32. */
export type Precision = 'float32' | 'half' | 'quantized';

export interface Imported {
  readonly graph: FloatGraph;
  /** The node that is the original’s input, `[height, width, channels]`. */
  readonly inputNode: NodeId;
  readonly head: Head;
  /** Values that the original puts out for a frame; 1 where the graph has two logits for one. */
  readonly outputs: number;
  readonly precision: Precision;
  /** Where the original rounds activations, by node; empty for a network of floats. */
  readonly quantizers: ReadonlyMap<NodeId, Quantizer>;
}

/** The original itself, ready to run. */
export interface Original {
  /** What runs it, in words. */
  readonly by: string;
  /** What it puts out for one image, the values of the input node `[h, w, c]` row-major. */
  run(image: Float32Array): Promise<ArrayLike<number>>;
  close(): Promise<void>;
}
