/**
 * A witness computes what the firmware computes, by its own means: interpreter, ONNX Runtime, C simulation.
 * Verification asks several witnesses the same frames and compares every integer with `===`.
 */
import type { NodeId } from '../ir/common.js';
import type { FrameMaps } from '../ir/frame-maps.js';
import type { PrescaleAnswer, PrescaleQuestion } from '../ir/prescale.js';

/** What a witness says of one frame. */
export interface FrameResult {
  /** Mantissas of the output node, one a class. */
  readonly logits: Int32Array;
  /** max(hit logits) − max(miss logits). */
  readonly score: number;
  /** By the score alone. */
  readonly keep: boolean;
  /** When asked for, and where the witness has a prescale: what becomes of the frame with it. */
  readonly prescaled?: PrescaleAnswer;
  /** When asked for: mantissas of node outputs, `[height, width, channels]` row-major, by node. */
  readonly tensors: ReadonlyMap<NodeId, Int32Array>;
}

export interface WitnessOptions {
  /** Return the output of every node, not the logits alone. */
  readonly tensors?: boolean;
  /** Of each frame: decide with a prescale, too. */
  readonly prescale?: readonly PrescaleQuestion[];
  /** Of each frame of raw words: the maps that come with it. */
  readonly maps?: readonly FrameMaps[];
}

/**
 * Every stage alone, all at once: the readers of each node are given these values in place of what it computes, as a
 * logic simulator forces a signal.
 */
export interface Drill {
  /** Mantissas of every node of the graph, `[height, width, channels]` row-major, within its proved range. */
  readonly given: ReadonlyMap<NodeId, Int32Array>;
  /** The nodes that are asked. */
  readonly stages: ReadonlySet<NodeId>;
}

export interface DrillResult {
  /** What each node that was asked makes of what its inputs are given. */
  readonly tensors: ReadonlyMap<NodeId, Int32Array>;
  /** The decision about the given logits. */
  readonly score: number;
  readonly keep: boolean;
}

export interface Witness {
  /** `interpreter`, `onnxruntime`, `csim`, … */
  readonly name: string;
  /** Version of what ran: of ONNX Runtime, of the compiler. */
  readonly version: string;
  /** Results in the order of the frames (`height * width` raw pixels each). */
  run(frames: readonly Uint16Array[], options?: WitnessOptions): Promise<readonly FrameResult[]>;
  /** Results in the order of the drills; absent where the files of the run have no way in, which `undrilled` explains. */
  readonly drill?: (drills: readonly Drill[]) => Promise<readonly DrillResult[]>;
  readonly undrilled?: string;
  close(): Promise<void>;
}

/** A witness that could not be had, and why. */
export interface MissingWitness {
  readonly name: string;
  readonly reason: string;
}
