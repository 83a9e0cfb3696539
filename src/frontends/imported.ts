/** A network made elsewhere and the graph made of it: what a comparison of the two needs to know. */
import type { NodeId } from '../ir/common.js';
import type { FloatGraph, Quantizer } from '../ir/graph.js';

/** What a model does with its logits at its very end; the veto compares logits, so that it is left out. */
export type Head = 'logits' | 'softmax' | 'logSoftmax' | 'sigmoid';

/** What the original computes in. */
export type Precision = 'float32' | 'float16' | 'bfloat16';

export interface Imported {
  readonly graph: FloatGraph;
  /** The node that is the original’s input, `[height, width, channels]`. */
  readonly inputNode: NodeId;
  readonly head: Head;
  /** Values that the original puts out for a frame; 1 where the graph has two logits for one. */
  readonly outputs: number;
  /** How the original rounds what its head puts out; null where it does not. */
  readonly headQuantizer: Quantizer | null;
  readonly precision: Precision;
}

/** The original itself, ready to run. */
export interface Original {
  /** What runs it, in words. */
  readonly by: string;
  /** What it puts out for one image, the values of the input node `[h, w, c]` row-major. */
  run(image: Float32Array): Promise<ArrayLike<number>>;
  close(): Promise<void>;
}
