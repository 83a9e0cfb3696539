/**
 * The order in which the loop of a stage reads and writes words: one function per template of hls-templates/vetoc that
 * has an order of its own. `test/hls/cycle-model.test.ts` holds them to what the C++ does.
 */
import { invariant } from '../../core/errors.js';
import type { Shape, Window } from '../../ir/common.js';
import { eventRecorder, READ, WRITE, type Events } from './dataflow.js';
import { headerBeats, trailerBeats } from './link.js';
import { wordsPerFrame, type Packing, type Stage, type StageOf } from './plan.js';

export const R0 = READ(0);
export const W0 = WRITE(0);

export function repeat(count: number, flags: number): Events {
  const r = eventRecorder();
  for (let i = 0; i < count; i++) r.tick(flags);
  return r.finish();
}

/** Words that pass on to wait for the sum of their segment, which stands behind the last of them; and the words that it is taken from. */
export function segmentEvents({ node, inputs: [x] }: StageOf<'commonMode'>): readonly [Events, Events] {
  const [sums, means] = [eventRecorder(), eventRecorder()];
  const words = node.columns / x!.lanes;
  for (let i = 0; i < wordsPerFrame(x!); i++) {
    sums.tick(R0 | W0 | (i % words === words - 1 ? WRITE(1) : 0));
    means.tick(R0 | (i % words === 0 ? READ(1) : 0) | W0);
  }
  return [sums.finish(), means.finish()];
}

export function cropEvents(stage: StageOf<'crop'>): Events {
  const [from, to] = [stage.inputs[0]!, stage.outputs[0]!];
  const inWords = Math.ceil(from.shape[1] / from.lanes);
  const outWords = Math.ceil(to.shape[1] / to.lanes);
  const [top, left] = stage.node.offset;
  const late = left % from.lanes > 0 ? 1 : 0;
  const start = Math.floor(left / from.lanes) + late;
  const steps = Math.max(inWords, start + outWords);
  const r = eventRecorder();
  for (let y = 0; y < from.shape[0]; y++)
    for (let x = 0; x < steps; x++) {
      const kept = y >= top && y < top + to.shape[0] && x >= start && x < start + outWords;
      r.tick((x < inWords ? R0 : 0) | (kept ? W0 : 0));
    }
  return r.finish();
}

export function binEvents(stage: StageOf<'bin'>): Events {
  const [from, to] = [stage.inputs[0]!, stage.outputs[0]!];
  const [fy, fx] = stage.node.factor;
  const span = Math.max(1, fx / from.lanes);
  const words = Math.ceil(to.shape[1] / to.lanes);
  const r = eventRecorder();
  for (let y = 0; y < to.shape[0]; y++)
    for (let dy = 0; dy < fy; dy++)
      for (let x = 0; x < words; x++)
        for (let part = 0; part < span; part++) r.tick(R0 | (dy === fy - 1 && part === span - 1 ? W0 : 0));
  return r.finish();
}

/** Rows (columns) of the padded image that a line buffer walks over. */
export interface Walk {
  readonly first: number;
  readonly end: number;
}

/** All of them, along both axes. */
const wholeWalk = (
  { padding: [top, left, bottom, right] }: Window,
  [height, width]: Shape,
): readonly [Walk, Walk] => [
  { first: 0, end: top + height + bottom },
  { first: 0, end: left + width + right },
];

/** Without the padding in front of the first position that reads or writes, and behind the last. */
export function neededWalk({ kernel, strides, padding }: Window, shape: Shape): readonly [Walk, Walk] {
  const along = (axis: 0 | 1): Walk => {
    const [before, after] = [padding[axis], padding[axis === 0 ? 2 : 3]];
    const image = before + shape[axis];
    const lastWindow =
      Math.floor((image + after - kernel[axis]) / strides[axis]) * strides[axis] + kernel[axis];
    return { first: Math.min(before, kernel[axis] - 1), end: Math.max(image, lastWindow) };
  };
  return [along(0), along(1)];
}

export function windowEvents(
  window: Window,
  input: Shape,
  lanes: number,
  [rows, columns] = wholeWalk(window, input),
): Events {
  const [top, left] = window.padding;
  const groups = input[2] / lanes;
  const r = eventRecorder();
  let rowsToGo = window.kernel[0] - 1 - rows.first;
  for (let y = rows.first; y < rows.end; y++) {
    let columnsToGo = window.kernel[1] - 1 - columns.first;
    for (let x = columns.first; x < columns.end; x++) {
      const inside = y >= top && y < top + input[0] && x >= left && x < left + input[1];
      const flags = (inside ? R0 : 0) | (rowsToGo === 0 && columnsToGo === 0 ? W0 : 0);
      for (let g = 0; g < groups; g++) r.tick(flags);
      columnsToGo = columnsToGo === 0 ? window.strides[1] - 1 : columnsToGo - 1;
    }
    rowsToGo = rowsToGo === 0 ? window.strides[0] - 1 : rowsToGo - 1;
  }
  return r.finish();
}

/** `vectors` times `groups` times: `words` reads of `fold` × `outFold` cycles each, results in the last `outFold`. */
export function matrixEvents(
  vectors: number,
  groups: number,
  words: number,
  fold: number,
  outFold: number,
): Events {
  const r = eventRecorder();
  for (let v = 0; v < vectors * groups; v++)
    for (let w = 0; w < words; w++) {
      if (w < words - 1) {
        r.tick(R0);
        r.skip(fold * outFold - 1);
        continue;
      }
      for (let t = 0; t < fold; t++)
        for (let o = 0; o < outFold; o++) r.tick((t === 0 && o === 0 ? R0 : 0) | (t === fold - 1 ? W0 : 0));
    }
  return r.finish();
}

