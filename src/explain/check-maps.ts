/**
 * Are the maps any good? Every method on frames whose true Bragg peaks are known, beside the random control.
 *
 * All maps are of the firmware's arithmetic and explain why the frame should be kept. The figures are means over the
 * frames; what each means stands in `measures.ts` and `curves.ts`.
 */
import { meanOfKnown } from '../statistics/quantile.js';
import type { Spot } from '../data/frames.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { insertionDeletion, regionsByMap } from './curves.js';
import { mapOverFrame } from './evidence-picture.js';
import { dequantize, fixedValues, stageOf } from './fixed-twin.js';
import { createExplainer, type EvidenceMap, type Explainer } from './grad-cam.js';
import { likeRandomised, type Likeness } from './like-randomised.js';
import { localization } from './measures.js';
import { MAP_METHODS } from './method-names.js';
import { hitMap } from './methods.js';
import { occlude, regionGrid, type Region, type Scorer } from './occlusion.js';
import { mapPart, sharedOut } from './seen-part.js';

/** The methods that are compared; `random` is the control. */
export const CHECKED_METHODS = [
  ...MAP_METHODS.filter((method) => method !== 'random'),
  'occlusion',
  'random',
] as const;
export type CheckedMethod = (typeof CHECKED_METHODS)[number];

export interface MapCheck {
  readonly method: CheckedMethod;
  readonly frames: number;
  /** Share of the frames whose map is largest on a true peak. */
  readonly pointing: number;
  /** Mean area under the ROC curve: cells with a true peak against cells without. */
  readonly auc: number;
  readonly insertion: number;
  readonly deletion: number;
  /** Likeness to the maps of randomised networks, layer by layer from the output down; empty where it is not made. */
  readonly randomised: readonly Likeness[];
}

/** A frame with its true peaks. */
export interface CheckedFrame {
  readonly pixels: Uint16Array;
  readonly spots: readonly Spot[];
}

/** What a step of the check is: a frame whose peaks are known, or a network whose layers were drawn anew. */
export type CheckPart = 'known peaks' | 'randomised';

export interface CheckOptions {
  readonly fixed: FixedGraph;
  /** Scores of the fixed graph. */
  readonly scorer: Scorer;
  readonly seed: number;
  readonly onProgress?: (done: number, total: number, part: CheckPart) => void;
}

interface Figures {
  readonly pointing: boolean;
  readonly auc: number;
  readonly insertion: number;
  readonly deletion: number;
}

/** Regions along the longer side of a frame. */
const GRID = 12;

/** The effects of taking regions away, as a map over a regular grid of them. */
async function occlusionMap(
  { fixed, scorer }: CheckOptions,
  pixels: Uint16Array,
  regions: readonly Region[],
): Promise<EvidenceMap> {
  const { size } = inputNode(fixed);
  const { effects, score } = await occlude(scorer, pixels, size, regions);
  const columns = new Set(regions.map((region) => region.x)).size;
  return {
    layer: inputNode(fixed).id,
    size: [regions.length / columns, columns],
    values: Float32Array.from(effects, (effect) => Math.max(0, effect)),
    target: score,
  };
}

/** Checks every method on every frame. A TensorFlow.js back end must be open. */
export async function checkMaps(
  frames: readonly CheckedFrame[],
  options: CheckOptions,
): Promise<readonly MapCheck[]> {
  const { fixed, seed, onProgress } = options;
  const twin = dequantize(fixed);
  const decided = createExplainer(twin, fixedValues(fixed));
  const all = new Map(CHECKED_METHODS.map((method) => [method, [] as Figures[]]));
  try {
    for (const [index, frame] of frames.entries()) {
      for (const method of CHECKED_METHODS)
        all.get(method)!.push(await checkFrame(method, frame, index, decided, options));
      onProgress?.(index + 1, frames.length, 'known peaks');
    }
  } finally {
    decided.dispose();
  }
  const pixels = frames.map((frame) => frame.pixels);
  const randomised = likeRandomised(twin, pixels, seed, (done, total) =>
    onProgress?.(done, total, 'randomised'),
  );
  return CHECKED_METHODS.map((method) => ({
    ...summarize(method, all.get(method)!),
    randomised:
      method === 'occlusion'
        ? []
        : randomised[method].map(({ downTo, ...one }) => ({ downTo: stageOf(fixed, downTo), ...one })),
  }));
}

async function checkFrame(
  method: CheckedMethod,
  { pixels, spots }: CheckedFrame,
  index: number,
  decided: Explainer,
  options: CheckOptions,
): Promise<Figures> {
  const { size } = inputNode(options.fixed);
  const regions = regionGrid(size[0], size[1], Math.max(4, Math.max(...size) / GRID));
  const occluded = method === 'occlusion';
  const map = occluded
    ? await occlusionMap(options, pixels, regions)
    : hitMap(method, decided, pixels, options.seed + index);
  const over = occluded ? sharedOut({ offset: [0, 0], size }) : mapPart(decided.graph, map.layer, map.size);
  const curves = await insertionDeletion(
    options.scorer,
    pixels,
    size,
    regionsByMap(regions, mapOverFrame(over, size, map), size[1]),
  );
  return {
    ...localization(map, spots, over),
    insertion: curves?.insertion ?? NaN,
    deletion: curves?.deletion ?? NaN,
  };
}

function summarize(method: CheckedMethod, figures: readonly Figures[]): Omit<MapCheck, 'randomised'> {
  return {
    method,
    frames: figures.length,
    pointing: meanOfKnown(figures.map((one) => Number(one.pointing))),
    auc: meanOfKnown(figures.map((one) => one.auc)),
    insertion: meanOfKnown(figures.map((one) => one.insertion)),
    deletion: meanOfKnown(figures.map((one) => one.deletion)),
  };
}
