/**
 * Runs calibration frames through a float graph and keeps what was seen of every tensor: bounded memory, any
 * number of frames. Refuses frames of another size, values that are not finite, and a set of constant frames.
 */
import { UserError } from '../core/errors.js';
import type { Spot } from '../data/frames.js';
import type { NodeId, Shape } from '../ir/common.js';
import { createFloatReference, type FloatEvaluator, type TensorVisitor } from '../ir/float-reference.js';
import { floatShapes, inputNode, type FloatGraph } from '../ir/graph.js';
import { isPreprocess } from '../ir/ops/index.js';
import { peakPositions, placements } from './geometry.js';
import { emptyStats, observeAll, observeOne, type Ranges, type ValueObserver } from './ranges.js';

export interface CalibrationFrame {
  /** `height * width` raw pixels. */
  readonly pixels: Uint16Array;
  /** True or found Bragg peaks, or null where unknown. */
  readonly spots: readonly Spot[] | null;
}

export interface CalibrateOptions {
  /** Computes the float tensors; the float reference unless given. */
  readonly evaluate?: FloatEvaluator;
  /** Called after every frame with the number of frames so far. */
  readonly onFrame?: (done: number) => void;
}

export const isConstant = (pixels: Uint16Array): boolean => pixels.every((p) => p === pixels[0]);

interface Observed {
  readonly all: ValueObserver;
  readonly peaks: ValueObserver;
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

/** Statistics of every tensor behind the preprocessing, over `frames`. */
export async function calibrate(
  graph: FloatGraph,
  frames: Iterable<CalibrationFrame> | AsyncIterable<CalibrationFrame>,
  options: CalibrateOptions = {},
): Promise<Ranges> {
  const shapes = floatShapes(graph);
  const placed = placements(graph);
  const tensors = new Map<NodeId, Observed>();
  for (const node of graph.nodes)
    if (!isPreprocess(node)) tensors.set(node.id, { all: emptyStats(), peaks: emptyStats() });
  const reference = options.evaluate === undefined ? createFloatReference(graph) : null;
  let index = 0;
  let observed = 0;
  let framesWithPeaks = 0;
  for await (const frame of frames) {
    checkSize(graph, frame, index);
    if (!isConstant(frame.pixels)) {
      const look: TensorVisitor = (id: NodeId, tensor: Float32Array, shape: Shape) => {
        const stats = tensors.get(id);
        if (stats === undefined) return;
        if (!observeAll(stats.all, tensor)) throw notFinite(id, index);
        if (frame.spots === null) return;
        const under = peakPositions(placed.get(id) ?? null, shape, frame.spots);
        if (under !== null) observePeaks(stats.peaks, tensor, under, shape[2]);
      };
      if (reference !== null) reference.visit(frame.pixels, look);
      else
        for (const [id, tensor] of await options.evaluate!(frame.pixels)) look(id, tensor, shapes.get(id)!);
      observed += 1;
      if (frame.spots !== null) framesWithPeaks += 1;
    }
    index += 1;
    options.onFrame?.(index);
  }
  if (observed === 0)
    throw new UserError(
      index === 0 ? 'there are no calibration frames' : `all ${index} calibration frames are constant`,
      { remedy: 'calibrate on frames with signal, some of every class' },
    );
  return { frames: observed, constantFrames: index - observed, framesWithPeaks, tensors };
}