export function concatEvents(stage: StageOf<'concat'>): Events {
  const [a, b] = [stage.inputs[0]!, stage.inputs[1]!];
  const to = stage.outputs[0]!;
  const pixels = to.shape[0] * to.shape[1];
  if (to.lanes === to.shape[2] && a.lanes === a.shape[2] && b.lanes === b.shape[2])
    return repeat(pixels, R0 | READ(1) | W0);
  const r = eventRecorder();
  for (let i = 0; i < pixels; i++) {
    for (let w = a.shape[2] / a.lanes; w > 0; w--) r.tick(R0 | W0);
    for (let w = b.shape[2] / b.lanes; w > 0; w--) r.tick(READ(1) | W0);
  }
  return r.finish();
}

/** Runs of values that start with a fresh word on both sides: rows of a one-channel image, or pixels. */
export function repackRuns(from: Packing, to: Packing): { readonly runs: number; readonly values: number } {
  const byRow = from.lanes > from.shape[2] || to.lanes > to.shape[2];
  invariant(!byRow || from.shape[2] === 1, 'rows of several channels');
  const [height, width, channels] = from.shape;
  return byRow ? { runs: height, values: width } : { runs: height * width, values: channels };
}

export function repackEvents(stage: StageOf<'repack'>): Events {
  const [from, to] = [stage.inputs[0]!, stage.outputs[0]!];
  const { runs, values } = repackRuns(from, to);
  const inWords = Math.ceil(values / from.lanes);
  const outWords = Math.ceil(values / to.lanes);
  const r = eventRecorder();
  for (let run = 0; run < runs; run++) {
    if (from.lanes % to.lanes === 0) {
      const ratio = from.lanes / to.lanes;
      for (let i = 0; i < outWords; i++) r.tick((i % ratio === 0 ? R0 : 0) | W0);
    } else if (to.lanes % from.lanes === 0) {
      const ratio = to.lanes / from.lanes;
      for (let i = 0; i < inWords; i++) r.tick(R0 | (i % ratio === ratio - 1 || i === inWords - 1 ? W0 : 0));
    } else {
      let fill = 0;
      let taken = 0;
      for (let written = 0; written < outWords;) {
        let flags = 0;
        if (taken < inWords && fill < to.lanes) {
          flags |= R0;
          fill += from.lanes;
          taken += 1;
        }
        if (fill >= to.lanes || taken === inWords) {
          flags |= W0;
          fill = Math.max(0, fill - to.lanes);
          written += 1;
        }
        r.tick(flags);
      }
    }
  }
  return r.finish();
}

/** The words of the vector (input 1), then those of the image. */
export function multiplyEvents(stage: StageOf<'multiply'>): Events {
  const r = eventRecorder();
  for (let i = wordsPerFrame(stage.inputs[1]!); i > 0; i--) r.tick(READ(1));
  for (let i = wordsPerFrame(stage.inputs[0]!); i > 0; i--) r.tick(R0 | W0);
  return r.finish();
}

/** Rows of blocks: the first copy of a pixel reads it. */
export function upsampleEvents({ node, inputs }: StageOf<'upsample'>): Events {
  const [height, width, channels] = inputs[0]!.shape;
  const [fy, fx] = node.factor;
  const groups = channels / inputs[0]!.lanes;
  const r = eventRecorder();
  for (let y = 0; y < height; y++)
    for (let dy = 0; dy < fy; dy++)
      for (let x = 0; x < width; x++)
        for (let dx = 0; dx < fx; dx++)
          for (let g = 0; g < groups; g++) r.tick((dy === 0 && dx === 0 ? R0 : 0) | W0);
  return r.finish();
}

/** Beats as they come. */
export const absorbEvents = (beats: number): Events => repeat(beats, R0 | W0);

/** The beats of a packet, pixels handed on, then the status word; `packets` is output 1. */
export function receiveEvents({ link, outputs }: StageOf<'receive'>): Events {
  const pixels = outputs[0]!;
  const r = eventRecorder();
  for (let i = headerBeats(link, pixels.lanes); i > 0; i--) r.tick(R0);
  for (let i = wordsPerFrame(pixels); i > 0; i--) r.tick(R0 | W0);
  for (let i = trailerBeats(link, pixels.lanes); i > 0; i--) r.tick(R0);
  r.tick(WRITE(1));
  return r.finish();
}

/** Cycles that the hash of a frame's number takes: six products, one after the other. */
const HASH_CYCLES = 24;

/** The status of the packet (behind the logits' inputs), the hash of its number, the logits of each network, the decision. */
export function decideEvents(stage: StageOf<'decide'>): Events {
  const r = eventRecorder();
  r.tick(READ(stage.inputs.length));
  r.skip(HASH_CYCLES);
  stage.inputs.forEach((logits, port) => {
    for (let i = wordsPerFrame(logits); i > 0; i--) r.tick(READ(port));
  });
  r.tick(W0);
  return r.finish();
}

export const everyWord = (stage: Stage, flags: number): Events =>
  repeat(wordsPerFrame(stage.inputs[0]!), flags);
