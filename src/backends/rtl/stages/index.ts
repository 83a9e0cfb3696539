/**
 * Every kind of stage as hardware. The table is total: a new op needs an arm here and a module in hls-templates/rtl.
 */
import { UnsupportedError } from '../../../core/errors.js';
import type { Stage, StageKind } from '../../dataflow/plan.js';
import type { Builder, Context, Hardware } from './common.js';
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
import { conv2d, dense, depthwiseConv2d } from './weighted.js';

const unsupported = (stage: Stage): never => {
  throw new UnsupportedError('the RTL', [
    {
      what: stage.name,
      why: 'weights that can be exchanged are in the HLS firmware only: export hls, or leave out --reloadable',
    },
  ]);
};

const builders: { readonly [K in StageKind]: Builder<K> } = {
  receive,
  loadWeights: unsupported,
  swapWeights: unsupported,
  crop,
  mask,
  bin,
  clamp,
  contrast,
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

/** The hardware of `stage`. */
export const buildStage = (stage: Stage, context: Context): Hardware =>
  // The table is keyed by kind, so stage and builder agree; TypeScript cannot correlate the two.
  (builders[stage.kind] as (stage: Stage, context: Context) => Hardware)(stage, context);
