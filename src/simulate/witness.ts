/**
 * A witness computes what the firmware computes, by its own means: interpreter, ONNX Runtime, C simulation.
 * Verification asks several witnesses the same frames and compares every integer with `===`.
 */
import type { NodeId } from '../ir/common.js';

/** What a witness says of one frame. */
export interface FrameResult {
  /** Mantissas of the output node, one a class. */
  readonly logits: Int32Array;
  /** max(hit logits) − max(miss logits). */
  readonly score: number;
  readonly keep: boolean;
  /** When asked for: mantissas of node outputs, `[height, width, channels]` row-major, by node. */
  readonly tensors: ReadonlyMap<NodeId, Int32Array>;
}

export interface WitnessOptions {
  /** Return the output of every node, not the logits alone. */
  readonly tensors?: boolean;
}

export interface Witness {
  /** `interpreter`, `onnxruntime`, `csim`, … */
  readonly name: string;
  /** Version of what ran: of ONNX Runtime, of the compiler. */
  readonly version: string;
  /** Results in the order of the frames (`height * width` raw pixels each). */
  run(frames: readonly Uint16Array[], options?: WitnessOptions): Promise<readonly FrameResult[]>;
  close(): Promise<void>;
}
