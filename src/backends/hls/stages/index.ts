/**
 * Every kind of stage as C++. The table is total: a new op needs an arm here and a header in hls-templates/vetoc.
 */
import { dispatch, type Table } from '../../../ir/dispatch.js';
import type { Stage } from '../../dataflow/plan.js';
import type { Context, StageCode } from './common.js';
import {
  add,
  avgPool,
  concat,
  fork,
  globalAvgPool,
  globalMaxPool,
  maxPool,
  multiply,
  repack,
  requantize,
  upsample,
} from './other.js';
import { absorb, decide, receive } from './ends.js';
import { bin, clamp, contrast, crop, lut, mask, table } from './preprocess.js';
import { calibrate, commonMode, receiveMaps } from './raw.js';
import { loadWeights, swapWeights } from './reload.js';
import { conv2d, dense, depthwiseConv2d } from './weighted.js';

export type { StageCode } from './common.js';

const renderers: Table<Stage, [context: Context], StageCode> = {
  absorb,
  receive,
  receiveMaps,
  calibrate,
  commonMode,
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
  multiply,
  upsample,
  concat,
  requantize,
  table,
  fork,
  repack,
  decide,
};

/** The C++ of `stage`. */
export const renderStage = (stage: Stage, context: Context): StageCode => dispatch(renderers, stage, context);
