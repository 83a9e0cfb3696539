/**
 * Are the maps any good? Every method on frames whose true Bragg peaks are known, beside the random control.
 *
 * All maps are of the firmware's arithmetic and explain why the frame should be kept. The figures are means over the
 * frames; what each means stands in `measures.ts` and `curves.ts`.
 */
import type { Spot } from '../data/frames.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { insertionDeletion, regionsByMap } from './curves.js';
import { mapOverFrame } from './evidence-picture.js';
import { dequantize, fixedValues } from './fixed-twin.js';
import { createExplainer, defaultLayer, type EvidenceMap, type Explainer } from './grad-cam.js';
import { correlation, localization } from './measures.js';
import { evidenceMap, MAP_METHODS, type MapMethod, type MapRequest } from './methods.js';
import { occlude, regionGrid, type Region, type Scorer } from './occlusion.js';
import { randomiseWeights } from './randomise.js';
import { seenPart } from './seen-part.js';

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
  /** Mean rank correlation with the map of the same network with randomised weights; NaN where it is not made. */
  readonly randomised: number;
}

/** A frame with its true peaks. */
export interface CheckedFrame {
  readonly pixels: Uint16Array;
  readonly spots: readonly Spot[];
}

export interface CheckOptions {
  readonly fixed: FixedGraph;
  /** Scores of the fixed graph. */
  readonly scorer: Scorer;
  readonly seed: number;
  readonly onFrame?: (done: number) => void;
}

interface Figures {
  readonly pointing: boolean;
  readonly auc: number;
  readonly insertion: number;
  readonly deletion: number;
  readonly randomised: number;
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
  const { fixed, seed } = options;
  const twin = dequantize(fixed);
  const explainers = [
    createExplainer(twin, fixedValues(fixed)),
    createExplainer(twin),
    createExplainer(randomiseWeights(twin, seed)),
  ] as const;
  const all = new Map(CHECKED_METHODS.map((method) => [method, [] as Figures[]]));
  try {
    for (const [index, frame] of frames.entries()) {
      for (const method of CHECKED_METHODS)
        all.get(method)!.push(await checkFrame(method, frame, index, explainers, options));
      options.onFrame?.(index + 1);
    }
  } finally {
    for (const explainer of explainers) explainer.dispose();
  }
  return CHECKED_METHODS.map((method) => summarize(method, all.get(method)!));
}

async function checkFrame(
  method: CheckedMethod,
  { pixels, spots }: CheckedFrame,
  index: number,
  [decided, plain, randomised]: readonly [Explainer, Explainer, Explainer],
  options: CheckOptions,
): Promise<Figures> {
  const { size } = inputNode(options.fixed);
  const regions = regionGrid(size[0], size[1], Math.max(4, Math.max(...size) / GRID));
  const seen = seenPart(options.fixed);
  // The control draws another map for every frame; its map does not depend on any weight.
  const of = (name: MapMethod, explainer: Explainer): EvidenceMap => {
    const request: MapRequest = { explainer, pixels, layer: defaultLayer(explainer), target: { kind: 'hit' }, seed: options.seed + index }; // prettier-ignore
    return evidenceMap(name, request);
  };
  const occluded = method === 'occlusion';
  const map = occluded ? await occlusionMap(options, pixels, regions) : of(method, decided);
  const over = occluded ? { offset: [0, 0] as const, size } : seen;
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
    randomised: occluded ? NaN : correlation(of(method, plain), of(method, randomised)),
  };
}

function summarize(method: CheckedMethod, figures: readonly Figures[]): MapCheck {
  const mean = (value: (one: Figures) => number): number => {
    const known = figures.map(value).filter((v) => !Number.isNaN(v));
    return known.length === 0 ? NaN : known.reduce((a, b) => a + b, 0) / known.length;
  };
  return {
    method,
    frames: figures.length,
    pointing: mean((one) => Number(one.pointing)),
    auc: mean((one) => one.auc),
    insertion: mean((one) => one.insertion),
    deletion: mean((one) => one.deletion),
    randomised: mean((one) => one.randomised),
  };
}
