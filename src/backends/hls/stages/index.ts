/**
 * Every kind of stage as C++. The table is total: a new op needs an arm here and a header in hls-templates/vetoc.
 */
import type { Stage, StageKind } from '../../dataflow/plan.js';
import type { Context, Renderer, StageCode } from './common.js';
import {
  add,
  avgPool,
  concat,
  fork,
  globalAvgPool,
  globalMaxPool,
  maxPool,
  repack,
  requantize,
} from './other.js';
import { bin, clamp, contrast, crop, decide, lut, mask, receive } from './preprocess.js';
import { loadWeights, swapWeights } from './reload.js';
import { conv2d, dense, depthwiseConv2d } from './weighted.js';

export type { StageCode } from './common.js';

const renderers: { readonly [K in StageKind]: Renderer<K> } = {
  receive,
  loadWeights,
  swapWeights,
  crop,
  mask,
  bin,
  contrast,
  clamp,
  lut,
  conv2d,
  depthwiseConv2d,
  dense,
  maxPool,
  avgPool,
  globalMaxPool,
  globalAvgPool,
  add,
  concat,
  requantize,
  fork,
  repack,
  decide,
};

/** The C++ of `stage`. */
export function renderStage(stage: Stage, context: Context): StageCode {
  // The table is keyed by kind, so stage and renderer agree; TypeScript cannot correlate the two.
  return (renderers[stage.kind] as (stage: Stage, context: Context) => StageCode)(stage, context);
}
