/**
 * From frames to rows: reading, the second opinion, the decision in fixed point and in float, for a block at a time.
 *
 * A frame that cannot be read becomes a malformed row that is kept, as the firmware keeps it; it never ends an audit.
 */
import { argmax } from '../statistics/metrics.js';
import type { Frame, FrameSource } from '../data/frames.js';
import type { Note } from '../data/notes.js';
import type { OrtScorer, ScoredFrame } from '../backends/onnx/ort/scorer.js';
import { scoreFrames } from '../simulate/score-frames.js';
import type { FrameSpotFinder } from '../spotfind/finder.js';
import { estimateResolution, frameGeometry, type StatedGeometry } from '../spotfind/geometry.js';
import { photonSnr } from '../spotfind/spot.js';
import { prescaleOf, type MeterSettings } from './meter.js';
import { bitsOf, NOT_LOOKED_AT, type FrameRow } from './rows.js';

export interface ProcessedFrame {
  /** Without its distance: that needs the reference. */
  readonly row: FrameRow;
  /** Penultimate features; null for a frame that could not be read. */
  readonly features: Float32Array | null;
  /** Warnings of a file that was opened for this frame. */
  readonly notes?: readonly Note[];
}

/** Works on blocks; up to `parallel` calls at the same time are worth while. */
export interface FrameProcessor {
  readonly parallel: number;
  process(indices: readonly number[]): Promise<readonly ProcessedFrame[]>;
  close(): Promise<void>;
}

/** What a decision is made with. */
export interface DecisionFacts {
  readonly classNames: readonly string[];
  /** In levels. */
  readonly threshold: number;
  /** One level in the float network's units. */
  readonly level: number;
  /** By which misses are kept; null for none. */
  readonly meter: MeterSettings | null;
}

export interface ProcessorParts {
  readonly source: FrameSource;
  readonly scorer: OrtScorer;
  readonly find: FrameSpotFinder;
  /** Radius of every pixel where a geometry file says it. */
  readonly radii: Float32Array | null;
  readonly stated: StatedGeometry;
  readonly facts: DecisionFacts;
}

/** A processor on this thread. Closes what it was given. */
export function createLocalProcessor(parts: ProcessorParts): FrameProcessor {
  return {
    parallel: 1,
    process: (indices) => processBlock(parts, indices),
    async close() {
      await parts.scorer.close();
      await parts.source.close();
    },
  };
}

async function processBlock(
  parts: ProcessorParts,
  indices: readonly number[],
): Promise<readonly ProcessedFrame[]> {
  const { source, scorer } = parts;
  const run = (pixels: readonly Uint16Array[]) => scorer.run(pixels);
  const processed: ProcessedFrame[] = [];
  for await (const block of scoreFrames(source, { indices, batch: indices.length, run, passOver: true }))
    for (const one of block)
      processed.push(
        one.kind === 'scored'
          ? describeFrame(parts, one.index, one.frame, one.result)
          : { row: unreadable(parts, one.index, one.bad.problem), features: null },
      );
  return processed;
}

/** Names under which files state when a frame was taken. */
const TIME_NAMES = ['time', 'timestamp', 'event_time', 'trainId', 'pulseId'] as const;

interface Identified extends Pick<
  FrameRow,
  'frame' | 'file' | 'fileIndex' | 'time' | 'hit' | 'indexable' | 'number'
> {
  /** Kept by the prescale, should it be a miss. */
  readonly chosen: boolean;
}

function identify(source: FrameSource, index: number, { meter }: DecisionFacts): Identified {
  const { file, index: fileIndex } = source.origin(index);
  const meta = source.meta(index);
  const { number, chosen } =
    meter === null ? { number: null, chosen: false } : prescaleOf(meter, index, meta);
  const { hit, indexable = null } = source.label(index);
  const name = TIME_NAMES.find((one) => meta[one] !== undefined);
  return {
    frame: index,
    file,
    fileIndex,
    time: name === undefined ? null : String(meta[name]),
    hit,
    indexable,
    number: number === null ? null : String(number),
    chosen,
  };
}

function unreadable({ source, facts }: ProcessorParts, index: number, problem: string): FrameRow {
  const { chosen: _chosen, ...identified } = identify(source, index, facts);
  return {
    ...identified,
    keep: true,
    prescaled: false,
    className: null,
    score: null,
    margin: null,
    marginBits: null,
    ...NOT_LOOKED_AT,
    problem,
  };
}

function describeFrame(
  { source, find, radii, stated, facts }: ProcessorParts,
  index: number,
  frame: Frame,
  scored: ScoredFrame,
): ProcessedFrame {
  const geometry = frameGeometry(source.meta(index), stated, frame.experiment);
  const { spots } = find(frame, geometry);
  const resolution = estimateResolution(
    spots,
    geometry,
    radii === null ? null : { map: radii, width: source.width },
  );
  const level = levelOf(frame);
  const margin = scored.score - facts.threshold;
  const { chosen, ...identified } = identify(source, index, facts);
  const row: FrameRow = {
    ...identified,
    keep: scored.keep,
    prescaled: !scored.keep && chosen,
    className: facts.classNames[argmax(scored.logits)]!,
    score: scored.score,
    margin,
    marginBits: bitsOf(margin),
    floatScore: scored.floatScore / facts.level,
    floatKeep: scored.floatKeep,
    spots: spots.length,
    strongestSnr: spots.length === 0 ? null : Math.max(...spots.map(photonSnr)),
    resolutionRadius: resolution?.radius ?? null,
    resolutionA: resolution?.dA ?? null,
    distance: null,
    meanLevel: level.mean,
    problem: level.problem,
  };
  const { notes } = frame;
  return { row, features: scored.features, ...(notes === undefined ? {} : { notes }) };
}

/** Mean of the live pixels, and what is wrong when they say nothing. */
function levelOf({ pixels, mask }: Frame): { readonly mean: number | null; readonly problem: string | null } {
  let live = 0;
  let sum = 0;
  let least = 65535;
  let most = 0;
  for (let i = 0; i < pixels.length; i++) {
    if (mask !== null && mask[i] === 0) continue;
    const v = pixels[i]!;
    live++;
    sum += v;
    if (v < least) least = v;
    if (v > most) most = v;
  }
  if (live === 0) return { mean: null, problem: 'every pixel is masked' };
  return { mean: sum / live, problem: least === most ? `every live pixel reads ${least}` : null };
}
