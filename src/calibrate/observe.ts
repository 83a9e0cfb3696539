/**
 * Runs calibration frames through a float graph and keeps what was seen of every tensor: bounded memory, any
 * number of frames. Refuses frames of another size, values that are not finite, and a set of constant frames.
 */
import { UserError } from '../core/errors.js';
import type { Spot } from '../data/frames.js';
import type { NodeId, Shape } from '../ir/common.js';
import {
  createFloatReference,
  type FloatEvaluator,
  type TensorVisitor,
} from '../evaluate/float-reference.js';
import { consumers, floatShapes, inputNode, type FloatGraph } from '../ir/graph.js';
import { isFused, isPreprocess, type FloatNode } from '../ir/ops/index.js';
import { moduleRows, peakPositions, placements } from './geometry.js';
import {
  emptyStats,
  networkFingerprint,
  observeAll,
  observeChannels,
  observeOne,
  type Ranges,
  type ValueObserver,
} from './ranges.js';

export interface CalibrationFrame {
  /** `height * width` raw pixels. */
  readonly pixels: Uint16Array;
  /** True or found Bragg peaks, or null where unknown. */
  readonly spots: readonly Spot[] | null;
}

export interface CalibrateOptions {
  /** Computes the float tensors; the float reference unless given. */
  readonly evaluate?: FloatEvaluator;
  /** Also sees every observed tensor, with the positions `[height, width]` under peaks where they are known. */
  readonly onTensor?: (id: NodeId, tensor: Float32Array, shape: Shape, underPeaks: Uint8Array | null) => void;
  /** Called after every frame with the number of frames so far. */
  readonly onFrame?: (done: number) => void;
}

export const isConstant = (pixels: Uint16Array): boolean => pixels.every((p) => p === pixels[0]);

interface Observed {
  readonly all: ValueObserver;
  readonly peaks: ValueObserver;
  readonly channelSums: Float64Array<ArrayBuffer>;
}

function observePeaks(peaks: ValueObserver, tensor: Float32Array, under: Uint8Array, channels: number): void {
  for (let i = 0; i < under.length; i++)
    if (under[i] === 1) for (let c = 0; c < channels; c++) observeOne(peaks, tensor[i * channels + c]!);
}

function checkSize(graph: FloatGraph, frame: CalibrationFrame, index: number): void {
  const { size } = inputNode(graph);
  if (frame.pixels.length !== size[0] * size[1])
    throw new UserError(
      `calibration frame ${index} has ${frame.pixels.length} pixels, the network takes ${size.join('×')}`,
      { remedy: 'calibrate on frames of the detector that the network was trained for' },
    );
}

const notFinite = (id: NodeId, index: number): UserError =>
  new UserError(`calibration frame ${index} gives NaN or infinity at ${id}`, {
    remedy: 'train again: a weight is too large, or a normalisation divides by zero',
  });

/** Beyond this no format of 16 bits or fewer is worth having, and sums leave what integers hold. */
const LARGEST = 2 ** 38;

const tooLarge = (id: NodeId, index: number): UserError =>
  new UserError(`calibration frame ${index} gives values beyond 2^38 at ${id}`, {
    remedy: 'train again with batch normalisation or a lower learning rate: the activations have run away',
  });

/** Whether a stage puts out this tensor, or reads it of the preprocessing. */
function isObserved(graph: FloatGraph, node: FloatNode): boolean {
  const readers = consumers(graph, node.id);
  if (isPreprocess(node)) return readers.some((reader) => !isPreprocess(reader));
  // What only an activation reads is an accumulator: it has no format of its own.
  return node.id === graph.output || readers.length !== 1 || !isFused(readers[0]!);
}

/** The tensors that are observed: what stages put out, and what they read of the preprocessing. */
function observedTensors(graph: FloatGraph): Map<NodeId, Observed> {
  const shapes = floatShapes(graph);
  const tensors = new Map<NodeId, Observed>();
  for (const node of graph.nodes) {
    if (isObserved(graph, node))
      tensors.set(node.id, {
        all: emptyStats(),
        peaks: emptyStats(),
        channelSums: new Float64Array(shapes.get(node.id)![2]),
      });
  }
  return tensors;
}

/** Statistics of every tensor that a stage computes or reads, over `frames`. */
export async function calibrate(
  graph: FloatGraph,
  frames: Iterable<CalibrationFrame> | AsyncIterable<CalibrationFrame>,
  options: CalibrateOptions = {},
): Promise<Ranges> {
  const shapes = floatShapes(graph);
  const placed = placements(graph);
  const rows = moduleRows(graph);
  const tensors = observedTensors(graph);
  const reference = options.evaluate === undefined ? createFloatReference(graph) : null;
  let index = 0;
  let framesWithPeaks = 0;
  let constantFrames = 0;
  for await (const frame of frames) {
    checkSize(graph, frame, index);
    const look: TensorVisitor = (id, tensor, shape) => {
      const stats = tensors.get(id);
      if (stats === undefined) return;
      if (!observeAll(stats.all, tensor)) throw notFinite(id, index);
      if (stats.all.max > LARGEST || stats.all.min < -LARGEST) throw tooLarge(id, index);
      observeChannels(stats.channelSums, tensor);
      const under =
        frame.spots === null ? null : peakPositions(placed.get(id) ?? null, shape, frame.spots, rows);
      if (under !== null) observePeaks(stats.peaks, tensor, under, shape[2]);
      options.onTensor?.(id, tensor, shape, under);
    };
    if (isConstant(frame.pixels)) constantFrames += 1;
    else {
      if (reference !== null) reference.visit(frame.pixels, look);
      else
        for (const [id, tensor] of await options.evaluate!(frame.pixels)) look(id, tensor, shapes.get(id)!);
      if (frame.spots !== null) framesWithPeaks += 1;
    }
    index += 1;
    options.onFrame?.(index);
  }
  if (index === constantFrames)
    throw new UserError(
      index === 0 ? 'there are no calibration frames' : `all ${index} calibration frames are constant`,
      { remedy: 'calibrate on frames with signal, some of every class' },
    );
  return {
    network: networkFingerprint(graph),
    frames: index - constantFrames,
    constantFrames,
    framesWithPeaks,
    tensors,
  };
}
